"""Parses one revision file.

Nothing is imported, evaluated or run: a revision file is hostile input, and no input may end in a
traceback.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from revgate.history.conflicts import conflict_in
from revgate.history.defaults import may_be_frozen, read_frozen_defaults
from revgate.history.functions import engines, read_function
from revgate.history.header import read_header
from revgate.history.imports import read_imports
from revgate.history.operations import read_effects
from revgate.history.revision import (
    Allow,
    Header,
    Import,
    Pair,
    Problem,
    Revision,
    Script,
    Unreadable,
)
from revgate.history.scan import find_top, may_be_dispatched, read_top, without_top
from revgate.history.syntax import (
    bound_names,
    count_characters,
    module_scope,
    quietly,
)
from revgate.history.unnamed import may_be_unnamed, unnamed_drops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Position

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file that is parsed: the parser needs about a hundred times as much."""

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")

# What Alembic refuses in an id: `_revision_illegal_chars` in alembic.script.revision.
ILLEGAL = frozenset("@-+:")

_LEGACY_NAME = re.compile(r"([a-f0-9]+)\.py$")
_ID_IN_TEXT = re.compile(rb"""(?m)^revision(?:\s*:[^=\n]*)?\s*=\s*\(?\s*["']([^"'\n]+)["']""")


class _Assigned(NamedTuple):
    """The last value that the module assigns to one of the four names."""

    value: str | tuple[str, ...] | None
    position: Position
    literal: bool


_UNASSIGNED = _Assigned((), (1, 1), literal=True)


def parse(path: str, data: bytes) -> Script | Unreadable:
    """Read one revision file.

    Args:
        path: Relative to the repository root; used in messages and for legacy ids.
        data: The bytes, whatever they are.
    """
    if len(data) > LARGEST:
        problem = Problem(
            f"the file has {len(data):,} bytes; revgate reads at most {LARGEST:,}",
            "move the data to a separate file, or load it outside the migration",
        )
        return Unreadable(path, (problem,), _id_in_text(data[:65536]))
    return _by_its_rest(path, data) or _whole(path, data)


def _by_its_rest(path: str, data: bytes) -> Script | None:
    """Read a file whose top is as a template wrote it, without parsing that part."""
    top = find_top(data)
    read = top and read_top(path, data, top)
    rest = without_top(data, top) if top and read else None
    if not read or rest is None:
        return None
    tree = _tree(rest)
    if isinstance(tree, Problem):
        return None
    revision, header = read
    if imports := tuple(read_imports(tree, data)):
        revision = revision._replace(imports=imports)
    return _script(revision, header, tree, data)


def _whole(path: str, data: bytes) -> Script | Unreadable:
    tree = _tree(data)
    if isinstance(tree, Problem):
        return Unreadable(path, (tree,), _id_in_text(data))
    assigned = dict(_assignments(tree))
    if b":=" in data:
        assigned |= dict(_bound_by_walrus(tree))
    problems = tuple(_problems(path, assigned))
    if problems:
        return Unreadable(path, problems, _id(path, assigned))
    imports = tuple(read_imports(tree, data))
    revision = _revision(path, assigned, _allows(tree, data), imports)
    return _script(revision, _header(tree, data), tree, data)


def _allows(tree: ast.Module, data: bytes) -> tuple[Allow, ...]:
    if b"revgate" not in data:
        return ()
    # Not at the top: it imports Python's tokenizer.
    from revgate.history.comments import read_allows

    return read_allows(data, tree)


def _script(revision: Revision, header: Header, tree: ast.Module, data: bytes) -> Script:
    enums = b"Enum" in data or b"ENUM" in data
    pair = _pair(tree, "", enums=enums)
    several = engines(tree) if may_be_dispatched(data) else ()
    return Script(
        revision,
        header,
        *pair,
        read_frozen_defaults(tree) if may_be_frozen(data) else (),
        tuple(unnamed_drops(tree)) if may_be_unnamed(data) else (),
        tuple([_pair(tree, engine, enums=enums) for engine in several]),
    )


def _pair(tree: ast.Module, engine: str, *, enums: bool) -> Pair:
    up, down = read_function(tree, f"upgrade{engine}"), read_function(tree, f"downgrade{engine}")
    return Pair(up, down, *read_effects(tree, (up.name, down.name), enums=enums))


def _tree(data: bytes) -> ast.Module | Problem:
    try:
        with quietly():
            tree = ast.parse(data)
    except SyntaxError as error:
        return conflict_in(data) or _syntax_problem(error)
    except (RecursionError, MemoryError):
        return Problem(
            "the file is nested too deeply for Python's parser",
            "reduce the nesting: neither Alembic nor revgate can load this file",
        )
    except ValueError as error:  # a null byte, before Python 3.12
        return Problem(f"the file is not Python: {error}", "restore the file's text")
    if not data.isascii():
        count_characters(tree, data)
    return tree


def _syntax_problem(error: SyntaxError) -> Problem:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Problem(
        f"the file is not Python {version}: {error.msg}",
        "fix the syntax, or run revgate with the project's own Python, if that is newer than"
        f" {version}",
        (max(error.lineno or 1, 1), max(error.offset or 1, 1)),
    )


def _id_in_text(data: bytes) -> str | None:
    """Return the id of a file that does not parse, so that its children are not reported too."""
    found = _ID_IN_TEXT.findall(data)
    return found[-1].decode("utf-8", "replace") if found else None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, _Assigned]]:
    """Yield what the module assigns to the four names, in order; the last one counts."""
    for statement in tree.body:
        match statement:
            case ast.Expr():
                pass  # binds names only by `:=`, which has its own search
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _bound(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _bound(target, value)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if statement.name in NAMES:
                    yield statement.name, _Assigned(None, _position(statement), literal=False)
            case _:
                yield from _bound_within(statement)


def _bound_by_walrus(tree: ast.Module) -> Iterator[tuple[str, _Assigned]]:
    """Yield what `:=` binds, in any expression of the module."""
    for node in module_scope(tree):
        if isinstance(node, ast.NamedExpr):
            yield from _bound_within(node)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, _Assigned]]:
    match target, value:
        case ast.Name(id=name), _ if name in NAMES:
            try:
                yield name, _Assigned(_literal(value), _position(target), literal=True)
            except ValueError:
                yield name, _Assigned(None, _position(target), literal=False)
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ) if len(targets) == len(values):
            for one_target, one_value in zip(targets, values, strict=True):
                yield from _bound(one_target, one_value)
        case ((ast.Tuple() | ast.List() | ast.Starred()), _):
            yield from _bound_within(target)


def _bound_within(node: ast.AST) -> Iterator[tuple[str, _Assigned]]:
    """Yield names bound in an `if`, an import or a loop, whose value is unknown."""
    for inner in module_scope(node):
        for name in bound_names(inner):
            if name in NAMES:
                at = (getattr(inner, "lineno", 1), getattr(inner, "col_offset", 0) + 1)
                yield name, _Assigned(None, at, literal=False)


def _literal(node: ast.expr) -> str | tuple[str, ...] | None:
    """Return a string, None, or a collection of strings.

    Raises:
        ValueError: It is anything else.
    """
    match node:
        case ast.Constant(value=str() | None as value):
            return value
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            values = [_literal(item) for item in items]
            if all(isinstance(value, str) for value in values):
                return tuple(str(value) for value in values)
    raise ValueError


def _position(node: ast.expr | ast.stmt | ast.alias) -> Position:
    return node.lineno, node.col_offset + 1


def _problems(path: str, assigned: dict[str, _Assigned]) -> Iterator[Problem]:
    match assigned.get("revision"):
        case None:
            if not _LEGACY_NAME.match(path.rpartition("/")[2]):
                yield Problem(
                    "the file has no `revision`",
                    'write `revision = "..."` at the top of the file; if it is not a revision, move'
                    " it: Alembic loads every .py file in this folder",
                )
        case _Assigned(value=str() as value, position=position) if value:
            yield from _illegal(value, position)
        case _Assigned(position=position):
            yield Problem(
                "`revision` is not a literal string",
                'write the id as a string: `revision = "..."`',
                position,
            )
    match assigned.get("down_revision"):
        case None:
            yield Problem(
                "the file has no `down_revision`",
                'write `down_revision = "..."` with the id of the previous revision, or'
                " `down_revision = None` for the first",
            )
        case _Assigned(literal=False, position=position):
            yield Problem(
                "`down_revision` is not a literal",
                'write the parent\'s id as a string: `down_revision = "..."`',
                position,
            )


def _illegal(value: str, position: Position) -> Iterator[Problem]:
    illegal = sorted(ILLEGAL.intersection(value))
    if illegal:
        yield Problem(
            f"the id `{value}` has {', '.join(map(repr, illegal))}, which Alembic refuses in an id",
            "use letters, digits and underscores",
            position,
        )


def _id(path: str, assigned: dict[str, _Assigned]) -> str | None:
    if "revision" in assigned:
        value = assigned["revision"].value
        return value if isinstance(value, str) and value else None
    # For files from before version 0.2, Alembic takes the id from the name.
    legacy = _LEGACY_NAME.match(path.rpartition("/")[2])
    return legacy[1] if legacy else None


def _revision(
    path: str,
    assigned: dict[str, _Assigned],
    allows: tuple[Allow, ...],
    imports: tuple[Import, ...],
) -> Revision:
    stated = [assigned.get(name, _UNASSIGNED) for name in NAMES]
    own, parents, labels, depends_on = stated
    return Revision(
        path,
        _id(path, assigned) or "",
        _tuple(parents),
        _tuple(labels),
        _tuple(depends_on),
        own.position,
        parents.position,
        labels.position,
        depends_on.position,
        tuple([name for name, each in zip(NAMES, stated, strict=True) if not each.literal]),
        allows,
        imports,
    )


def _tuple(assigned: _Assigned) -> tuple[str, ...]:
    """Return ids as a tuple without duplicates; to Alembic, an empty string is an id too."""
    value = assigned.value
    if not value and value != "":
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(dict.fromkeys(value))


def _header(tree: ast.Module, data: bytes) -> Header:
    match tree.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str()) as docstring)]:
            return read_header(data, docstring.lineno, docstring.end_lineno or docstring.lineno)
    return Header()
