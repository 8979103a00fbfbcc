"""`revgate init` on repositories of several shapes: what it proposes, the check then passes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

HOOK = {"repo": "https://github.com/revgate/revgate", "hooks": [{"id": "revgate-check"}]}
BIN = Path(sys.executable).parent


def hashes(repository: Any, *, folder: str = "migrations", first: str = "a") -> list[str]:
    """Add three revisions as Alembic names them; the first downgrades do nothing."""
    keys = [f"{first}{number}e1027a6acf" for number in (1, 2, 3)]
    for key, parent in zip(keys, [None, *keys], strict=False):
        downgrade = "pass" if parent is None else ""
        repository.add(f"{key}_add_it.py", key, parent, folder=folder, downgrade=downgrade)
    return keys


def settings(repository: Any) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(repository.text("pyproject.toml"))["tool"]["revgate"]
    return found


def set_up(repository: Any, **options: Any) -> str:
    """Run init; then the check passes, and a second run changes nothing and says so."""
    said: str = repository.revgate("init", "--yes", **options)
    repository.revgate("check", "--no-cache")
    repository.run("git", "add", "-A")
    repository.revgate("check", "--staged")
    before = repository.files()
    for words in ((), ("--yes",), ("--dry-run",)):  # nobody need be asked
        assert "nothing to do" in repository.revgate("init", *words)
    assert repository.files() == before
    return said


# What is proposed.


def test_a_straight_history_of_timestamps_needs_no_baseline(straight: Any) -> None:
    straight.put("pyproject.toml", "[project]\nname = 'x'\n")
    set_up(straight)
    assert settings(straight) == {"file-name": "timestamp"}


def test_a_project_without_revisions_is_set_up_for_the_first_one(repository: Any) -> None:
    repository.put("pyproject.toml", "[project]\nname = 'x'\n")
    repository.environment_at("migrations")
    said = repository.revgate("init", "--yes")
    assert "no revision yet" in said
    assert "first: revgate new MESSAGE" in said
    assert settings(repository) == {"file-name": "timestamp"}
    assert "nothing to do" in repository.revgate("init")
    assert "revgate new MESSAGE" in repository.revgate("check", code=3)
    repository.revgate("new", "create users")
    repository.revgate("check", "--no-cache")
    repository.run("git", "add", "-A")
    repository.revgate("check", "--staged")


def test_folders_that_code_sets_are_named(repository: Any) -> None:
    repository.environment_at("migrations")
    hashes(repository, folder="migrations")
    for each in ("postgresql", "sqlite"):
        repository.run("git", "add", "-A")
        (repository.root / "migrations/versions" / each).mkdir()
    files = [*(repository.root / "migrations/versions").glob("*.py")]
    for file in files:
        (file.parent / "sqlite" / file.name).write_bytes(file.read_bytes())
        file.rename(file.parent / "postgresql" / file.name)
    stated = 'version-locations = ["migrations/versions/postgresql"]'
    for command in (("check",), ("init", "--yes")):
        said = " ".join(repository.revgate(*command, code=3).split())
        assert f"subfolders have some: if code sets the folders, write {stated} in" in said
    repository.put("revgate.toml", f'{stated}\nfile-name = "any"\nignore = ["revision-id"]\n')
    assert "3 revisions" in repository.revgate("check", code=1)


def test_settings_that_name_no_folder_are_still_said(repository: Any) -> None:
    repository.put("alembic.ini", "[alembic]\nscript_location = migration\n")
    assert "the folder migration is missing" in repository.revgate("init", "--yes", code=3)


def test_names_as_alembic_gives_them_and_an_empty_downgrade(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    repository.environment_at("migrations")
    keys = hashes(repository)
    said = set_up(repository)
    assert settings(repository) == {
        "file-name": r"[0-9a-f]{12}_(?P<slug>\w+)",
        "baseline": keys[-1],
    }
    assert "1 empty-downgrade" in said


def test_what_comes_after_the_baseline_is_judged(repository: Any) -> None:
    repository.environment_at("migrations")
    *_, last = hashes(repository)
    set_up(repository)
    repository.add("add_it.py", "f1e1027a6acf", last, downgrade="pass")
    said = repository.revgate("check", code=1)
    assert "file-name" in said
    assert "empty-downgrade" in said


def test_the_newest_names_say_what_the_habit_is(repository: Any) -> None:
    """The reference application's history: a hash first, timestamps since."""
    repository.put("pyproject.toml", "")
    repository.environment_at("migrations")
    *_, parent = hashes(repository)
    for day in ("01", "02", "03"):
        key = f"202501{day}000000"
        repository.add(f"{key}_more.py", key, parent)
        parent = key
    set_up(repository)
    assert settings(repository) == {"file-name": "timestamp", "baseline": parent}


def test_merges_are_accepted_where_there_are_some(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    repository.environment_at("migrations")
    *_, last = hashes(repository)
    left, right = "b1e1027a6acf", "b2e1027a6acf"
    repository.add(f"{left}_left.py", left, last)
    repository.add(f"{right}_right.py", right, last)
    repository.add("b3e1027a6acf_merge.py", "b3e1027a6acf", (left, right))
    set_up(repository)
    assert settings(repository)["linear"] is False
    assert settings(repository)["baseline"] == "b3e1027a6acf"


def test_labels_that_stand_side_by_side_are_branches(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    repository.environment_at("migrations")
    repository.add("a1e1027a6acf_base.py", "a1e1027a6acf")
    for label, key in (("expand", "b1e1027a6acf"), ("contract", "c1e1027a6acf")):
        repository.add(f"{key}_{label}.py", key, "a1e1027a6acf", labels=(label,))
    set_up(repository)
    assert settings(repository)["branches"] == ["contract", "expand"]


def test_old_faults_on_several_branches_become_warnings(repository: Any) -> None:
    """A baseline is one revision, and these have no other one in common."""
    repository.put("pyproject.toml", "")
    repository.environment_at("migrations")
    repository.add("a1e1027a6acf_base.py", "a1e1027a6acf")
    for label, key in (("expand", "b1e1027a6acf"), ("contract", "c1e1027a6acf")):
        name = f"{key}_{label}.py"
        repository.add(name, key, "a1e1027a6acf", labels=(label,), downgrade="pass")
    set_up(repository)
    assert settings(repository)["severity"] == {"empty-downgrade": "warning"}


def test_two_environments_with_habits_of_their_own(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    baselines = []
    for folder, first in (("one", "a"), ("two", "b")):
        repository.put(f"{folder}/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
        repository.put(f"{folder}/alembic/env.py", "")
        baselines.append(hashes(repository, folder=f"{folder}/alembic", first=first)[-1])
    repository.put("three/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
    repository.put("three/alembic/env.py", "")
    repository.add("20250101000000_a.py", "20250101000000", folder="three/alembic")
    set_up(repository)
    one, three, two = settings(repository)["environment"]
    assert [each.get("baseline") for each in (one, two, three)] == [*baselines, None]
    assert three["config"] == "three/alembic.ini"
    assert three["file-name"] == "timestamp"


def test_two_environments_that_agree_need_no_tables(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    for folder in ("one", "two"):
        repository.put(f"{folder}/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
        repository.put(f"{folder}/alembic/env.py", "")
        repository.add("20250101000000_a.py", "20250101000000", folder=f"{folder}/alembic")
    set_up(repository)
    assert settings(repository) == {"file-name": "timestamp"}


def test_two_sections_of_one_file(repository: Any) -> None:
    repository.put("pyproject.toml", "")
    repository.put("alembic.ini", "[alembic]\nscript_location = a\n[other]\nscript_location = b\n")
    for folder, first in (("a", "a"), ("b", "b")):
        repository.put(f"{folder}/env.py", "")
        hashes(repository, folder=folder, first=first)
    set_up(repository)
    assert [each.get("section") for each in settings(repository)["environment"]] == [None, "other"]


def test_the_layout_of_flask_migrate(repository: Any) -> None:
    repository.put("migrations/alembic.ini", "[alembic]\n[loggers]\nkeys = root\n")
    repository.put("migrations/env.py", "")
    hashes(repository)
    set_up(repository, inside="migrations")


def test_a_project_without_pyproject(straight: Any) -> None:
    set_up(straight)
    assert straight.text("revgate.toml") == 'file-name = "timestamp"\n'


def test_settings_that_stand_already_are_left(straight: Any) -> None:
    text = '[tool.revgate]\nfile-name = "any"   # ours\n'
    straight.put("pyproject.toml", text)
    set_up(straight)
    assert straight.text("pyproject.toml") == text


RUNNING = {"env": {"DATABASE_URL": "postgresql://x"}, "roles": ["app"]}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("revgate.toml", '# ours\nroles = ["app"]\n\n[env]\nDATABASE_URL = "postgresql://x"\n'),
        (
            "pyproject.toml",
            (
                '[project]\nname = "x"\n[tool.revgate]  # ours\nroles = ["app"]\n'
                '[tool.revgate.env]\nDATABASE_URL = "postgresql://x"\n[tool.other]\na = 1\n'
            ),
        ),
        (
            "pyproject.toml",
            (
                "[tool.revgate.env]\nDATABASE_URL = 'postgresql://x'\n"
                "[tool]\nrevgate.roles = ['app']\n"
            ),
        ),
    ],
)
def test_settings_of_the_round_trip_alone_are_completed(
    repository: Any, name: str, before: str, newline: str
) -> None:
    """A gate that asks for variables is what most people run first."""
    repository.environment_at("migrations")
    (repository.root / name).write_bytes(before.replace("\n", newline).encode())
    keys = hashes(repository)
    if "[tool]" in before:  # a table that cannot be reopened
        assert "append this by hand" in repository.revgate("init", "--yes", code=2)
        return
    set_up(repository)
    text = (repository.root / name).read_bytes().decode()
    assert text.count("\n") == text.count(newline)
    found = tomllib.loads(text)
    found = found if name == "revgate.toml" else found["tool"]["revgate"]
    assert found == {**RUNNING, "baseline": keys[-1], "file-name": found["file-name"]}


def test_two_habits_are_added_to_settings_of_the_round_trip(repository: Any) -> None:
    repository.put("revgate.toml", 'roles = ["app"]\n')
    for folder, first in (("one", "a"), ("two", "b")):
        repository.put(f"{folder}/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
        repository.put(f"{folder}/alembic/env.py", "")
        hashes(repository, folder=f"{folder}/alembic", first=first)
    set_up(repository)
    found = tomllib.loads(repository.text("revgate.toml"))
    assert found["roles"] == ["app"]
    assert {each["name"] for each in found["environment"]} == {"one/alembic", "two/alembic"}


def test_existing_settings_get_advice_about_a_baseline(repository: Any) -> None:
    repository.environment_at("migrations")
    *_, last = hashes(repository)
    repository.put("revgate.toml", 'file-name = "any"\n')
    said = repository.revgate("init", "--yes", code=1)
    assert f'`baseline = "{last}"`' in said
    repository.put("revgate.toml", f'file-name = "any"\nbaseline = "{last}"\n')
    set_up(repository)


def test_a_configuration_without_an_environment_is_left_out_and_reported(straight: Any) -> None:
    straight.put("pyproject.toml", "")
    straight.put("tests/data/alembic.ini", "[alembic]\nscript_location = gone\n")
    said = set_up(straight)
    assert "left out: tests/data/alembic.ini" in said
    (only,) = settings(straight)["environment"]
    assert only == {"name": "migrations", "config": "alembic.ini", "file-name": "timestamp"}


def test_where_no_configuration_is_right_nothing_is_left_out(repository: Any) -> None:
    repository.put("alembic.ini", "[alembic]\nscript_location = gone\n")
    assert "gone" in repository.revgate("init", "--yes", code=3)


# What is broken is said.


def test_a_fork_stops_it(straight: Any) -> None:
    straight.put("pyproject.toml", "")
    straight.add("20250103000000_three.py", "20250103000000", "20250101000000")
    before = straight.files()
    said = straight.revgate("init", "--yes", code=1)
    assert straight.files() == before
    assert "a baseline cannot exempt" in said
    assert "revgate rebase" in said
    assert 'alembic merge --rev-id "$(date -u +%Y%m%d%H%M%S)" -m' in said
    assert "20250102000000_two.py" in said or "20250103000000_three.py" in said


def test_a_fork_of_hashes_is_joined_by_a_hash(repository: Any) -> None:
    repository.environment_at("migrations")
    _, second, _ = hashes(repository)
    repository.add("b4e1027a6acf_add_it.py", "b4e1027a6acf", second)
    assert 'alembic merge -m "merge heads" heads' in repository.revgate("init", "--yes", code=1)


def test_many_faults_are_counted_not_listed(repository: Any) -> None:
    repository.environment_at("migrations")
    for number in range(30):
        repository.add(f"{number}.py", str(number), f"gone{number}")
    said = repository.revgate("init", "--yes", code=1)
    assert said.count("gone") == 10
    assert "and 2" in said


def test_a_missing_parent_stops_it(straight: Any) -> None:
    straight.add("20250103000000_three.py", "20250103000000", "20250102999999")
    before = straight.files()
    said = straight.revgate("init", "--yes", code=1)
    assert straight.files() == before
    assert "20250102999999" in said
    assert "revgate rebase" not in said


def test_what_no_setting_exempts_is_said_and_the_rest_written(straight: Any) -> None:
    path = "migrations/versions/20250102000000_two.py"
    text = straight.text(path)
    straight.put(path, text.replace("def down", "# revgate: allow[empty-downgrade]\ndef down"))
    said = straight.revgate("init", "--yes", code=1)
    assert "gives no reason" in said or "reason" in said
    assert (straight.root / "revgate.toml").exists()


def test_nothing_to_judge_is_not_a_success(repository: Any) -> None:
    repository.revgate("init", "--yes", code=3)
    assert not (repository.root / "revgate.toml").exists()


def test_without_git_there_is_nothing_to_set_up(straight: Any, tmp_path: Path) -> None:
    (straight.root / ".git").rename(tmp_path / "git")
    assert "git init" in straight.revgate("init", "--yes", code=2)


# What is edited keeps its form.


PRE_COMMIT = """\
# Ours, since 2019.
default_language_version: {python: python3.11}   # not newer
repos:
-   repo: https://github.com/pre-commit/pre-commit-hooks  # the usual
    rev: v5.0.0
    hooks:
    -   id: trailing-whitespace
        # -   id: not-yet
    # up to here

# For pre-commit.ci.
ci:
    skip: [mypy]
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_and_form_of_the_hooks_are_kept(straight: Any, newline: str) -> None:
    before = PRE_COMMIT.replace("\n", newline)
    straight.put(".pre-commit-config.yaml", before)
    set_up(straight)
    after = straight.text(".pre-commit-config.yaml")
    added = [line for line in after.split(newline) if line not in before.split(newline)]
    assert [line for line in after.split(newline) if line not in added] == before.split(newline)
    assert after.count("\n") == after.count(newline)
    parsed = yaml.safe_load(after)
    assert parsed["repos"][0] == yaml.safe_load(before)["repos"][0]
    assert parsed["repos"][1] == {**HOOK, "rev": "v0.1.0"}
    assert after.index("revgate-check") < after.index("# For pre-commit.ci")
    assert after.index("# up to here") < after.index("revgate-check")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n# the end"])
def test_comments_and_form_of_the_settings_are_kept(straight: Any, newline: str, end: str) -> None:
    before = f"# ours\n[project]\nname   =  'x' # so\n\n[tool.black]\nline-length = 100{end}"
    before = before.replace("\n", newline)
    straight.put("pyproject.toml", before)
    set_up(straight)
    after = straight.text("pyproject.toml")
    assert after.startswith(before)
    assert after.count("\n") == after.count(newline)
    assert settings(straight) == {"file-name": "timestamp"}


def test_settings_are_not_squeezed_into_a_table_in_one_line(straight: Any) -> None:
    straight.put("pyproject.toml", "tool = { black = { line-length = 100 } }\n")
    before = straight.files()
    said = straight.revgate("init", "--yes", code=2)
    assert "[tool.revgate]" in said
    assert straight.files() == before


def test_hooks_in_one_line_are_not_edited(straight: Any) -> None:
    straight.put(".pre-commit-config.yaml", "repos: [{repo: meta, hooks: [{id: identity}]}]\n")
    before = straight.files()
    said = straight.revgate("init", "--yes", code=2)
    assert "revgate-check" in said
    assert straight.files() == before


def test_the_hook_of_prek(straight: Any) -> None:
    text = '# ours\n[[repos]]\nrepo = "builtin"\nhooks = [{ id = "end-of-file-fixer" }]\n'
    straight.put("prek.toml", text)
    set_up(straight)
    assert straight.text("prek.toml").startswith(text)
    parsed = tomllib.loads(straight.text("prek.toml"))
    assert parsed["repos"][1] == {**HOOK, "rev": "v0.1.0"}
    assert not (straight.root / ".pre-commit-config.yaml").exists()
    straight.run("prek", "validate-config", "prek.toml")


def test_a_hook_that_is_commented_out_does_not_count(straight: Any) -> None:
    straight.put(".pre-commit-config.yaml", "repos:\n# - id: revgate-check\n")
    set_up(straight)
    assert len(yaml.safe_load(straight.text(".pre-commit-config.yaml"))["repos"]) == 1


def test_a_local_hook_counts(straight: Any) -> None:
    text = "repos:\n- repo: local\n  hooks:\n  - {id: revgate-check, language: system}\n"
    straight.put(".pre-commit-config.yaml", text)
    set_up(straight)
    assert straight.text(".pre-commit-config.yaml") == text


def test_links_are_not_followed_out_of_the_repository(straight: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (straight.root / ".github").symlink_to(tmp_path / "elsewhere")
    before = straight.files()
    assert "is outside" in straight.revgate("init", "--yes", code=2)
    assert straight.files() == before
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_is_not_replaced_by_a_file(straight: Any) -> None:
    straight.put("shared/hooks.yaml", PRE_COMMIT)
    (straight.root / ".pre-commit-config.yaml").symlink_to("shared/hooks.yaml")
    before = straight.files()
    assert "is a link" in straight.revgate("init", "--yes", code=2)
    assert straight.files() == before


def test_where_one_file_cannot_be_written_none_is(straight: Any) -> None:
    (straight.root / ".github").mkdir()
    (straight.root / ".github/workflows").write_text("a file, no folder")
    before = straight.files()
    straight.revgate("init", "--yes", code=2)
    assert straight.files() == before


# The CI.


def test_github_is_taken_where_nothing_shows(straight: Any) -> None:
    set_up(straight)
    workflow = straight.root / ".github/workflows/revgate.yml"
    schema = (str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows")
    straight.run(*schema, str(workflow))
    straight.run(str(BIN / "actionlint"), str(workflow))
    straight.run(str(BIN / "zizmor"), "--offline", "--quiet", "--no-progress", str(workflow))
    straight.run("pre-commit", "validate-config", ".pre-commit-config.yaml")


def test_a_workflow_that_runs_it_already_is_enough(straight: Any) -> None:
    straight.put(".github/workflows/ci.yaml", "jobs:\n  x:\n    steps:\n    - run: revgate gate\n")
    set_up(straight)
    assert not (straight.root / ".github/workflows/revgate.yml").exists()


def test_a_file_of_another_is_not_overwritten(straight: Any) -> None:
    straight.put(".github/workflows/revgate.yml", "name: mine\n")
    straight.revgate("init", "--yes")
    assert straight.text(".github/workflows/revgate.yml") == "name: mine\n"


@pytest.mark.parametrize(
    ("remote", "github", "gitlab"),
    [
        ("git@github.com:a/b.git", True, False),
        ("https://github.example.org/a/b", True, False),
        ("git@gitlab.com:a/b.git", False, True),
        ("https://token@gitlab.example.org:8443/gitlab/github.git", False, True),
        ("ssh://git@bitbucket.org/gitlab/b.git", False, False),
    ],
)
def test_the_remote_tells_the_host(straight: Any, remote: str, github: bool, gitlab: bool) -> None:
    straight.run("git", "remote", "add", "origin", remote)
    set_up(straight)
    assert (straight.root / ".github/workflows/revgate.yml").exists() is github
    assert (straight.root / ".gitlab-ci.yml").exists() is gitlab


def test_the_host_can_be_chosen(straight: Any) -> None:
    straight.revgate("init", "--yes", "--ci", "none")
    assert not (straight.root / ".github").exists()
    straight.revgate("init", "--yes", "--ci", "gitlab")
    assert (straight.root / ".gitlab-ci.yml").exists()


@pytest.mark.parametrize(
    "before",
    [
        "",
        "test:\n  script: [make test]\n",
        "include:\n  - local: /a.yml   # ours\n\ntest:\n  script: [make test]\n",
        "include: /a.yml  # ours\ntest:\n  script: [make test]\n",
        "---\n# ours\ninclude: []\n",
    ],
)
def test_the_pipeline_of_gitlab_is_kept(straight: Any, before: str) -> None:
    straight.put(".gitlab-ci.yml", before)
    set_up(straight)
    after = yaml.safe_load(straight.text(".gitlab-ci.yml"))
    *others, own = after["include"]
    assert own["remote"].endswith("docs/gitlab/revgate.gitlab-ci.yml")
    was = yaml.safe_load(before) or {}
    there = was.get("include", [])
    assert others == (there if isinstance(there, list) else [there])
    assert {**after, "include": 0} == {**was, "include": 0}
    schema = ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml")
    straight.run(*schema)


# Who is asked.


def test_without_a_terminal_nobody_is_asked(straight: Any) -> None:
    before = straight.files()
    said = straight.revgate("init", code=2)
    assert "--yes" in said
    assert "+++ b/revgate.toml" in said
    assert straight.files() == before


def test_a_dry_run_shows_what_git_can_apply(straight: Any, tmp_path: Path) -> None:
    straight.put(".pre-commit-config.yaml", PRE_COMMIT)
    before = straight.files()
    said = straight.revgate("init", "--dry-run")
    assert straight.files() == before
    patch = tmp_path / "patch"
    patch.write_text(said[said.index("diff --git") :])
    straight.revgate("init", "--yes")
    wanted = straight.files()
    for path in wanted:
        (straight.root / path).unlink()
    for path, data in before.items():
        straight.put(path, data.decode())
    straight.run("git", "apply", str(patch))
    assert straight.files() == wanted


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_terminal_is_asked(straight: Any, answer: str, written: bool) -> None:
    controller, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "revgate", "init"],
        cwd=straight.root,
        env=straight.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.write(controller, answer.encode())
    said = b""
    os.close(terminal)
    while True:
        try:
            said += os.read(controller, 65536)
        except OSError:  # the last one has closed it
            break
    os.close(controller)
    assert running.wait(timeout=20) == 0, said
    assert b"write this? [y/N]" in said
    assert (straight.root / "revgate.toml").exists() is written


def test_what_a_name_holds_does_not_steer(straight: Any) -> None:
    straight.add("20250103000000_\x1b[2Jthree.py", "20250103000000", "20250101000000")
    assert "\x1b" not in straight.revgate("init", "--yes", code=1)


def test_the_settings_say_what_the_check_then_uses(straight: Any) -> None:
    straight.put("pyproject.toml", "")
    set_up(straight)
    report = json.loads(straight.revgate("check", "--format", "json"))
    assert report["summary"]["errors"] == 0
