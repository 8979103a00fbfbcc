"""Revisions that commit on their way, interrupted and run again on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]

ROWS = False

GROUND = """
def upgrade():
    op.execute("CREATE TABLE users (id int PRIMARY KEY, email text, age int)")
    op.execute("CREATE TYPE mood AS ENUM ('ok')")


def downgrade():
    op.execute("DROP TABLE users")
    op.execute("DROP TYPE mood")
"""
BLOCK = "with op.get_context().autocommit_block():"


def revision(up: list[str], down: str, *, committed: bool = True) -> str:
    """Return a revision whose statements commit by themselves, or all but the last."""
    lines = [f"    {BLOCK}", *(f"        op.execute({each!r})" for each in up)]
    if not committed:
        lines[-1] = lines[-1].removeprefix("    ")
    return (
        "def upgrade():\n" + "\n".join(lines) + "\n\n\n"
        f"def downgrade():\n    {BLOCK}\n        op.execute({down!r})\n"
    )


def by_hand(*up: str) -> str:
    lines = "".join(f"    op.execute({each!r})\n" for each in up)
    return f"def upgrade():\n{lines}\n\ndef downgrade():\n    op.execute('DROP TABLE a, b')\n"


RECREATE = "DROP TYPE mood; CREATE TYPE mood AS ENUM ('ok')"
ARRIVE = {
    "an index dropped before it is built": revision(
        ["DROP INDEX CONCURRENTLY IF EXISTS i", "CREATE INDEX CONCURRENTLY i ON users (age)"],
        "DROP INDEX i",
    ),
    "an enum label that may be there": revision(
        ["ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad'"], RECREATE
    ),
    "a column after rows in batches": revision(
        ["UPDATE users SET age = 1 WHERE id < 100"] * 3 + ["ALTER TABLE users ADD b int"],
        "ALTER TABLE users DROP b",
        committed=False,
    ),
    "a table after a column that may be there": by_hand(
        "CREATE TABLE IF NOT EXISTS a ()", "COMMIT", "CREATE TABLE IF NOT EXISTS b ()"
    ),
}
STUCK = {
    "an index": (
        revision(["CREATE INDEX CONCURRENTLY j ON users (age)"], "DROP INDEX j"),
        'fails when it is run again after an interruption: relation "j" already exists',
        'op.execute("DROP INDEX CONCURRENTLY IF EXISTS j")',
    ),
    "an index that may be there": (
        revision(["CREATE INDEX CONCURRENTLY IF NOT EXISTS k ON users (age)"], "DROP INDEX k"),
        "leaves the index `k` invalid when it is run again after an interruption",
        'op.execute("DROP INDEX CONCURRENTLY IF EXISTS k")',
    ),
    "a column after an index dropped": (
        revision(
            ["DROP INDEX CONCURRENTLY IF EXISTS l", "CREATE INDEX CONCURRENTLY l ON users (age)",
             "ALTER TABLE users ADD c int", "ALTER TABLE users ADD d int"],
            "ALTER TABLE users DROP c, DROP d; DROP INDEX l",
        ),
        'fails when it is run again after an interruption: column "c"',
        "`ALTER TABLE users ADD c int` is committed",
    ),
    "COMMIT by hand": (
        by_hand("CREATE TABLE a ()", "COMMIT", "CREATE TABLE b ()"),
        'fails when it is run again after an interruption: relation "a" already exists',
        "make what is committed repeatable",
    ),
    "an enum label": (
        revision(["ALTER TYPE mood ADD VALUE 'bad'"], RECREATE.replace("'ok'", "'ok', 'sad'")),
        'fails when it is run again after an interruption: enum label "bad" already exists',
        "`ALTER TYPE mood ADD VALUE 'bad'` is committed",
    ),
}  # fmt: skip


def test_what_is_committed_on_the_way_must_not_stop_a_second_run(project: ProjectMaker) -> None:
    bodies = [*ARRIVE.values(), *(body for body, _, _ in STUCK.values())]
    # The tables of the two that commit by hand have the same names.
    bodies[3] = bodies[3].replace("a ()", "e ()").replace("b ()", "f ()").replace("a, b", "e, f")
    bodies[1] = bodies[1].replace("'bad'", "'sad'")
    observed = project(GROUND, *bodies).run()
    names = {f"r{at}": what for at, what in enumerate([*ARRIVE, *STUCK], start=2)}
    found = {
        names[each.revision or ""]: each for each in all_rules()["not-resumable"].check(observed)
    }

    assert not observed.failures
    assert observed.after_downgrade == ()
    assert list(found) == list(STUCK)
    for what, (_, message, help_) in STUCK.items():
        assert message in found[what].message
        assert help_ in found[what].help
