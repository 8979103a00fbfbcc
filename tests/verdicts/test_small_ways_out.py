"""Where a run used to end without a verdict, or with one that led nowhere."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R2, B, M, at, ini, new, settings

if TYPE_CHECKING:
    from tests.verdicts.conftest import Files, Verdicts

ALLOW = "# revgate: allow[empty-downgrade] the rows are gone anyway"


def write(repo: Verdicts, files: Files) -> None:
    for name, text in files.items():
        path = repo.author / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "")


# An `allow` for a rule on the downgrade.


@pytest.mark.parametrize(
    "downgrade",
    [
        f"def downgrade():  {ALLOW}\n    pass\n",
        f"{ALLOW}\ndef downgrade():\n    pass\n",
        f"def downgrade():\n    pass  {ALLOW}\n",
        f"def downgrade():\n    {ALLOW}\n    pass\n",
        f"def downgrade():\n    pass\n    {ALLOW}\n",
        f'def downgrade():\n    """Nothing to do."""\n\n    {ALLOW}\n',
        f"def downgrade(): pass  {ALLOW}\n",
        f"async def downgrade():\n    pass\n\n    return  {ALLOW}\n",
    ],
)
def test_an_allow_anywhere_in_the_downgrade(repo: Verdicts, downgrade: str) -> None:
    text = (new(B, R2)[at(B)] or "").partition("def downgrade")[0]
    write(repo, {at(B): text + downgrade})
    said = repo.check()
    assert said.code == 0, said.text
    assert said.rules("warning") == set()
    assert said.report["summary"]["allowed"] == 1


@pytest.mark.parametrize(
    "change",
    [
        ("def upgrade", f"def earlier():\n    pass  {ALLOW}\n\n\ndef upgrade"),
        ("def downgrade", f"{ALLOW}\nx = 1\n\n\ndef downgrade"),
    ],
)
def test_an_allow_elsewhere(repo: Verdicts, change: tuple[str, str]) -> None:
    text = new(B, R2, drop=False)[at(B)] or ""
    write(repo, {at(B): text.replace(*change)})
    said = repo.check()
    assert said.rules() == {"empty-downgrade"}
    assert said.rules("warning") == {"unused-allow"}


def test_an_allow_that_was_merged(repo: Verdicts) -> None:
    """It has done its work: it is no longer a finding of every later branch."""
    text = (new(M, R2)[at(M)] or "").partition("def downgrade")[0]
    repo.on_main({at(M): f"{text}def downgrade():\n    pass  {ALLOW}\n"})
    repo.change(new(B, M))
    said = repo.against()
    assert (said.code, said.rules("warning")) == (0, set())
    assert repo.pull()["findings"] == []


# A conflict inside a revision file.


def conflict(repo: Verdicts) -> None:
    repo.on_main(new(M, R2, column="one"))
    repo.change(new(M, R2, column="two"), start="main~1")


def test_a_conflict_of_a_simulated_merge(repo: Verdicts) -> None:
    conflict(repo)
    found = [each for each in repo.against().report["findings"] if "conflict" in each["message"]]
    assert [each["rule"] for each in found] == ["unreadable-revision"]
    assert "`two" in found[0]["message"] or '"two"' in found[0]["message"]
    assert '"one"' in found[0]["message"]
    assert "target branch" in found[0]["help"]
    assert "Python" not in found[0]["message"] + found[0]["help"]


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_a_conflict_in_the_work_tree(repo: Verdicts, style: str) -> None:
    conflict(repo)
    repo.git("switch", "--quiet", "b")
    done = subprocess.run(
        ["git", "-c", f"merge.conflictStyle={style}", "merge", "main"],
        cwd=repo.author,
        env=repo.site.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    found = repo.check().report["findings"][0]
    assert found["rule"] == "unreadable-revision"
    assert "from `HEAD`" in found["message"]
    assert "from `main`" in found["message"]
    lines = repo.text(at(M)).splitlines()
    assert lines[found["line"] - 1].startswith("<<<<<<< ")


def test_half_a_marker_is_a_syntax_error(repo: Verdicts) -> None:
    write(repo, {at(B): f"{new(B, R2)[at(B)]}<<<<<<< HEAD\n"})
    assert "not Python" in repo.check().text


def test_the_heads_are_those_after_the_merge(repo: Verdicts) -> None:
    repo.on_main(new(M, R2))
    repo.change(new(B, M), start="main~1")
    said = repo.against()
    assert said.code == 0
    assert said.report["environments"][0]["heads"] == [B]


# Configurations.


def init(repo: Verdicts) -> tuple[int, str, str]:
    return repo.run("init", "--dry-run", "--ci", "none")


@pytest.mark.parametrize(
    "other",
    [
        {"cookiecutter/alembic.ini": "[alembic]\nscript_location = {{ name }}/migrations\n"},
        {"broken/alembic.ini": "[alembic\nscript_location = x\n"},
        {"old/alembic.ini": "[alembic]\nscript_location = gone\n"},
        {
            "empty/alembic.ini": "[alembic]\nscript_location = migrations\n",
            "empty/migrations/env.py": "",
        },
        {
            "none/alembic.ini": "[alembic]\nscript_location = migrations\n",
            "none/migrations/versions/README": "",
        },
    ],
    ids=lambda files: next(iter(files)).partition("/")[0],
)
def test_init_next_to_a_broken_environment(repo: Verdicts, other: Files) -> None:
    repo.site.write(other)
    code, out, error = init(repo)
    assert (code, error) == (0, "")
    assert "left out: " in out
    assert '+config = "alembic.ini"' in out


def test_init_with_nothing_but_a_broken_one(repo: Verdicts) -> None:
    repo.site.write(ini("gone"))
    assert init(repo)[0] == 3


def test_a_pull_request_older_than_the_baseline(repo: Verdicts) -> None:
    start = repo.git("rev-parse", "main")
    repo.on_main(new(M, R2))
    repo.on_main(settings(f'baseline = "{M}"'))
    repo.change({"notes.txt": "x"}, {**new(B, R2)}, start=start)
    assert repo.verdict() == {"branching-merge"}
    repo.change({at(B): (new(B, R2)[at(B)] or "").replace(R2, M)}, start=start)
    assert repo.verdict() == set()


@pytest.mark.parametrize(
    "name", ["alembic.ini.example", "dev.alembic.ini", "alembic-dev.ini", "conf/alembic.ini.tmpl"]
)
@pytest.mark.parametrize("words", [(), ("--staged",), ("--at", "HEAD")])
def test_a_configuration_of_another_name(repo: Verdicts, name: str, words: tuple[str, ...]) -> None:
    (repo.author / "conf").mkdir()
    repo.git("mv", "alembic.ini", name)
    repo.git("commit", "--quiet", "--message", "a template")
    said = repo.check(*words)
    assert said.code == 3
    assert name in said.text
    if not name.startswith("conf"):
        found = re.findall(r"`([^`]+)`", said.text)[-3:]
        write(repo, settings(*found))
        assert repo.check().code == 0


def test_no_configuration_at_all(repo: Verdicts) -> None:
    repo.git("rm", "--quiet", "alembic.ini")
    assert "name one with [[tool.revgate.environment]]" in repo.check().text


# A submodule.


@pytest.mark.parametrize("words", [("--staged",), ("--at", "HEAD"), ("--against", "main")])
@pytest.mark.parametrize("path", ["migrations", "lib/db"])
def test_migrations_in_a_submodule(repo: Verdicts, words: tuple[str, ...], path: str) -> None:
    other = repo.site.path / "other"
    repo.git("clone", "--quiet", str(repo.author), str(other))
    repo.git("rm", "-r", "--quiet", "migrations")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repo.git(*add, str(other), path)
    write(repo, ini(f"{path}/migrations"))
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "a submodule")
    assert repo.check().code == 0
    said = repo.check(*words)
    assert said.code == 3
    assert f"submodule {path}" in said.text
