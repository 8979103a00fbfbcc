"""What the action judges, and what it lets nobody do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.action.conftest import ENV_PY, EVENTS, FIRST, SECOND, THIRD, Project, Ran, revision

# The static half.


@pytest.mark.parametrize("event", EVENTS)
def test_check_of_a_good_project(project: Project, event: str) -> None:
    ran = project.run(command="check", event=event, against="auto")
    assert ran.outcome == "success", ran.log
    outputs = dict(ran.outputs)
    assert outputs.pop("report-file")
    assert outputs.pop("sarif-file")
    assert outputs == {
        "exit-code": "0",
        "findings": "0",
        "errors": "0",
        "warnings": "0",
        "heads": json.dumps([SECOND]),
        "tables": "",
    }
    assert ran.report is not None
    assert ran.report["command"] == "check"
    assert "Install what" not in ran.log
    assert not ran.act.annotations


@pytest.mark.parametrize("event", EVENTS)
def test_check_of_an_edit_of_what_the_base_has(project: Project, event: str) -> None:
    path = project.versions / f"{FIRST}_add.py"
    path.write_text(path.read_text().replace('"id"', '"key"'))
    project.commit("two")
    ran = project.run(command="check", event=event, against="auto")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "1", ran.log
    assert ran.rules() == {"edited-revision"}


def test_check_of_a_fork(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(command="check")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "1"
    assert ran.outputs["errors"] == "1"
    assert json.loads(ran.outputs["heads"]) == [SECOND, THIRD]
    assert ran.rules() == {"multiple-heads"}
    assert "multiple-heads" in ran.log
    assert "service/migrations/versions/" in ran.log


def test_check_against_the_base_of_the_event(project: Project) -> None:
    """Both branches are straight, and merging them would fork the chain."""
    project.git("switch", "-qc", "ours")
    project.add("20250104000000", SECOND)
    project.commit("ours")
    project.git("switch", "-q", "main")
    project.add(THIRD, SECOND)
    project.commit("theirs")
    project.git("update-ref", "refs/remotes/origin/main", "main")
    project.git("switch", "-q", "ours")
    assert project.run(command="check").outcome == "success"
    ran = project.run(command="check", against="auto")
    assert ran.outputs["exit-code"] == "1"
    assert ran.rules() == {"branching-merge"}


def test_check_where_there_is_nothing_to_check(project: Project) -> None:
    shutil.rmtree(project.versions)
    ran = project.run(command="check")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "3"
    # Not "0": nothing was counted.
    assert not ran.outputs.get("findings")
    assert not ran.outputs.get("report-file")
    assert not ran.outputs.get("sarif-file")
    assert ran.report is None
    assert [level for level, _, _ in ran.act.annotations] == ["error"]
    assert "could not check the migrations" in ran.act.summary


def test_check_of_one_environment(project: Project) -> None:
    """The other one, which is broken, is not asked for."""
    other = project.path / "service" / "other"
    (other / "versions").mkdir(parents=True)
    (project.path / "service" / "other.ini").write_text(
        "[alembic]\nscript_location = %(here)s/other\n"
    )
    (other / "versions" / f"{SECOND}_add.py").write_text(revision(SECOND, FIRST))
    assert project.run(command="check", config="alembic.ini").outcome == "success"
    assert project.run(command="check", config="other.ini").rules() == {"missing-parent"}


@pytest.mark.parametrize(("fail_on", "outcome"), [("error", "success"), ("warning", "failure")])
def test_what_a_job_fails_on(project: Project, fail_on: str, outcome: str) -> None:
    path = project.versions / f"{SECOND}_add.py"
    path.write_text(path.read_text().replace("Revises: 2025", "Revises: 2024"))
    ran = project.run(command="check", fail_on=fail_on)
    assert ran.outcome == outcome
    assert (ran.outputs["errors"], ran.outputs["warnings"]) == ("0", "1")


def test_a_job_that_never_fails_says_what_it_found(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(command="check", fail_on="never")
    assert ran.outcome == "success"
    assert (ran.outputs["exit-code"], ran.outputs["errors"]) == ("0", "1")


# Mistakes, and malice.


def test_an_unknown_setting_is_a_mistake_of_usage(project: Project) -> None:
    (project.path / "service" / "bad.toml").write_text("[tool.revgate]\nexpect-table = 3\n")
    assert project.run(command="check", config="bad.toml").outputs["exit-code"] == "2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("command", "upgrade; touch $KEEP/ran"),
        ("config", '"; touch "$KEEP/ran"; $(touch $KEEP/ran) #'),
        ("fail_on", "$(touch $KEEP/ran)"),
        ("select", "no-such-rule"),
        ("report_file", "yaml=report.yaml"),
    ],
)
def test_an_input_is_data_and_a_wrong_one_is_refused(
    project: Project, name: str, value: str
) -> None:
    ran = project.run(**{"command": "check", name: value})  # type: ignore[arg-type]  # an input
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "2", ran.log
    assert not (project.keep / "ran").exists()


def test_an_id_cannot_set_an_output(project: Project) -> None:
    evil = f"{THIRD}\nexit-code=0\nerrors=0"
    (project.versions / f"{THIRD}_add.py").write_text(
        revision(THIRD, FIRST).replace(f"revision = {THIRD!r}", f"revision = {evil!r}", 1)
    )
    ran = project.run(command="check")
    assert ran.outputs["exit-code"] == "1"
    assert ran.outputs["errors"] != "0"


@pytest.mark.parametrize("command", ["gate", "roundtrip"])
def test_a_strangers_migrations_are_not_executed_with_our_rights(
    project: Project, command: str
) -> None:
    ran = project.run(event="pull_request_target", command=command)
    assert ran.outputs["exit-code"] == "2"
    assert "pull_request_target" in ran.log
    assert "Run Main Round trip" not in ran.log


def test_reading_a_strangers_migrations_does_no_harm(project: Project) -> None:
    assert project.run(event="pull_request_target", command="check").outcome == "success"


# Both halves.


@pytest.mark.parametrize("event", ["merge_group"])  # the static half has all of them
def test_gate_of_a_good_project(project: Project, empty_database: str, event: str) -> None:
    """With a secret URL, and with an env.py whose own URL leads nowhere."""
    ran = project.run(
        {"DATABASE_URL": empty_database},
        event=event,
        database_url="${{ secrets.DATABASE_URL }}",
        expect_tables="2",
    )
    assert ran.outcome == "success", ran.log
    assert ran.outputs["exit-code"] == "0"
    assert ran.outputs["tables"] == "2"
    assert ran.report is not None
    assert ran.report["command"] == "gate"
    assert ran.report["roundtrip"]["server"]["kind"] == "url"
    assert empty_database not in ran.log
    assert not ran.act.annotations


@pytest.mark.parametrize("event", ["merge_group"])  # the static half has all of them
def test_gate_of_a_downgrade_that_leaves_something(
    project: Project, empty_database: str, event: str
) -> None:
    project.add(THIRD, SECOND, drops=False)
    project.commit("two")
    ran = project.run(event=event, against="auto", rows="false", database_url=empty_database)
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "1", ran.log
    assert "downgrade-residue" in ran.rules()
    # Once, though the static half has some of the findings, too.
    assert len(ran.act.annotations) == int(ran.outputs["findings"])
    # Only what the base lacks was stepped.
    assert ran.stepped() == [THIRD]


def test_roundtrip_of_one_part_without_uv(project: Project, empty_database: str) -> None:
    """And with a Python of its own: that of the machine has no Alembic."""
    folders = os.environ["PATH"].split(os.pathsep)
    project.path_variable = os.pathsep.join(
        folder for folder in folders if not (Path(folder) / "uv").exists()
    )
    ran = project.run(command="roundtrip", shard="2/2", rows="false", database_url=empty_database)
    assert ran.outcome == "success", ran.log
    assert "Run Main Static rules" not in ran.log
    assert ran.stepped() == [SECOND]


def test_gate_of_a_server_that_nobody_named(project: Project) -> None:
    """With -x for env.py, and without what is not wanted."""
    env = project.versions.parent / "env.py"
    wanted = "{'tenant': 'a b', 'x': '-1'}"
    env.write_text(f"{ENV_PY}assert context.get_x_argument(as_dictionary=True) == {wanted}\n")
    ran = project.run(x="tenant=a b\nx=-1\n", rows="false", timeout="60", ignore="model-drift")
    assert ran.outcome == "success", ran.log
    assert ran.report is not None
    assert ran.report["roundtrip"]["server"]["kind"] in ("local", "embedded")
    assert {each.get("rows") for each in ran.report["roundtrip"]["revisions"]} == {None}


def test_gate_whose_server_cannot_be_reached(project: Project) -> None:
    """Nothing passes for clean because the static half was."""
    ran = project.run(database_url="postgresql://nobody@127.0.0.1:9/none")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "3", ran.log
    assert not ran.outputs.get("errors")
    assert not ran.outputs.get("sarif-file")
    assert "could not check the migrations" in ran.act.summary


def test_a_migration_sets_nothing_for_later_steps(project: Project, empty_database: str) -> None:
    env = project.versions.parent / "env.py"
    files = ("ENV", "PATH", "OUTPUT", "STATE", "STEP_SUMMARY")
    env.write_text(
        "import os\n"
        f"assert not any('GITHUB_' + name in os.environ for name in {files!r})\n"
        "assert 'GITHUB_TOKEN' not in os.environ\n"
        "print('::error::from env.py')\n"
        "os.system('echo ::error::from a program; echo ::error::from it >&2')\n" + env.read_text()
    )
    ran = project.run(rows="false", database_url=empty_database)
    assert ran.outcome == "success", ran.log
    assert not ran.act.annotations
    for step in ("static", "live"):
        assert_quoted(ran, step)


WATCHES = """
import os, pathlib, subprocess, sys, time
code = '''
import pathlib, time
pathlib.Path({begun!r}).touch()
until = time.monotonic() + 60
while time.monotonic() < until:
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(bytes(1))
        except OSError:
            continue
        # Other tests run the action at the same time.
        if b"publish" in words and any(each.startswith({folder!r}) for each in words):
            pathlib.Path({seen!r}).write_text(repr(words))
'''
subprocess.Popen(["setsid", "env", "-i", sys.executable, "-c", code], start_new_session=True)
until = time.monotonic() + 30
while not os.path.exists({begun!r}) and time.monotonic() < until:
    time.sleep(0.05)
"""


def test_no_process_of_a_migration_is_alive_in_later_steps(
    project: Project, empty_database: str
) -> None:
    """One of these steps receives the token, so a daemon could read it."""
    env = project.versions.parent / "env.py"
    begun, seen = project.keep.parent / "begun", project.keep.parent / "seen"
    folder = os.fsencode(project.keep.parent)
    watches = WATCHES.format(begun=str(begun), seen=str(seen), folder=folder)
    env.write_text(watches + env.read_text())
    ran = project.run(command="roundtrip", rows="false", database_url=empty_database)
    assert ran.outcome == "success", ran.log
    assert begun.exists()
    assert not seen.exists(), seen.read_text()


def assert_quoted(ran: Ran, step: str) -> None:
    """Commands are switched off before anything is printed, and on again at the end."""
    said = [each for each in ran.act.entries if each.get("stepID", [""])[-1] == step]
    printed = [each for each in said if each.get("raw_output") or "raw" in each]
    first, *between, last = (each for each in printed if each["msg"].strip())
    assert first["command"] == "stop-commands"
    assert between
    assert all(each.get("raw_output") for each in between)
    assert last["command"] == first["arg"]
