"""The catalogue of every revision, built on a throwaway server and kept by the history's content.

Knows how states are had and kept; not what is concluded from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.doctor.database import VersionTable
from revgate.history.cache import Cache
from revgate.postgres.snapshot import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.agent_client import Bench
    from revgate.roundtrip.progress import Report


class States(NamedTuple):
    """What a history builds, and what env.py says beside it."""

    version_table: VersionTable = VersionTable()
    snapshots: tuple[Snapshot, ...] = ()
    """Before the first revision, and after each that could be run."""
    stopped: str = ""
    """Why not all revisions could be run; empty where they were."""


class _Step(NamedTuple):
    """What one revision changed: a history of 500 states is mostly the same objects again."""

    put: dict[tuple[str, str], Any]
    taken: list[tuple[str, str]]


def build(bench: Bench, chain: Sequence[Revision], report: Report) -> States:
    """Upgrade an empty database one revision at a time, and take a snapshot of each state.

    Raises:
        CannotJudgeError: env.py ends, or takes too long.
    """
    snapshots, stopped = [bench.take()], ""
    for revision in chain:
        answer = bench.agent.step("upgrade", revision.id)
        report("upgrade")
        if answer["event"] == "failed":
            stopped = f"`{revision.id}` cannot be run: {' '.join(answer['message'].split())}"
            break
        snapshots.append(bench.take())
    table = VersionTable(bench.started.version_table, bench.started.version_table_schema)
    return States(table, tuple(snapshots), stopped)


class Kept:
    """The states of earlier runs, of one environment on one version of PostgreSQL."""

    def __init__(self, root: str, environment: Environment, key: str, *, enabled: bool) -> None:
        self._cache = Cache(f"states of {root} {environment.name}", enabled=enabled)
        self._key = key

    def load(self) -> States | None:
        """Return what was kept of this very history."""
        kept = self._cache.load().get(self._key)
        if kept is None:
            return None
        version_table, steps = kept
        return States(VersionTable(*version_table), tuple(_replayed(steps)))

    def save(self, states: States) -> None:
        """Keep what was built; a history that could not be run whole is built again."""
        if not states.stopped:
            steps = [tuple(step) for step in _steps(states.snapshots)]
            self._cache.save({self._key: (tuple(states.version_table), steps)})


def _steps(snapshots: Sequence[Snapshot]) -> Iterator[_Step]:
    before: Snapshot = {}
    for after in snapshots:
        put = {key: facts for key, facts in after.items() if before.get(key) != facts}
        yield _Step(put, [key for key in before if key not in after])
        before = after


def _replayed(steps: Sequence[Any]) -> Iterator[Snapshot]:
    state: Snapshot = {}
    for put, taken in steps:
        state = {**state, **put}
        for key in taken:
            del state[key]
        yield state


_PER_INSTALLATION = frozenset(title for title, kind in KIND_OF.items() if kind.per_installation)


def comparable(snapshot: Snapshot, extensions: Iterable[str]) -> Snapshot:
    """Return what is compared.

    Args:
        snapshot: A catalogue.
        extensions: Names of those that the history knows; others are the operators' tools.
    """
    known = frozenset(extensions)
    return {
        key: (owner_kind, owner, "" if key[0] in ("extension", "schema") else facts)
        for key, (owner_kind, owner, facts) in snapshot.items()
        if key[0] not in _PER_INSTALLATION
        and (key[0] != "extension" or key[1] in known)
        # What is said of an extension is not the application's either.
        and owner_kind != "extension"
        and key != ("schema", "public")
    }


def extensions_of(snapshots: Iterable[Snapshot]) -> frozenset[str]:
    """Return the names of all extensions that some state has."""
    return frozenset(name for each in snapshots for kind, name in each if kind == "extension")
