"""A change does not switch off its own gate: the settings of the target branch judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, M, alembic_heads, at, ini, new, settings

if TYPE_CHECKING:
    from tests.verdicts.conftest import Files, Verdicts

OTHER = {
    "other/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
    "other/db/env.py": "pass\n",
    **new("20250110000000", None, "other/db/versions"),
}


@pytest.fixture
def ruled(repo: Verdicts) -> Verdicts:
    """Give `main` settings of its own."""
    repo.on_main(settings("expect-tables = 3"))
    return repo


def commented(key: str, down: str, rule: str, line: str, **words: Any) -> Files:
    """Return a revision with an `allow` on the line that starts in some way."""
    text = new(key, down, **words)[at(key)] or ""
    old = next(each for each in text.splitlines() if each.startswith(line))
    return {at(key): text.replace(old, f"{old}  # revgate: allow[{rule}] it has to be")}


# Inline comments.


def test_a_comment_allows_no_fork(repo: Verdicts) -> None:
    repo.change(commented(B, R2, "branching-merge", "down_revision"))
    repo.on_main(new(M, R2))
    assert repo.verdict() == {"branching-merge"}


def test_a_comment_allows_no_edit(repo: Verdicts) -> None:
    repo.change(commented(R1, R0, "edited-revision", "revision =", column="key"))
    assert repo.verdict() == {"edited-revision"}
    assert "unused-allow" in repo.against().rules("warning")


def test_a_comment_allows_no_other_parent(repo: Verdicts) -> None:
    repo.change(commented(R2, B, "reparented-revision", "down_revision"), new(B, R1))
    assert "reparented-revision" in repo.verdict()


def test_a_comment_allows_no_insertion(repo: Verdicts) -> None:
    repo.change({**commented(B, R1, "late-insertion", "down_revision"), **new(R2, B)})
    assert repo.verdict() == {"reparented-revision", "late-insertion"}


# Settings.

RELAXED = {
    "ignore": settings('ignore = ["branching-merge", "multiple-heads"]'),
    "severity": settings(
        'severity = { "branching-merge" = "warning", "multiple-heads" = "warning" }'
    ),
    "branches": settings('branches = ["expand"]'),
    "another environment": {
        **OTHER,
        **settings("[[tool.revgate.environment]]", 'name = "x"', 'config = "other/alembic.ini"'),
    },
    "revgate.toml": {
        "pyproject.toml": "",
        "revgate.toml": 'ignore = ["branching-merge", "multiple-heads"]\n',
    },
}


@pytest.mark.parametrize("files", RELAXED.values(), ids=RELAXED.keys())
def test_settings_let_no_fork_pass(ruled: Verdicts, files: Files) -> None:
    ruled.change({**files, **new(B, R2)})
    ruled.on_main(new(M, R2))
    assert alembic_heads(ruled.merged()) == [M, B]
    assert ruled.verdict() == {"branching-merge"}
    assert "relaxed-settings" in ruled.against().rules("warning")


def test_a_second_file_of_settings_is_refused(ruled: Verdicts) -> None:
    ruled.change({"revgate.toml": 'ignore = ["branching-merge"]\n', **new(B, R2)})
    ruled.on_main(new(M, R2))
    said = ruled.against()
    assert said.code == 2
    assert "both revgate.toml and pyproject.toml have settings" in said.text


@pytest.mark.parametrize("files", RELAXED.values(), ids=RELAXED.keys())
def test_settings_alone_are_not_an_error(ruled: Verdicts, files: Files) -> None:
    """Merged first, they hold for the next change."""
    ruled.change(files)
    assert ruled.verdict() == set()
    assert ruled.against().rules("warning") == {"relaxed-settings"}


def test_settings_let_no_edit_pass(ruled: Verdicts) -> None:
    relaxed = settings('ignore = ["edited-revision"]', f'baseline = "{R2}"')
    ruled.change({**relaxed, **new(R1, R0, column="key")})
    assert ruled.verdict() == {"edited-revision"}


def test_a_later_baseline_exempts_nothing_of_the_same_change(ruled: Verdicts) -> None:
    ruled.change({**settings(f'baseline = "{B}"'), **new(B, R2, drop=False)})
    said = ruled.against()
    assert said.rules() == {"empty-downgrade"}
    assert ruled.pull()["state"] == "failure"


def test_linear_false_lets_no_merge_revision_pass(ruled: Verdicts) -> None:
    text = (new("20250107000000", None)["migrations/versions/20250107000000_add.py"] or "").replace(
        "down_revision = None", f'down_revision = ("{B}", "{M}")'
    )
    ruled.change(
        {
            **settings("linear = false"),
            **new(B, R2),
            **new(M, R2),
            "migrations/versions/20250107000000_add.py": text,
        }
    )
    assert ruled.against().rules() >= {"merge-revision"}
    assert ruled.pull()["state"] == "failure"


def test_settings_that_are_relaxed_on_main_hold(ruled: Verdicts) -> None:
    ruled.change(new(B, R2))
    ruled.on_main({**settings('ignore = ["branching-merge", "multiple-heads"]'), **new(M, R2)})
    assert ruled.verdict() == set()
    assert ruled.against().report["summary"]["ignored"] == 1


def test_a_round_trip_that_would_see_less_is_reported(ruled: Verdicts) -> None:
    ruled.on_main(settings("superuser = false", 'roles = ["app"]', "expect-tables = 3"))
    more = ('roles = ["app", "reader"]', 'schemas = ["s"]', 'extensions = ["citext"]')
    ruled.change(settings(*more, 'ignore-objects = ["a.*"]', "network = true", "expect-tables = 3"))
    found = ruled.against().report["findings"]
    facts = {each["message"] for each in found if each["rule"] == "relaxed-settings"}
    assert facts == {
        "the role `reader` would exist before the first revision",
        "the schema `s` would exist before the first revision",
        "the extension `citext` would exist before the first revision",
        "objects that match `a.*` would not be compared",
        "the history would run as a superuser again",
        "`env.py` could open network connections",
    }


def test_another_state_before_the_first_revision_is_reported(ruled: Verdicts) -> None:
    ruled.on_main({**settings('prepare = "before.sql"'), "before.sql": "SELECT 1;\n"})
    ruled.change({"README": "x", "before.sql": "CREATE TABLE a (b int);\n"})
    (found,) = ruled.against().report["findings"]
    assert found["rule"] == "relaxed-settings"
    assert found["message"] == "`before.sql`, which runs before the first revision, is another one"
    assert found["help"].startswith("it describes production, so it counts for this change already")


def test_the_first_state_before_the_first_revision_is_reported(ruled: Verdicts) -> None:
    ruled.change({**settings('prepare = "a.sql"', "expect-tables = 3"), "a.sql": "SELECT 1;\n"})
    (found,) = ruled.against().report["findings"]
    assert found["message"] == "`a.sql` would run before the first revision"


def test_settings_that_are_removed(ruled: Verdicts) -> None:
    ruled.on_main(settings('severity = { "future-timestamp" = "error" }', "expect-tables = 3"))
    ruled.change({"pyproject.toml": None, **new("20990101000000", R2)})
    said = ruled.against()
    assert "future-timestamp" in said.rules()
    assert "relaxed-settings" in said.rules("warning")


def test_the_first_settings_are_the_branch_s(repo: Verdicts) -> None:
    """That is how one adopts revgate."""
    adopt = settings('ignore = ["empty-downgrade"]')
    repo.change({**adopt, **new(B, R2, drop=False)})
    assert repo.against().code == 0
    assert repo.pull()["state"] == "success"
    assert not repo.against().rules("warning")


def test_the_first_settings_switch_off_no_protection(repo: Verdicts) -> None:
    repo.change({**settings('ignore = ["edited-revision"]'), **new(R1, R0, column="key")})
    assert repo.verdict() == {"edited-revision"}


def test_what_describes_the_schema_comes_from_the_change(ruled: Verdicts) -> None:
    ruled.change({**settings("expect-tables = 4"), **new(B, R2)})
    assert ruled.verdict() == set()
    assert not ruled.against().rules("warning")


def test_settings_of_main_that_are_invalid_can_be_corrected(repo: Verdicts) -> None:
    repo.on_main(settings("linaer = true"))
    repo.change(settings("linear = true"))
    said = repo.against()
    assert said.code == 0
    assert "linaer" in said.text


def test_settings_of_the_change_that_are_invalid_are_not_merged(ruled: Verdicts) -> None:
    ruled.change(settings("linaer = true"))
    assert ruled.against().code == 2
    assert ruled.pull()["state"] == "error"
    assert ruled.push()[0] is False


def test_a_conflict_in_the_settings_ends_no_run(ruled: Verdicts) -> None:
    ruled.change({**settings("expect-tables = 4"), **new(B, R2)})
    ruled.on_main({**settings("expect-tables = 5"), **new(M, R2)})
    assert ruled.verdict(pushed=False) == {"branching-merge"}


# What is not committed.


@pytest.mark.parametrize("name", ["revgate.toml", "pyproject.toml"])
def test_uncommitted_settings_change_nothing(repo: Verdicts, name: str) -> None:
    repo.change({**new(B, R2), **new(M, R2)})
    text = 'ignore = ["multiple-heads", "branching-merge"]\n'
    head = "" if name == "revgate.toml" else "[tool.revgate]\n"
    (repo.author / name).write_text(head + text)
    for words in (("--staged",), ("--at", "HEAD"), ("--staged", "--against", "main")):
        assert repo.check(*words).rules() == {"multiple-heads"}
    (repo.author / name).write_text("not toml [")
    assert repo.check("--at", "HEAD").rules() == {"multiple-heads"}
    (repo.author / name).write_text(head + text)
    repo.git("add", name)
    assert repo.check("--staged").rules() == set()
    assert repo.check("--at", "HEAD").rules() == {"multiple-heads"}


def test_an_uncommitted_configuration_changes_nothing(repo: Verdicts) -> None:
    repo.change({**new(B, R2), **new(M, R2), **OTHER})
    (repo.author / "alembic.ini").write_text(ini("other/db")["alembic.ini"] or "")
    assert repo.check("--staged").rules() == {"multiple-heads"}
    assert repo.check("--at", "HEAD", "--config", "alembic.ini").rules() == {"multiple-heads"}
