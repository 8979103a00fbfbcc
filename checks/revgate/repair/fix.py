"""`revgate check --fix`: fixes what findings say, by position, in revisions that are not published.

All of it happens in memory first. An edit that does not make its finding go, or brings another, is
taken back; then all files are written, or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.errors import RevgateError, UsageError
from revgate.history.parse import parse
from revgate.history.read import read
from revgate.history.revision import Script
from revgate.repair import in_text
from revgate.repair.diff import diff
from revgate.repair.edits import FileEdit, change
from revgate.repair.head_file import head_edit
from revgate.repair.in_name import named_steps
from revgate.repair.onto import choose
from revgate.repair.overlay import Overlay
from revgate.repair.sides import environment_in, open_sides
from revgate.repair.tokens import RevisionText
from revgate.repair.write import write
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.checking.selection import Choice
    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.history import History
    from revgate.history.revision import Header
    from revgate.repair.onto import Onto
    from revgate.settings import Settings

_NAMES = ("file-name", "revision-id", "timestamp-order")
_MOST_ROUNDS = 50


class Fixed(NamedTuple):
    """What was fixed, or would be."""

    lines: tuple[str, ...]
    """One for each finding; names from the repository are not escaped."""
    changes: tuple[FileEdit, ...]

    @property
    def diff(self) -> str:
        """The edits, as `git apply` accepts them."""
        return diff(self.changes)


class _Change(NamedTuple):
    """One step towards a history without findings."""

    findings: tuple[Finding, ...]
    """What it is for."""
    edits: tuple[FileEdit, ...]


def fix(
    root: str,
    settings: Settings,
    choice: Choice,
    *,
    environment: str | None,
    against: str | None,
    dry_run: bool,
) -> Fixed:
    """Fix the work tree.

    Args:
        root: The repository root, an absolute path.
        settings: The settings of the repository.
        choice: The rules whose findings are fixed.
        environment: The name of the only environment; None for all.
        against: The target branch, behind whose head new revisions are moved; None for the one
            that the branch implies, whose revisions only stay as they are.
        dry_run: Whether nothing is written.

    Raises:
        UsageError: There is no git repository, or a file cannot be written.
        CannotJudgeError: The target branch is unknown, or a history cannot be read.
    """
    onto = choose(root, against)
    tree = Overlay(root)
    lines: list[str] = []
    for each in environments.find(tree, settings, environment):
        published = _published(onto, each, settings)
        if against is not None and published:
            lines += _moved(tree, each, onto, settings)
        lines += _Fixer(tree, each, settings, choice, published).run()
    changes = tuple(tree.changes())
    if not dry_run:
        write(root, changes)
    return Fixed(tuple(lines), changes)


def published_ids(
    root: str, settings: Settings, *, environment: str | None, against: str | None
) -> frozenset[str]:
    """Return the ids of revisions that stay as they are, over all environments.

    Args:
        root: The repository root, an absolute path.
        settings: The settings of the repository.
        environment: The name of the only environment; None for all.
        against: The target branch; None for the one that the branch implies.

    Raises:
        UsageError: There is no git repository.
        CannotJudgeError: The target branch is unknown.
    """
    onto = choose(root, against)
    found = environments.find(Overlay(root), settings, environment)
    return frozenset().union(*(_published(onto, each, settings) for each in found))


def _published(onto: Onto, environment: Environment, settings: Settings) -> frozenset[str]:
    """Return the ids that the target branch has."""
    try:
        there = environment_in(onto.tree, environment, settings)
    except RevgateError:
        return frozenset()
    return frozenset(read(onto.tree, there, judge_file, whole=False).history.graph.by_id)


def _moved(
    tree: Overlay, environment: Environment, onto: Onto, settings: Settings
) -> Iterator[str]:
    """Move new revisions behind the head of the target branch, as `revgate rebase` does."""
    from revgate.repair.rebase import plan_of

    try:
        plan = plan_of(open_sides(tree, environment, onto, settings))
    except RevgateError as error:
        yield f"not rebased: {str(error).partition(chr(10))[0]}"
        return
    if plan.changes:
        tree.edit([*plan.changes, *([plan.head_edit] if plan.head_edit else [])])
        yield f"{plan.changes[0].new_path}: behind the head of {onto.name}"


class _Fixer:
    """Fixes one environment, step by step."""

    def __init__(
        self,
        tree: Overlay,
        environment: Environment,
        settings: Settings,
        choice: Choice,
        published: frozenset[str],
    ) -> None:
        self._tree = tree
        self._environment = environment
        self._settings = settings
        self._choice = choice
        self._published = published
        self._refused: set[tuple[str, str | None]] = set()
        """Rule and revision of each finding that could not be fixed."""

    def run(self) -> Iterator[str]:
        """Fix all that can be; yield a line for each finding."""
        findings = self._judge()
        for _ in range(_MOST_ROUNDS):
            made = self._next(findings)
            if made is None:
                return
            state = self._tree.state()
            self._tree.edit(made.edits)
            after = self._judge()
            if self._is_better(made, findings, after):
                yield from map(_line, made.findings)
                findings = after
            else:
                self._tree.restore(state)
                self._refused |= {_key(each) for each in made.findings}

    def _judge(self) -> Sequence[Finding]:
        result, reads = history_checks.check(
            self._tree, self._settings, self._choice, environment=self._environment.name
        )
        self._history: History = reads[0].history
        return result.findings

    def _is_better(
        self, made: _Change, before: Sequence[Finding], after: Sequence[Finding]
    ) -> bool:
        """Whether what it was for is gone, and nothing else has come."""
        left = {(each.rule, each.message) for each in after}
        known = {each.rule for each in before}
        gone = all((each.rule, each.message) not in left for each in made.findings)
        return gone and len(after) < len(before) and {each.rule for each in after} <= known

    def _next(self, findings: Sequence[Finding]) -> _Change | None:
        """Return what to fix next; None if nothing is left."""
        open_ = [each for each in findings if self._may_change(each)]
        for by in (self._names, self._texts, self._head_file):
            for made in by(open_):
                if made.edits:
                    return made
                self._refused |= {_key(each) for each in made.findings}
        return None

    def _may_change(self, finding: Finding) -> bool:
        new = finding.revision is None or finding.revision not in self._published
        return new and _key(finding) not in self._refused

    def _names(self, findings: Iterable[Finding]) -> Iterator[_Change]:
        about = tuple(each for each in findings if each.rule in _NAMES and each.revision)
        if not about or self._history.scope.file_name != "timestamp":
            return
        graph = self._history.graph
        troubled = {
            key: self._header(graph.by_id[key].path) for each in about if (key := each.revision)
        }
        new = graph.by_id.keys() - self._published
        try:
            steps = named_steps(self._history, new, troubled)
            ids = {step.revision.id: step.id for step in steps if step.created}
            edits = tuple(change(step, self._data(step.revision.path), ids) for step in steps)
        except UsageError:
            edits = ()
        yield _Change(about, edits)

    def _data(self, path: str) -> bytes:
        (content,) = self._tree.read([path])
        return content.data

    def _header(self, path: str) -> Header | None:
        script = parse(path, self._data(path))
        return script.header if isinstance(script, Script) else None

    def _texts(self, findings: Iterable[Finding]) -> Iterator[_Change]:
        for finding in findings:
            fixer = in_text.BY_RULE.get(finding.rule)
            if fixer is None:
                continue
            yield _Change((finding,), _edited(finding, self._data(finding.path), fixer))

    def _head_file(self, findings: Iterable[Finding]) -> Iterator[_Change]:
        path, heads = self._history.scope.head_file, self._history.graph.heads
        for finding in findings:
            if finding.rule == "stale-head-file":
                edit = head_edit(self._tree.root, path, heads)
                yield _Change((finding,), (edit,) if edit else ())


def _key(finding: Finding) -> tuple[str, str | None]:
    return finding.rule, finding.revision


def _line(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}: fixed {finding.rule}"


def _edited(finding: Finding, data: bytes, fixer: in_text.Fix) -> tuple[FileEdit, ...]:
    script = parse(finding.path, data)
    if not isinstance(script, Script):
        return ()
    try:
        text = RevisionText(finding.path, data)
        edits = fixer(finding, script, text)
        after = text.edited(edits)
    except (UsageError, UnicodeEncodeError):
        return ()
    return (FileEdit(finding.path, data, finding.path, after),) if edits else ()


def summary(fixed: Fixed, *, dry_run: bool) -> str:
    """Return what to print after the lines."""
    if not fixed.changes:
        return "nothing can be fixed by position in revisions that are not published"
    verb = "would be changed" if dry_run else "changed"
    return f"{count(len(fixed.changes), 'file')} {verb}"
