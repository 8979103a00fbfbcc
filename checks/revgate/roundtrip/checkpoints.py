"""Databases to continue in after a downgrade that failed.

The first of them is built from the revisions below it. Where a second downgrade fails, more will:
from then on copies are kept on the way, and the next database is made ready while revisions are
stepped in the one before it.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from revgate.roundtrip.answers import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from revgate.history.revision import Revision
    from revgate.postgres.server import Server
    from revgate.postgres.snapshot import Key, Snapshot
    from revgate.postgres.snapshot.shared import Facts
    from revgate.roundtrip.agent_database import AgentDatabase

_MOST = 12
"""Copies that are kept at a time: each is as large as the schema."""
_APART = 10
"""Revisions between two of them, at least: a copy takes as long as a dozen revisions."""
_FIRST_COPIED = 2
"""The failure from which on databases are copied: after one, few are followed by another."""


def _is_outside(item: tuple[Key, Facts]) -> bool:
    (kind, name), _ = item
    return kind in ("role", "setting") or (kind == "grant" and name.startswith("DATABASE "))


class Checkpoints:
    """The databases of one session at places of its history."""

    def __init__(
        self, server: Server, open_database: Callable[[AgentDatabase | None], AgentDatabase]
    ) -> None:
        """Keep none yet.

        Args:
            server: Where they are.
            open_database: Returns a copy of a database, or one that has no revision.
        """
        self._server = server
        self._open = open_database
        self._kept: dict[int, AgentDatabase] = {}
        """By the number of revisions that they have."""
        self._rebuilds = 0
        self._copies = False
        """Whether databases are copied: none is, before a second failure."""
        self._ready: tuple[int, Future[AgentDatabase]] | None = None
        self._worker = ThreadPoolExecutor(1)

    def rebuild(
        self, revisions: Sequence[Revision], snapshots: Sequence[Snapshot]
    ) -> tuple[AgentDatabase, str]:
        """Build a database that has some revisions.

        Args:
            revisions: The revisions, from the first of the history on.
            snapshots: Before the first of the history, and after each.

        Returns:
            The database, and the id of a revision that fails in it; empty if none does.
        """
        index = len(revisions)
        self._rebuilds += 1
        place, database = self._nearest(index)
        self._drop_above(index)
        apart = max(_APART, index // _MOST)
        begins = self._rebuilds == _FIRST_COPIED and self._can_copy(database, snapshots)
        self._copies = self._copies or begins
        for at, revision in enumerate(revisions[place:], start=place):
            if begins and at > place and at % apart == 0:
                database = self._keep(at, database, snapshots[at])
            if isinstance(database.step("upgrade", revision.id), Failed):
                return database, revision.id
        self._prepare(index, snapshots)
        return database, ""

    def leave(self, database: AgentDatabase) -> None:
        """Drop a database in which a downgrade failed."""
        if self._copies:
            self._worker.submit(database.close)
        else:
            database.close()

    def _drop_above(self, index: int) -> None:
        for place in [each for each in self._kept if each > index]:
            self._server.drop_database(self._kept.pop(place).address)

    def _nearest(self, index: int) -> tuple[int, AgentDatabase]:
        """Return the database that needs the fewest revisions, and how many it has."""
        if self._ready:
            place, ready = self._ready
            self._ready = None
            database = ready.result()
            if place <= index:
                return place, database
            database.close()
        place = max((each for each in self._kept if each <= index), default=0)
        return place, self._open(self._kept.get(place))

    def _can_copy(self, database: AgentDatabase, snapshots: Sequence[Snapshot]) -> bool:
        """Tell whether a copy of the database is all that a revision finds when it runs.

        Roles belong to the server; settings and grants of the database itself are not copied.
        """
        outside = {frozenset(filter(_is_outside, each.items())) for each in snapshots}
        address = database.address
        elsewhere = self._server.databases(f"{address.database}_")
        return len(outside) == 1 and database.started.address == address and not elsewhere

    def _keep(self, place: int, database: AgentDatabase, expected: Snapshot) -> AgentDatabase:
        """Keep a database as it is, and return a copy to go on with."""
        database.leave(expected)
        self._kept[place] = database
        return self._open(database)

    def _prepare(self, index: int, snapshots: Sequence[Snapshot]) -> None:
        """Begin to make the database ready that the next failure most likely needs."""
        if self._copies:
            place = max((each for each in self._kept if each < index), default=0)
            opened = self._worker.submit(self._opened, self._kept.get(place), snapshots[place])
            self._ready = (place, opened)

    def _opened(self, original: AgentDatabase | None, expected: Snapshot) -> AgentDatabase:
        database = self._open(original)
        database.take_snapshot(expected)
        return database

    def close(self) -> None:
        """Drop what is left."""
        self._worker.shutdown(cancel_futures=True)
        if self._ready and not self._ready[1].cancelled() and not self._ready[1].exception():
            self._ready[1].result().close()
        for database in self._kept.values():
            self._server.drop_database(database.address)
        self._ready = None
        self._kept.clear()
