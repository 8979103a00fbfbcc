"""Exit codes, reports and options, as the contract has them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revgate import __version__
from revgate.reports import FORMATS
from revgate.rules import all_rules

Run = Callable[..., tuple[int, str, str]]
Add = Callable[..., Path]

VERSIONS = "migrations/versions"
FIRST, SECOND, THIRD = "20250101000000", "20250102000000", "20250103000000"
ANY_FORMAT = pytest.mark.parametrize("form", FORMATS)


# Exit codes.


@ANY_FORMAT
def test_clean_is_0(form: str, repository: Path, run: Run) -> None:
    code, out, err = run("check", "--format", form)
    assert (code, err) == (0, "")
    assert out.endswith("\n")


@ANY_FORMAT
def test_an_error_is_1(form: str, add: Add, run: Run) -> None:
    add(THIRD, SECOND, downgrade="pass")
    code, out, err = run("check", "--format", form)
    assert (code, err) == (1, "")
    assert "empty-downgrade" in out


@ANY_FORMAT
def test_a_warning_is_0(form: str, add: Add, run: Run) -> None:
    add("29990101000000", SECOND)
    code, out, err = run("check", "--format", form)
    assert (code, err) == (0, "")
    assert "future-timestamp" in out


@ANY_FORMAT
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "empty-downgrad"), "unknown rule 'empty-downgrad'; did you mean 'empty-down"),
        (("--ignore", "a,b"), "unknown rule 'a'"),
        (("--config", "gone.ini"), "--config gone.ini: no such file"),
        (("--environment", "migration"), "no environment 'migration'; did you mean 'migrations'?"),
        (("--at", "HEAD"), "is not a git repository: --staged and --at require one"),
        (("--staged",), "is not a git repository: --staged and --at require one"),
        (("--report", "text"), "--report 'text': expected FORMAT=FILE"),
        (("--report", "nope=x"), "--report 'nope=x': expected FORMAT=FILE"),
        (("--output", "no/such/folder"), "cannot write no/such/folder: No such file"),
        (("--report", "json=no/such"), "cannot write no/such: No such file"),
    ],
)
def test_wrong_usage_is_2(
    form: str, arguments: tuple[str, ...], message: str, repository: Path, run: Run
) -> None:
    code, out, err = run("check", "--format", form, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("revgate: ")
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [
        *(("check", "--nope"), ("check", "--format", "yaml"), ("check", "x", "y")),
        *(("check", "--staged", "--at", "x"), ("explain",), ("graph", "--format", "json5")),
        *(("check", "--at"), ("check", "--color", "sometimes"), ("--nope",)),
    ],
)
def test_what_argparse_refuses_is_2(arguments: tuple[str, ...], repository: Path, run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "usage: revgate" in err


@ANY_FORMAT
def test_wrong_settings_are_2(form: str, repository: Path, run: Run) -> None:
    (repository / "revgate.toml").write_text("linaer = 1\nbaseline = 1\n")
    code, out, err = run("check", "--format", form)
    assert (code, out) == (2, "")
    assert "unknown setting `linaer`" in err
    assert "`baseline` is 1" in err


def empty_versions(root: Path) -> None:
    for path in (root / VERSIONS).iterdir():
        path.unlink()


def no_versions(root: Path) -> None:
    empty_versions(root)
    (root / VERSIONS).rmdir()


def bystanders_only(root: Path) -> None:
    empty_versions(root)
    (root / VERSIONS / "__init__.py").write_text("")
    (root / VERSIONS / "README").write_text("")


def no_migrations(root: Path) -> None:
    (root / "alembic.ini").write_text("[alembic]\nscript_location = gone\n")


def no_configuration(root: Path) -> None:
    (root / "alembic.ini").unlink()


def a_second_that_is_broken(root: Path) -> None:
    (root / "other").mkdir()
    (root / "other" / "alembic.ini").write_text("[alembic]\n")


def no_ini(root: Path) -> None:
    (root / "alembic.ini").write_bytes(b"\0\xff")


def test_an_environment_without_revisions_does_not_hide_the_others(
    repository: Path, add: Add, run: Run
) -> None:
    """git does not keep an empty folder, so that either may be what a clone has."""
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    for name in ("empty", "absent"):
        (repository / name / "db").mkdir(parents=True)
        (repository / name / "alembic.ini").write_text("[alembic]\nscript_location = db\n")
        (repository / name / "db" / "env.py").write_text("")
    (repository / "empty" / "db" / "versions").mkdir()
    add(THIRD, SECOND, downgrade="pass")
    for words in ((), (), ("--no-cache",)):
        code, out, err = run("check", *words)
        assert (code, err, out.count("error[")) == (1, "", 1)
        assert "note: empty/alembic.ini: no revision in empty/db/versions of the work tree" in out
        assert "note: absent/alembic.ini: the folder absent/db/versions is missing" in out
        assert out.count("so this environment was not checked") == 2
    assert "empty/db" not in [
        each["name"] for each in json.loads(run("check", "--format", "json")[1])["environments"]
    ]
    assert run("check", "--environment", "empty/db")[0] == 3
    assert run("check", "--config", "absent/alembic.ini")[0] == 3
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.org"]
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "all"], check=True)
    code, out, err = run("check", "--against", "HEAD")
    assert (code, err) == (0, "")
    assert out.count("so this environment was not checked") == 2


NOTHING: list[tuple[Callable[[Path], None], str]] = [
    (empty_versions, "no revision in migrations/versions of the work tree"),
    (bystanders_only, "no revision in migrations/versions of the work tree"),
    (no_versions, "the folder migrations/versions is missing in the work tree"),
    (no_migrations, "the folder gone is missing in the work tree"),
    (no_configuration, "no Alembic environment in the work tree"),
    (a_second_that_is_broken, "other/alembic.ini: [alembic] has no script_location"),
    (no_ini, "alembic.ini cannot be read"),
]


@ANY_FORMAT
@pytest.mark.parametrize(("spoil", "message"), NOTHING)
def test_nothing_to_judge_is_3(
    form: str, spoil: Callable[[Path], None], message: str, repository: Path, run: Run
) -> None:
    spoil(repository)
    code, out, err = run("check", "--format", form)
    assert (code, out) == (3, "")
    assert message in err
    code, _, err = run("graph")
    assert code == 3
    assert message in err


def test_an_unforeseen_error_is_3(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(start: str) -> None:
        raise RuntimeError(f"\x1b[31m{start}")

    monkeypatch.setattr("revgate.git.find_root", fail)
    code, out, err = run("check")
    assert (code, out) == (3, "")
    assert "internal error, so nothing was checked: RuntimeError: \\x1b[31m/" in err
    assert "REVGATE_DEBUG=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("REVGATE_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run("check")


# JSON.

SHAPE: dict[str, Any] = {
    "schema": int,
    "revgate": str,
    "command": str,
    "environments": [
        {"name": str, "script_location": str, "revisions": int, "heads": [str], "bases": [str]}
    ],
    "findings": [
        {
            "rule": str,
            "severity": str,
            "message": str,
            "help": str,
            "environment": str,
            "revision": str,
            "path": str,
            "line": int,
            "column": int,
            "related": [{"path": str, "line": int, "message": str}],
        }
    ],
    "roundtrip": type(None),
    "notes": [str],
    "summary": {"errors": int, "warnings": int, "allowed": int, "revisions": int, "files": int},
}


def fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return list(value) == list(shape) and all(fits(value[key], shape[key]) for key in shape)
    if isinstance(shape, list):
        return type(value) is list and all(fits(each, shape[0]) for each in value)
    return type(value) is shape


def test_the_contract(add: Add, run: Run) -> None:
    add(THIRD, FIRST, downgrade="pass")
    code, out, _ = run("check", "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert fits(found, SHAPE), found
    assert (found["schema"], found["revgate"], found["command"]) == (1, __version__, "check")
    assert found["environments"] == [
        {
            "name": "migrations",
            "script_location": "migrations",
            "revisions": 3,
            "heads": [SECOND, THIRD],
            "bases": [FIRST],
        }
    ]
    assert found["summary"] == {
        "errors": 2,
        "warnings": 0,
        "allowed": 0,
        "revisions": 3,
        "files": 3,
    }
    heads, downgrade = found["findings"]
    assert (heads["rule"], heads["line"], heads["column"]) == ("multiple-heads", 4, 1)
    assert heads["revision"] == THIRD
    assert heads["path"] == downgrade["path"] == f"{VERSIONS}/{THIRD}_step.py"
    assert {related["path"] for related in heads["related"]} == {
        f"{VERSIONS}/{key}_step.py" for key in (FIRST, SECOND, THIRD)
    }
    assert (downgrade["rule"], downgrade["related"]) == ("empty-downgrade", [])


def test_json_is_ascii_and_says_what_it_did_not_see(add: Add, run: Run) -> None:
    path = add("é", SECOND)
    path.write_text(path.read_text() + "depends_on = make()\n")
    _, out, _ = run("check", "--format", "json")
    assert out.isascii()
    (note,) = json.loads(out)["notes"]
    assert "`depends_on` is computed" in note


def test_a_finding_without_a_revision(repository: Path, run: Run) -> None:
    (repository / VERSIONS / "20250104000000_broken.py").write_text("x = (")
    _, out, _ = run("check", "--format", "json")
    found = json.loads(out)
    assert [(each["rule"], each["revision"]) for each in found["findings"]] == [
        ("unreadable-revision", None)
    ]
    assert found["summary"]["revisions"] == 2
    assert found["summary"]["files"] == 3


def test_findings_are_sorted_and_repeatable(add: Add, repository: Path, run: Run) -> None:
    for number in range(9, 0, -1):
        add(f"2025020{number}000000", SECOND, downgrade="pass")
    (repository / "a").mkdir()
    (repository / "a" / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/../migrations\n"
        "[other]\nscript_location = ../migrations\nversion_locations = ../migrations/versions .\n"
    )
    _, out, _ = run("check", "--format", "json")
    found = json.loads(out)["findings"]
    keys = ("environment", "path", "line", "column", "rule", "message")
    places = [[each[key] for key in keys] for each in found]
    assert len(places) > 18
    assert places == sorted(places)
    assert run("check", "--format", "json")[1] == out
    assert run("check", "--format", "json", "--no-cache")[1] == out


# Commands.


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (2, "")
    assert "run check, then roundtrip" in out


@pytest.mark.parametrize(("word", "near"), [("chekc", "check"), ("roundtrp", "roundtrip")])
def test_a_misspelt_command_names_the_nearest(run: Run, word: str, near: str) -> None:
    code, out, err = run(word)
    assert (code, out) == (2, "")
    assert f"unknown command {word!r}; did you mean {near!r}?" in err
    assert "hook" not in run("hok")[2].replace("'hok'", "")


# Text.


def test_text(add: Add, run: Run) -> None:
    add(THIRD, FIRST, downgrade="pass")
    _, out, _ = run("check")
    lines = out.splitlines()
    where = f"{VERSIONS}/{THIRD}_step.py"
    assert lines[0].startswith("error[multiple-heads] the history has 2 heads: ")
    assert lines[1] == f"  --> {where}:4:1"
    assert lines[3] == f" 4 | down_revision = {FIRST!r}"
    assert lines[4] == f"   | {'^' * len(lines[3][5:])}"
    assert f"  {VERSIONS}/{FIRST}_step.py:3: the branches diverge at `{FIRST}`" in lines
    assert any(line.startswith("  help: ") for line in lines)
    assert f"error[empty-downgrade] `downgrade()` of `{THIRD}` does nothing" in lines
    concise = run("check", "--format", "concise")[1].splitlines()
    assert concise[0].startswith(f"{where}:4:1: error[multiple-heads] the history has 2 heads: ")
    assert concise[1].startswith(f"{where}:11:1: error[empty-downgrade] ")
    counted = run("check", "--statistics")[1]
    assert "     1  error    multiple-heads" in counted
    assert "help:" not in counted
    assert lines[-2:] == [
        f"migrations: 3 revisions, heads {SECOND}, {THIRD}",
        "✗ 2 errors, 0 warnings",
    ]


def test_text_of_a_clean_history(repository: Path, run: Run) -> None:
    assert run("check")[1].splitlines() == [
        f"migrations: 2 revisions, head {SECOND}",
        "✓ no errors",
    ]


def test_quiet(add: Add, run: Run) -> None:
    assert run("check", "--quiet") == (0, "", "")
    add(THIRD, SECOND, downgrade="pass")
    code, out, _ = run("check", "--quiet")
    assert code == 1
    assert "empty-downgrade" in out
    assert "error," not in out


ESCAPE, BIDI, BELL = "\x1b[31m", "\u202e", "\a"


def test_hostile_names_are_shown_as_escapes(add: Add, repository: Path, run: Run) -> None:
    hostile = f"{ESCAPE}{BIDI}{BELL}\u2028\x9b"
    add(f"{hostile}id", SECOND, name=f"{hostile}name.py")
    add("other", f"{hostile}gone")
    (repository / VERSIONS / f"broken{hostile}.py").write_text(f"x = '{hostile}'\n  '")
    for arguments in (("check",), ("graph",), ("graph", "--format", "dot"), ("check", "--quiet")):
        _, out, err = run(*arguments)
        assert out + err
        for character in {*hostile} - {*"[31m"}:
            assert character not in out + err
    assert "\\x1b[31m\\u202e\\x07\\u2028\\x9bname.py" in run("check")[1]


def test_a_hostile_option_is_shown_as_an_escape(repository: Path, run: Run) -> None:
    for arguments in (("--select", ESCAPE), ("--config", ESCAPE), ("--environment", ESCAPE)):
        code, _, err = run("check", *arguments)
        assert code == 2
        assert "\x1b" not in err


def test_a_hostile_setting_is_shown_as_an_escape(repository: Path, run: Run) -> None:
    (repository / "revgate.toml").write_text('"\\u001b[31m" = 1\nbaseline = ["\\u202E"]\n')
    code, _, err = run("check")
    assert code == 2
    assert not {"\x1b", BIDI} & {*err}


def test_color(add: Add, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add(THIRD, SECOND, downgrade="pass")
    assert "\x1b" not in run("check")[1]
    assert "\x1b" not in run("check", "--color", "never")[1]
    assert "\x1b[31merror[empty-downgrade]\x1b[0m" in run("check", "--color", "always")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[31m" in run("check")[1]
    assert "\x1b" not in run("check", "--color", "never")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check")[1]
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b[31m" in run("check")[1]
    run("check", "--output", str(tmp_path / "report"))
    assert "\x1b" not in (tmp_path / "report").read_text()


# Options.


def test_output_and_reports(add: Add, run: Run, tmp_path: Path) -> None:
    add(THIRD, SECOND, downgrade="pass")
    one, two = tmp_path / "one.json", tmp_path / "two.txt"
    code, out, err = run(
        *("check", "--output", str(one), "--format", "json", "--report", f"text={two}"),
        *("--report", f"json={tmp_path}/a=b.json"),
    )
    assert (code, out, err) == (1, "", "")
    assert json.loads(one.read_text())["summary"]["errors"] == 1
    assert two.read_text() == run("check")[1]
    assert (tmp_path / "a=b.json").read_text() == one.read_text()


def test_select_and_ignore(add: Add, run: Run) -> None:
    add(THIRD, FIRST, downgrade="pass")

    def rules(*arguments: str) -> list[str]:
        found = json.loads(run("check", "--format", "json", *arguments)[1])
        return [finding["rule"] for finding in found["findings"]]

    assert rules() == ["multiple-heads", "empty-downgrade"]
    assert rules("--select", "empty-downgrade") == ["empty-downgrade"]
    assert rules("--select", " empty-downgrade , multiple-heads,") == rules()
    assert rules("--ignore", "empty-downgrade") == ["multiple-heads"]
    assert rules("--select", "empty-downgrade", "--ignore", "empty-downgrade") == []


def test_settings_of_rules(add: Add, repository: Path, run: Run) -> None:
    add(THIRD, FIRST, downgrade="pass")
    (repository / "revgate.toml").write_text(
        'ignore = ["multiple-heads"]\nseverity = { "empty-downgrade" = "warning" }\n'
    )
    code, out, _ = run("check")
    assert code == 0
    assert "warning[empty-downgrade]" in out
    assert out.endswith("✓ 0 errors, 1 warning, 1 ignored\n")


def test_from_a_folder_below(add: Add, repository: Path, run: Run, monkeypatch: Any) -> None:
    add(THIRD, SECOND, downgrade="pass")
    (repository / ".git").mkdir()  # no repository: git is not asked where nothing needs it
    expected = f"{VERSIONS}/{THIRD}_step.py:"
    (repository / ".git").rmdir()
    assert expected in run("check")[1]
    import subprocess

    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    monkeypatch.chdir(repository / VERSIONS)
    assert expected in run("check")[1]
    assert expected in run("check", "--config", "../../alembic.ini")[1]
    assert run("check", "--staged")[0] == 3


def test_config(repository: Path, run: Run) -> None:
    (repository / "other.toml").write_text('ignore = ["file-name"]\n')
    assert run("check", "--config", "other.toml")[0] == 0
    assert run("check", "--config", "alembic.ini")[0] == 0
    assert run("check", "--config", str(repository / "alembic.ini"))[0] == 0
    (repository / "bad.toml").write_text("x = 1\n")
    code, _, err = run("check", "--config", "bad.toml")
    assert code == 2
    assert "bad.toml: unknown setting `x`" in err


# The chain as a picture.


@pytest.fixture
def picture(add: Add) -> Path:
    add(THIRD, FIRST)
    add("merged", (SECOND, THIRD))
    return add('a"]; end', "gone")


def test_graph_as_text(picture: Path, run: Run) -> None:
    code, out, err = run("graph")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        '* a"]; end step (head, missing parent gone)',
        "* merged step (head, merge point)",
        f"* | {SECOND} step",
        f"| * {THIRD} step",
        f"* {FIRST} step (branch point)",
    ]


def test_graph_as_json(picture: Path, run: Run) -> None:
    found = json.loads(run("graph", "--format", "json")[1])
    (environment,) = found["environments"]
    assert environment["heads"] == ['a"]; end', "merged"]
    assert environment["bases"] == [FIRST]
    assert environment["branch_points"] == [FIRST]
    assert environment["merge_points"] == ["merged"]
    by_id = {each["revision"]: each for each in environment["revisions"]}
    assert by_id["merged"]["down_revision"] == [SECOND, THIRD]
    assert by_id[FIRST]["path"] == f"{VERSIONS}/{FIRST}_step.py"


NODE = re.compile(r'    (e0r\d+)\["([^"\n]*)"\](?::::(?:head|missing))?')
EDGE = re.compile(r"    (e0r\d+) --> (e0r\d+)")


HOSTILE = '"]; x %% <script>alert(1)</script> `a` \\" #quot; [b](c) {d} |e| &amp;'


def test_graph_as_mermaid(picture: Path, add: Add, run: Run) -> None:
    add(HOSTILE, "merged", name="hostile --> <b>\"]'`:::.py")
    code, out, _ = run("graph", "--format", "mermaid")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "flowchart BT"
    nodes = {match[1]: match[2] for line in lines if (match := NODE.fullmatch(line))}
    edges = [match.groups() for line in lines if (match := EDGE.fullmatch(line))]
    assert len(nodes) == 7  # six revisions and the parent that is missing
    assert len(edges) == 6
    assert {name for edge in edges for name in edge} <= {*nodes}
    assert len(lines) == len(nodes) + len(edges) + 2
    assert all(line.startswith("    classDef ") for line in lines[-2:])
    for label in nodes.values():
        bare = re.sub(r"#\d+;", "", label.replace("<br/>", ""))
        assert re.fullmatch(r"[\w .,-]*", bare), label


DOT_TOKEN = re.compile(r'\s+|[{}\[\];=]|->|"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|\d+')


def test_graph_as_dot(picture: Path, add: Add, run: Run) -> None:
    add(HOSTILE, "merged", name='hostile \\".py')
    code, out, _ = run("graph", "--format", "dot")
    assert code == 0
    at = 0
    words: list[str] = []
    while at < len(out):
        match = DOT_TOKEN.match(out, at)
        assert match, out[at : at + 40]
        words += [match[0]] if match[0].strip() else []
        at = match.end()
    assert words[:3] == ["digraph", "history", "{"]
    assert words[-1] == "}"
    statements = " ".join(words[3:-1]).split(" ; ")
    edge = re.compile(r"e0r\d+ -> e0r\d+( ;)?")
    node = re.compile(
        r'e0r\d+ \[ label = "(?:[^"\\]|\\.)*"( style = dashed)?( penwidth = \d)? \]( ;)?'
    )
    kinds = [
        "edge" if edge.fullmatch(each) else "node" if node.fullmatch(each) else each
        for each in statements
    ]
    assert kinds[:2] == ["rankdir = BT", "node [ shape = box ]"]
    assert sorted(kinds[2:]) == ["edge"] * 6 + ["node"] * 7


@pytest.mark.parametrize("form", ["text", "json", "mermaid", "dot"])
def test_a_picture_of_what_is_broken(form: str, add: Add, run: Run, repository: Path) -> None:
    add("one", "two")
    add("two", "one")
    (repository / VERSIONS / "unread.py").write_text("x = (")
    code, out, err = run("graph", "--format", form)
    assert code == 3
    assert "one" in out
    assert f"not in the graph because they cannot be read: {VERSIONS}/unread.py" in err


def test_a_picture_in_a_file(repository: Path, run: Run, tmp_path: Path) -> None:
    assert run("graph", "--output", str(tmp_path / "x")) == (0, "", "")
    assert (tmp_path / "x").read_text() == run("graph")[1]


# Documentation.


def test_rules(run: Run) -> None:
    for form in ("text", "json", "markdown"):
        code, out, err = run("rules", "--format", form)
        assert (code, err) == (0, "")
        assert all(name in out for name in all_rules())
    listed = json.loads(run("rules", "--format", "json")[1])["rules"]
    assert [each["rule"] for each in listed] == list(all_rules())
    assert all(
        list(each) == ["rule", "group", "severity", "summary", "documentation"] for each in listed
    )


@pytest.mark.parametrize("name", all_rules())
def test_explain(name: str, run: Run) -> None:
    code, out, err = run("explain", name)
    assert (code, err) == (0, "")
    assert out.startswith(f"{name} (")
    assert all(f"\n## {title}\n" in out for title in ("Why it hurts", "Example", "Instead"))


def test_explain_an_unknown_rule(run: Run) -> None:
    code, out, err = run("explain", "multiple-head")
    assert (code, out) == (2, "")
    assert "unknown rule 'multiple-head'; did you mean 'multiple-heads'?" in err


def test_version_and_help(run: Run) -> None:
    code, out, err = run("--version")
    assert (code, err) == (0, "")
    assert [line.partition(" ")[0] for line in out.splitlines()] == [
        *("revgate", "Python", "Alembic", "PostgreSQL")
    ]
    assert out.startswith(f"revgate {__version__}\n")
    for arguments in (("--help",), ("check", "--help"), ("graph", "-h")):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert out.startswith("usage: revgate")


@pytest.mark.parametrize(
    ("target", "code"),
    [("migrations", 0), ("alembic.ini", 0), (VERSIONS, 0), (".", 0), ("nowhere", 2), ("..", 2)],
)
def test_an_environment_is_named_by_its_place(
    target: str, code: int, repository: Path, run: Run
) -> None:
    done, out, err = run("check", target)
    assert done == code
    assert ("migrations: 2 revisions" in out) == (not code)
    assert "no environment is called" in err if code else not err
    if not code:
        assert run("check", target, "--environment", "other")[0] == 2


def test_explain_and_rules_are_wrapped_for_a_narrow_terminal() -> None:
    from revgate.reports import catalogue

    text = catalogue.explain("blocking-lock", 60)
    code = [line for line in text.splitlines() if line.startswith("    ")]
    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 60
    assert "".join(text.split()) == "".join(catalogue.explain("blocking-lock").split())
    assert all(line in catalogue.explain("blocking-lock").splitlines() for line in code)
    assert max(map(len, catalogue.render("text", 80).splitlines())) <= 80
