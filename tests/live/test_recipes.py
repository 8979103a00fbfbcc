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

ROWS = False
COLUMNS = 'id int NOT NULL, age int, email text, "odd name" int, span int4range, kind text'


ODD_NAME = (
    'ALTER TABLE {t} ADD CONSTRAINT "odd name_not_null" CHECK ("odd name" IS NOT NULL) NOT VALID'
)
BOUNDS = (
    "ALTER TABLE {t} ADD CONSTRAINT {t}_bounds CHECK (id IS NOT NULL AND id >= 1 AND id < 9)"
    " NOT VALID"
)


class Case(NamedTuple):
    statement: str
    """`{t}` is the table."""
    help: tuple[str, ...]
    """What the help says, each as code."""
    recipe: tuple[str, ...]
    """What that makes of it: a revision each; one that starts with `!` runs in autocommit."""
    silent: bool = True
    before: tuple[str, ...] = ()


CASES = {
    "an index": Case(
        "CREATE INDEX i_{t} ON {t} (age)",
        ("build `i_{t}` without blocking writes", "postgresql_concurrently=True"),
        ("!CREATE INDEX CONCURRENTLY i_{t} ON {t} (age)",),
    ),
    "not null": Case(
        "ALTER TABLE {t} ALTER age SET NOT NULL",
        (
            "ALTER TABLE {t} ADD CONSTRAINT age_not_null CHECK (age IS NOT NULL) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT age_not_null",
        ),
        (
            "ALTER TABLE {t} ADD CONSTRAINT age_not_null CHECK (age IS NOT NULL) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT age_not_null",
            "ALTER TABLE {t} ALTER age SET NOT NULL",
        ),
    ),
    "not null of a quoted name": Case(
        'ALTER TABLE {t} ALTER "odd name" SET NOT NULL',
        ('VALIDATE CONSTRAINT "odd name_not_null"',),
        (
            ODD_NAME,
            'ALTER TABLE {t} VALIDATE CONSTRAINT "odd name_not_null"',
            'ALTER TABLE {t} ALTER "odd name" SET NOT NULL',
        ),
    ),
    "a check": Case(
        "ALTER TABLE {t} ADD CONSTRAINT c CHECK (age > 0)",
        ("`postgresql_not_valid=True`", "ALTER TABLE {t} VALIDATE CONSTRAINT c"),
        (
            "ALTER TABLE {t} ADD CONSTRAINT c CHECK (age > 0) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT c",
        ),
    ),
    "a check without a name": Case(
        "ALTER TABLE {t} ADD CHECK (age > 0)",
        ("give the constraint a name", "ALTER TABLE {t} VALIDATE CONSTRAINT"),
        (
            "ALTER TABLE {t} ADD CONSTRAINT c CHECK (age > 0) NOT VALID",
            "ALTER TABLE {t} VALIDATE CONSTRAINT c",
        ),
    ),
    "a unique constraint": Case(
        "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE (email)",
        (
            "CREATE UNIQUE INDEX CONCURRENTLY u_{t} ON {t} (email)",
            "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE USING INDEX u_{t}",
        ),
        (
            "!CREATE UNIQUE INDEX CONCURRENTLY u_{t} ON {t} (email)",
            "ALTER TABLE {t} ADD CONSTRAINT u_{t} UNIQUE USING INDEX u_{t}",
        ),
    ),
    "a primary key without a name": Case(
        "ALTER TABLE {t} ADD PRIMARY KEY (id)",
        (
            "CREATE UNIQUE INDEX CONCURRENTLY {t}_pkey ON {t} (id)",
            "ALTER TABLE {t} ADD CONSTRAINT {t}_pkey PRIMARY KEY USING INDEX {t}_pkey",
        ),
        (
            "!CREATE UNIQUE INDEX CONCURRENTLY {t}_pkey ON {t} (id)",
            "ALTER TABLE {t} ADD CONSTRAINT {t}_pkey PRIMARY KEY USING INDEX {t}_pkey",
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
        ("ALTER TABLE {t} ADD x int", "ALTER TABLE {t} VALIDATE CONSTRAINT later"),
        before=("ALTER TABLE {t} ADD CONSTRAINT later CHECK (age > 0) NOT VALID",),
    ),
    "a partition": Case(
        "ALTER TABLE {t}_all ATTACH PARTITION {t} FOR VALUES FROM (1) TO (9)",
        ("ADD CONSTRAINT {t}_bounds CHECK", "FOR VALUES FROM (1) TO (9)"),
        (
            BOUNDS,
            "ALTER TABLE {t} VALIDATE CONSTRAINT {t}_bounds",
            "ALTER TABLE {t}_all ATTACH PARTITION {t} FOR VALUES FROM (1) TO (9)",
        ),
        before=("CREATE TABLE {t}_all (LIKE {t}) PARTITION BY RANGE (id)",),
    ),
    "a generated column": Case(
        "ALTER TABLE {t} ADD twice int GENERATED ALWAYS AS (age * 2) STORED",
        ("add `twice` to `{t}` as a plain column",),
        ("ALTER TABLE {t} ADD twice int",),
    ),
    "a volatile default": Case(
        "ALTER TABLE {t} ADD token uuid DEFAULT gen_random_uuid()",
        ("add `token` to `{t}` without the volatile default",),
        (
            "ALTER TABLE {t} ADD token uuid",
            "ALTER TABLE {t} ALTER token SET DEFAULT gen_random_uuid()",
        ),
    ),
    "a new index in place of an old one": Case(
        "REINDEX TABLE {t}",
        ("run `REINDEX TABLE CONCURRENTLY {t}`",),
        ("!REINDEX TABLE CONCURRENTLY {t}",),
        before=("CREATE INDEX ON {t} (age)",),
    ),
}
GROUND = tuple(f"t{number}" for number in range(len(CASES)))


def revision(*statements: str) -> str:
    lines = []
    for each in statements:
        operation = execute_operation(each.removeprefix("!"))
        if each.startswith("!"):
            lines.append(f"with op.get_context().autocommit_block():\n        {operation}")
        else:
            lines.append(operation)
    body = "".join(
        f"    {line}\n" for line in ("op.execute(\"SET LOCAL lock_timeout = '9s'\")", *lines)
    )
    return f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n"


def ground() -> str:
    made = []
    for table, case in zip(GROUND, CASES.values(), strict=True):
        made.append(f"CREATE TABLE {table} ({COLUMNS})")
        made += [each.format(t=table) for each in case.before]
    return revision(*made)


def test_each_is_found_with_its_recipe(project: ProjectMaker) -> None:
    bodies = [
        revision(*case.statement.format(t=table).split("; "))
        for table, case in zip(GROUND, CASES.values(), strict=True)
    ]
    found = {each.revision: each for each in ask(project(ground(), *bodies).run())}

    for number, (name, case) in enumerate(CASES.items()):
        finding = found[f"r{number + 2}"]
        for words in case.help:
            assert words.format(t=GROUND[number]) in finding.help, (name, finding.help)


def test_each_recipe_is_silent(project: ProjectMaker) -> None:
    bodies, names = [], []
    for table, (name, case) in zip(GROUND, CASES.items(), strict=True):
        for statement in case.recipe:
            bodies.append(revision(statement.format(t=table)))
            names.append(f"{name}: {statement}")
    observed = project(ground(), *bodies).run()

    assert not [each.message for each in observed.failures if each.during == "upgrade"]
    found = ask(observed)
    assert not found, [names[int((each.revision or "r0")[1:]) - 2] for each in found]


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
    "CREATE INDEX CONCURRENTLY ON t (age)": "run it outside of the transaction",
    "ALTER TYPE kind ADD VALUE 'b'; SELECT 'b'::kind": "commit the new label before it is used",
}


@pytest.mark.parametrize("statements", REFUSED)
def test_what_cannot_run_in_a_transaction(project: ProjectMaker, statements: str) -> None:
    base = revision(f"CREATE TABLE t ({COLUMNS})", "CREATE TYPE kind AS ENUM ('a')")
    observed = project(base, revision(*statements.split("; "))).run()
    (finding,) = all_rules()["upgrade-fails"].check(observed)

    assert finding.help.startswith(REFUSED[statements])
    assert "`with op.get_context().autocommit_block():`" in finding.help
