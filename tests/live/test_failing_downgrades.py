"""Many downgrades that fail: each is judged in a database that lacks nothing below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from revgate.roundtrip.observed import AGAIN, DOWNGRADE
from revgate.roundtrip.part import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

ROLE = """
def upgrade():
    op.execute("CREATE ROLE keeper")
    op.execute("GRANT SELECT ON t1 TO keeper")


def downgrade():
    op.execute("REVOKE SELECT ON t1 FROM keeper")
    op.execute("DROP ROLE keeper")
"""
SETTING = """
def upgrade():
    name = op.get_bind().scalar(sa.text("SELECT current_database()"))
    op.execute(f"ALTER DATABASE {name} SET work_mem = '8MB'")


def downgrade():
    name = op.get_bind().scalar(sa.text("SELECT current_database()"))
    op.execute(f"ALTER DATABASE {name} RESET work_mem")
"""


def revision(number: int, down: str) -> str:
    return (
        f"def upgrade():\n    op.execute('CREATE TABLE t{number} (id int PRIMARY KEY)')\n\n\n"
        f"def downgrade():\n    op.execute('{down} t{number}')\n"
    )


def history(length: int) -> tuple[list[str], list[str], list[str]]:
    """Return revisions, the ids of those whose downgrade fails, and of those that leave a table."""
    fails = [number for number in range(1, length + 1) if number % 3 == 2]
    leaves = [number for number in range(1, length + 1) if number % 5 == 3 and number not in fails]
    bodies = [
        revision(
            number,
            "DROP VIEW" if number in fails else "ANALYZE" if number in leaves else "DROP TABLE",
        )
        for number in range(1, length + 1)
    ]
    return bodies, [f"r{each}" for each in fails], [f"r{each}" for each in leaves]


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the places at which a fresh database was needed."""
    places: list[int] = []
    rebuild = Part.rebuild

    def rebuilding(self: Part, index: int) -> bool:
        places.append(index)
        return rebuild(self, index)

    monkeypatch.setattr(Part, "rebuild", rebuilding)
    return places


def failed(observed: Any, during: str) -> list[str]:
    return [each.step.revision.id for each in observed.failures if each.during == during]


def test_each_downgrade_is_judged_by_itself(project: ProjectMaker, rebuilt: list[int]) -> None:
    bodies, fails, leaves = history(14)
    observed = project(*bodies).run(rows=False)

    assert failed(observed, DOWNGRADE) == fails[::-1]
    assert [each.step.revision.id for each in observed.after_downgrade] == leaves[::-1]
    assert {each.change.name for each in observed.after_downgrade} == {
        f"t{each.removeprefix('r')}" for each in leaves
    }
    # A table that is left behind is in the way of the next upgrade; one database is enough.
    assert failed(observed, AGAIN) == leaves
    assert rebuilt == [0]
    assert [note for note in observed.notes if "r1" in note] == []


@pytest.mark.parametrize("outside", [ROLE, SETTING], ids=["a role", "a setting"])
def test_what_is_outside_of_the_database_is_followed(
    project: ProjectMaker, rebuilt: list[int], outside: str
) -> None:
    bodies, fails, leaves = history(11)
    bodies.insert(6, outside)
    observed = project(*bodies).run(rows=False)

    assert len(failed(observed, DOWNGRADE)) == len(fails)
    assert len(observed.after_downgrade) == len(leaves)
    assert rebuilt == [0]
    assert [note for note in observed.notes if "second database" in note] == []


IN_TWO = """
def upgrade():
    op.execute("CREATE TABLE halves (id int)")
    op.execute("CREATE TABLE others (id int)")


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP TABLE others")
    op.execute("DROP TABLE nowhere")
"""
IN_THE_WAY = """
def upgrade():
    op.execute("CREATE TABLE notes (id int)")


def downgrade():
    op.execute("DROP TABLE notes")
    op.execute("CREATE VIEW of_first AS SELECT id FROM t1")
"""
SEEDED = """
def upgrade():
    op.execute("INSERT INTO t1 VALUES (7)")


def downgrade():
    pass
"""
LOSES = """
def upgrade():
    op.execute("CREATE TABLE lost (id int)")


def downgrade():
    op.execute("DROP TABLE lost, t2")
"""


@pytest.mark.parametrize(
    ("bodies", "downgrades", "again", "places"),
    [
        pytest.param((revision(4, "DROP TABLE"),), [], [], [], id="none"),
        pytest.param(
            (IN_TWO, revision(5, "DROP VIEW")),
            *(["r5", "r4"], [], [0, 4, 4]),
            id="one that commits and then fails",
        ),
        # `DROP TABLE t1` fails because of a view that a later downgrade has made.
        pytest.param((IN_THE_WAY,), [], [], [0, 4], id="only after another"),
        pytest.param((SEEDED, revision(5, "DROP VIEW")), ["r5"], [], [0, 4], id="rows that stay"),
        pytest.param((LOSES, revision(5, "DROP VIEW")), ["r5"], [], [0, 4], id="a table is lost"),
    ],
)
def test_the_database_of_a_failed_downgrade(
    project: ProjectMaker,
    rebuilt: list[int],
    bodies: tuple[str, ...],
    downgrades: list[str],
    again: list[str],
    places: list[int],
) -> None:
    below = [revision(number, "DROP TABLE") for number in (1, 2, 3)]
    observed = project(*below, *bodies).run(rows=False)

    assert failed(observed, DOWNGRADE) == downgrades
    assert failed(observed, AGAIN) == again
    assert rebuilt == places
    assert observed.tables(AGAIN) == (observed.tables("upgrade") if not again else None)


def test_a_second_upgrade_that_fails_hides_no_other(project: ProjectMaker) -> None:
    leaves = [revision(number, "ANALYZE") for number in (1, 2, 3)]
    observed = project(*leaves).run(rows=False)

    assert failed(observed, AGAIN) == ["r1", "r2", "r3"]
    assert len(observed.after_downgrade) == 3
