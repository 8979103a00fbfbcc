"""Determines from a catalog which revision a database is really at, and the commands that fix it.

The stamp in `alembic_version` is a claim; the catalog is the fact. Where they disagree, users see
"Table already exists" (stamped too low), missing tables (stamped too high) or "Can't locate
revision" (stamped with an id that no longer exists).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.snapshot import Snapshot, compare
from revgate.postgres.snapshot.describe import drop_statements
from revgate.roundtrip.order import applied_by
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revgate.postgres.snapshot.change import CatalogueChange

BASE = "base"
"""Alembic's name for the state before the first revision."""


class History(NamedTuple):
    """Revisions in one order, and the catalog before the first of them and after each."""

    revisions: tuple[str, ...]
    """Ids in upgrade order."""
    states: tuple[Snapshot, ...]
    """One more than revisions; fewer if a revision failed on the throwaway database."""
    needs: Mapping[str, frozenset[str]]
    """The ids that each revision needs directly; see `needs_of`."""

    def stamps(self, index: int) -> tuple[str, ...]:
        """Return what Alembic stores for a state: one id, or one for each branch."""
        applied = self.revisions[:index]
        needed = frozenset[str]().union(*(self.needs[each] for each in applied))
        return tuple(each for each in applied if each not in needed)

    def name(self, index: int) -> str:
        """Return the revisions that a state is stamped with; `base` for the first."""
        return ", ".join(self.stamps(index)) or BASE

    @property
    def head(self) -> str:
        """What `alembic upgrade` is asked for: `heads` if branches remain."""
        return "heads" if len(self.stamps(len(self.revisions))) > 1 else "head"


class Diagnosis(NamedTuple):
    """The state of a database compared with the history."""

    state: str
    """`at-head`, `behind`, `empty`, `stamped-too-low`, `stamped-too-high`, `unknown-stamp`,
    `never-stamped`, `half-applied`, `skipped` or `changed-by-hand`."""
    sentence: str
    """The fact, with names in backticks."""
    revision: str
    """The revision whose catalog the database has, or the nearest; `base` before the first, and
    several ids after a comma if it is on several branches."""
    exact: bool
    """Whether the catalog matches that revision exactly."""
    changes: tuple[CatalogueChange, ...] = ()
    """Differences from it: `left` for objects that the revision lacks, `gone` for missing ones."""
    commands: tuple[str, ...] = ()
    """The commands to run, in order."""
    pending: tuple[str, ...] = ()
    """The revisions after that one."""


def diagnose(history: History, stamps: Sequence[str], actual: Snapshot) -> Diagnosis:
    """Diagnose a database.

    Args:
        history: The chain with its catalogs.
        stamps: The rows of the version table; empty if it is absent or empty.
        actual: The catalog of the database.
    """
    claimed = _claimed(history, stamps)
    matches = [index for index, state in enumerate(history.states) if state == actual]
    if matches:
        return _exact(history, stamps, claimed, matches)
    return _half_applied(history, stamps, actual) or _inexact(history, stamps, claimed, actual)


def _claimed(history: History, stamps: Sequence[str]) -> int | None:
    """Return the index of the stamped state; None if no state has these stamps."""
    applied = applied_by(stamps, history.needs)
    if applied is None or applied != {*history.revisions[: len(applied)]}:
        return None
    return len(applied)


def _exact(
    history: History, stamps: Sequence[str], claimed: int | None, matches: list[int]
) -> Diagnosis:
    if claimed in matches:
        return _as_stamped(history, claimed)
    at = _likeliest(matches, claimed if stamps else None)
    name, again = history.name(at), _or_several(history, matches)
    state, sentence = _wrongly_stamped(history, stamps, claimed, at)
    return Diagnosis(
        state,
        f"{sentence}, and its schema matches {_named(name)}{again}",
        name,
        exact=True,
        commands=(_stamp(history, at, stamps, claimed), *_upgrade(history, at)),
        pending=history.revisions[at:],
    )


def _as_stamped(history: History, at: int) -> Diagnosis:
    name, pending = history.name(at), history.revisions[at:]
    if at == 0 and pending:
        state, sentence = "empty", "the database is empty"
    elif pending:
        state, sentence = (
            "behind",
            f"the database is at {_ticked(name)}, {count(len(pending), 'revision')} behind",
        )
    else:
        state, sentence = "at-head", f"the database is at the {history.head}, {_ticked(name)}"
    return Diagnosis(
        state, sentence, name, exact=True, commands=_upgrade(history, at), pending=pending
    )


def _likeliest(matches: list[int], claimed: int | None) -> int:
    """Choose among equal states, since revisions that only change data cannot be distinguished.

    The one nearest to the stamp; without a stamp the last, since tables created from the models
    correspond to the last revision.
    """
    if claimed is None:
        return matches[-1]
    return min(matches, key=lambda index: (abs(index - claimed), -index))


def _or_several(history: History, matches: list[int]) -> str:
    if len(matches) < 2:
        return ""
    names = ", ".join(_named(history.name(index)) for index in matches)
    return f" ({names} have the same schema: they only change data)"


def _wrongly_stamped(
    history: History, stamps: Sequence[str], claimed: int | None, at: int
) -> tuple[str, str]:
    if claimed is None:
        return "unknown-stamp", _unknown(history, stamps)
    if not stamps:
        return "never-stamped", "the database was never stamped"
    how = "low" if claimed < at else "high"
    return (
        f"stamped-too-{how}",
        f"the database is stamped {_ticked(', '.join(stamps))}, which is too {how}",
    )


def _unknown(history: History, stamps: Sequence[str]) -> str:
    gone = [stamp for stamp in stamps if stamp not in history.revisions]
    if gone:
        names = ", ".join(f"`{stamp}`" for stamp in gone)
        return f"the database is stamped {names}, which the history does not have"
    names = ", ".join(f"`{stamp}`" for stamp in stamps)
    return f"the database has several stamps, {names}, which no upgrade of this history leaves"


def _half_applied(history: History, stamps: Sequence[str], actual: Snapshot) -> Diagnosis | None:
    """Find a revision of which only some objects exist, without any other difference."""
    for index in range(len(history.states) - 1):
        before, after = history.states[index], history.states[index + 1]
        if not _lies_between(before, actual, after):
            continue
        name, half = history.name(index), history.revisions[index]
        done = compare(before, actual)
        return Diagnosis(
            "half-applied",
            f"`{half}` is half applied: {len(done)} of its objects exist,"
            f" {len(compare(actual, after))} do not",
            name,
            exact=False,
            changes=done,
            commands=_finish(history, stamps, index, done),
            pending=history.revisions[index:],
        )
    return None


def _finish(
    history: History, stamps: Sequence[str], index: int, done: tuple[CatalogueChange, ...]
) -> tuple[str, ...]:
    """Return how to run a half-applied revision: drop what exists, then run all of it."""
    undone = drop_statements(done) or (f"-- undo by hand what `{history.revisions[index]}` did",)
    claimed = _claimed(history, stamps)
    stamp = () if claimed == index else (_stamp(history, index, stamps, claimed),)
    return (*undone, *stamp, *_upgrade(history, index))


def _lies_between(before: Snapshot, actual: Snapshot, after: Snapshot) -> bool:
    """Return whether each object is as before a revision or as after it."""
    return all(
        actual.get(key) in (before.get(key), after.get(key)) for key in {*before, *actual, *after}
    )


def _inexact(
    history: History, stamps: Sequence[str], claimed: int | None, actual: Snapshot
) -> Diagnosis:
    if claimed is not None and claimed < len(history.states):
        skipped = _skipped(history, claimed, actual)
        if skipped:
            return _never_ran(history, claimed, skipped, actual)
    at = _nearest(history, claimed if stamps else None, actual)
    name = history.name(at)
    changes = compare(history.states[at], actual)
    commands: tuple[str, ...] = ("-- first, reconcile the differences listed above by hand",)
    if claimed != at:
        commands = (*commands, _stamp(history, at, stamps, claimed))
    return Diagnosis(
        "changed-by-hand",
        f"the schema matches no revision; the nearest is {_named(name)}, with"
        f" {count(len(changes), 'difference')}"
        + ("" if claimed == at else f", and {_wrongly_stamped(history, stamps, claimed, at)[1]}"),
        name,
        exact=False,
        changes=changes,
        commands=(*commands, *_upgrade(history, at)),
        pending=history.revisions[at:],
    )


def _skipped(history: History, claimed: int, actual: Snapshot) -> list[int]:
    """Return the indexes of revisions below the stamp that were never run here.

    This happens when a history is re-parented: a revision is inserted before the one that the
    database was already at.
    """
    expected = history.states[claimed]
    absent = {key for key in {*expected, *actual} if expected.get(key) != actual.get(key)}
    found: list[int] = []
    for index in range(1, claimed + 1):
        before, after = history.states[index - 1], history.states[index]
        touched = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        if (
            touched
            and touched <= absent
            and all(actual.get(key) == before.get(key) for key in touched)
        ):
            found.append(index)
            absent -= touched
    return [] if absent else found


def _never_ran(history: History, claimed: int, skipped: list[int], actual: Snapshot) -> Diagnosis:
    revisions = [history.revisions[index - 1] for index in skipped]
    names = ", ".join(f"`{each}`" for each in revisions)
    commands = [
        f"alembic upgrade {min(history.needs[each], default=BASE)}:{each} --sql"
        for each in revisions
    ]
    return Diagnosis(
        "skipped",
        f"the database is stamped {_ticked(history.name(claimed))}, but {names} never ran here: the"
        " history was reordered since",
        history.name(claimed),
        exact=False,
        changes=compare(history.states[claimed], actual),
        commands=(*commands, *_upgrade(history, claimed)),
        pending=history.revisions[claimed:],
    )


def _nearest(history: History, claimed: int | None, actual: Snapshot) -> int:
    """Return the state with the fewest differences; the stamped one if it is equally near."""
    distances = [_distance(state, actual) for state in history.states]
    least = min(distances)
    if claimed is not None and claimed < len(distances) and distances[claimed] == least:
        return claimed
    return max(index for index, distance in enumerate(distances) if distance == least)


def _distance(state: Snapshot, actual: Snapshot) -> int:
    return sum(state.get(key) != actual.get(key) for key in {*state, *actual})


def _stamp(history: History, at: int, stamps: Sequence[str], claimed: int | None) -> str:
    # Alembic looks up the current stamp before it stamps, and keeps those of other branches;
    # --purge ignores it.
    targets = history.stamps(at) or (BASE,)
    several = len(stamps) > 1 or len(targets) > 1
    purge = "--purge " if stamps and (several or claimed is None) else ""
    return f"alembic stamp {purge}{' '.join(targets)}"


def _upgrade(history: History, at: int) -> tuple[str, ...]:
    return (f"alembic upgrade {history.head}",) if history.revisions[at:] else ()


def _named(name: str) -> str:
    return "an empty database" if name == BASE else _ticked(name)


def _ticked(name: str) -> str:
    return " and ".join(f"`{each}`" for each in name.split(", "))
