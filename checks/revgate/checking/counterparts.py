"""Reads the target branch and the merge, each with the environments that its own tree has.

Environments that move or get another name are recognized by the revisions that they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.checking.file_rules import judge_file
from revgate.checking.ruling import described_by
from revgate.environments import Environment, nothing_found, survey
from revgate.errors import CannotJudgeError, UsageError
from revgate.history.history import History
from revgate.history.read import Read, list_all, notes_on, read, reread, revision_files
from revgate.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.checking.ruling import Ruling
    from revgate.history.merge import Sides
    from revgate.history.tree import GitTree


class Pair(NamedTuple):
    """One environment before and after the merge."""

    base: Read | None
    """None if the target branch does not have it."""
    merged: Read | None
    """None if the merge would take it away."""
    unnamed: bool = False
    """Whether the settings after the merge would leave it out."""

    @property
    def environment(self) -> Environment:
        """The environment after the merge, or before if the merge takes it away."""
        read = self.merged or self.base
        if read is None:
            raise ValueError("a pair has one side at least")
        return read.history.environment

    @property
    def names(self) -> set[str]:
        """The names that `--environment` may use for it."""
        return {each.history.environment.name for each in (self.base, self.merged) if each}


class _Place(NamedTuple):
    environment: Environment
    is_named: bool
    """Whether the settings after the merge have it."""


def read_pairs(
    sides: Sides, ruling: Ruling, name: str | None = None, *, cached: bool
) -> tuple[list[Pair], list[str]]:
    """Read every environment of the target branch and of the merge.

    Args:
        sides: The trees.
        ruling: The settings of each.
        name: The name of the only environment wanted; None for all.
        cached: Whether cached facts may be used, and written.

    Returns:
        The environments, and a note on each that has no revision on either side.

    Raises:
        CannotJudgeError: Nothing can be judged, or an environment of the merge cannot be located.
        UsageError: There is no environment of that name.
    """
    before = survey(sides.base, ruling.before or ruling.settings).found
    after = _after(sides.merged, ruling)
    bases = [_read_base(sides.base, each, cached=cached) for each in before]
    merged = [_read_merged(sides, each, bases, cached=cached) for each in after]
    pairs = _paired(sides, bases, merged, cached=cached)
    if not pairs:
        raise CannotJudgeError(nothing_found(sides.merged))
    chosen = [each for each in pairs if name is None or name in each.names]
    if not chosen:
        names = sorted({each for pair in pairs for each in pair.names})
        raise UsageError(
            f"no environment {name!r}{nearest(name or '', names)}; there are: {', '.join(names)}"
        )
    strict = bool(ruling.after.environments) or name is not None
    return _with_revisions(chosen, sides.merged, strict=strict)


def _after(tree: GitTree, ruling: Ruling) -> list[_Place]:
    """Return the environments after the merge, as either settings name them.

    Raises:
        CannotJudgeError: One that the settings after the merge would have cannot be located.
    """
    named = survey(tree, ruling.after)
    if named.problems:
        raise CannotJudgeError("\n".join(map(str, named.problems)))
    proposed = {_location(each): each for each in named.found}
    same = ruling.before in (None, ruling.after)
    ruled = named.found if same else survey(tree, ruling.settings).found
    found = {_location(each): each for each in ruled}
    places = [
        _Place(
            each._replace(scope=described_by(each.scope, proposed[key].scope))
            if key in proposed
            else each,
            key in proposed,
        )
        for key, each in found.items()
    ]
    return places + [
        _Place(each, is_named=True) for key, each in proposed.items() if key not in found
    ]


def _location(environment: Environment) -> tuple[object, ...]:
    return environment.script_location, environment.version_locations


def _read_base(tree: GitTree, environment: Environment, *, cached: bool) -> Read:
    """Read the tops of the published files; a folder that is missing has none."""
    there = tuple(each for each in environment.version_locations if tree.has_folder(each))
    try:
        found = read(
            tree,
            environment._replace(version_locations=there),
            judge_file,
            whole=False,
            cached=cached,
        )
    except CannotJudgeError:  # no revision yet
        return nothing(environment, tree)
    return _within(found, environment)


def _within(found: Read, environment: Environment) -> Read:
    """Return what was read, as that of another environment."""
    before = found.history
    history = History(environment, before.revisions, before.unreadable, before.source)
    return found._replace(history=history)


def read_branch(sides: Sides, ruling: Ruling, merged: Read, *, cached: bool) -> Read | None:
    """Read an environment as the branch has it by itself; None if it does not have it."""
    found = (
        *survey(sides.ours, ruling.settings).found,
        *survey(sides.ours, ruling.after).found,
    )
    reads = [_read_base(sides.ours, each, cached=cached) for each in dict.fromkeys(found)]
    likest = max(reads, key=lambda each: _likeness(each, merged), default=None)
    if likest is None or _likeness(likest, merged) == _UNLIKE:
        return None
    environment = merged.history.environment
    return _within(
        likest, likest.history.environment._replace(name=environment.name, scope=environment.scope)
    )


def nothing(environment: Environment, tree: GitTree) -> Read:
    """Return an environment without revisions."""
    return Read(History(environment, (), (), tree), (), 0)


def _read_merged(
    sides: Sides, place: _Place, bases: Sequence[Read], *, cached: bool
) -> tuple[Read, _Place]:
    """Read an environment after the merge; only what differs, where the target branch has it."""
    environment = place.environment
    folders = environment.version_locations
    missing = [each for each in folders if not sides.merged.has_folder(each)]
    if 0 < len(missing) < len(folders):
        revision_files(sides.merged, environment)  # says which
    same = next((each for each in bases if _is_alike(each.history.environment, environment)), None)
    if same is not None:
        changed = sides.changed(sides.base, sides.merged, folders)
        found = reread(same, sides.merged, changed, judge_file, cached=cached)
        return _within(found, environment), place
    try:
        return read(sides.merged, environment, judge_file, cached=cached), place
    except CannotJudgeError:
        return nothing(environment, sides.merged), place


def _is_alike(one: Environment, other: Environment) -> bool:
    """Whether two environments have the same files, read alike."""
    return (one.version_locations, one.recursive, one.scope.file_name) == (
        other.version_locations,
        other.recursive,
        other.scope.file_name,
    )


def _paired(
    sides: Sides,
    bases: Sequence[Read],
    merged: Sequence[tuple[Read, _Place]],
    *,
    cached: bool,
) -> list[Pair]:
    """Pair the environments that have most in common; what is left has no counterpart."""
    scores = sorted(
        (
            (_likeness(one, other), at, to)
            for at, one in enumerate(bases)
            for to, (other, _) in enumerate(merged)
        ),
        key=lambda score: (score[0], -score[1], -score[2]),
        reverse=True,
    )
    partner: dict[int, int] = {}
    for likeness, at, to in scores:
        if likeness > _UNLIKE and at not in partner.values() and to not in partner:
            partner[to] = at
    pairs = []
    for to, (after, place) in enumerate(merged):
        before = bases[partner[to]] if to in partner else None
        found = after if before is None else _judged_alike(sides, after, before, cached=cached)
        pairs.append(Pair(before, found, unnamed=not place.is_named))
    gone = [each for at, each in enumerate(bases) if at not in partner.values()]
    return pairs + [Pair(each, None) for each in gone if each.history.graph.by_id]


_UNLIKE = (0, False, False, 0)


def _likeness(one: Read, other: Read) -> tuple[int, bool, bool, int]:
    """Return what ranks two environments as one: revisions in common first, then the place."""
    here, there = one.history.environment, other.history.environment
    shared = len(one.history.graph.by_id.keys() & other.history.graph.by_id.keys())
    return (
        bool(shared),
        _location(here) == _location(there),
        (here.config, here.section) == (there.config, there.section),
        shared,
    )


def _judged_alike(sides: Sides, after: Read, before: Read, *, cached: bool) -> Read:
    """Return an environment after the merge under the name and settings that it had."""
    was, now = before.history.environment, after.history.environment
    environment = now._replace(name=was.name, scope=described_by(was.scope, now.scope))
    if environment.scope.file_name == now.scope.file_name:
        return _within(after, environment)
    return read(sides.merged, environment, judge_file, cached=cached)


def _with_revisions(
    pairs: Sequence[Pair], tree: GitTree, *, strict: bool
) -> tuple[list[Pair], list[str]]:
    """Leave out environments without a revision, before the merge and after it.

    Raises:
        CannotJudgeError: There is no revision at all, or `strict` and one has none; says why.
    """
    kept, empty = [], []
    for pair in pairs:
        reads: Iterable[Read] = (each for each in (pair.base, pair.merged) if each is not None)
        if pair.merged is None or any(each.files for each in reads):
            kept.append(pair)
        else:
            empty.append(pair.merged.history.environment)
    return kept, notes_on(list_all(tree, empty)[1], strict=strict or not kept)
