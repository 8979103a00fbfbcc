"""Histories that are not one straight line run in Alembic's own order, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.live.conftest import Repository

NOT_LINEAR = 'file-name = "any"\nlinear = false\nignore = ["revision-id"]\n'
T = ("CREATE TABLE t (a int)", "DROP TABLE t")
U = ("CREATE TABLE u (a int)", "DROP TABLE u")
B = ("ALTER TABLE u ADD b int", "ALTER TABLE u DROP b")


def _fork(repository: Repository, last: str = "b1") -> None:
    """Write two branches of which Alembic runs `b1` first, although `c1` is named first."""
    repository.write("revgate.toml", NOT_LINEAR)
    repository.revision("a0", None, *T)
    repository.revision("b1", "a0", *U)
    repository.revision("c1", "a0", *B)
    repository.revision("d1", ("c1", last), "pass", "pass")


def test_a_merged_history_runs_in_the_order_of_alembic_even_if_it_is_an_error(
    repository: Repository,
) -> None:
    _fork(repository)
    repository.write("revgate.toml", NOT_LINEAR.replace("linear = false\n", ""))
    judged = repository.judge("gate", "--ignore", "missing-lock-timeout")
    assert (judged.code, judged.findings) == (1, [("merge-revision", "d1")])
    assert judged.tables == [2, 0, 2, 2]
    revisions = [each["revision"] for each in judged.told["roundtrip"]["revisions"]]
    assert revisions == ["a0", "b1", "c1", "d1"]
    (note,) = [each for each in judged.told["notes"] if "d1" in each]
    assert "`alembic downgrade -1` refuses to choose a branch" in note


def test_what_a_dependency_needs_runs_before_it(repository: Repository) -> None:
    """A dependency orders two branches of which neither is the parent of the other."""
    repository.write("revgate.toml", NOT_LINEAR + 'branches = ["one", "two"]\n')
    repository.revision("a1", None, *B)
    repository.revision("z1", None, *U)
    for name, more in (("a1", '"one"\ndepends_on = "z1"'), ("z1", '"two"')):
        path = f"migrations/versions/{name}.py"
        text = (repository.root / path).read_text()
        repository.write(
            path,
            text.replace("down_revision = None", f"down_revision = None\nbranch_labels = {more}"),
        )
    judged = repository.judge("gate", "--ignore", "missing-lock-timeout")
    assert (judged.code, judged.findings) == (0, [])
    assert judged.tables == [1, 0, 1, 1]


@pytest.mark.parametrize("rule", ["multiple-heads", "missing-parent"])
def test_a_broken_chain_that_is_only_a_warning_is_not_passed(
    repository: Repository, rule: str
) -> None:
    repository.write("revgate.toml", NOT_LINEAR + f'[severity]\n"{rule}" = "warning"\n')
    repository.revision("a0", None, *T)
    if rule == "multiple-heads":
        repository.revision("b1", "a0", U[0], "pass")
        repository.revision("c1", "a0", "pass", "pass")
        judged = repository.judge("gate", "--ignore", "empty-downgrade")
        assert judged.code == 1
        assert ("downgrade-residue", "b1") in judged.findings
    else:
        repository.revision("b1", "gone", *U)
        repository.write(
            "revgate.toml",
            NOT_LINEAR + '[severity]\nmissing-parent = "warning"\n'
            'multiple-heads = "warning"\nmultiple-bases = "warning"\n',
        )
        assert "Alembic refuses this history: there is no revision 'gone'" in repository.error(
            "gate"
        )


def test_a_revision_that_cannot_be_imported_is_named(repository: Repository) -> None:
    _fork(repository)
    path = "migrations/versions/b1.py"
    text = (repository.root / path).read_text()
    repository.write(path, f"import os\n{text}\nos.environ['SHOP_NAME']\n")
    said = repository.error("gate")
    assert "b1.py:15, called from migrations/env.py, raised KeyError: 'SHOP_NAME'" in said
    assert '[env]\n         SHOP_NAME = "..."' in said


def test_a_revision_without_a_downgrade_ends_nothing(repository: Repository) -> None:
    repository.revision("a0", None, *T)
    repository.revision("b1", "a0", U[0], None)
    repository.revision("c1", "b1", "CREATE TABLE v (a int)", "pass")
    judged = repository.judge("gate", "--ignore", "empty-downgrade")
    assert judged.findings == [("missing-downgrade", "b1"), ("downgrade-residue", "c1")]
    assert judged.tables == [3, 0, 3, 3]
    judged = repository.judge("roundtrip", "--no-rows")
    assert judged.findings == [("downgrade-fails", "b1"), ("downgrade-residue", "c1")]
    assert "`downgrade()` of `b1` fails: AttributeError: the file has no `downgrade()`" in (
        judged.messages
    )
