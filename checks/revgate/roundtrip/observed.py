"""What one round trip saw, as data: the only thing live rules and reports read.

Knows neither servers nor how anything was observed. Line numbers are positions in revision files,
from 1; paths are relative to the repository root; times are what the agent measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.server import ServerFacts
    from revgate.postgres.snapshot.change import CatalogueChange

UPGRADE = "upgrade"
DOWNGRADE = "downgrade"
AGAIN = "upgrade again"
PRODUCTION = "production"
ROWS = "upgrade with rows"
"""Not among the passes that are counted: it stops before the last revision that need not run."""


class Pass(NamedTuple):
    """One of the four passes over the history."""

    name: str
    seconds: float
    tables: int
    """At its end: ordinary, partitioned and foreign tables of user schemas. A partition counts
    with its parent; the version table and tables of extensions do not count."""
    complete: bool
    """Whether it reached the last revision it set out for."""


class Lock(NamedTuple):
    """A lock on a table that stood before the step, when a statement had first taken it."""

    table: str
    """Quoted as SQL wants it, with its schema."""
    mode: str
    """As `pg_locks` has it: `AccessExclusiveLock`."""
    held_ms: float
    """From the statement's begin to the step's end, which is its commit."""
    bounded: bool
    """Whether `lock_timeout` was set, so that waiting for it would have ended."""


class Statement(NamedTuple):
    """One statement that a step ran through SQLAlchemy."""

    line: int
    """Of the revision file, whose code called for it; 0 where that is Alembic's own doing."""
    ms: float
    sql: str
    """Its text on one line, cut off where it is long."""
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    """Tables that stood before the step and were written anew, row by row."""
    scans: tuple[str, ...] = ()
    """Tables that stood before the step and were read from end to end, under a strong lock."""

    def as_json(self) -> dict[str, Any]:
        """Return the statement as reports have it."""
        return {"line": self.line, "ms": self.ms, "sql": self.sql, "scans": list(self.scans)}


def read_statement(told: dict[str, Any]) -> Statement:
    """Read what the agent tells of a statement."""
    locks = (
        Lock(each["table"], each["mode"], each["held_ms"], each["timeout"])
        for each in told["locks"]
    )
    return Statement(
        told["line"],
        told["ms"],
        told["sql"],
        tuple(locks),
        tuple(told["rewrites"]),
        tuple(told["scans"]),
    )


class Lost(NamedTuple):
    """A table that had rows before a step, put there by revgate, and has fewer after it."""

    table: str
    """Quoted as SQL wants it, with its schema, as it was called before the step."""
    before: int
    after: int
    dropped: bool
    line: int
    """Of the statement that took them away; 0 where it could not be told."""


class Rows(NamedTuple):
    """The rows that tables had when a step began, and what became of them."""

    tables: int
    """Tables that had rows; a partition counts with its parent."""
    of: int
    """Tables that stood."""
    unfilled: tuple[tuple[str, str], ...] = ()
    """Names of the others, each with the reason."""
    lost: tuple[Lost, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what reports have of it."""
        return {
            "tables": self.tables,
            "of": self.of,
            "unfilled": [{"table": name, "reason": why} for name, why in self.unfilled],
            "lost": [
                {"table": each.table, "before": each.before, "after": each.after}
                for each in self.lost
            ],
        }


class Step(NamedTuple):
    """One revision and how long its two functions took; None where one did not run."""

    revision: Revision
    upgrade_ms: float | None = None
    downgrade_ms: float | None = None
    upgrade_line: int = 1
    """Of `def upgrade`."""
    downgrade_line: int = 1
    statements: tuple[Statement, ...] = ()
    """Of its upgrade, in order, when it ran alone for the first time."""
    new: bool = True
    """False for a revision that the base has already."""
    rows: Rows | None = None
    """None where it was not run with rows."""


class Failure(NamedTuple):
    """A step that raised."""

    step: Step
    during: str
    """The name of the pass."""
    line: int
    """The line of the revision file that issued the statement, or that raised."""
    error: str
    """The exception's class, as the driver or Python names it."""
    message: str
    """PostgreSQL's own message, or the exception's; one line."""
    statement: str = ""
    """The first line of the statement; empty where it was no statement that failed."""
    detail: str = ""
    hint: str = ""
    sqlstate: str = ""
    path: str = ""
    """The file that `line` is in, where it is not the revision's own."""


class Difference(NamedTuple):
    """A change that one step made and should not have made."""

    step: Step
    change: CatalogueChange


class ModelDifference(NamedTuple):
    """Something in which the models and the migrated database differ."""

    fact: str
    """One sentence, with names in backticks."""
    fix: str
    """The line for a new revision that would bring the database to the models; empty if unknown."""
    step: Step
    """The revision that made the object or changed it last; the head where none did."""
    place: tuple[str, int] | None
    """File, relative to the repository root, and line of the model; None where it is not known."""
    in_database: bool
    """Whether it is the database that has it; else the models do, or both differ."""


class Models(NamedTuple):
    """The models against the database at the head."""

    tables: int
    """Tables that the models have, without those that env.py filters out."""
    missing: tuple[ModelDifference, ...] = ()
    """Tables of the models that no revision makes."""
    unmapped: tuple[ModelDifference, ...] = ()
    """Tables that no model knows."""
    drift: tuple[ModelDifference, ...] = ()
    """Everything else, in tables that both have."""


class RoundTrip(NamedTuple):
    """Everything that was observed on one environment."""

    environment: Environment
    server: ServerFacts
    steps: tuple[Step, ...]
    passes: tuple[Pass, ...]
    failures: tuple[Failure, ...] = ()
    after_downgrade: tuple[Difference, ...] = ()
    """The state after a downgrade against the one before its upgrade."""
    after_again: tuple[Difference, ...] = ()
    """The state after the second upgrade against the one after the first."""
    expect_tables: int | None = None
    notes: tuple[str, ...] = ()
    """What was not looked at, and why."""
    models: Models | None = None
    """None where env.py names none, or they could not be compared."""
    from_base: bool = True
    """Whether the downgrade went down to the base."""
    to_head: bool = True
    """Whether the upgrade, and not only the production pass, went up to the head."""
    where: str = ""
    """What was migrated, where that is not the first thing that env.py migrates."""
    others: tuple[RoundTrip, ...] = ()
    """One for everything else that env.py migrates: a second database, a further schema."""

    def pending_steps(self) -> tuple[Step, ...]:
        """Return the steps that production has yet to run, as far as the settings say.

        Revisions up to the baseline, and those on the target branch, count as applied.
        """
        ids = [step.revision.id for step in self.steps]
        baseline = self.environment.scope.baseline
        first = ids.index(baseline) + 1 if baseline in ids else 0
        return tuple(step for step in self.steps[first:] if step.new)

    def tables(self, name: str) -> int | None:
        """Return the table count at the end of a pass; None where the pass did not get there."""
        return next(
            (each.tables for each in self.passes if each.name == name and each.complete), None
        )

    def as_json(self) -> dict[str, Any]:
        """Return the `roundtrip` object of the JSON contract."""
        return {
            "server": self.server._asdict(),
            "passes": [
                {"name": each.name, "seconds": round(each.seconds, 3), "tables": each.tables}
                for each in self.passes
            ],
            "revisions": [
                {
                    "revision": step.revision.id,
                    "upgrade_ms": step.upgrade_ms,
                    "downgrade_ms": step.downgrade_ms,
                    "locks": [
                        {
                            "table": lock.table,
                            "mode": lock.mode,
                            "line": each.line,
                            "held_ms": lock.held_ms,
                        }
                        for each in step.statements
                        for lock in each.locks
                    ],
                    "rewrites": [table for each in step.statements for table in each.rewrites],
                    "statements": [each.as_json() for each in step.statements],
                    "rows": step.rows.as_json() if step.rows else None,
                }
                for step in self.steps
            ],
        }
