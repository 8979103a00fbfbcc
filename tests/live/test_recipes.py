"""The help of a finding about locks and rewrites is followed: then the finding is gone.

Each case has a table of its own, so that two round trips judge them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.live.test_statements import ask

from revgate.rules import all_rules
from revgate.rules._downgrade import execute_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]
    Repository = Any

ROWS = False
COLUMNS = (
    "id int NOT NULL, age int CONSTRAINT {t}_ages CHECK (age > 1) NOT NULL,"
    ' size int, "odd name" int, slug text CONSTRAINT {t}_slug UNIQUE NOT NULL, span int4range'
)
GIVEN = "ALTER TABLE {t} ADD CONSTRAINT given CHECK (%s IS NOT NULL) NOT VALID"
"""A promise about new rows, so that a step that relies on it does not fail on test rows."""


class Up(NamedTuple):
    """A revision of a recipe. `{t}` is the table, and what starts with `!` runs in autocommit."""

    up: tuple[str, ...]
    down: str


class Case(NamedTuple):
    statement: str
    """`{t}` is the table."""
    help: tuple[str, ...]
    """What the help says, each as code."""
    recipe: tuple[Up, ...]
    """What that makes of it."""
    before: tuple[str, ...] = ()


def adding(constraint: str, name: str, table: str = "{t}") -> tuple[Up, Up]:
    """Return how a constraint is added that is not valid at first, and then validated."""
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint} NOT VALID"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
    return Up((add,), drop), Up((validate,), f"{drop}; {add}")


def given(column: str) -> str:
    """Return a statement that keeps NULL out of rows that are yet to come."""
    return f"ALTER TABLE {{t}} ADD CONSTRAINT given CHECK ({column} IS NOT NULL) NOT VALID"


def built(index: str, rest: str, after: str, down: str) -> Up:
    """Return how an index is built concurrently, and a constraint made of it."""
    drop = f"!DROP INDEX CONCURRENTLY IF EXISTS {index}"
    return Up((drop, f"!CREATE UNIQUE INDEX CONCURRENTLY {index} {rest}", after), down)


INDEX_AGAIN = '`op.execute("DROP INDEX CONCURRENTLY IF EXISTS i_{t}")`'
DETACH = "ALTER TABLE {t}_all DETACH PARTITION {t}"
ATTACH = "ALTER TABLE {t}_all ATTACH PARTITION {t} FOR VALUES FROM (1) TO (9)"
PARTED = "CREATE TABLE {t}_all (LIKE {t}) PARTITION BY RANGE (id)"
BOUNDS = "CHECK (id IS NOT NULL AND id >= 1 AND id < 9)"
TRIGGER = "TRIGGER tr BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION touched()"
SET = ("!SET lock_timeout = '9s'", "!SET statement_timeout = '9s'")
RESET = ("!RESET lock_timeout", "!RESET statement_timeout")
WEAK = "LOCK TABLE {t} IN SHARE UPDATE EXCLUSIVE MODE"
CASES = {
    "an index": Case(
        "CREATE INDEX i_{t} ON {t} (size)",
        ("build `i_{t}` without blocking writes", "postgresql_concurrently=True", INDEX_AGAIN),
        (
            Up(
                (
                    "!DROP INDEX CONCURRENTLY IF EXISTS i_{t}",
                    "!CREATE INDEX CONCURRENTLY i_{t} ON {t} (size)",
                ),
                "DROP INDEX i_{t}",
            ),
        ),
    ),
    "an index in another schema": Case(
        'CREATE INDEX "I" ON "S".{t} (a)',
        ("""`op.execute('DROP INDEX CONCURRENTLY IF EXISTS "S"."I"')`""",),
        (
            Up(
                (
                    '!DROP INDEX CONCURRENTLY IF EXISTS "S"."I"',
                    '!CREATE INDEX CONCURRENTLY "I" ON "S".{t} (a)',
                ),
                'DROP INDEX "S"."I"',
            ),
        ),
        before=('CREATE TABLE "S".{t} (a int)',),
    ),
    "an index without a name": Case(
        "CREATE INDEX ON {t} (size)",
        ("give the index a name", "`DROP INDEX CONCURRENTLY IF EXISTS` and its name"),
        (),
    ),
    "an index dropped": Case(
        "DROP INDEX gone_{t}",
        ("`DROP INDEX CONCURRENTLY IF EXISTS`", "`postgresql_concurrently=True, if_exists=True`"),
        (
            Up(
                ("!DROP INDEX CONCURRENTLY IF EXISTS gone_{t}",),
                "CREATE INDEX gone_{t} ON {t} (size, age)",
            ),
        ),
        before=("CREATE INDEX gone_{t} ON {t} (size, age)",),
    ),
    "not null": Case(
        "ALTER TABLE {t} ALTER size SET NOT NULL",
        (
            "ALTER TABLE {t} ADD CONSTRAINT size_not_null CHECK (size IS NOT NULL) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT size_not_null",
        ),
        (
            *adding("CHECK (size IS NOT NULL)", "size_not_null"),
            Up(
                ("ALTER TABLE {t} ALTER size SET NOT NULL",),
                "ALTER TABLE {t} ALTER size DROP NOT NULL",
            ),
        ),
        before=(given("size"),),
    ),
    "not null of a quoted name": Case(
        'ALTER TABLE {t} ALTER "odd name" SET NOT NULL',
        ('VALIDATE CONSTRAINT "odd name_not_null"',),
        (
            *adding('CHECK ("odd name" IS NOT NULL)', '"odd name_not_null"'),
            Up(
                ('ALTER TABLE {t} ALTER "odd name" SET NOT NULL',),
                'ALTER TABLE {t} ALTER "odd name" DROP NOT NULL',
            ),
        ),
        before=(given('"odd name"'),),
    ),
    "a check": Case(
        "ALTER TABLE {t} ADD CONSTRAINT c CHECK (age > 0)",
        ("`postgresql_not_valid=True`", "ALTER TABLE {t} VALIDATE CONSTRAINT c"),
        adding("CHECK (age > 0)", "c"),
    ),
    "a check without a name": Case(
        "ALTER TABLE {t} ADD CHECK (age > 0)",
        ("give the constraint a name", "ALTER TABLE {t} VALIDATE CONSTRAINT"),
        adding("CHECK (age > 0)", "c"),
    ),
    "a unique constraint": Case(
        "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE (slug, age)",
        (
            "DROP INDEX CONCURRENTLY IF EXISTS u_{t}",
            "CREATE UNIQUE INDEX CONCURRENTLY u_{t} ON {t} (slug, age)",
            "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE USING INDEX u_{t}",
        ),
        (
            built(
                "u_{t}",
                "ON {t} (slug, age)",
                "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE USING INDEX u_{t}",
                "ALTER TABLE {t} DROP CONSTRAINT u_{t}",
            ),
        ),
    ),
    "a primary key without a name": Case(
        "ALTER TABLE {t} ADD PRIMARY KEY (id, slug)",
        (
            "CREATE UNIQUE INDEX CONCURRENTLY {t}_pkey ON {t} (id, slug)",
            "ALTER TABLE {t} ADD CONSTRAINT {t}_pkey PRIMARY KEY USING INDEX {t}_pkey",
        ),
        (
            built(
                "{t}_pkey",
                "ON {t} (id, slug)",
                "ALTER TABLE {t} ADD CONSTRAINT {t}_pkey PRIMARY KEY USING INDEX {t}_pkey",
                "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey",
            ),
        ),
    ),
    "an exclusion constraint": Case(
        "ALTER TABLE {t} ADD CONSTRAINT e EXCLUDE USING gist (span WITH &&)",
        ("accepts neither `NOT VALID` nor an index", "suppress this"),
        (),
    ),
    "validation behind a lock": Case(
        "ALTER TABLE {t} ADD x int; ALTER TABLE {t} VALIDATE CONSTRAINT later",
        ("in a revision of its own", "transaction_per_migration=True"),
        (
            Up(("ALTER TABLE {t} ADD x int",), "ALTER TABLE {t} DROP x"),
            adding("CHECK (age > 0)", "later")[1],
        ),
        before=("ALTER TABLE {t} ADD CONSTRAINT later CHECK (age > 0) NOT VALID",),
    ),
    "a partition": Case(
        ATTACH,
        ("ADD CONSTRAINT {t}_bounds CHECK", "FOR VALUES FROM (1) TO (9)"),
        (*adding(BOUNDS, "{t}_bounds"), Up((ATTACH,), DETACH)),
        before=(
            PARTED,
            "ALTER TABLE {t} ADD CONSTRAINT early CHECK (id >= 1 AND id < 9) NOT VALID",
        ),
    ),
    "a partition detached": Case(
        DETACH,
        ("`ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY`", "SELECT FROM pg_inherits"),
        (
            Up(
                (f"!if {DETACH} CONCURRENTLY",),
                f"{ATTACH}; ALTER TABLE {{t}} DROP CONSTRAINT {{t}}_id_check",
            ),
        ),
        before=(
            "ALTER TABLE {t} ADD CONSTRAINT {t}_pkey PRIMARY KEY (id, slug)",
            PARTED,
            ATTACH,
        ),
    ),
    "a trigger": Case(
        f"CREATE {TRIGGER}",
        ("`CREATE OR REPLACE TRIGGER`",),
        (
            Up(
                (*SET, f"!CREATE OR REPLACE {TRIGGER}", *RESET),
                "DROP TRIGGER tr ON {t}",
            ),
        ),
    ),
    "a lock": Case(
        "LOCK TABLE {t}",
        ("`IN SHARE UPDATE EXCLUSIVE MODE`",),
        (Up((WEAK,), WEAK),),
    ),
    "a generated column": Case(
        "ALTER TABLE {t} ADD twice int GENERATED ALWAYS AS (age * 2) STORED",
        ("add `twice` to `{t}` as a plain column",),
        (Up(("ALTER TABLE {t} ADD twice int",), "ALTER TABLE {t} DROP twice"),),
    ),
    "a volatile default": Case(
        "ALTER TABLE {t} ADD token uuid DEFAULT gen_random_uuid()",
        ("add `token` to `{t}` without the volatile default",),
        (
            Up(
                (
                    "ALTER TABLE {t} ADD token uuid",
                    "ALTER TABLE {t} ALTER token SET DEFAULT gen_random_uuid()",
                ),
                "ALTER TABLE {t} DROP token",
            ),
        ),
    ),
    "a new index in place of an old one": Case(
        "REINDEX TABLE {t}",
        ("run `REINDEX TABLE CONCURRENTLY {t}`",),
        (Up(("!REINDEX TABLE CONCURRENTLY {t}",), "SELECT 1"),),
    ),
}
# What `fails-in-one-transaction` and `upgrade-fails` say of a label that is used at once.
LABEL = (
    Up(
        ("!ALTER TYPE kind ADD VALUE IF NOT EXISTS 'b'",),
        "DROP TYPE kind; CREATE TYPE kind AS ENUM ('a')",
    ),
    Up(("ALTER TABLE {t} ADD kind kind DEFAULT 'b'",), "ALTER TABLE {t} DROP kind"),
)
GROUND = tuple(f"t{number}" for number in range(len(CASES)))
LIMITS = "SET LOCAL lock_timeout = '9s'; SET LOCAL statement_timeout = '9s'"


def revision(*statements: str, down: str = "", limits: bool = True) -> str:
    """Return a revision. What starts with `!` runs in autocommit, and with `!if` only if needed."""
    lines = []
    for each in statements:
        operation = execute_operation(each.removeprefix("!").removeprefix("if "))
        if each.startswith("!if "):
            child = each.split()[-2]
            asked = f"SELECT FROM pg_inherits WHERE inhrelid = to_regclass('{child}')"
            operation = (
                f'if op.get_bind().exec_driver_sql("{asked}").first() is not None:'
                f"\n            {operation}"
            )
        if each.startswith("!"):
            block = "with op.get_context().autocommit_block():"
            lines.append(f"{block}\n        {operation}")
        else:
            lines += [*[f"op.execute({LIMITS!r})"] * limits, operation]
    body = "".join(f"    {line}\n" for line in lines)
    undo = execute_operation(down) if down else "pass"
    return f"def upgrade():\n{body}\n\ndef downgrade():\n    {undo}\n"


def ground() -> str:
    made = [
        'CREATE SCHEMA "S"',
        "CREATE TYPE kind AS ENUM ('a')",
        "CREATE FUNCTION touched() RETURNS trigger AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql",
    ]
    tables = ", ".join((*GROUND, *(f"{each}_all" for each in GROUND)))
    for table, case in zip(GROUND, CASES.values(), strict=True):
        made += [each.format(t=table) for each in (f"CREATE TABLE {{t}} ({COLUMNS})", *case.before)]
    down = 'DROP FUNCTION touched; DROP SCHEMA "S" CASCADE; DROP TYPE kind'
    down = f"DROP TABLE IF EXISTS {tables}; {down}"
    return revision(*made, down=down)


def test_each_is_found_with_its_recipe(project: ProjectMaker) -> None:
    bodies = [
        revision(*case.statement.format(t=table).split("; "))
        for table, case in zip(GROUND, CASES.values(), strict=True)
    ]
    observed = project(ground(), *bodies).run()
    found = {each.revision: each for each in ask(observed)}

    assert not [each.message for each in observed.failures if each.during == "upgrade"]
    for number, (name, case) in enumerate(CASES.items()):
        assert f"r{number + 2}" in found, (name, list(found))
        finding = found[f"r{number + 2}"]
        for words in case.help:
            assert words.replace("{t}", GROUND[number]) in finding.help, (name, finding.help)


EACH = "context.configure(connection=connection, transaction_per_migration=True)"
HEADER = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\n"


def write(repository: Repository, bodies: list[str], *settings: str) -> None:
    """Write a chain of revisions, whose first is published, and enable every rule."""
    for number, body in enumerate(bodies, 1):
        header = HEADER.format(f"r{number}", f"r{number - 1}" if number > 1 else None)
        repository.write(f"migrations/versions/r{number}.py", f"{header}\n\n{body}")
    named = repository.root / "revgate.toml"
    enabled = 'enable = ["schema", "missing-statement-timeout"]'
    named.write_text("\n".join((named.read_text(), 'baseline = "r1"', enabled, *settings)))


def test_nothing_is_found_in_what_the_recipes_say(repository: Repository, sync_env: str) -> None:
    """Every rule is enabled, and the revisions run on rows."""
    bodies, names = [ground()], []
    recipes = [(name, case.recipe) for name, case in CASES.items()]
    for table, (name, recipe) in zip((*GROUND, "t0"), [*recipes, ("a label", LABEL)], strict=True):
        for up, down in recipe:
            statements = [each.format(t=table) for each in up]
            bodies.append(revision(*statements, down=down.format(t=table)))
            names.append(f"{name}: {statements}")
    env = sync_env.replace("context.configure(connection=connection)", EACH)
    repository.write("migrations/env.py", env)
    write(repository, bodies)
    judged = repository.judge("gate")

    found = [
        f"{names[int(each['revision'][1:]) - 2]}: {each['rule']}: {each['message']}"
        for each in judged.told["findings"]
    ]
    assert not found, "\n".join(found)
    assert judged.code == 0


QUOTED = (
    'DROP TYPE "Kind"',
    "SELECT 'a'",
    "SELECT '\"'",
    'DROP TABLE "a\'"',
    "SELECT E'\\\\'",
    "a\nb",
)


@pytest.mark.parametrize("statement", QUOTED)
def test_a_suggested_line_is_python(statement: str) -> None:
    ran: list[str] = []
    op = type("op", (), {"execute": staticmethod(ran.append)})
    exec(execute_operation(statement), {"op": op})  # noqa: S102 - it is the line that people paste
    assert [each.rstrip(" ") for each in ran] == [statement]


REFUSED = {
    "CREATE INDEX CONCURRENTLY i ON t (age)": (
        "run it outside of the transaction",
        '`op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")`',
    ),
    "ALTER TYPE kind ADD VALUE 'b'; SELECT 'b'::kind": (
        "commit the new label before it is used",
        "`ADD VALUE IF NOT EXISTS`",
    ),
}


@pytest.mark.parametrize("statements", REFUSED)
def test_what_cannot_run_in_a_transaction(project: ProjectMaker, statements: str) -> None:
    base = revision("CREATE TABLE t (age int)", "CREATE TYPE kind AS ENUM ('a')")
    observed = project(base, revision(*statements.split("; "))).run()
    (finding,) = all_rules()["upgrade-fails"].check(observed)

    assert finding.help.startswith(REFUSED[statements][0])
    assert "`with op.get_context().autocommit_block():`" in finding.help
    assert REFUSED[statements][1] in finding.help
