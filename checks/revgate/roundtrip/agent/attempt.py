"""Tries a downgrade on populated tables, and the upgrade after it, and takes both back.

Both run below a savepoint, so that the database is as before and a failure ends nothing. A revision
that commits cannot be taken back; then its own upgrade has to lead back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .failures import class_name, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "SAVEPOINT revgate_attempt"
_STATE = "SELECT at, pg_relation_filenode(at), pg_stat_get_xact_tuples_deleted(at)"
_BACK = "ROLLBACK TO SAVEPOINT revgate_attempt"

_DROPS = frozenset(
    ("op", "f", "drop_table", "drop_column", "drop_index", "drop_constraint", "batch_alter_table")
)


def only_drops(function: Any) -> bool:
    """Tell whether a function does nothing but drop, which works on any rows."""
    code = getattr(function, "__code__", None)
    if code is None or any(hasattr(each, "co_names") for each in code.co_consts):
        return False
    return bool(code.co_names) and _DROPS.issuperset(code.co_names)


class Attempt:
    """One attempt, and what came of it."""

    def __init__(
        self,
        context: Any,
        describe: Callable[[BaseException], Any],
        tables: str,
        *,
        counts: bool,
    ) -> None:
        """Set up.

        Args:
            context: Alembic's migration context.
            describe: Returns an exception as the failure of the step.
            tables: The query for all tables: oid, root, name, kind, width.
            counts: Whether to count their rows.
        """
        self._context = context
        self._describe = describe
        self._tables = tables
        self._counts = counts
        self.failed: Any = None
        """Why the downgrade failed; None if it did not."""
        self.failed_again: Any = None
        """Likewise for the upgrade after it."""
        self.before: list[Any] = []
        self.after: list[Any] = []
        """The tables with their rows; empty if they are not counted, or cannot be."""
        self.touches_rows = False
        """Whether the downgrade may have removed rows."""
        self.intact = True
        """Whether nothing was committed on the way."""
        self.restored = True
        """Whether the database is at the revision again."""
        self.problem = ""
        """What else was raised."""

    def run(self, downgrade: Callable[[], Any], upgrade: Callable[[], Any], *, again: bool) -> None:
        """Run it.

        Args:
            downgrade: Runs it.
            upgrade: Likewise.
            again: Whether to upgrade afterwards, even if it is not needed to get back.
        """
        try:
            with self._context.begin_transaction(_per_migration=True):
                self._steps(downgrade, upgrade, again=again)
        except BaseException as error:
            if (self._describe(error) or {}).get("fault"):
                raise
            self.problem = f"{class_name(error)}: {text_of(error)}"
            self.restored = False

    def _steps(
        self, downgrade: Callable[[], Any], upgrade: Callable[[], Any], *, again: bool
    ) -> None:
        state = self._state()
        self.before = self._count()
        self._execute(_MARK)
        begun = self._execute("SELECT txid_current()")
        self.failed = self._try(downgrade)
        if self.failed is None:
            self.intact = self._execute("SELECT txid_current_if_assigned()") == begun
            now = self._state()
            self.touches_rows = any(now.get(oid) != each for oid, each in state.items())
            self.after = self._count()
            if again or not self.intact:
                self.failed_again = self._try(upgrade)
        if self.intact:
            self._execute(_BACK)
        self.restored = self.intact or self.failed_again is None

    def _state(self) -> dict[int, Any]:
        """Return what differs, for each table, once rows are deleted or it is rewritten."""
        query = f"{_STATE} FROM ({self._tables}) t (at)"
        return {oid: facts for oid, *facts in self._execute(query)}

    def _try(self, function: Callable[[], Any]) -> Any:
        """Run a function, and what a commit would check; return its failure."""
        # Alembic remembers there which enums a command has created.
        self._context.impl.memo.clear()
        try:
            function()
            self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        except BaseException as error:
            failure = self._describe(error)
            if failure is None or failure["fault"]:
                raise
            return failure
        return None

    def _count(self) -> list[Any]:
        """Count the rows of every table; return none if one of them cannot be read."""
        if not self._counts:
            return []
        self._execute("SAVEPOINT revgate_count")
        try:
            found = self._execute(self._tables)
            queries = [
                f"SELECT {oid}::int8, count(*) FROM ONLY {name}"  # noqa: S608 - names are quoted
                for oid, _, name, kind, _ in found
                if kind == "r"
            ]
            rows = dict(map(tuple, self._execute(" UNION ALL ".join(queries)))) if queries else {}
        except Exception as error:
            if (self._describe(error) or {}).get("fault"):
                raise
            self._execute("ROLLBACK TO SAVEPOINT revgate_count")
            return []
        return [[*facts, rows.get(facts[0], 0)] for facts in found]

    def _execute(self, statement: str) -> list[Any]:
        cursor = self._context.connection.connection.cursor()
        try:
            cursor.execute(statement)
            return list(map(list, cursor.fetchall())) if cursor.description else []
        finally:
            cursor.close()
