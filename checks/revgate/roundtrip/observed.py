"""The result of a round trip, as data for the live rules and the reports.

Line numbers are positions in revision files, from 1. Paths are relative to the repository root.
Times are measured by the agent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.schema_text import HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.objects import Table, Type
    from revgate.postgres.server import ServerFacts
    from revgate.postgres.snapshot import Key
    from revgate.postgres.snapshot.change import CatalogueChange

UPGRADE = "upgrade"
DOWNGRADE = "downgrade"
AGAIN = "upgrade again"
PRODUCTION = "production"
ROWS = "upgrade with rows"
"""Where failures on populated tables happen; it has no `Pass`, since it need not reach the head."""
ROWS_DOWNGRADE = "downgrade with rows"
"""Likewise, for the downgrades in between."""
SETUP = "setup"
"""Server, databases, agents, and what runs in one go before the first step."""
MODELS = "models"
WITH_ROWS = "rows"
TOTAL = "total"
"""All that runs on populated tables."""


class Pass(NamedTuple):
    """One of the four passes over the history."""

    name: str
    seconds: float
    tables: int
    """At its end: ordinary, partitioned and foreign tables of user schemas. Partitions, the version
    table, and tables of extensions are not counted."""
    complete: bool
    """Whether it reached its last revision."""


class Lock(NamedTuple):
    """A lock on an existing table, recorded with the first statement that took it."""

    table: str
    """Quoted, with its schema."""
    mode: str
    """As `pg_locks` has it: `AccessExclusiveLock`."""
    held_ms: float
    """From the start of the statement to the end of the step, when it commits."""
    bounded: bool
    """Whether `lock_timeout` was set, which limits the wait for the lock."""
    limited: bool = True
    """Whether `statement_timeout` was set, which limits what is done under the lock."""


class Statement(NamedTuple):
    """One statement that a step ran through SQLAlchemy."""

    line: int
    """The line of the revision file that issued it; 0 for a statement of Alembic's own."""
    ms: float
    sql: str
    """Its text on one line, truncated when it is long."""
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    """Existing tables that it rewrote."""
    scans: tuple[str, ...] = ()
    """Existing tables that it scanned in full, under a strong lock."""
    text: str = ""
    """Its whole text, if it creates or alters something and a rule on schemas runs."""
    drops: tuple[str, ...] = ()
    """Existing tables that it dropped."""
    transaction: int = 0
    """The number of its transaction within the step."""
    alone: bool = False
    """Whether it committed by itself."""
    changed: int = 0
    """The rows that it changed, as its driver says."""
    started_ms: float = 0.0
    """From the start of the step."""
    shown: str = ""
    """Its text as it was sent, in lines, truncated; empty if `sql` says the same."""


class LeftSetting(NamedTuple):
    """A setting of the session that a step changes for whatever runs after it."""

    name: str
    before: str
    after: str
    line: int
    """Of the statement that changed it; 0 if unknown."""


class SchemaChange(NamedTuple):
    """What an upgrade did to tables and types."""

    objects: Mapping[tuple[str, int], Table | Type | None]
    """By `table` or `type` and oid, all that it touched, as it left them; None if it dropped them.
    An object keeps its oid when it is renamed."""
    appeared: tuple[Key, ...]
    """Kind and name of each object of any kind, except a partition, that was not there before under
    that name."""
    vanished: tuple[Key, ...]


class LostRows(NamedTuple):
    """A table that has fewer of its test rows after a step than before it."""

    table: str
    """Its name before the step, quoted, with its schema."""
    before: int
    after: int
    dropped: bool
    line: int
    """Of the statement that removed them; 0 if unknown."""


class Doubt(NamedTuple):
    """What an upgrade demands of the rows of a table that could not be filled."""

    what: str
    """What it does, as the part of a sentence after the function."""
    table: str
    reason: str
    """Why the table has no rows."""
    line: int
    """Of the statement; 0 if unknown."""


class Broken(StrEnum):
    """What an upgrade took from code that was written for the schema before it."""

    RELATION = "relation"
    COLUMN = "column"
    OMITTED = "omitted"
    """A new column that inserts do not name, and that needs a value."""
    DEFAULT = "default"
    """Likewise an old one, which has lost its default."""
    NOT_NULL = "not null"
    VALUE = "value"
    """A value that a column does not take any more."""
    COMPARISON = "comparison"
    CHECK = "check"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    GENERATED = "generated"
    """A column that cannot be written any more."""
    ACCESS = "access"
    HIDDEN = "hidden"
    """Rows that a role does not see any more."""
    REFUSED = "refused"
    """For any other reason, such as a trigger."""
    NULLABLE = "nullable"
    """A column that may hold NULL now."""
    FUNCTION = "function"
    TYPE = "type"
    SEQUENCE = "sequence"
    ROLE = "role"


class Break(NamedTuple):
    """Something that code could do before an upgrade, and cannot do after it."""

    what: Broken
    object: str
    """What it is about, as messages name it: a table, a function, a type."""
    part: str = ""
    """Of a table: the column or the constraint, as messages name it."""
    now: str = ""
    """The new name, for what was renamed; what was written, for a value that is refused."""
    view: str = ""
    """The statement that keeps the old name of a table alive."""
    doing: str = ""
    """What the code does: `inserts into`."""
    role: str = ""
    """As whom; empty for anyone."""
    error: str = ""
    """PostgreSQL's message."""
    line: int = 0
    """Of the statement that changed it; 0 if unknown."""
    statement: str = ""
    """Its text, truncated."""
    mapped: bool = False
    """Whether the models of the target branch map it, so that its code breaks for certain."""


class UnboundedChange(NamedTuple):
    """A statement that changed every test row of a table."""

    table: str
    rows: int
    verb: str
    """`updates` or `deletes`."""
    line: int


class Rows(NamedTuple):
    """The test rows at the start of a step, and what happened to them."""

    filled: int
    """Tables that had rows; a partition counts with its parent."""
    total: int
    """Tables that existed."""
    unfilled: tuple[tuple[str, str], ...] = ()
    """Names of the tables without rows, each with the reason."""
    lost: tuple[LostRows, ...] = ()
    lost_by_downgrade: tuple[LostRows, ...] = ()
    """Of tables that existed before the upgrade."""
    doubts: tuple[Doubt, ...] = ()
    unbounded: tuple[UnboundedChange, ...] = ()


class Step(NamedTuple):
    """One revision, and how long its two functions took; None for one that did not run."""

    revision: Revision
    upgrade_ms: float | None = None
    downgrade_ms: float | None = None
    upgrade_line: int = 1
    """Of `def upgrade`."""
    downgrade_line: int = 1
    statements: tuple[Statement, ...] = ()
    """Of the first upgrade, in order."""
    changes: tuple[CatalogueChange, ...] = ()
    """What the first upgrade changed in the schema; empty for a revision that is not new."""
    new_parts: tuple[tuple[str, CatalogueChange], ...] = ()
    """The parts of new tables and enum types among these, each with the name of its owner."""
    new: bool = True
    """False for a revision that the target branch already has."""
    rows: Rows | None = None
    """None if it did not run on populated tables."""
    schema: SchemaChange | None = None
    """By the first upgrade; None unless a rule on schemas runs."""
    breaks: tuple[Break, ...] = ()
    """What code that was written for the schema before it can no longer do."""
    settings: tuple[LeftSetting, ...] = ()
    """Settings that the first upgrade left changed."""
    commits: tuple[int, ...] = ()
    """The statements, by number, before which the first upgrade had committed something."""

    @property
    def locks(self) -> tuple[tuple[int, Lock], ...]:
        """The locks that the first upgrade took, each with the line of its statement."""
        return tuple((each.line, lock) for each in self.statements for lock in each.locks)

    @property
    def rewrites(self) -> tuple[str, ...]:
        """The tables that the first upgrade rewrote."""
        return tuple(table for each in self.statements for table in each.rewrites)

    @property
    def total_ms(self) -> float:
        """The time of both functions together."""
        return (self.upgrade_ms or 0.0) + (self.downgrade_ms or 0.0)

    @property
    def longest_ms(self) -> float:
        """The time of the slower function."""
        return max(self.upgrade_ms or 0.0, self.downgrade_ms or 0.0)


class Failure(NamedTuple):
    """A step that raised."""

    step: Step
    during: str
    """The name of the pass."""
    line: int
    """The line that issued the statement, or that raised."""
    error: str
    """The exception's class, as the driver or Python names it."""
    message: str
    """PostgreSQL's message, or the exception's, on one line."""
    statement: str = ""
    """The first line of the statement; empty if the failure was not in a statement."""
    detail: str = ""
    hint: str = ""
    sqlstate: str = ""
    path: str = ""
    """The file that `line` is in, if it is not the revision file."""
    deliberate: bool = False
    """Whether the line is a `raise` of the revision."""


class Difference(NamedTuple):
    """A change that a step should not have made."""

    step: Step
    change: CatalogueChange


class Unresumed(NamedTuple):
    """An upgrade that does not arrive when it is run again after an interruption."""

    step: Step
    statement: str
    """The statement after which it was interrupted, on one line."""
    line: int
    """Of that statement; 0 if unknown."""
    message: str = ""
    """Why it fails; empty if it does not."""
    failed_at: int = 0
    """The line at which it fails."""
    changes: tuple[CatalogueChange, ...] = ()
    """How the schema differs from that of an upgrade without an interruption."""


class ModelDifference(NamedTuple):
    """One difference between the models and the migrated database."""

    fact: str
    """One sentence, with names in backticks."""
    fix: str
    """The operation for a new revision that would resolve it; empty if unknown."""
    step: Step
    """The revision that last changed the object; the head if none did."""
    place: tuple[str, int] | None
    """File and line of the model; None if unknown."""
    in_database: bool
    """Whether only the database has the object."""
    table: str = ""
    """The table as messages name it; empty if it is about none."""
    other: tuple[str, str] = ("", "")
    """Kind and name of what else it is about, such as an enum; the kind may be unknown."""
    is_minor: bool = False
    """Whether only a default or a length differs."""


class Models(NamedTuple):
    """The models compared with the database at the head."""

    tables: int
    """Tables of the models, without those that env.py filters out."""
    missing: tuple[ModelDifference, ...] = ()
    """Tables of the models that no revision creates."""
    unmapped: tuple[ModelDifference, ...] = ()
    """Tables that no model maps."""
    drift: tuple[ModelDifference, ...] = ()
    """All other differences."""
    failure: str = ""
    """What the comparison raised, if it could not be made."""


class SquashDifferences(NamedTuple):
    """How the schema that a squash builds differs from the one that it stands for."""

    step: Step
    """The squash."""
    replaced: str
    """The revisions that it replaces, as a sentence names them."""
    changes: tuple[CatalogueChange, ...]
    """None of them if both build the same."""


class SchemaFile(NamedTuple):
    """The file that the setting `schema-file` names, and what it should hold."""

    path: str
    before: str | None
    """None if it cannot be read."""
    after: str

    @property
    def is_of_another_version(self) -> bool:
        """Whether another major version of PostgreSQL wrote it: its text may differ in wording."""
        first, expected = (each.partition("\n")[0] for each in (self.before or "", self.after))
        return first != expected and first.startswith(HEADER) and self.before != self.after


class RoundTrip(NamedTuple):
    """Everything that was observed for one environment."""

    environment: Environment
    server: ServerFacts
    steps: tuple[Step, ...]
    passes: tuple[Pass, ...]
    failures: tuple[Failure, ...] = ()
    after_downgrade: tuple[Difference, ...] = ()
    """How the schema after a downgrade differs from the one before its upgrade."""
    after_again: tuple[Difference, ...] = ()
    """How the schema after the second upgrade differs from the one after the first."""
    expect_tables: int | None = None
    notes: tuple[str, ...] = ()
    """What was not checked, and why."""
    models: Models | None = None
    """None if env.py names no metadata, or if the comparison failed."""
    from_base: bool = True
    """Whether the downgrade pass ends where the database began."""
    tables_before: int = 0
    """How many tables were there before the first revision, because of settings or of env.py."""
    to_head: bool = True
    """Whether the upgrade pass, and not only the production pass, ends at the head."""
    context: str = ""
    """The migration context of env.py, such as "the schema `b`"; empty for the first."""
    isolation: str = "kernel"
    """What isolates the migrations: the `kernel`, or only `guards` in the database drivers."""
    deploy_order: str = ""
    """What can be deployed first: `migrate first`, `code first`, `either` or `neither`. Empty if
    that is not known."""
    squash: SquashDifferences | None = None
    """None if the first revision replaces none, or if they could not be compared."""
    schema_file: SchemaFile | None = None
    """None if the settings name none, or if the head was not reached."""
    durations: tuple[tuple[str, float], ...] = ()
    """Seconds that no pass includes: of `SETUP`, `MODELS` and `WITH_ROWS`, as far as they ran.

    The last is the `TOTAL`, which is less than all of them where passes ran side by side."""
    schema: SchemaChange | None = None
    """The schema before the first step, as a change of an empty one."""
    unresumed: tuple[Unresumed, ...] = ()
    """Upgrades that do not arrive after an interruption; at most one for each revision."""
    other_contexts: tuple[RoundTrip, ...] = ()
    """One for each further migration context of env.py: a second database, another schema."""

    def pending_steps(self) -> tuple[Step, ...]:
        """Return the steps that production has yet to run, as far as the settings say.

        Revisions up to the baseline, and those on the target branch, count as applied.
        """
        ids = [step.revision.id for step in self.steps]
        baseline = self.environment.scope.baseline
        first = ids.index(baseline) + 1 if baseline in ids else 0
        return tuple(step for step in self.steps[first:] if step.new)

    def tables(self, name: str) -> int | None:
        """Return the table count at the end of a pass; None if the pass did not complete."""
        return next(
            (each.tables for each in self.passes if each.name == name and each.complete), None
        )
