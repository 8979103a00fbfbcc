"""Fixes what a finding says of one revision file, by edits at positions.

Each function returns the edits; none where the file is written in a way that leaves a doubt, or
raises `UsageError`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from revgate.history.names import is_timestamp
from revgate.repair.edits import dated
from revgate.repair.tokens import Edit
from revgate.rules.frozen_default import expression_of
from revgate.rules.lopsided_downgrade import missing_drops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from revgate.findings import Finding
    from revgate.history.revision import Script
    from revgate.repair.tokens import RevisionText

    Fix = Callable[[Finding, Script, RevisionText], list[Edit]]


def docstring(finding: Finding, script: Script, text: RevisionText) -> list[Edit]:
    """Write the line of the header that a finding is about as the code says."""
    revision, header = script.revision, script.header
    place = (finding.line, finding.column)
    if header.revision_id is not None and header.revision_id.position == place:
        return [text.restated(header.revision_id, revision.id)]
    if header.revises is not None and header.revises.position == place:
        return [text.restated(header.revises, ", ".join(revision.parents))]
    date = header.create_date
    if date is None or not is_timestamp(revision.stamp):
        return []
    from datetime import UTC, datetime

    made = datetime.strptime(revision.stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return [text.restated(date, dated(made, date.text))]


def frozen_default(finding: Finding, script: Script, text: RevisionText) -> list[Edit]:
    """Wrap the string of a default in `sa.text(...)`."""
    function = _text_function(text.tree)
    frozen = [each for each in script.frozen_defaults if each.position == _place(finding)]
    for node in ast.walk(text.tree):
        if isinstance(node, ast.keyword) and node.arg == "server_default":
            value = node.value
            is_it = isinstance(value, ast.Constant) and (
                value.lineno,
                value.col_offset + 1,
            ) == _place(finding)
            if function and frozen and is_it and value.value == frozen[0].text:  # type: ignore[attr-defined]
                start, end = text.span(value)
                return [Edit(start, end, f'{function}("{expression_of(frozen[0].text)}")')]
    return []


def _place(finding: Finding) -> tuple[int, int]:
    return finding.line, finding.column


def _text_function(tree: ast.Module) -> str | None:
    """Return how the module names SQLAlchemy's `text`; None if it imports neither."""
    for statement in tree.body:
        match statement:
            case ast.Import(names=names):
                for name in names:
                    if name.name == "sqlalchemy":
                        return f"{name.asname or name.name}.text"
            case ast.ImportFrom(module="sqlalchemy", names=names):
                for name in names:
                    if name.name == "text":
                        return name.asname or name.name
    return None


def downgrade(_: Finding, script: Script, text: RevisionText) -> list[Edit]:
    """Add what a downgrade lacks, if all that the upgrade does is to create named objects."""
    if script.engines or not _only_creates(script, text.tree):
        return []
    drops = missing_drops(script)
    if not drops:
        return []
    if script.downgrade.is_absent and not script.downgrade.near:
        end = text.text.rstrip()
        lines = "".join(f"    {each.statement}{text.newline}" for each in drops)
        name = script.downgrade.name
        head = f"{text.newline * 3}def {name}() -> None:{text.newline}"
        return [Edit(len(end), len(text.text), head + lines)]
    function = function_named(text.tree, script.downgrade.name)
    if function is None:
        return []
    if script.downgrade.is_empty:
        return [*_emptied(function, text, [each.statement for each in drops])]
    return [inserted(function, text, each.statement, each.before) for each in drops]


def function_named(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """Return the function of a module that has a name; None unless there is exactly one."""
    found = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name]
    return found[0] if len(found) == 1 else None


def _only_creates(script: Script, tree: ast.Module) -> bool:
    """Whether each statement of the upgrade is a call that creates something."""
    function = function_named(tree, script.upgrade.name)
    if function is None:
        return False
    lines = {each.line for each in script.upgrade_effects.effects if each.action == "create"}
    for statement in function.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # the docstring
        span = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        if not is_call or lines.isdisjoint(span):
            return False
    return True


def _emptied(function: ast.FunctionDef, text: RevisionText, drops: list[str]) -> Iterator[Edit]:
    """Replace a body that does nothing; what it says in a docstring and comments stays."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    indent = text.indent(function.body[0])
    code = f"{text.newline}{indent}".join(drops)
    if not body:
        _, end = text.span(function.body[0])
        yield Edit(end, end, f"{text.newline}{indent}{code}")
    elif all(isinstance(each, ast.Pass) or _is_literal(each) for each in body):
        yield Edit(*text.span(body[0]), code)
        for each in body[1:]:
            yield Edit(*text.span(each), "pass")


def _is_literal(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def inserted(
    function: ast.FunctionDef, text: RevisionText, statement: str, before: int | None = None
) -> Edit:
    """Insert a statement before the one of a line; at the end of the function if there is none."""
    later = [each for each in function.body if before and each.lineno <= before <= _last(each)]
    if later:
        start, _ = text.span(later[0])
        return Edit(start, start, f"{statement}{text.newline}{text.indent(later[0])}")
    last = function.body[-1]
    _, end = text.span(last)
    return Edit(end, end, f"{text.newline}{text.indent(last)}{statement}")


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


BY_RULE: dict[str, Fix] = {
    "empty-downgrade": downgrade,
    "frozen-default": frozen_default,
    "lopsided-downgrade": downgrade,
    "missing-downgrade": downgrade,
    "stale-docstring": docstring,
}
