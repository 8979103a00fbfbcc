"""Roles on a server that others use at the same time: nobody's finding, nobody's rest."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from revgate.errors import CannotJudgeError
from revgate.roundtrip.observed import DOWNGRADE

if TYPE_CHECKING:
    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]

MAKES = """
def upgrade():
    op.execute("CREATE TABLE t (a int)")
    op.execute("CREATE ROLE shop_reader NOLOGIN")
    op.execute("GRANT SELECT ON t TO shop_reader")


def downgrade():
    op.execute("DROP TABLE t")
    {0}
"""
DROPS = 'op.execute("DROP ROLE shop_reader")'
MEANWHILE = """
import psycopg2


def upgrade():
    op.execute("SELECT 1")
    somebody_else("CREATE ROLE visitor")


def downgrade():
    pass


def somebody_else(sql):
    connection = psycopg2.connect("")
    connection.autocommit = True
    connection.cursor().execute("DO $$ BEGIN " + sql
        + "; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    connection.close()
"""


@pytest.fixture
def roles(server: Server) -> Iterator[Callable[[], set[str]]]:
    before = server.roles()
    yield lambda: set(server.roles() - before)
    server.drop_roles(frozenset(server.roles() - before))


def test_roles_that_are_dropped_again_are_not_reported(
    project: ProjectMaker, roles: Callable[[], set[str]]
) -> None:
    observed = project(MAKES.format(DROPS)).run()
    assert observed.failures == observed.after_downgrade == observed.after_again == ()
    assert roles() == set()  # of the production pass neither
    assert observed.notes == ("env.py names no `target_metadata`, so no models were compared",)


@pytest.mark.parametrize("named", [True, False])
def test_a_role_that_is_left_is_reported_and_dropped_at_the_end(
    project: ProjectMaker, roles: Callable[[], set[str]], named: bool
) -> None:
    made = project(MAKES.format("pass"))
    observed = made.run() if named else made.run(database_url=None)
    assert [each.change.name for each in observed.after_downgrade] == ["shop_reader"]
    assert roles() == set()
    assert observed.passes[-1].complete, "the production pass finds no role in its way"


def test_a_rebuilt_database_finds_no_role_in_its_way(
    project: ProjectMaker, roles: Callable[[], set[str]]
) -> None:
    fails = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('DROP TABLE none')\n"
    observed = project(MAKES.format(DROPS), fails).run()
    assert [(each.during, each.step.revision.id) for each in observed.failures] == [
        (DOWNGRADE, "r2")
    ]
    assert [each for each in observed.notes if "second database" in each] == []
    assert roles() == set()


def test_a_role_that_was_there_before_is_explained(
    project: ProjectMaker, server: Server, roles: Callable[[], set[str]]
) -> None:
    server.execute("CREATE ROLE shop_reader")
    with pytest.raises(CannotJudgeError) as caught:
        project(MAKES.format(DROPS)).run()
    assert "r1.py:7 creates the role `shop_reader`" in str(caught.value)
    assert 'DROP ROLE "shop_reader"' in str(caught.value)
    assert roles() == {"shop_reader"}


def test_roles_of_others_are_not_reported(
    project: ProjectMaker, roles: Callable[[], set[str]]
) -> None:
    body = MEANWHILE.replace('"CREATE ROLE visitor"', '"CREATE ROLE vis" + "itor"')
    observed = project(body).run()
    assert observed.failures == observed.after_downgrade == ()
    assert roles() == {"visitor"}
    assert any("no revision names them: `visitor`" in note for note in observed.notes)


def _run(made: Any) -> Any:
    return made.run()


def test_runs_that_make_roles_wait_for_each_other(
    project: ProjectMaker, roles: Callable[[], set[str]]
) -> None:
    made = project(MAKES.format(DROPS))
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        seen = list(pool.map(_run, [made] * 3))
    assert [each.failures + each.after_downgrade for each in seen] == [(), (), ()]
    assert roles() == set()


def test_waiting_has_a_limit(project: ProjectMaker, server: Server) -> None:
    while not server.try_lock(0x7265766761746500):
        time.sleep(0.05)  # the session of the test before this one is about to end
    try:
        with pytest.raises(CannotJudgeError, match="another run has been creating roles"):
            project(MAKES.format(DROPS)).run(timeout=5.0)
    finally:
        server.execute(f"SELECT pg_advisory_unlock({0x7265766761746500})")
