"""The agent's answers as typed records, and the one place where its JSON is parsed.

The messages themselves are documented in `agent/channel.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.roundtrip.observed import LeftSetting, Lock, Statement

if TYPE_CHECKING:
    from collections.abc import Callable

Table = tuple[str, str]
"""Schema and name, not quoted."""


class Ready(NamedTuple):
    """The agent has started and waits for its job."""

    isolated: bool
    """Whether the kernel refuses it the network."""


class Context(NamedTuple):
    """One call of `context.run_migrations()` in env.py."""

    database: str
    version_table: str
    version_table_schema: str | None
    origin: str
    """The database that env.py asked for, such as `db.example.com:5432/shop`."""
    schema: str
    """Where a table without a schema is created; empty if nowhere."""
    stand_ins: list[list[str]]
    """Drivers that are not installed or do not fit, each with the one that was used."""
    left_out: list[str]
    """Commands of Alembic that the application ran on this history when it was loaded."""


class Started(NamedTuple):
    """env.py has reached the migration context that the job is about."""

    context: Context


class FurtherContext(NamedTuple):
    """env.py has reached another migration context after that."""

    context: Context


class Idle(NamedTuple):
    """The agent waits for the first step."""


class FunctionLines(NamedTuple):
    """The lines of `def upgrade` and `def downgrade` in a revision file."""

    upgrade: int
    downgrade: int


class Order(NamedTuple):
    """The order in which Alembic runs the revisions."""

    revisions: tuple[str, ...]
    error: str
    """Why it refuses to run them; empty if it does not."""


class StepStarted(NamedTuple):
    """The production pass has reached a revision."""

    revision: str


class Done(NamedTuple):
    """A step has succeeded and is committed."""

    ms: float
    lines: FunctionLines
    statements: tuple[Statement, ...]
    commits: tuple[int, ...] = ()
    settings: tuple[LeftSetting, ...] = ()


class Interrupted(NamedTuple):
    """An upgrade was interrupted after a commit."""

    latest: str
    """The statement that ran last."""


class Failed(NamedTuple):
    """A step has raised, which ends env.py."""

    revision: str
    line: int
    """Of the revision file."""
    lines: FunctionLines
    error: str
    """The exception's class."""
    message: str
    statement: str
    detail: str
    hint: str
    sqlstate: str
    fault: str = ""
    """The kind of fault of the server or the machine; empty if the revision failed."""
    deliberate: bool = False
    """Whether the line is a `raise` of the revision."""


class Attempted(NamedTuple):
    """A downgrade was tried on populated tables, and the upgrade after it."""

    failed: Failed | None
    """Why the downgrade failed."""
    failed_again: Failed | None
    """Why the upgrade after it failed."""
    before: tuple[tuple[int, int, str, str, int, int], ...]
    after: tuple[tuple[int, int, str, str, int, int], ...]
    """The fields of `TableRows`, for each table before the downgrade and after it, if watched."""
    touches_rows: bool
    """Whether the downgrade may have removed rows."""
    intact: bool
    """Whether nothing was committed on the way."""
    restored: bool
    """Whether the database is at the revision again."""
    problem: str
    """What prevented the attempt; empty if nothing did."""
    statements: tuple[Statement, ...]
    """If they were watched."""


class Finished(NamedTuple):
    """env.py has run to its end."""

    sql: str
    """What it wrote in offline mode."""


class Broken(NamedTuple):
    """env.py raised outside of a step."""

    line: int
    """Of env.py; 0 if unknown."""
    path: str
    """The deepest file of the project in the traceback; empty if that is env.py."""
    path_line: int
    error: str
    message: str
    fault: str = ""
    """As in `Failed`."""
    needed: tuple[str, ...] = ()
    """The variables that the exception is about."""
    unset: tuple[str, ...] = ()
    """Variables that are unset, were read without a default, and may be the cause."""
    optional: tuple[str, ...] = ()
    """Variables that it read with a default, and that are unset."""
    not_given: tuple[str, ...] = ()
    """The `-x` arguments that env.py asked for."""
    left_out: tuple[str, ...] = ()
    """As in `Context`."""
    import_error: str = ""
    """The text of the ImportError that it is, or was raised from."""


class Unusable(NamedTuple):
    """The environment cannot be run at all."""

    kind: str
    message: str


class DatabaseRequest(NamedTuple):
    """env.py connects to a further database, which has to be created first."""

    name: str


class ModelOperation(NamedTuple):
    """One difference between models and database, as an operation of Alembic's autogenerate."""

    operation: str
    """The class of the operation, such as `AddColumnOp`."""
    schema: str
    table: str
    name: str
    """Of the column, index or constraint."""
    altered: tuple[str, ...]
    """What changes about a column: `type`, `nullability`, `default`, `comment`."""
    code: str
    """The line for a revision."""


class ModelClass(NamedTuple):
    """Where a mapped class is defined."""

    path: str
    line: int
    columns: dict[str, int]
    """The line of each column."""


class TableStatement(NamedTuple):
    """One statement of the models' `create_all`."""

    sql: str
    enum: Table | None
    """The enum that it creates, if any."""


class ModelReport(NamedTuple):
    """The models of env.py, and how they differ from the database."""

    default_schema: str
    defaults: bool
    """Whether defaults may be compared: not if env.py has a function of its own for that."""
    tables: frozenset[Table]
    differences: tuple[ModelOperation, ...] | None
    """By Alembic's comparison; None if it raises."""
    problem: str
    """What that comparison raised, at first; empty if it did not."""
    ddl: tuple[TableStatement, ...]
    schemas: tuple[str, ...]
    enums: tuple[Table, ...]
    classes: dict[Table, ModelClass]


class MappedColumn(NamedTuple):
    """A column as a model has it."""

    name: str
    nullable: bool
    omitted: bool
    """Whether inserts leave it to the database."""


class Mapped(NamedTuple):
    """What models name: the columns of each table."""

    tables: dict[Table, tuple[MappedColumn, ...]]


class NoModels(NamedTuple):
    """env.py names no `target_metadata`."""


class ModelsFailed(NamedTuple):
    """The models raised."""

    message: str


class TableStatements(NamedTuple):
    """What creates some of the models' tables, in order."""

    ddl: tuple[TableStatement, ...]


Answer = (
    Ready
    | Started
    | FurtherContext
    | Idle
    | Order
    | StepStarted
    | Done
    | Failed
    | Attempted
    | Interrupted
    | Finished
    | Broken
    | Unusable
    | DatabaseRequest
    | ModelReport
    | Mapped
    | NoModels
    | ModelsFailed
    | TableStatements
)


def parse(message: dict[str, Any]) -> Answer:
    """Return an answer of the agent as a record."""
    return _PARSERS[message["event"]](message)


def _context(message: dict[str, Any]) -> Context:
    return Context._make(message[name] for name in Context._fields)


def _function_lines(message: dict[str, Any]) -> FunctionLines:
    return FunctionLines(**message["lines"])


def _done(message: dict[str, Any]) -> Done:
    statements = tuple(map(_statement, message["statements"]))
    settings = tuple(LeftSetting(**each) for each in message["settings"])
    lines, commits = _function_lines(message), tuple(message["commits"])
    return Done(message["ms"], lines, statements, commits, settings)


def _statement(message: dict[str, Any]) -> Statement:
    return Statement(
        message["line"],
        message["ms"],
        message["sql"],
        tuple(
            Lock(each["table"], each["mode"], each["held_ms"], each["bounded"], each["limited"])
            for each in message["locks"]
        ),
        tuple(message["rewrites"]),
        tuple(message["scans"]),
        message["text"],
        tuple(message["drops"]),
        message["transaction"],
        message["alone"],
        message["changed"],
        message["started_ms"],
        message["shown"],
    )


def _failed(message: dict[str, Any]) -> Failed:
    facts = {name: message[name] for name in Failed._fields if name != "lines"}
    return Failed(lines=_function_lines(message), **facts)


def _attempted(message: dict[str, Any]) -> Attempted:
    failures = (message["failed"], message["failed_again"])
    failed, again = (_failed(each) if each else None for each in failures)
    before, after = (tuple(map(tuple, message[name])) for name in ("before", "after"))
    statements = tuple(map(_statement, message["statements"]))
    touches, intact, restored = message["touches_rows"], message["intact"], message["restored"]
    problem = message["problem"]
    return Attempted(failed, again, before, after, touches, intact, restored, problem, statements)


def _broken(message: dict[str, Any]) -> Broken:
    names = ("needed", "unset", "optional", "not_given", "left_out")
    lists = {name: tuple(message[name]) for name in names}
    return Broken._make({**message, **lists}[name] for name in Broken._fields)


def _model_report(message: dict[str, Any]) -> ModelReport:
    return ModelReport(
        message["default_schema"],
        message["defaults"],
        frozenset(map(_table, message["tables"])),
        None if message["differences"] is None else tuple(map(_operation, message["differences"])),
        message["problem"],
        _table_statements(message),
        tuple(message["schemas"]),
        tuple(map(_table, message["enums"])),
        {
            (each["schema"], each["table"]): ModelClass(each["path"], each["line"], each["columns"])
            for each in message["classes"]
        },
    )


def _table(pair: list[str]) -> Table:
    schema, name = pair
    return schema, name


def _operation(message: dict[str, Any]) -> ModelOperation:
    facts = {name: message[name] for name in ModelOperation._fields if name != "altered"}
    return ModelOperation(altered=tuple(message["altered"]), **facts)


def _table_statements(message: dict[str, Any]) -> tuple[TableStatement, ...]:
    return tuple(
        TableStatement(each["sql"], _table(each["enum"]) if each["enum"] else None)
        for each in message["ddl"]
    )


_PARSERS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "ready": lambda message: Ready(message["isolated"]),
    "started": lambda message: Started(_context(message)),
    "further-context": lambda message: FurtherContext(_context(message)),
    "idle": lambda _: Idle(),
    "order": lambda message: Order(tuple(message["revisions"]), message["error"]),
    "step": lambda message: StepStarted(message["revision"]),
    "done": _done,
    "failed": _failed,
    "attempted": _attempted,
    "interrupted": lambda message: Interrupted(message["latest"]),
    "finished": lambda message: Finished(message["sql"]),
    "broken": _broken,
    "unusable": lambda message: Unusable(message["kind"], message["message"]),
    "database": lambda message: DatabaseRequest(message["name"]),
    "models": _model_report,
    "mapped": lambda message: Mapped(
        {
            (schema, name): tuple(map(MappedColumn._make, columns))
            for schema, name, columns in message["tables"]
        }
    ),
    "no-models": lambda _: NoModels(),
    "models-failed": lambda message: ModelsFailed(message["message"]),
    "ddl": lambda message: TableStatements(_table_statements(message)),
}
"""By the `event` of the message."""

PLAIN_EVENTS = frozenset(("models", "no-models", "mapped", "ddl", "finished"))
"""Their text is executed or saved, not shown, so passwords in it are not masked."""
