"""The template for GitLab: its lines run by a shell, on checkouts as the runner makes them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.gitlab.conftest import TEMPLATE, GitLab, job, template
from tests.hooks.conftest import BIN, FIRST, ROOT, SECOND, THIRD, Repository

import revgate
from revgate.setup import hosts

if TYPE_CHECKING:
    from pathlib import Path

    from revgate.postgres.server import Server

FOURTH = "20250104000000"
CHECK, ROUNDTRIP = "revgate-check", "revgate-roundtrip"


# The file.


def test_it_is_what_gitlab_reads() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*command, str(TEMPLATE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_is_of_this_version() -> None:
    tag = f"v{revgate.__version__}"
    assert template()[".revgate"]["variables"]["REVGATE_VERSION"] == tag
    assert f"/{tag}/{hosts.TEMPLATE}" in TEMPLATE.read_text()
    assert (ROOT / hosts.TEMPLATE) == TEMPLATE
    assert hosts.include().removeprefix("- ").strip() in TEMPLATE.read_text()


@pytest.mark.parametrize("name", [CHECK, ROUNDTRIP])
def test_both_run_for_merge_requests_and_on_the_default_branch(name: str) -> None:
    rules = [each["if"] for each in job(name)["rules"]]
    assert rules == [
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
    ]
    assert job(name)["variables"]["GIT_DEPTH"] == "0"
    assert job(name)["artifacts"]["when"] == "always"


@pytest.mark.parametrize("name", [CHECK, ROUNDTRIP])
def test_its_lines_are_those_of_any_shell(name: str) -> None:
    lines = "\n".join([*job(name).get("before_script", ()), *job(name)["script"]])
    command = [str(BIN / "shellcheck"), "--shell=sh", "--severity=style", "-"]
    done = subprocess.run(command, input=lines, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


# The static job.


@pytest.fixture(params=["bash", "sh"])
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def branch(gitlab: GitLab, name: str, key: str, down: str) -> str:
    """Make a branch of main with one more revision; return its commit."""
    gitlab.work.git("switch", "--quiet", "--create", name, "main")
    gitlab.work.add(key, down)
    gitlab.work.git("commit", "--quiet", "-m", name)
    gitlab.work.git("switch", "--quiet", "main")
    gitlab.push(gitlab.project, name)
    return gitlab.work.git("rev-parse", name)


def move_main(gitlab: GitLab) -> None:
    gitlab.work.add(THIRD, SECOND)
    gitlab.work.git("commit", "--quiet", "-m", "main goes on")
    gitlab.push(gitlab.project, "main")


def test_a_straight_merge_request(gitlab: GitLab, shell: str) -> None:
    commit = branch(gitlab, "feature", THIRD, SECOND)
    build = gitlab.checkout(gitlab.project, commit)
    done = gitlab.run(CHECK, build, gitlab.merge_request("feature"), shell)
    assert done.code == 0, done.said
    assert done.report == []


def test_a_merge_request_that_forks_by_itself(gitlab: GitLab, shell: str) -> None:
    commit = branch(gitlab, "feature", THIRD, FIRST)
    build = gitlab.checkout(gitlab.project, commit)
    done = gitlab.run(CHECK, build, gitlab.merge_request("feature"), shell)
    assert done.code == 1, done.said
    assert "multiple-heads" in done.rules


def test_a_target_that_has_moved(gitlab: GitLab) -> None:
    """Straight alone, and where it parted; only the target as it stands now tells."""
    commit = branch(gitlab, "feature", FOURTH, SECOND)
    variables = gitlab.merge_request("feature")
    move_main(gitlab)
    done = gitlab.run(CHECK, gitlab.checkout(gitlab.project, commit), variables)
    assert done.code == 1, done.said
    assert done.rules == ["branching-merge"]


def test_what_is_published_stays(gitlab: GitLab) -> None:
    gitlab.work.git("switch", "--quiet", "--create", "feature")
    file = gitlab.work.file(SECOND)
    file.write_text(file.read_text().replace("sa.Integer", "sa.BigInteger"))
    gitlab.work.git("commit", "--quiet", "--all", "-m", "edited")
    gitlab.push(gitlab.project, "feature")
    commit = gitlab.work.git("rev-parse", "feature")
    build = gitlab.checkout(gitlab.project, commit)
    done = gitlab.run(CHECK, build, gitlab.merge_request("feature"))
    assert done.rules == ["edited-revision"], done.said


def test_merged_results_are_the_merge_itself(gitlab: GitLab) -> None:
    """The pipeline then runs on a merge of both, which nobody has pushed."""
    branch(gitlab, "feature", FOURTH, SECOND)
    variables = gitlab.merge_request("feature")
    move_main(gitlab)
    gitlab.work.git("switch", "--quiet", "--create", "merged", "main")
    gitlab.work.git("merge", "--quiet", "--no-edit", "feature")
    gitlab.push(gitlab.project, "merged")
    build = gitlab.checkout(gitlab.project, gitlab.work.git("rev-parse", "merged"))
    variables["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] = gitlab.work.git("rev-parse", "main")
    done = gitlab.run(CHECK, build, variables)
    assert done.code == 1, done.said
    assert "branching-merge" in done.rules or "multiple-heads" in done.rules


def test_a_fork_is_judged_against_the_target_not_its_own_branch(gitlab: GitLab) -> None:
    fork = gitlab.fork()
    branch(gitlab, "feature", FOURTH, SECOND)
    gitlab.push(fork, "feature")
    variables = gitlab.merge_request("feature", origin=fork)
    move_main(gitlab)
    build = gitlab.checkout(fork, gitlab.work.git("rev-parse", "feature"))
    done = gitlab.run(CHECK, build, variables)
    assert done.rules == ["branching-merge"], done.said


def test_a_fork_that_cannot_read_the_target_says_so(gitlab: GitLab, shell: str) -> None:
    fork = gitlab.fork()
    branch(gitlab, "feature", FOURTH, FIRST)
    gitlab.push(fork, "feature")
    variables = gitlab.merge_request("feature", origin=fork)
    variables["CI_MERGE_REQUEST_PROJECT_URL"] = "file:///no/such/project"
    build = gitlab.checkout(fork, gitlab.work.git("rev-parse", "feature"))
    done = gitlab.run(CHECK, build, variables, shell)
    assert done.code == 1
    assert "cannot be read from here" in done.said
    assert "branching-merge" in done.rules or "multiple-heads" in done.rules


def test_a_push_to_the_default_branch(gitlab: GitLab) -> None:
    before = gitlab.work.git("rev-parse", "main")
    move_main(gitlab)
    gitlab.work.git("rm", "--quiet", str(gitlab.work.file(FIRST)))
    gitlab.work.write(SECOND, None)
    gitlab.work.git("commit", "--quiet", "--all", "-m", "history rewritten")
    gitlab.push(gitlab.project, "main")
    build = gitlab.checkout(gitlab.project, gitlab.work.git("rev-parse", "main"))
    push = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_PROJECT_ID": "1"}
    done = gitlab.run(CHECK, build, {**push, "CI_COMMIT_BEFORE_SHA": before})
    assert done.code == 1, done.said
    assert "removed-revision" in done.rules
    # A schedule, and a push by force, have no commit before: what is there is judged by itself.
    for nothing in ("0" * 40, "1" * 40):
        done = gitlab.run(CHECK, build, {**push, "CI_COMMIT_BEFORE_SHA": nothing})
        assert done.code == 0, done.said


def test_without_the_target_nothing_is_guessed(gitlab: GitLab) -> None:
    """`GIT_DEPTH` was set for all jobs of the project: neither branch nor commit is there."""
    branch(gitlab, "early", THIRD, SECOND)
    gitlab.work.git("switch", "--quiet", "early")
    for key, down in ((FOURTH, THIRD), ("20250105000000", FOURTH)):
        gitlab.work.add(key, down)
        gitlab.work.git("commit", "--quiet", "-m", key)
    gitlab.push(gitlab.project, "early")
    build = gitlab.checkout(gitlab.project, gitlab.work.git("rev-parse", "early"), depth=1)
    done = gitlab.run(CHECK, build, gitlab.merge_request("early"))
    assert done.code == 3, done.said
    assert done.report is None


# The round trip.


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a `python` that has pip, as the image has one."""
    folder = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin"


ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine("postgresql+psycopg2://user:secret@192.0.2.1/production").connect() as found:
    context.configure(connection=found)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_the_round_trip(gitlab: GitLab, server: Server, python: Path) -> None:
    shell = "sh"  # the other one would install everything once more
    (gitlab.work.path / "migrations" / "env.py").write_text(ENV)
    (gitlab.work.path / "requirements.txt").write_text("alembic\npsycopg2-binary\n")
    gitlab.work.git("add", "--all")
    gitlab.work.git("commit", "--quiet", "-m", "env.py")
    good = branch(gitlab, "good", THIRD, SECOND)
    gitlab.work.git("switch", "--quiet", "--create", "bad", "good")
    file = gitlab.work.file(THIRD)
    file.write_text(file.read_text().replace(f'op.drop_table("t{THIRD}")', "op.execute('no')"))
    gitlab.work.git("commit", "--quiet", "--all", "-m", "bad")
    bad = gitlab.work.git("rev-parse", "bad")
    gitlab.push(gitlab.project, "main", "good", "bad")
    address = {"REVGATE_DATABASE_URL": server.address.url()}
    for commit, code, rules in ((good, 0, []), (bad, 1, ["downgrade-fails"])):
        build = gitlab.checkout(gitlab.project, commit)
        own = Repository(build.path, {**build.env, "PATH": f"{python}:{build.env['PATH']}"})
        done = gitlab.run(ROUNDTRIP, own, {**gitlab.merge_request("good"), **address}, shell)
        assert done.code == code, done.said
        # It lists what was not checked, too: this env.py names no models.
        assert [each for each in done.rules if each != "not-looked-at"] == rules, done.said
        assert "<testsuite" in (build.path / "revgate-roundtrip.xml").read_text()
