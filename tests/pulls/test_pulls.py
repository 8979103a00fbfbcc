"""`revgate pulls` against a server that behaves like GitHub, and real repositories."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.pulls.conftest import Site

TOKEN = "ghs_thisMustNeverBeShown"
FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"2025010{day}000000" for day in (1, 2, 3, 4, 5))
LIMITED = {"message": "API rate limit exceeded for installation ID 1."}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait."}


def found(verdict: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in verdict["findings"]}


# Verdicts.


def test_a_clean_pull_request(site: Site) -> None:
    head = site.open(1, site.new(THIRD, SECOND))
    verdict = site.pulls()[1]
    assert (verdict["state"], verdict["status"], verdict["head"]) == ("success", "set", head)
    assert site.github.statuses[head] == [
        {
            "state": "success",
            "context": "revgate",
            "description": "clean: still one line after the merge",
        }
    ]


def test_a_pull_request_that_went_stale(site: Site) -> None:
    """It was clean when it was opened; then the base moved."""
    head = site.open(7, site.new(THIRD, SECOND))
    assert site.pulls()[7]["state"] == "success"
    site.merge(site.new(FOURTH, SECOND))
    verdict = site.pulls()[7]
    assert verdict["state"] == "failure"
    assert "branching-merge" in found(verdict)
    assert site.github.latest(head)["description"].startswith("branching-merge: ")
    assert [each["state"] for each in site.github.statuses[head]] == ["success", "failure"]


def test_the_base_is_the_one_on_the_server(site: Site) -> None:
    """Not the one that the clone was made of: two pushes may follow each other quickly."""
    site.open(7, site.new(THIRD, SECOND))
    newest = site.merge(site.new(FOURTH, SECOND))
    assert site.git("rev-parse", "HEAD", inside="clone") != newest
    assert site.pulls()[7]["state"] == "failure"


def test_a_pull_request_that_touches_no_revision(site: Site) -> None:
    site.open(1, {"notes.txt": "mine\n", "migrations/env.py": "raise SystemExit('mine')\n"})
    site.open(2, {"pyproject.toml": '[project]\ndependencies = ["alembic>=1.9"]\n'})
    site.merge(site.new(FOURTH, SECOND))
    verdicts = site.pulls()
    assert {each["description"] for each in verdicts.values()} == {"clean: touches no revision"}


def test_what_was_published_is_changed(site: Site) -> None:
    site.open(1, site.new(SECOND, FIRST, column="key"))
    site.open(2, {f"migrations/versions/{SECOND}_add.py": None})
    site.open(3, {**site.new(THIRD, FIRST), **site.new(SECOND, THIRD)})
    verdicts = site.pulls()
    assert found(verdicts[1]) == {"edited-revision"}
    assert found(verdicts[2]) == {"removed-revision"}
    assert {"reparented-revision", "late-insertion"} <= found(verdicts[3])
    assert verdicts[3]["description"].endswith(" more)")


def test_rules_on_what_is_new(site: Site) -> None:
    site.open(1, site.new(THIRD, SECOND, drop=False))
    site.open(2, {"migrations/versions/add.py": "this is not Python\n"})
    site.open(3, {f"migrations/versions/{SECOND}_again.py": site.text(SECOND, FIRST)})
    verdicts = site.pulls()
    assert found(verdicts[1]) == {"empty-downgrade"}
    assert "unreadable-revision" in found(verdicts[2])
    assert "duplicate-revision" in found(verdicts[3])


def test_a_conflict_elsewhere_is_not_our_affair(site: Site) -> None:
    site.merge({"notes.txt": "as it was\n"})
    site.open(1, {"notes.txt": "mine\n", **site.new(THIRD, SECOND)})
    site.merge({"notes.txt": "theirs\n"})
    assert site.pulls()[1]["state"] == "success"


def test_a_base_that_is_merged_into_the_pull_request(site: Site) -> None:
    mine = site.open(1, {"notes.txt": "mine\n"})
    site.merge(site.new(THIRD, SECOND))
    site.git("switch", "--quiet", "--detach", mine)
    site.git("merge", "--quiet", "--no-edit", "main")
    head = site.git("rev-parse", "HEAD")
    site.open(2, site.new(FOURTH, THIRD), fork_of=head)
    verdicts = site.pulls()
    assert [verdicts[each]["state"] for each in (1, 2)] == ["success", "success"]
    site.merge(site.new(FIFTH, THIRD))
    assert found(site.pulls()[2]) >= {"branching-merge"}


def test_a_parent_that_only_the_base_has(site: Site) -> None:
    """What counts is the merge."""
    site.merge(site.new(THIRD, SECOND))
    site.open(1, site.new(FOURTH, THIRD), fork_of="main~1")
    site.open(2, site.new(FIFTH, "20250104120000"), fork_of="main~1")
    verdicts = site.pulls()
    assert [verdicts[each]["state"] for each in (1, 2)] == ["success", "failure"]
    assert "missing-parent" in found(verdicts[2])


def test_another_configuration(site: Site) -> None:
    """A pull request that turns revgate away from the revisions is judged as it would be."""
    site.open(1, {"alembic.ini": "[alembic]\nscript_location = elsewhere\n"})
    verdict = site.pulls()[1]
    assert verdict["state"] == "error"
    assert "could not be judged" in verdict["description"]


def test_a_history_that_was_never_one(site: Site) -> None:
    site.git("switch", "--quiet", "--orphan", "apart")
    head = site.write(site.new(THIRD, SECOND))
    site.open(1, {"notes.txt": "apart\n"}, fork_of=head)
    assert "no common ancestor" in site.pulls()[1]["description"]


def test_only_one_description_fits(site: Site) -> None:
    name = "x" * 200
    site.open(1, {f"migrations/versions/{name}.py": site.text(THIRD, SECOND)})
    description = site.pulls()[1]["description"]
    assert len(description) <= 140
    assert "…" in description


# Clean alone, and not together.


def test_two_that_fork_together(site: Site) -> None:
    one, two = site.open(12, site.new(THIRD, SECOND)), site.open(15, site.new(FOURTH, SECOND))
    site.open(16, {"notes.txt": "mine\n"})
    verdicts = site.pulls()
    assert [verdicts[each]["forks_with"] for each in (12, 15, 16)] == [[15], [12], []]
    assert site.github.latest(one)["state"] == site.github.latest(two)["state"] == "success"
    words = "clean, but forks with #12: whichever merges second fails"
    assert site.github.latest(two)["description"] == words


def test_a_pull_request_upon_another_one(site: Site) -> None:
    first = site.open(1, site.new(THIRD, SECOND))
    site.open(2, site.new(FOURTH, THIRD), fork_of=first)
    site.open(3, site.new(FIFTH, SECOND))
    verdicts = site.pulls()
    assert [verdicts[each]["forks_with"] for each in (1, 2, 3)] == [[3], [3], [1, 2]]


def test_one_that_fails_by_itself_forks_with_none(site: Site) -> None:
    site.open(1, site.new(THIRD, SECOND, drop=False))
    site.open(2, site.new(FOURTH, SECOND))
    assert site.pulls()[2]["forks_with"] == []


def test_many_that_fork_together(site: Site) -> None:
    for number in range(1, 9):
        site.open(number, site.new(f"2025020{number}000000", SECOND))
    description = site.pulls()[8]["description"]
    assert "#1, #2, #3, #4, #5 and 2 more" in description
    assert len(description) <= 140


# GitHub.


def test_pages(site: Site) -> None:
    site.github.largest_page = 2
    for number in range(1, 6):
        site.open(number, {"notes.txt": f"{number}\n"})
    heads = {each["number"]: each["head"]["sha"] for each in site.github.pulls}
    site.github.statuses[heads[5]] = [
        *({"context": f"ci/{at}", "state": "success", "description": ""} for at in range(4)),
        {"context": "revgate", "state": "success", "description": "clean: touches no revision"},
    ]
    verdicts = site.pulls()
    assert sorted(verdicts) == [1, 2, 3, 4, 5]
    assert [verdicts[each]["status"] for each in (4, 5)] == ["set", "unchanged"]


def test_an_unchanged_status_is_not_set_again(site: Site) -> None:
    head = site.open(1, site.new(THIRD, SECOND))
    server = "http://127.0.0.1:9"
    assert site.pulls(GITHUB_SERVER_URL=server, GITHUB_RUN_ID="17")[1]["status"] == "set"
    link = "http://127.0.0.1:9/o/n/actions/runs/17"
    assert site.github.latest(head)["target_url"] == link
    assert site.pulls(GITHUB_SERVER_URL=server, GITHUB_RUN_ID="18")[1]["status"] == "unchanged"
    assert len(site.github.statuses[head]) == 1


def test_another_context(site: Site) -> None:
    head = site.open(1, site.new(THIRD, SECOND))
    site.pulls()
    assert site.pulls("--context=gate/chain")[1]["status"] == "set"
    assert {each["context"] for each in site.github.statuses[head]} == {"revgate", "gate/chain"}


def test_a_dry_run_sets_nothing(site: Site) -> None:
    site.open(1, site.new(THIRD, FIRST))
    assert site.pulls("--dry-run")[1]["status"] == "would be set"
    assert not site.github.statuses


def test_only_open_ones_into_the_base_are_judged(site: Site) -> None:
    site.open(1, site.new(THIRD, SECOND), state="closed")
    site.open(2, site.new(THIRD, SECOND), base={"ref": "next"})
    site.open(3, site.new(THIRD, SECOND), draft=True)
    verdicts = site.pulls()
    assert list(verdicts) == [3]
    assert verdicts[3]["draft"]


def test_no_pull_request_at_all(site: Site) -> None:
    done = site.run()
    assert done.returncode == 0
    assert "0 open pull requests" in done.stdout


def test_vanished_heads_do_not_fail_the_others(site: Site) -> None:
    for number in range(1, 8):
        site.open(number, {"notes.txt": f"{number}\n"})
    for number in (2, 5):
        gone = site.github.pulls[number - 1]["head"]["sha"]
        site.github.commits.discard(gone)
        site.git("push", "--quiet", "origin", f":refs/pull/{number}/head")
    verdicts = site.pulls()
    assert [each for each in verdicts if verdicts[each]["status"] == "set"] == [1, 3, 4, 6, 7]
    assert verdicts[2]["description"] == "could not be judged: its head no longer exists"
    assert "GitHub answers 422: No commit found" in verdicts[5]["note"]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_is_one_pull_requests_own(site: Site, status: int) -> None:
    first = site.open(1, {"notes.txt": "1\n"})
    site.open(2, {"notes.txt": "2\n"})
    words = {"message": "No, thank you"}
    site.fails(f"POST /repos/o/n/statuses/{first}", status, body=words)
    verdicts = site.pulls()
    assert [verdicts[each]["status"] for each in (1, 2)] == ["not set", "set"]
    assert verdicts[1]["note"] == f"GitHub answers {status}: No, thank you"


def test_a_thousand_statuses(site: Site) -> None:
    full = site.open(1, {"notes.txt": "1\n"})
    site.open(2, {"notes.txt": "2\n"})
    old = {"context": "revgate", "state": "failure", "description": "old"}
    site.github.statuses[full] = [old] * 1000
    verdicts = site.pulls()
    assert verdicts[1]["status"] == "not set"
    assert "maximum number of statuses" in verdicts[1]["note"]
    assert verdicts[2]["status"] == "set"


def test_statuses_that_cannot_be_set_at_all(site: Site) -> None:
    for number in (1, 2):
        site.open(number, {"notes.txt": f"{number}\n"})
    words = {"message": "Resource not accessible by integration"}
    site.fails("POST", 403, body=words, times=9)
    done = site.run()
    assert done.returncode == 3
    assert "the token needs `statuses: write`" in done.stderr
    assert "#1 success" in done.stdout


def test_a_failure_that_passes(site: Site) -> None:
    site.open(1, {"notes.txt": "1\n"})
    site.fails("GET /repos/o/n/pulls", 502)
    site.fails("GET .*/status", 503)
    site.fails("POST", 500)
    assert site.pulls()[1]["status"] == "set"


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_passes(site: Site, status: int) -> None:
    site.open(1, {"notes.txt": "1\n"})
    site.fails("POST", status, headers={"Retry-After": "1"}, body=SECONDARY)
    assert site.pulls()[1]["status"] == "set"


def test_a_limit_that_does_not_pass_in_time(site: Site) -> None:
    """What was done until then is reported, without waiting for an hour."""
    for number in (1, 2, 3):
        site.open(number, {"notes.txt": f"{number}\n"})
    second = site.github.pulls[1]["head"]["sha"]
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    site.fails(f"POST .*{second}", 403, headers=reset, body=LIMITED)
    verdicts = site.pulls(code=3)
    assert [verdicts[each]["status"] for each in (1, 2, 3)] == ["set", "not set", "not set"]
    assert "request limit is exhausted" in verdicts[2]["note"]
    assert verdicts[3]["state"] == "success"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((401, {"message": "Bad credentials"}), "GitHub answers 401: Bad credentials"),
        ((404, {"message": "Not Found"}), "GitHub answers 404: Not Found"),
        ((500, {}), "cannot be reached"),
    ],
)
def test_pull_requests_that_cannot_be_listed(
    site: Site, fault: tuple[int, dict[str, str]], words: str
) -> None:
    site.fails("GET /repos/o/n/pulls", fault[0], body=fault[1], times=99)
    done = site.run()
    assert done.returncode == 3
    assert words in done.stderr


def test_an_api_that_is_not_there(site: Site) -> None:
    done = site.run(GITHUB_API_URL="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "http://127.0.0.1:9 cannot be reached" in done.stderr


def test_what_is_not_said(site: Site) -> None:
    for name, code, words in (
        ("GITHUB_TOKEN", 3, "there is no GITHUB_TOKEN"),
        ("GITHUB_REPOSITORY", 2, "--repository OWNER/NAME"),
        ("GITHUB_REF_NAME", 2, "--base BRANCH"),
    ):
        done = site.run(**{name: ""})
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert site.run(GITHUB_REF_TYPE="tag").returncode == 2
    assert site.run("--repository=o/n", "--base=main", GITHUB_REPOSITORY="").returncode == 0


# git.


def test_a_base_that_is_not_there(site: Site) -> None:
    done = site.run("--base=nowhere")
    assert done.returncode == 3
    assert "cannot fetch the base 'nowhere'" in done.stderr


def test_a_shallow_clone(site: Site) -> None:
    site.merge({"notes.txt": "more\n"})
    site.open(1, {"notes.txt": "mine\n"})
    site.git("clone", "-q", "--depth=1", f"file://{site.path}/server.git", "shallow", inside=".")
    shutil.rmtree(site.clone)
    (site.path / "shallow").rename(site.clone)
    done = site.run()
    assert done.returncode == 3
    assert "this clone is shallow: run `git fetch --unshallow origin`" in done.stderr
    assert not site.github.statuses
    site.git("fetch", "--quiet", "--unshallow", "origin", inside="clone")
    assert site.run().returncode == 0


def test_a_folder_of_revisions_that_is_a_link(site: Site) -> None:
    """What lies behind it changes under another name: silence would be taken for success."""
    site.git("mv", "migrations/versions", "elsewhere")
    (site.author / "migrations" / "versions").symlink_to("../elsewhere")
    site.merge({"notes.txt": "moved\n"})
    site.git("pull", "--quiet", inside="clone")
    site.open(1, {"notes.txt": "mine\n"})
    done = site.run()
    assert done.returncode == 3
    assert "migrations/versions is a link to elsewhere" in done.stderr
    assert not site.github.statuses


def test_a_base_without_alembic(site: Site) -> None:
    site.git("rm", "--quiet", "-r", "migrations", "alembic.ini")
    site.merge({"notes.txt": "nothing\n"})
    site.open(1, {"notes.txt": "mine\n"})
    done = site.run()
    assert done.returncode == 3
    assert "no Alembic environment" in done.stderr


def test_the_token_goes_to_the_server_and_nowhere_else(site: Site) -> None:
    """A clone without credentials of its own, as `persist-credentials: false` leaves it."""
    server = site.github.url.removesuffix("/api/v3")
    site.git("remote", "set-url", "origin", f"{server}/o/n", inside="clone")
    done = site.run(GITHUB_SERVER_URL=server)
    assert done.returncode == 3
    assert any(each.lower().startswith("basic ") for each in site.github.authorizations)
    site.github.authorizations.clear()
    site.run(GITHUB_SERVER_URL="http://localhost:9")
    assert not any(each.lower().startswith("basic ") for each in site.github.authorizations)
    assert TOKEN not in site.git("config", "--list", inside="clone")


# The report.


def test_errors_fail_the_run_on_demand_only(site: Site) -> None:
    site.open(1, site.new(THIRD, FIRST))
    assert site.run().returncode == 0
    done = site.run("--fail")
    assert done.returncode == 1
    assert "#1 failure multiple-heads: " in done.stdout
    assert "1 open pull request, 1 not clean" in done.stdout


def test_a_name_in_a_pull_request_is_data(site: Site) -> None:
    site.open(1, {"migrations/versions/\x1b[31m\n::error::x.py": "not Python at all\n"})
    done = site.run("--format=text")
    assert done.returncode == 0
    assert not any(line.startswith("::") for line in done.stdout.splitlines())
