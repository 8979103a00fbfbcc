"""Each side of a merge is read with the environments that its own tree has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, M, alembic_heads, at, ini, new

if TYPE_CHECKING:
    from tests.verdicts.conftest import Files, Verdicts

TWO = ini("migrations", "version_locations = migrations/versions:v2", "path_separator = :")
RECURSIVE = ini("migrations", "recursive_version_locations = true")


def edited(repo: Verdicts, key: str, folder: str = "migrations/versions") -> Files:
    """Return a published revision with another column."""
    down = {R0: None, R1: R0, R2: R1}[key]
    return new(key, down, folder, column="key")


# The base changes where revisions lie.


@pytest.mark.parametrize(
    "files",
    [
        {**TWO, **new(M, R2, "v2")},
        {**RECURSIVE, **new(M, R2, "migrations/versions/2025")},
    ],
    ids=["another location", "recursive"],
)
def test_a_fork_with_a_revision_where_the_branch_does_not_look(
    repo: Verdicts, files: Files
) -> None:
    repo.change(new(B, R2))
    repo.on_main(files)
    assert alembic_heads(repo.merged()) == [M, B]
    assert repo.verdict() == {"branching-merge"}
    # Behind it, though the branch still does not look there.
    repo.change(new(B, M), start="main~1")
    assert alembic_heads(repo.merged()) == [B]
    assert repo.verdict() == set()


def test_a_fork_with_a_revision_in_a_folder_that_the_base_moved(repo: Verdicts) -> None:
    """git moves the branch's new file along, and calls that a conflict to be looked at."""
    repo.change(new(B, R2))
    repo.git("switch", "--quiet", "main")
    repo.git("mv", "migrations", "db")
    repo.on_main({**ini("db"), **new(M, R2, "db/versions")})
    assert alembic_heads(repo.merged()) == [M, B]
    assert repo.verdict(pushed=False) == {"branching-merge"}
    repo.change(new(B, M), start="main~1")
    assert repo.verdict(pushed=False) == set()


def test_a_fork_with_a_base_that_changed_its_script_location(repo: Verdicts) -> None:
    """Both places have the history; only one of them counts after the merge."""
    repo.change(new(B, R2, "db/versions"))
    copies = {
        **new(R0, None, "db/versions"),
        **new(R1, R0, "db/versions"),
        **new(R2, R1, "db/versions"),
    }
    repo.on_main({**ini("db"), **copies, **new(M, R2, "db/versions"), "db/env.py": "pass\n"})
    assert alembic_heads(repo.merged()) == [M, B]
    assert repo.verdict() == {"branching-merge"}


# The branch does.


def test_a_moved_folder_is_not_a_change(repo: Verdicts) -> None:
    repo.change({**ini("db"), **new(B, R2, "db/versions")}, move=("migrations", "db"))
    assert alembic_heads(repo.merged()) == [B]
    assert repo.verdict() == set()


def test_a_moved_folder_hides_no_edit(repo: Verdicts) -> None:
    repo.change(
        {**ini("db"), **edited(repo, R1, "db/versions"), at(R2, "db/versions"): None},
        move=("migrations", "db"),
    )
    assert repo.verdict() == {"edited-revision", "removed-revision"}


def test_a_moved_folder_hides_no_fork(repo: Verdicts) -> None:
    repo.change({**ini("db"), **new(B, R1, "db/versions")}, move=("migrations", "db"))
    assert "branching-merge" in repo.verdict() or "multiple-heads" in repo.verdict()


def test_an_added_location_hides_no_edit(repo: Verdicts) -> None:
    repo.change({**TWO, **new(B, R2, "v2"), **edited(repo, R1)})
    assert repo.verdict() == {"edited-revision"}


def test_an_added_location_hides_no_removal(repo: Verdicts) -> None:
    repo.change({**TWO, **new(B, R1, "v2"), at(R2): None})
    assert repo.verdict() == {"removed-revision"}


def test_an_added_location_is_not_a_change(repo: Verdicts) -> None:
    repo.change({**TWO, **new(B, R2, "v2")})
    assert repo.verdict() == set()


def test_a_revision_that_moves_from_one_location_to_another(repo: Verdicts) -> None:
    repo.change({**TWO, **new(R2, R1, "v2"), at(R2): None})
    assert alembic_heads(repo.merged()) == [R2]
    assert repo.verdict() == set()


def test_a_dropped_location(repo: Verdicts) -> None:
    repo.on_main({**TWO, **new(M, R2, "v2")})
    repo.change(ini())
    assert alembic_heads(repo.merged()) == [R2]
    assert repo.verdict() == {"removed-revision"}


def test_recursion_that_is_switched_off(repo: Verdicts) -> None:
    repo.on_main({**RECURSIVE, **new(M, R2, "migrations/versions/2025")})
    repo.change(ini())
    code, _, error = repo.run("check", "--against", "main")
    assert code == 3, "a part of the history is unread, so nothing is green"
    assert "migrations/versions/2025" in error
    accepted, said = repo.push()
    assert not accepted, said


def test_another_history_at_another_script_location(repo: Verdicts) -> None:
    repo.change({**ini("db"), **new(B, None, "db/versions"), "db/env.py": "pass\n"})
    assert "removed-revision" in repo.verdict()


# The branch takes an environment away.


def test_a_removed_configuration(repo: Verdicts) -> None:
    repo.change({"alembic.ini": None})
    assert repo.verdict() == {"removed-revision"}


def test_a_configuration_under_another_name(repo: Verdicts) -> None:
    repo.change(new(B, R1), move=("alembic.ini", "database.ini"))
    assert repo.verdict() == {"removed-revision"}


def test_a_configuration_that_only_moves(repo: Verdicts) -> None:
    repo.change(
        {"db/alembic.ini": "[alembic]\nscript_location = %(here)s/../migrations\n", **new(B, R2)},
        move=("alembic.ini", "db/alembic.ini"),
    )
    assert repo.verdict() == set()


def test_all_of_it_removed(repo: Verdicts) -> None:
    repo.change({"alembic.ini": None, **{at(key): None for key in (R0, R1, R2)}})
    assert repo.verdict() == {"removed-revision"}


def test_one_of_two_environments_is_removed(repo: Verdicts) -> None:
    second = {
        "billing/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
        "billing/db/env.py": "pass\n",
        **new(M, None, "billing/db/versions"),
    }
    repo.on_main(second)
    repo.change({"billing/alembic.ini": None})
    assert repo.verdict() == {"removed-revision"}
    repo.change(new(C_OF_BILLING, M, "billing/db/versions"))
    assert repo.verdict() == set()


C_OF_BILLING = "20250106000000"


def test_an_environment_that_moves_into_pyproject(repo: Verdicts) -> None:
    repo.change(
        {
            "alembic.ini": None,
            "pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/migrations"\n',
            **edited(repo, R1),
        }
    )
    assert repo.verdict() == {"edited-revision"}


def test_a_folder_that_goes_before_the_one_that_counted(repo: Verdicts) -> None:
    """No configuration changed: Alembic uses the folder next to the file."""
    repo.on_main(
        {
            "alembic.ini": None,
            "svc/alembic.ini": "[alembic]\nscript_location = migrations\n",
        }
    )
    repo.change(
        {
            "svc/migrations/env.py": "pass\n",
            **new(R0, None, "svc/migrations/versions"),
            **new(R1, R0, "svc/migrations/versions", column="key"),
            **new(R2, R1, "svc/migrations/versions"),
        }
    )
    assert repo.verdict() == {"edited-revision"}


def test_a_new_environment_is_judged_by_itself(repo: Verdicts) -> None:
    second = {
        "billing/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
        "billing/db/env.py": "pass\n",
    }
    repo.change({**second, **new(B, None, "billing/db/versions")})
    assert repo.verdict() == set()
    fork = {
        **new(C_OF_BILLING, B, "billing/db/versions"),
        **new("20250107000000", B, "billing/db/versions"),
    }
    repo.change({**second, **new(B, None, "billing/db/versions"), **fork})
    assert repo.verdict() & {"branching-merge", "multiple-heads"}


def test_a_conflict_in_a_configuration_ends_no_run(repo: Verdicts) -> None:
    """A package's version, say, while its settings of Alembic stay the same."""
    toml = '[project]\nversion = "{}"\n\n[tool.alembic]\nscript_location = "migrations"\n'
    repo.on_main({"alembic.ini": None, "pyproject.toml": toml.format(1)})
    repo.change({"pyproject.toml": toml.format(2), **new(B, R2)})
    repo.on_main({"pyproject.toml": toml.format(3)})
    assert repo.verdict(pushed=False) == set()
    repo.on_main(new(M, R2))
    assert repo.verdict(pushed=False) == {"branching-merge"}
