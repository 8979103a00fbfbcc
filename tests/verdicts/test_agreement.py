"""What is done to published revisions on purpose: the target branch agrees to it first, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, at, new, settings

if TYPE_CHECKING:
    from tests.verdicts.conftest import Files, Verdicts

NONE = settings("linear = true")
REPAIRED = new(R1, R0, column="key")


def agreed(key: str = R1) -> Files:
    return settings("linear = true", f'allow-published = {{ "{key}" = "its type was wrong" }}')


def squash(last: str = R1) -> Files:
    return settings("linear = true", f'allow-squash = "{last}"')


def test_an_edit_that_main_agreed_to(repo: Verdicts) -> None:
    repo.on_main(agreed())
    repo.change({**REPAIRED, **NONE})
    assert repo.verdict() == set()
    assert repo.against().report["summary"]["allowed"] == 1


def test_an_agreement_is_used_up(repo: Verdicts) -> None:
    """Otherwise it would go on allowing every later edit."""
    repo.on_main(agreed())
    repo.change(REPAIRED)
    assert repo.verdict() == {"edited-revision"}
    assert "remove the entry" in repo.against().text


def test_an_agreement_is_about_one_revision(repo: Verdicts) -> None:
    repo.on_main(agreed(R2))
    repo.change({**REPAIRED, **NONE})
    assert repo.verdict() == {"edited-revision"}


def test_a_change_cannot_agree_to_itself(repo: Verdicts) -> None:
    repo.on_main(NONE)
    repo.change({**REPAIRED, **agreed()})
    assert repo.verdict() == {"edited-revision"}
    assert repo.against().rules("warning") == {"relaxed-settings"}
    repo.change(agreed())
    assert repo.verdict() == set()
    assert repo.against().rules("warning") == {"relaxed-settings"}


def test_a_removal_that_main_agreed_to(repo: Verdicts) -> None:
    repo.on_main(agreed(R2))
    repo.change({at(R2): None, **NONE})
    assert repo.verdict() == set()


def test_an_environment_that_main_agreed_to_remove(repo: Verdicts) -> None:
    repo.on_main(
        {
            **agreed("other/db"),
            "other/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
            "other/db/env.py": "pass\n",
            **new(B, None, "other/db/versions"),
        }
    )
    repo.change({"other/alembic.ini": None, at(B, "other/db/versions"): None, **NONE})
    assert repo.verdict() == set()


def test_nobody_agrees_to_a_fork(repo: Verdicts) -> None:
    repo.change(new(B, R1))
    assert repo.against("--allow-published", "all").rules() == {"multiple-heads"}


def test_a_reviewer_agrees_by_an_option(repo: Verdicts) -> None:
    repo.change(REPAIRED)
    assert repo.against().code == 1
    for allowed in (R1, f"{R0},{R1}", "all"):
        said = repo.against("--allow-published", allowed)
        assert said.code == 0
        assert said.report["summary"]["allowed"] == 1
    assert repo.against("--allow-published", R2).code == 1


def test_a_reviewer_agrees_by_a_label(repo: Verdicts) -> None:
    repo.change(REPAIRED)
    pull = repo.site.github.pulls[0]
    pull["labels"] = [{"name": "published"}]
    assert repo.pull()["state"] == "failure"
    assert repo.pull("--allow-label", "published")["state"] == "success"
    pull["labels"] = [{"name": "other"}]
    assert repo.pull("--allow-label", "published")["state"] == "failure"


# A squash.


def squashed(first: str, last: str, follower: str | None = None) -> Files:
    """Return one revision in place of all up to some point, and who follows it."""
    keys = [key for key in (R0, R1, R2) if key <= last]
    files: Files = {at(key): None for key in keys}
    files |= new(first, None, column="key")
    return files | (new(follower, first) if follower else {})


@pytest.mark.parametrize("first", [R1, "20250102120000"], ids=["the same id", "a new id"])
def test_a_squash_that_main_agreed_to(repo: Verdicts, first: str) -> None:
    repo.on_main(squash())
    repo.change({**squashed(first, R1, R2), **NONE})
    assert repo.verdict() == set()
    assert repo.against().report["summary"]["allowed"] == 1


def test_a_squash_that_main_did_not_agree_to(repo: Verdicts) -> None:
    repo.on_main(NONE)
    repo.change(squashed("20250102120000", R1, R2))
    assert repo.verdict() == {"removed-revision"}
    assert f'allow-squash = "{R1}"' in repo.against().text


def test_a_squash_of_everything(repo: Verdicts) -> None:
    repo.on_main(squash(R2))
    repo.change({**squashed("20250103120000", R2), **NONE})
    assert repo.verdict() == set()


def test_a_squash_further_than_agreed(repo: Verdicts) -> None:
    repo.on_main(squash(R1))
    repo.change({**squashed("20250103120000", R2), **NONE})
    assert repo.verdict() == {"removed-revision"}


def test_a_squash_and_an_edit(repo: Verdicts) -> None:
    repo.on_main(squash())
    repo.change({**squashed(R1, R1), **new(R2, R1, column="key"), **NONE})
    assert repo.verdict() == {"edited-revision"}


def test_a_squash_that_leaves_one_behind(repo: Verdicts) -> None:
    repo.on_main(squash())
    repo.change({at(R1): None, **new(R2, R0), **NONE})
    assert repo.verdict() == {"removed-revision", "reparented-revision"}


def test_a_squash_that_is_not_used_up(repo: Verdicts) -> None:
    repo.on_main(squash())
    repo.change(squashed(R1, R1, R2))
    assert repo.verdict() == {"removed-revision"}
