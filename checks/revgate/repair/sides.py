"""Reads one environment in the work tree, the target branch and their common ancestor.

A published revision that the branch changed stops a rebase: no reordering can fix that.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from revgate import environments
from revgate.checking.file_rules import judge_file
from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.history.conflicts import conflict_in
from revgate.history.fingerprint import fingerprint
from revgate.history.parse import parse
from revgate.history.read import read
from revgate.history.revision import Script, Unreadable
from revgate.target_branch import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.environments import Environment
    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.repair.onto import Onto
    from revgate.settings import Settings
    from revgate.source import Source


class Sides:
    """The three histories of one environment."""

    def __init__(self, root: str, here: History, onto: History, before: History | None) -> None:
        self.root = root
        self.here = here
        """The work tree."""
        self.onto = onto
        self.before = before
        """The common ancestor; None if it had no such environment."""
        self.unmerged = tuple(key for key in onto.graph.by_id if key not in here.graph.by_id)
        """Ids of the target branch that the work tree lacks."""
        self._data: dict[tuple[str, str], bytes] = {}

    @property
    def head(self) -> Revision:
        """The revision that new ones come after."""
        return self.onto.graph.by_id[self.onto.graph.heads[0]]

    def lines(self, ordered: Iterable[Revision]) -> list[tuple[str, list[Revision]]]:
        """Return the new revisions in lines, each with the id that it comes after.

        There is one line unless the settings list `branches`: then one for each of them. A new
        branch comes after the head that has no label, or stays where it begins.

        Args:
            ordered: The new revisions, parents first.

        Raises:
            UsageError: A revision is on none of the branches, or joins some.
        """
        if not self.here.scope.branches:
            return [(self.head.id, [*ordered])]
        lines: dict[str, tuple[str, list[Revision]]] = {}
        begun: list[tuple[str, Revision]] = []
        for each in ordered:
            label, head = self._place(each)
            if head is None:
                begun.append((label, each))
            else:
                lines.setdefault(head, (head, []))[1].append(each)
        bare = [head for head in self.onto.graph.heads if not self.onto.labels_of(head)]
        trunk = next((lines[head][1][-1].id if head in lines else head for head in bare), None)
        for label, each in begun:
            if label in lines:
                lines[label][1].append(each)
            elif not each.parents:
                lines[label] = each.id, []
            else:
                lines[label] = trunk or each.parents[0], [each]
        return [*lines.values()]

    def _place(self, revision: Revision) -> tuple[str, str | None]:
        """Return the label of a new revision, and the head of that branch if it has one."""
        labels = self.here.labels_of(revision.id)
        heads = {head: self.onto.labels_of(head) for head in self.onto.graph.heads}
        found = [head for head, its in heads.items() if (labels & its if labels else not its)]
        if not labels and len(heads) == 1:
            found = [*heads]
        if len(labels) > 1 and not (len(found) == 1 and labels <= heads[found[0]]):
            names = ", ".join(f"`{label}`" for label in sorted(labels))
            raise UsageError(
                f"{revision.path}: `{revision.id}` joins the branches {names}, so it cannot come"
                " after one head: write its parents yourself\nnothing was changed"
            )
        if not labels and not found:
            at = ", ".join(
                f"`{label}` is at `{head}`" for head, its in heads.items() for label in sorted(its)
            )
            raise UsageError(
                f"{revision.path}: `{revision.id}` is on no labelled branch, and only those may"
                f" have a head: make one of their heads its parent ({at})\nnothing was changed"
            )
        return min(labels, default=""), found[0] if found else None

    def new(self) -> list[Revision]:
        """Return the revisions of the work tree that the target branch lacks.

        Raises:
            UsageError: The branch changed or removed published revisions; all of them are
                listed.
        """
        here, onto, before = (
            each.graph.by_id if each else {} for each in (self.here, self.onto, self.before)
        )
        self._load(self.here, here.values())
        self._load(self.onto, (onto[key] for key in onto if key in here))
        self._load(self.before, (before[key] for key in before if key in here))
        problems = [
            *(self._problem(key, before.get(key)) for key in here if key in onto),
            *(self._removed(key) for key in onto if key in before and key not in here),
        ]
        found = []
        for key, revision in here.items():
            if key in before and key not in onto:
                # The target branch removed it; so will the merge, unless this branch changed it.
                problems.append(self._dropped(revision, before[key]))
            elif key not in onto:
                found.append(revision)
        problems += [self._unparsed(each) for each in found]
        problems += [*self._twins(found), *self._reverted(found)]
        if facts := [problem for problem in problems if problem]:
            raise UsageError("\n".join([*facts, "nothing was changed"]))
        return found

    def data(self, revision: Revision) -> bytes:
        """Return the bytes of a file of the work tree."""
        return self._data[self.here.source.name if self.here.source else "", revision.path]

    def _load(self, history: History | None, revisions: Iterable[Revision]) -> None:
        if history is None or history.source is None:
            return
        for content in history.source.read([each.path for each in revisions]):
            if content.error is not None:
                raise CannotJudgeError(f"{content.path} cannot be read: {content.error}")
            self._data[history.source.name, content.path] = content.data

    def _problem(self, key: str, before: Revision | None) -> str:
        """Describe a change to a published revision; empty if the target branch has the same."""
        here, onto = self.here.graph.by_id[key], self.onto.graph.by_id[key]
        name = _name(self.onto)
        # Without a common origin, two files with one id are two revisions, and no rename.
        if (before or here.path == onto.path) and self._same(self.here, here, self.onto, onto):
            return ""
        if conflict_in(self.data(here)):
            return (
                f"{here.path}: both this branch and {name} changed `{key}`, and it has a conflict:"
                " resolve it first"
            )
        if before is None and here.path == onto.path:
            return (
                f"{here.path}: {name} has this revision too, in another form, as a squash merge of"
                f" the branch below leaves it: take {name}'s with `{_checkout(name, onto.path)}`;"
                " if this is another change, write it as a new revision"
            )
        if self.before is None or before is None:
            return (
                f"{here.path}: {name} has a different revision `{key}`, {onto.path}: give this one"
                " a new id, and update the revisions that refer to it"
            )
        if self._same(self.here, here, self.before, before):
            return ""
        fix = f"restore it with `{_checkout(name, onto.path)}`"
        if not self._same(self.onto, onto, self.before, before):
            return f"{here.path}: both this branch and {name} changed `{key}`: {fix}"
        if here.path != onto.path:
            return (
                f"{here.path}: this branch renamed and changed `{key}`, which {name} has: remove"
                f" this file, and {fix}"
            )
        return f"{here.path}: this branch changed `{key}`, which {name} has: {fix}"

    def _twins(self, found: list[Revision]) -> Iterator[str]:
        """Describe each new revision that does what one of the target branch does.

        That is what a squash merge of the branch below leaves, where the id has changed since.
        """
        before = self.before.graph.by_id if self.before else {}
        theirs = [
            each
            for key, each in self.onto.graph.by_id.items()
            if key not in before and key not in self.here.graph.by_id
        ]
        if not found or not theirs:
            return
        self._load(self.onto, theirs)
        by_effect = {fingerprint(self._of(self.onto, each)): each for each in theirs}
        for each in found:
            data = self.data(each)
            twin = by_effect.get(fingerprint(data))
            script = parse(each.path, data) if twin else None
            if twin and isinstance(script, Script) and script.upgrade.does_something:
                yield (
                    f"{each.path}: `{each.id}` does what `{twin.id}` of {_name(self.onto)} does"
                    f" ({twin.path}): it would run twice, so remove it with"
                    f" `git rm {shlex.quote(each.path)}`, and rebase again"
                )

    def _reverted(self, found: list[Revision]) -> Iterator[str]:
        """Describe each revision that the target branch removed and a new one builds on."""
        if self.before is None or {*self.before.graph.bases} - {*self.onto.graph.bases}:
            return  # a squash: what builds on it comes after the one that replaces it
        then, now = self.before.graph.by_id, self.onto.graph.by_id
        gone = {key for key in self.here.graph.by_id if key in then and key not in now}
        for key in sorted(gone):
            after = [each.id for each in found if key in self.here.graph.ancestors(each.id)]
            if after:
                path, name = self.here.graph.by_id[key].path, _name(self.onto)
                words = ("log", "-1", "--diff-filter=D", "--format=%h (%s)", name, "--")
                commit = ask(self.root, *words, then[key].path) or "a commit"
                yield (
                    f"{path}: {name} removed `{key}` in {commit}, and `{after[0]}` builds on it:"
                    f" if it can do without, remove it here too with `git rm {shlex.quote(path)}`,"
                    " and rebase again; otherwise bring it back on"
                    f" {name} with `git revert {commit.partition(' ')[0]}`"
                )

    def _unparsed(self, revision: Revision) -> str:
        """Explain why a new revision, whose header could be read, cannot be parsed."""
        data = self.data(revision)
        parsed = parse(revision.path, data)
        return _why(parsed, data, _name(self.here)) if isinstance(parsed, Unreadable) else ""

    def _removed(self, key: str) -> str:
        path, name = self.onto.graph.by_id[key].path, _name(self.onto)
        return (
            f"{path}: this branch removed `{key}`, which {name} has: restore it with"
            f" `{_checkout(name, path)}`"
        )

    def _dropped(self, here: Revision, before: Revision) -> str:
        if self.before is not None and self._same(self.here, here, self.before, before):
            return ""
        return (
            f"{here.path}: this branch changed `{here.id}`, which {_name(self.onto)} removed: merge"
            " first, and resolve it there"
        )

    def _same(
        self, one: History, revision: Revision, other: History, counterpart: Revision
    ) -> bool:
        """Whether a revision has the same parents and effect on two sides, in whatever file."""
        olds, news = self._of(one, revision), self._of(other, counterpart)
        if olds == news:
            return True
        return _ties(revision) == _ties(counterpart) and fingerprint(olds) == fingerprint(news)

    def _of(self, history: History, revision: Revision) -> bytes:
        return self._data[_name(history), revision.path]


def _ties(revision: Revision) -> tuple[set[str], set[str], set[str]]:
    return {*revision.parents}, {*revision.labels}, {*revision.depends_on}


def _checkout(name: str, path: str) -> str:
    return f"git checkout {shlex.quote(name)} -- {shlex.quote(path)}"


def _name(history: History) -> str:
    return history.source.name if history.source else ""


def open_sides(work: Source, environment: Environment, onto: Onto, settings: Settings) -> Sides:
    """Read one environment on all sides.

    Raises:
        CannotJudgeError: A file is not a readable revision, or the target branch's chain is broken.
        UsageError: The target branch has several heads, or no such environment.
    """
    here = read(work, environment, judge_file, whole=False).history
    _need_readable(here)
    for key, revisions in here.graph.duplicates.items():
        paths = ", ".join(each.path for each in revisions)
        raise UsageError(f"the id `{key}` is used by several files, {paths}: keep it in one")
    base = read(
        onto.tree, environment_in(onto.tree, environment, settings), judge_file, whole=False
    ).history
    _need_one_line(base)
    before = None
    if onto.before is not None:
        try:
            then = environment_in(onto.before, environment, settings)
            before = read(onto.before, then, judge_file, whole=False).history
        except RevgateError:
            before = None  # the environment did not exist yet
    return Sides(onto.tree.root, here, base, before)


def is_there(source: Source, environment: Environment, settings: Settings) -> bool:
    """Whether another commit has an environment."""
    try:
        environment_in(source, environment, settings)
    except RevgateError:
        return False
    return True


def environment_in(source: Source, environment: Environment, settings: Settings) -> Environment:
    """Return the environment as another commit has it.

    Raises:
        RevgateError: It has none.
    """
    named = tuple(each for each in settings.environments if each.name in (None, environment.name))
    narrowed = settings._replace(environments=named)
    return environments.find(source, narrowed, environment.name)[0]


def _need_readable(history: History) -> None:
    if not history.unreadable:
        return
    contents = history.source.read([each.path for each in history.unreadable])  # type: ignore[union-attr]
    raise CannotJudgeError(
        "\n".join(
            _why(each, content.data, _name(history))
            for each, content in zip(history.unreadable, contents, strict=True)
        )
    )


def _why(unreadable: Unreadable, data: bytes, name: str) -> str:
    if conflict_in(data):
        return f"{unreadable.path}: both sides changed it, and it has a conflict: resolve it first"
    return "\n".join(
        f"{unreadable.path}:{each.position[0]}: {each.message}: fix it in {name}"
        for each in unreadable.problems
    )


def _need_one_line(base: History) -> None:
    name, graph = _name(base), base.graph
    _need_readable(base)
    if defects := [*_defects(base)]:
        listed = "; ".join(defects)
        raise CannotJudgeError(
            f"the history of {name} is broken, so there is nothing to rebase onto: {listed};"
            f" see `revgate check --at {name}`, and fix it there first"
        )
    if not graph.heads:
        raise UsageError(f"{name} has no revisions to rebase onto")
    if base.rival_heads:
        raise UsageError(_several_heads(name, base))


def _several_heads(name: str, base: History) -> str:
    """Return the two ways out where the base itself has a fork."""
    *others, last = sorted(base.graph.heads, key=lambda key: (base.graph.by_id[key].stamp, key))
    own = base.graph.ancestors(last) - base.graph.ancestors(*others)
    first = next((key for key in base.graph.order if key in own), last)
    path = base.graph.by_id[first].path
    return (
        f"{name} has {len(base.graph.heads)} heads, {', '.join(base.graph.heads)}; fix this on a"
        f" branch of {name} first:\n"
        f'if no database has applied `{first}`, write `down_revision = "{others[-1]}"` in `{path}`,'
        f" then run `revgate check --against {name} --allow-published {first}`\n"
        f"if one has, run `{base.merge_command()}`, and write `linear = false` in the"
        f" settings, then run `revgate check --against {name}`"
    )


def _defects(base: History) -> Iterator[str]:
    graph = base.graph
    for revision, parent in graph.missing:
        yield f"the parent `{parent}` of `{revision.id}` is missing"
    for cycle in graph.cycles:
        yield f"{' -> '.join(cycle)} is a cycle"
    for key in graph.duplicates:
        yield f"the id `{key}` is used by several files"
