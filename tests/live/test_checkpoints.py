"""Many downgrades that fail: each is judged in a database that lacks nothing below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from revgate.roundtrip import checkpoints

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
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keep copies close to each other, and return where they were kept."""
    places: list[int] = []
    keep = checkpoints.Checkpoints._keep

    def keeping(self: checkpoints.Checkpoints, place: int, *kept: Any) -> Any:
        places.append(place)
        return keep(self, place, *kept)

    monkeypatch.setattr(checkpoints, "_APART", 3)
    monkeypatch.setattr(checkpoints.Checkpoints, "_keep", keeping)
    return places


def test_each_downgrade_is_judged_by_itself(project: ProjectMaker, copies: list[int]) -> None:
    bodies, fails, leaves = history(14)
    observed = project(*bodies).run(rows=False)

    assert [each.step.revision.id for each in observed.failures] == fails[::-1]
    assert [each.step.revision.id for each in observed.after_downgrade] == leaves[::-1]
    assert {each.change.name for each in observed.after_downgrade} == {
        f"t{each.removeprefix('r')}" for each in leaves
    }
    assert copies == [3, 6, 9]
    assert [note for note in observed.notes if "second database" in note] == []


@pytest.mark.parametrize("outside", [ROLE, SETTING], ids=["a role", "a setting"])
def test_nothing_is_copied_that_a_copy_lacks(
    project: ProjectMaker, copies: list[int], outside: str
) -> None:
    bodies, fails, leaves = history(11)
    bodies.insert(6, outside)
    observed = project(*bodies).run(rows=False)

    judged = len(observed.failures), len(observed.after_downgrade)
    assert judged == (len(fails), len(leaves))
    assert copies == []
    assert [note for note in observed.notes if "second database" in note] == []
