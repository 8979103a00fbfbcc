"""Changes of every row of a table, on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]

GROUND = """
def upgrade():
    op.execute("CREATE TABLE users (id int PRIMARY KEY, plan text)")
    op.execute("CREATE TABLE visits (id int PRIMARY KEY, at text)")


def downgrade():
    op.execute("DROP TABLE users, visits")
"""


def sql(*statements: str) -> str:
    lines = "".join(f"    op.execute({each!r})\n" for each in statements)
    return f"def upgrade():\n{lines}\n\ndef downgrade():\n    pass\n"


SILENT = (
    sql("UPDATE users SET plan = 'a' WHERE id = (SELECT min(id) FROM users)"),
    sql("UPDATE users SET plan = 'b' WHERE id IN (SELECT id FROM users LIMIT 1000)"),
    sql(
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (a int)",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 2",
    ),
)
LOUD = {
    "r5": (sql("UPDATE users SET plan = 'c'"), "updates every row of `users` in one statement"),
    "r6": (sql("DELETE FROM visits"), "deletes every row of `visits` in one statement"),
}


def test_only_a_change_of_all_rows_at_once_is_reported(project: ProjectMaker) -> None:
    observed = project(GROUND, *SILENT, *(body for body, _ in LOUD.values())).run()
    found = {each.revision: each for each in all_rules()["unbounded-change"].check(observed)}

    assert not observed.failures
    assert list(found) == list(LOUD)
    for id_, (_, message) in LOUD.items():
        assert message in found[id_].message
