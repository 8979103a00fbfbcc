"""The sticky comment, on a GitHub of our own: whose it is, where it goes, what a refusal makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.pulls.conftest import BOT, TOKEN, Issues

from revgate.cli import main
from revgate.reports.comment import MARK

if TYPE_CHECKING:
    from pathlib import Path

NEWS = f"{MARK}\n**2 errors**\n"


@pytest.fixture
def issues(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Issues:
    monkeypatch.setattr("tests.pulls.conftest.GitHub", Issues)
    made = request.getfixturevalue("github")
    assert isinstance(made, Issues)
    return made


class Poster:
    """Runs the command, as the action does."""

    def __init__(
        self,
        folder: Path,
        issues: Issues,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.file, self.event = folder / "comment.md", folder / "event.json"
        self.file.write_text(NEWS)
        self.event.write_text(json.dumps({"pull_request": {"number": 7}}))
        self.capsys = capsys
        for name, value in {
            "GITHUB_API_URL": issues.url,
            "GITHUB_GRAPHQL_URL": f"{issues.url}/graphql",
            "GITHUB_REPOSITORY": "o/n",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "99",
        }.items():
            monkeypatch.setenv(name, value)

    def __call__(self, code: int = 0) -> str:
        assert main(["comment", "--file", str(self.file)]) == code
        shown = "".join(self.capsys.readouterr())
        assert TOKEN not in shown
        assert "Traceback" not in shown
        return shown


@pytest.fixture
def post(
    tmp_path: Path,
    issues: Issues,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Poster:
    return Poster(tmp_path, issues, monkeypatch, capsys)


def test_the_first_one_is_written(issues: Issues, post: Poster) -> None:
    issues.says("ada", "looks good")
    assert post() == "revgate: commented on #7\n"
    assert [each["body"] for each in issues.comments] == ["looks good", NEWS]
    assert issues.authorizations == {f"Bearer {TOKEN}"}


def test_the_next_one_takes_its_place_and_the_all_clear_does(issues: Issues, post: Poster) -> None:
    post()
    post.file.write_text(f"{MARK}\n**no errors**\n")
    assert post() == "revgate: updated the comment on #7\n"
    assert [each["body"] for each in issues.comments] == [f"{MARK}\n**no errors**\n"]


def test_the_same_again_writes_nothing(issues: Issues, post: Poster) -> None:
    # GitHub may give line ends back as the browser sends them, and without the last one.
    issues.says(BOT, NEWS.replace("\n", "\r\n").rstrip())
    assert post() == "revgate: the comment on #7 is already up to date\n"
    assert not [each for each in issues.asked if each.startswith("PATCH")]


def test_a_mark_in_a_comment_of_another_user_is_left_alone(issues: Issues, post: Poster) -> None:
    issues.says("mallory", f"{MARK}\nmine")
    issues.says(BOT, f"another tool quotes {MARK}")
    post()
    assert [each["body"] for each in issues.comments] == [
        f"{MARK}\nmine",
        f"another tool quotes {MARK}",
        NEWS,
    ]


def test_ours_is_found_behind_a_hundred_others(issues: Issues, post: Poster) -> None:
    for number in range(130):
        issues.says("ada", f"{number}")
    issues.says(BOT, f"{MARK}\nold")
    post()
    assert len(issues.comments) == 131
    assert issues.comments[-1]["body"] == NEWS


def test_a_token_that_only_reads_is_not_a_failure(issues: Issues, post: Poster) -> None:
    issues.readonly = True
    shown = post()
    assert "pull-requests: write" in shown
    assert "fork" in shown
    assert not issues.comments


def test_an_event_without_a_pull_request_asks_nothing(issues: Issues, post: Poster) -> None:
    post.event.write_text(json.dumps({"merge_group": {"head_ref": "x"}}))
    assert "no pull request" in post()
    assert not issues.asked


def test_without_a_report_the_comment_says_that_nothing_was_judged(
    issues: Issues, post: Poster
) -> None:
    issues.says(BOT, NEWS)
    post.file.unlink()
    post()
    assert "could not judge" in issues.comments[0]["body"]
    assert "https://github.example/o/n/actions/runs/99" in issues.comments[0]["body"]


def test_a_file_that_is_not_a_comment_is_not_posted(issues: Issues, post: Poster) -> None:
    post.file.write_text("secret\n")
    post(code=2)
    assert not issues.asked


def test_a_server_that_fails_is_said(issues: Issues, post: Poster) -> None:
    issues.fails("GET /repos", 502, body={"message": "\x1b[31m::error::down"})
    shown = post(code=3)
    assert "502" in shown
    assert "\x1b" not in shown


def test_the_token_follows_no_redirection(issues: Issues, post: Poster) -> None:
    issues.fails("GET /repos", 302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    assert "302" in post(code=3)


def test_nobody_there(post: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    assert "cannot be reached" in post(code=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", "../o/n?x"),
        ("GITHUB_TOKEN", f"{TOKEN}\nX-Evil: 1"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
    ],
)
def test_a_variable_that_is_wrong(
    name: str, value: str, issues: Issues, post: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert name in post(code=2)
    assert not issues.asked
