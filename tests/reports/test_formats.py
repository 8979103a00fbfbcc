"""All formats together: each is there, each says the same, and nobody waits for one."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from revgate import FORMATS
from revgate.cli import main
from revgate.cli.parser import parser
from revgate.findings import WARNING
from revgate.reports import DETAILED, WITH_OPERATIONS, render

CHECKS = Path(__file__).parent.parent.parent / "checks"
HOLDS_EVERYTHING = [form for form in FORMATS if form != "github"]


def modules_with_render() -> set[str]:
    folder = CHECKS / "revgate" / "reports"
    found = set()
    for path in folder.glob("*.py"):
        names = [
            (node.name, *(argument.arg for argument in node.args.args[:1]))
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef)
        ]
        if ("render", "result") in names and path.stem != "__init__":
            found.add(path.stem)
    return found


def test_each_format_is_a_module_and_each_module_of_that_kind_a_format() -> None:
    assert set(FORMATS) == modules_with_render()
    assert len(FORMATS) == len(set(FORMATS))
    assert set(FORMATS) >= DETAILED >= WITH_OPERATIONS


def test_the_command_line_offers_them() -> None:
    for command in ("check", "roundtrip", "gate"):
        for form in FORMATS:
            assert parser().parse_args([command, "--format", form]).form == form


def test_describing_the_command_line_imports_no_report() -> None:
    code = (
        "import sys; from revgate.cli.parser import parser; parser();"
        "print([name for name in sys.modules if name.startswith('revgate.reports')])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(CHECKS)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_plain_check_reads_no_details(repository: Path) -> None:
    code = "from revgate.cli import main; main(['check'])"
    code += "; print('revgate.reports.detail' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(CHECKS)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_ends_with_a_newline_and_encodes(make: Any, form: str) -> None:
    for made in (make(), make([make.finding()], notes=("x",)), make(revisions=[])):
        text = render(made.result, form, details=made.details)
        assert text.endswith("\n")
        assert text.encode()
        assert text == render(made.result, form, details=made.details)


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_needs_no_details(make: Any, form: str) -> None:
    made = make([make.finding()])
    assert "empty-downgrade" in render(made.result, form)


@pytest.mark.parametrize("form", HOLDS_EVERYTHING)
def test_each_finding_and_each_note_is_reported(make: Any, form: str) -> None:
    findings = [make.finding(at, rule="empty-downgrade") for at in range(15)]
    findings += [
        make.finding(20 + at, rule="stale-docstring", severity=WARNING) for at in range(15)
    ]
    made = make(findings, 60, notes=("nothing of dynamic text was looked at",))
    text = render(made.result, form, details=made.details)
    assert text.count("empty-downgrade") >= 15
    assert text.count("stale-docstring") >= 15
    assert "dynamic text was looked at" in text


def test_all_reports_of_one_run(repository: Path, run: Any) -> None:
    wanted = [f"--report={form}={form}.out" for form in FORMATS]
    code, out = run("check", *wanted)
    assert code == 1
    for form in FORMATS:
        text = (repository / f"{form}.out").read_text()
        assert "multiple-heads" in text
        assert "future-timestamp" in text
        if form != "text":
            assert run("check", "--format", form)[1] == text
    assert (repository / "text.out").read_text() == out


def test_a_merge_is_shown_as_it_was_judged(repository: Path, run: Any) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *words], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    # Not committed, so not judged with `--at HEAD`.
    (repository / "migrations" / "versions" / "20250104000000_later.py").write_text("x = 1\n")
    code, out = run("check", "--at", "HEAD", "--against", "main", "--format", "html")
    assert code == 1
    assert "20250102000000" in out
    assert "later" not in out


def test_a_wrong_report_is_refused_before_the_round_trip(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "migrations" / "versions" / "29990103000000_step.py").unlink()
    # Its env.py cannot be run, so that a round trip would end with another code.
    assert main(["roundtrip", "--report", "nope=x"]) == 2
    assert "--report 'nope=x': expected FORMAT=FILE" in capsys.readouterr().err
