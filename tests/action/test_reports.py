"""Where the action puts what was found: annotations, summary, files, one comment."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.action.conftest import EVENTS, FIRST, SECOND, THIRD, Project
from tests.pulls.conftest import BOT, TOKEN, Issues

from revgate.reports.comment import MARK

if TYPE_CHECKING:
    from pathlib import Path


def kept(project: Project, name: str) -> Path:
    """Return a file below `service` as it was when the job ended."""
    return project.keep / "service" / name


def test_a_good_project_has_a_summary_and_no_comment_unasked(
    project: Project, issues: Issues
) -> None:
    ran = project.run(command="check")
    assert ran.act.summary.startswith("## revgate: ✓ no errors")
    assert not issues.asked


def test_a_fork_is_annotated_and_summed_up(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(command="check")
    path = f"service/migrations/versions/{THIRD}_add.py"
    assert ran.act.annotations == [("error", "revgate: multiple-heads", path)]
    assert "error[multiple-heads]" in ran.log
    assert ran.act.summary.startswith("## revgate: ✗ 1 error")
    assert "```mermaid" in ran.act.summary


def test_the_log_has_the_format_that_is_wanted(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(command="check", format="json")
    assert '"schema": 1' in ran.log
    ran = project.run(command="check", format="github")
    assert "error[multiple-heads]" not in ran.log
    assert [title for _, title, _ in ran.act.annotations] == ["revgate: multiple-heads"]


def test_what_a_project_says_is_not_a_command(project: Project) -> None:
    """Neither in the log nor in an annotation."""
    name = f"{THIRD}_a%0A::error::x,title=y.py"
    (project.versions / name).write_text(f"revision = {'::error::id'!r}\n::notice::syntax\n")
    (project.versions / "::warning::name.py").write_text("revision = '1'\n")
    ran = project.run(command="check")
    assert ran.outputs["exit-code"] == "1"
    titles = [title for _, title, _ in ran.act.annotations]
    assert len(titles) == int(ran.outputs["findings"])
    assert all(title.startswith("revgate: ") for title in titles)


# Files.


def test_the_reports_lie_where_they_are_wanted(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(
        command="check",
        sarif_file="out/revgate.sarif",
        report_file="report.json\n\nhtml=out/page=1.html\n",
    )
    assert json.loads(kept(project, "report.json").read_text())["schema"] == 1
    assert "<html" in kept(project, "out/page=1.html").read_text()
    run = json.loads(kept(project, "out/revgate.sarif").read_text())["runs"][0]
    assert run["automationDetails"]["id"] == "revgate/check/"
    assert [each["ruleId"] for each in run["results"]] == ["multiple-heads"]
    assert ran.outputs["sarif-file"].endswith("/service/out/revgate.sarif")
    assert ran.outputs["report-file"].endswith("/service/report.json")


def test_without_a_place_they_lie_outside_the_checkout(project: Project) -> None:
    ran = project.run(command="check")
    assert "/service/" not in ran.outputs["report-file"] + ran.outputs["sarif-file"]
    assert json.loads((project.keep / "report.sarif").read_text())["version"] == "2.1.0"


def test_of_what_could_not_be_judged_there_are_none(project: Project) -> None:
    (project.path / "service" / "migrations" / "env.py").unlink()
    for path in project.versions.iterdir():
        path.unlink()
    ran = project.run(command="check", sarif_file="revgate.sarif", report_file="report.json")
    assert ran.outputs["exit-code"] == "3"
    assert not kept(project, "revgate.sarif").exists()
    assert not kept(project, "report.json").exists()


def test_a_link_of_a_pull_request_leads_nowhere(project: Project, tmp_path: Path) -> None:
    """A file of the runner is not overwritten, through whatever is in the checkout."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "profile").write_text("mine\n")
    (project.path / "service" / "report.json").symlink_to(outside / "profile")
    (project.path / "service" / "out").symlink_to(outside)
    project.commit("links")
    assert project.run(command="check", report_file="report.json").outcome == "success"
    ran = project.run(command="check", report_file="out/profile")
    assert ran.outputs["exit-code"] == "2"
    assert "leads out of the checkout" in ran.log
    assert project.run(command="check", sarif_file="../../x").outputs["exit-code"] == "2"
    assert os.listdir(outside) == ["profile"]
    assert (outside / "profile").read_text() == "mine\n"


# The comment.


def test_one_comment_is_kept_up_to_date(project: Project, issues: Issues) -> None:
    issues.says("ada", "looks good")
    project.add(THIRD, FIRST)
    project.run(command="check", comment="true")
    assert len(issues.comments) == 2
    assert issues.comments[1]["body"].startswith(f"{MARK}\n## revgate: ✗ 1 error")
    project.add(THIRD, SECOND)
    project.run(command="check", comment="true")
    assert issues.comments[0]["body"] == "looks good"
    assert issues.comments[1]["body"].startswith(f"{MARK}\n## revgate: ✓ no errors")
    assert issues.authorizations == {f"Bearer {TOKEN}"}


def test_the_comment_of_a_gate_tells_of_the_round_trip(
    project: Project, issues: Issues, empty_database: str
) -> None:
    project.add(THIRD, SECOND, drops=False)
    ran = project.run(
        comment="true", rows="false", database_url=empty_database, report_file="html=page.html"
    )
    assert ran.outputs["exit-code"] == "1"
    body = issues.comments[0]["body"]
    for part in ("downgrade-residue", "```python\n", "```diff\n+ table ", "```sql\nCREATE TABLE "):
        assert part in body, part
    page = kept(project, "page.html").read_text()
    for part in ("downgrade-residue", "<mark>", "<code>table ", "<pre>CREATE TABLE ", "<rect "):
        assert part in page, part


def test_a_comment_does_not_go_on_saying_that_all_is_well(project: Project, issues: Issues) -> None:
    issues.says(BOT, f"{MARK}\n## revgate: ✓ no errors\n")
    ran = project.run(comment="true", database_url="postgresql://nobody@127.0.0.1:9/none")
    assert ran.outputs["exit-code"] == "3"
    assert "could not judge" in issues.comments[0]["body"]


@pytest.mark.parametrize("event", EVENTS[1:])
def test_without_a_pull_request_no_request_is_sent(
    project: Project, issues: Issues, event: str
) -> None:
    ran = project.run(command="check", comment="true", event=event)
    assert ran.outcome == "success"
    assert not issues.asked


def test_the_token_of_a_fork_may_only_read(project: Project, issues: Issues) -> None:
    issues.readonly = True
    ran = project.run(command="check", comment="true")
    assert ran.outcome == "success"
    assert "pull-requests: write" in ran.log
    assert not ran.act.annotations


def test_that_nobody_answers_is_a_warning(project: Project, issues: Issues) -> None:
    project.variables["GITHUB_API_URL"] = "http://127.0.0.1:9"
    ran = project.run(command="check", comment="true")
    assert ran.outcome == "success"
    assert [level for level, _, _ in ran.act.annotations] == ["warning"]


def test_another_token(project: Project, issues: Issues) -> None:
    """It is refused: the server knows one only."""
    ran = project.run(
        {"OTHER": "other"}, command="check", comment="true", token="${{ secrets.OTHER }}"
    )
    assert "401" in ran.log
    assert issues.authorizations == {"Bearer other"}
