"""`revgate gate --fix`: fixes what a round trip found, and runs it again to see that it is gone.

Only in revisions that are not published. What does not make its finding go, or brings another, is
taken back.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.repair.edits import FileEdit
from revgate.repair.in_text import function_named, inserted
from revgate.repair.tokens import Edit, RevisionText
from revgate.repair.write import write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from revgate.findings import Finding
    from revgate.result import Result

    Fix = Callable[[Finding, RevisionText, Script], list[Edit]]

_STATEMENT = re.compile(r"`(op\.execute\([^`]+\))`")
_MOST_RUNS = 12


def fix_live(
    root: str,
    first: Result,
    run: Callable[[], Result],
    published: Collection[str],
    *,
    dry_run: bool,
) -> tuple[Result, list[Finding], list[FileEdit]]:
    """Fix the findings of a round trip, as far as a further one confirms it.

    Args:
        root: The repository root, an absolute path.
        first: The result of a first round trip.
        run: Runs another one.
        published: The ids of revisions that stay as they are.
        dry_run: Whether all files are in the end as they were.

    Returns:
        The last result that holds, the findings that are fixed, and the edits.

    Raises:
        UsageError: A file cannot be written.
    """
    fixer = _LiveFixer(root, first, run, published)
    try:
        fixer.run()
    except BaseException:
        fixer.restore()
        raise
    edits = fixer.edits
    if dry_run:
        fixer.restore()
    return fixer.result, fixer.fixed, edits


class _LiveFixer:
    def __init__(
        self, root: str, first: Result, run: Callable[[], Result], published: Collection[str]
    ) -> None:
        self.result = first
        self.fixed: list[Finding] = []
        self._root = root
        self._run = run
        self._published = published
        self._refused: set[tuple[str, str]] = set()
        self._before: dict[str, bytes] = {}
        self._now: dict[str, bytes] = {}

    @property
    def edits(self) -> list[FileEdit]:
        return [FileEdit(path, old, path, self._now[path]) for path, old in self._before.items()]

    def run(self) -> None:
        """Fix all findings at once; if that fails, one after another."""
        one_by_one = False
        for _ in range(_MOST_RUNS):
            wanted = [each for each in self.result.findings if self._is_wanted(each)]
            if not wanted:
                return
            wanted.sort(key=lambda each: _ORDER.index(each.rule))
            tried = wanted[:1] if one_by_one else wanted
            edits, about = self._edits(tried)
            if not about:
                self._refused |= {_key(each) for each in tried}
                continue
            self._write(edits)
            after = self._run()
            if _is_better(about, self.result, after):
                self.result = after
                self.fixed += about
                continue
            self._undo(edits)
            if len(about) == 1:
                self._refused.add(_key(about[0]))
            one_by_one = True

    def restore(self) -> None:
        """Leave every file as it was."""
        self._undo(self.edits)

    def _undo(self, edits: Iterable[FileEdit]) -> None:
        self._write([FileEdit(each.path, each.after, each.path, each.before) for each in edits])

    def _write(self, edits: Sequence[FileEdit]) -> None:
        write(self._root, edits)
        for each in edits:
            self._before.setdefault(each.path, each.before)
            self._now[each.path] = each.after
            if self._now[each.path] == self._before[each.path]:
                del self._now[each.path], self._before[each.path]

    def _is_wanted(self, finding: Finding) -> bool:
        return (
            finding.rule in BY_RULE
            and finding.revision not in self._published
            and _key(finding) not in self._refused
        )

    def _edits(self, findings: Sequence[Finding]) -> tuple[list[FileEdit], list[Finding]]:
        """Return the edits of the files, and the findings that they are for."""
        files: dict[str, list[Finding]] = {}
        for each in findings:
            files.setdefault(each.path, []).append(each)
        edits, about = [], []
        for path, inside in files.items():
            with open(f"{self._root}/{path}", "rb") as file:
                data = file.read()
            after, done = _edited(path, data, inside)
            if done:
                edits.append(FileEdit(path, data, path, after))
                about += done
        return edits, about


def _edited(path: str, data: bytes, findings: Iterable[Finding]) -> tuple[bytes, list[Finding]]:
    """Return a file after the edits for some findings, and those that have one."""
    script = parse(path, data)
    made: list[Edit] = []
    done: list[Finding] = []
    if not isinstance(script, Script):
        return data, done
    try:
        text = RevisionText(path, data)
        for each in findings:
            edits = BY_RULE[each.rule](each, text, script)
            if edits and not any(_overlap(one, other) for one in edits for other in made):
                made += edits
                done.append(each)
        return text.edited(made), done
    except (UsageError, UnicodeEncodeError):
        return data, []


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_better(about: Iterable[Finding], before: Result, after: Result) -> bool:
    left, known = {_key(each) for each in after.findings}, {_key(each) for each in before.findings}
    return not after.problem and left <= known and all(_key(each) not in left for each in about)


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.message


# -- what is edited for each rule ------------------------------------------------------------------


def _statement_at(finding: Finding, text: RevisionText, script: Script) -> ast.stmt | None:
    """Return the statement of the upgrade that covers the line of a finding."""
    function = function_named(text.tree, script.upgrade.name)
    for each in function.body if function else ():
        if each.lineno <= finding.line <= (each.end_lineno or each.lineno):
            return each
    return None


def _to_write(finding: Finding) -> str | None:
    """Return the statement that the help says to write; None unless it is exactly one."""
    written = _STATEMENT.findall(finding.help)
    return written[0] if len(written) == 1 else None


def _timeout(finding: Finding, text: RevisionText, script: Script) -> list[Edit]:
    """Set the timeout that the help names before the statement."""
    statement, written = _statement_at(finding, text, script), _to_write(finding)
    if statement is None or written is None:
        return []
    start, _ = text.span(statement)
    return [Edit(start, start, f"{written}{text.newline}{text.indent(statement)}")]


def _concurrently(finding: Finding, text: RevisionText, script: Script) -> list[Edit]:
    """Build an index concurrently, so that it can be interrupted and run again."""
    statement = _statement_at(finding, text, script)
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(attr="create_index"),
                args=[name, ast.Constant(value=str()), *_],
                keywords=keywords,
            ) as call
        ):
            index = _index_name(name)
        case _:
            return []
    names = {each.arg for each in keywords}
    if index is None or names & {None, "postgresql_concurrently", "schema", "if_not_exists"}:
        return []
    start, end = text.span(statement)
    before, inner = text.indent(statement), f"{text.indent(statement)}    "
    _, last = text.span((call.args + [each.value for each in call.keywords])[-1])
    body = text.text[start:last] + ", postgresql_concurrently=True" + text.text[last:end]
    lines = [
        "with op.get_context().autocommit_block():",
        f'{inner}op.execute("DROP INDEX CONCURRENTLY IF EXISTS {index}")',
        inner + body.replace(f"{text.newline}{before}", f"{text.newline}{inner}"),
    ]
    return [Edit(start, end, text.newline.join(lines))]


def _index_name(node: ast.expr) -> str | None:
    """Return the name of an index, if it needs no quotes."""
    match node:
        case ast.Call(func=ast.Attribute(attr="f"), args=[ast.Constant(value=str() as name)]):
            pass
        case ast.Constant(value=str() as name):
            pass
        case _:
            return None
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else None


def _residue(finding: Finding, text: RevisionText, script: Script) -> list[Edit]:
    """Drop what the downgrade leaves behind, at its end."""
    function, written = function_named(text.tree, script.downgrade.name), _to_write(finding)
    return [inserted(function, text, written)] if function and written else []


BY_RULE: dict[str, Fix] = {
    "downgrade-residue": _residue,
    "blocking-lock": _concurrently,
    "missing-lock-timeout": _timeout,
    "missing-statement-timeout": _timeout,
}
"""In the order in which they are tried: where a downgrade leaves something, no revision is
interrupted, and an index that is built concurrently needs no timeout."""
_ORDER = tuple(BY_RULE)
