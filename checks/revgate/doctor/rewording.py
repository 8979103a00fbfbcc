"""Compares definitions that two major versions of PostgreSQL print in different words.

PostgreSQL prints a definition from its parsed form, and from version 16 on, for instance, a view of
one table without the table's name before each column. So a definition of the database that differs
from that of the history is created on the throwaway server, in place of the history's own, and what
this server prints is compared. The transaction is rolled back.
"""

# ruff: noqa: S608 - SQL made of our own text, and of names and definitions that PostgreSQL printed

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from revgate.postgres.connect import connect
from revgate.postgres.snapshot import KIND_OF, Key, Snapshot
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.postgres.snapshot.kind import RELATIONS, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.connect import Address
    from revgate.postgres.snapshot.shared import Facts

_VIEWS = ("view", "materialized view")
_DROPPED = (*_VIEWS, "constraint", "index", "statistics", "trigger", "policy", "rule")
_REPLACED = ("default", "function", "procedure")
"""Kinds whose statement replaces an object that exists."""


class Rewording:
    """Finds which definitions of a database are those of its history, printed differently."""

    def __init__(self, found: Snapshot) -> None:
        self._found = found
        self._same: dict[Key, Facts] = {}
        """Of an object that is the same, the facts as the throwaway server prints them."""
        self._tried: set[tuple[Key, str]] = set()
        self._unread: dict[Key, str] = {}
        """What the throwaway server said of views that it could not create."""

    def is_needed(self, snapshots: Iterable[Snapshot]) -> bool:
        """Return whether any definition differs from that of every state that has the object."""
        alike: dict[Key, bool] = {}
        for snapshot in snapshots:
            for key in self._found.keys() & snapshot.keys():
                alike[key] = alike.get(key, False) or self._found[key][2] == snapshot[key][2]
        return any(not same and _is_reworded(key) for key, same in alike.items())

    def visit(self, address: Address, snapshot: Snapshot) -> None:
        """Compare definitions in one state of the history.

        Args:
            address: The throwaway database, in that state.
            snapshot: Its catalog.
        """
        keys = list(self._different(snapshot))
        if not keys:
            return
        with closing(connect(address)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL search_path = ''; SET LOCAL lock_timeout = '10s'")
                for key in keys:
                    self._compare(cursor, key, snapshot[key])
            connection.rollback()

    def _different(self, snapshot: Snapshot) -> Iterator[Key]:
        for key in self._found.keys() & snapshot.keys():
            facts = snapshot[key][2]
            tried = key in self._same or (key, facts) in self._tried
            if _is_reworded(key) and not tried and facts != self._found[key][2]:
                yield key

    def _compare(self, cursor: Any, key: Key, facts: Facts) -> None:
        import psycopg2

        cursor.execute("SAVEPOINT one")
        try:
            reworded = _reworded(cursor, key, self._found[key][2])
            # The history's own is too, since what is read as it was printed may print differently.
            if reworded in (facts[2], _reworded(cursor, key, facts[2])):
                self._same[key] = facts
        except (psycopg2.errors.UndefinedColumn, psycopg2.errors.UndefinedTable):
            pass  # it uses what the history does not have in this state, which is a difference
        except psycopg2.Error as error:
            if key[0] in _VIEWS:
                self._unread[key] = error.diag.message_primary or type(error).__name__
        else:
            self._tried.add((key, facts[2]))
            self._unread.pop(key, None)
        cursor.execute("ROLLBACK TO SAVEPOINT one")

    def applied(self, snapshot: Snapshot) -> Snapshot:
        """Return a catalog of the database as the throwaway server would print it."""
        same = {key: facts for key, facts in self._same.items() if key in snapshot}
        return self.without_unread({**snapshot, **same}) if same else self.without_unread(snapshot)

    def without_unread(self, snapshot: Snapshot) -> Snapshot:
        """Return a catalog without the definitions that could not be compared."""
        unread = self._unread.keys() & snapshot.keys()
        if not unread:
            return snapshot
        return {**snapshot, **{key: (*snapshot[key][:2], "") for key in unread}}

    def notes(self, ours: str, theirs: str) -> Iterator[str]:
        """Yield a note for each definition that could not be compared.

        Args:
            ours: The version of the throwaway server.
            theirs: That of the database.
        """
        for (kind, name), said in sorted(self._unread.items()):
            shown = f"{kind} `{name.removeprefix('public.')}`"
            yield (
                f"not compared: the definition of the {shown}, which PostgreSQL {ours} cannot read"
                f" as {theirs} prints it: {said}"
            )


def _is_reworded(key: Key) -> bool:
    return key[0] in _DROPPED or key[0] in _REPLACED


def _statements(key: Key, facts: str) -> Iterator[str]:
    """Yield the statements that put a definition in place of the one that exists."""
    kind, name = key
    change = CatalogueChange("left", kind, name, facts, "")
    if kind in _DROPPED:
        yield f"{write(KIND_OF[kind].drop, change)} CASCADE"
    yield (
        _create_view(kind, name, facts) if kind in _VIEWS else write(KIND_OF[kind].restore, change)
    )


def _create_view(kind: str, name: str, facts: str) -> str:
    # A query begins with a space, and another one is between it and the options.
    options = "" if facts.startswith(" ") else facts.partition("  ")[0]
    query = facts.removeprefix(options).strip().removesuffix(";")
    given = f" WITH ({options})" if options else ""
    empty = " WITH NO DATA" if kind == "materialized view" else ""
    return f"CREATE {kind.upper()} {name}{given} AS {query}{empty}"


def _reworded(cursor: Any, key: Key, facts: str) -> str:
    """Put a definition in place of the one that exists, and return it as this server prints it."""
    for statement in _statements(key, facts):
        cursor.execute(statement)
    relations = RELATIONS.replace("{version_table}", "false").replace("{restriction}", "true")
    (query,) = KIND_OF[key[0]].queries
    chosen = cursor.mogrify("kind = %s AND name = %s", key).decode()
    columns = "kind, name, owner_kind, owner, facts, unit"
    cursor.execute(f"{relations} SELECT facts FROM ({query.sql}) AS o({columns}) WHERE {chosen}")
    return str(cursor.fetchone()[0])
