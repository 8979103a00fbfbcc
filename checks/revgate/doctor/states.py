"""The catalog of every revision, built on a throwaway server and cached by content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.doctor.database import VersionTable
from revgate.history.cache import Cache
from revgate.postgres.snapshot import KIND_OF
from revgate.roundtrip.answers import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.agent_database import AgentDatabase
    from revgate.roundtrip.progress import Report


class States(NamedTuple):
    """What a history builds, and the version table of env.py."""

    version_table: VersionTable = VersionTable()
    snapshots: tuple[Snapshot, ...] = ()
    """Before the first revision, and after each one that could be run."""
    stopped: str = ""
    """Why a revision could not be run; empty if all could."""


class _Step(NamedTuple):
    """What one revision changed; successive states of a history share most objects."""

    put: dict[tuple[str, str], Any]
    taken: list[tuple[str, str]]


def build(
    database: AgentDatabase,
    chain: Sequence[Revision],
    report: Report,
    visit: Callable[[Address, Snapshot], None] | None,
) -> States:
    """Upgrade an empty database one revision at a time, with a snapshot of each state.

    Args:
        database: The database.
        chain: The revisions in upgrade order.
        report: Receives the progress.
        visit: Called in each state with the database and the snapshot.

    Raises:
        CannotJudgeError: env.py exits, or takes too long.
    """

    def take() -> Snapshot:
        taken = database.take_snapshot()
        if visit:
            visit(database.started.address, taken)
        return taken

    snapshots, stopped = [take()], ""
    for revision in chain:
        answer = database.step("upgrade", revision.id)
        report("upgrade")
        if isinstance(answer, Failed):
            stopped = f"`{revision.id}` cannot be run: {' '.join(answer.message.split())}"
            break
        snapshots.append(take())
    table = VersionTable(database.started.version_table, database.started.version_table_schema)
    return States(table, tuple(snapshots), stopped)


class StatesCache:
    """The cached states of one environment on one version of PostgreSQL."""

    def __init__(self, root: str, environment: Environment, key: str, *, enabled: bool) -> None:
        self._cache = Cache(f"states of {root} {environment.name}", enabled=enabled)
        self._key = key

    def load(self) -> States | None:
        """Return the states that were cached for exactly this history."""
        kept = self._cache.load().get(self._key)
        if kept is None:
            return None
        version_table, steps = kept
        return States(VersionTable(*version_table), tuple(_replayed(steps)))

    def save(self, states: States) -> None:
        """Cache the states, unless a revision could not be run."""
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
    """Return the part of a catalog that is compared.

    Args:
        snapshot: The catalog.
        extensions: Those that the history creates; others belong to the operators.
    """
    known = frozenset(extensions)
    return {
        key: (owner_kind, owner, "" if key[0] in ("extension", "schema") else facts)
        for key, (owner_kind, owner, facts) in snapshot.items()
        if key[0] not in _PER_INSTALLATION
        and (key[0] != "extension" or key[1] in known)
        # A comment on an extension does not belong to the application either.
        and owner_kind != "extension"
        and key != ("schema", "public")
    }


def extensions_of(snapshots: Iterable[Snapshot]) -> frozenset[str]:
    """Return the names of all extensions in any state."""
    return frozenset(name for each in snapshots for kind, name in each if kind == "extension")
