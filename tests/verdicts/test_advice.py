"""The commands that a help names are run in the state it is for; then the check is clean.

The hooks of this repository guard every commit and merge. Alembic says how many heads there are,
and git that no published revision was changed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import alembic
import pytest
from tests.verdicts.conftest import R0, R1, R2, B, C, M, alembic_heads, at, new, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.verdicts.conftest import Files, Said, Verdicts

HOOKS = Path(__file__).parents[2] / "hooks"
BIN = Path(sys.executable).parent
TEMPLATE = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"


def write(repo: Verdicts, files: Files) -> None:
    for name, text in files.items():
        path = repo.author / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "")


def shell(repo: Verdicts, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a user would, who writes a message in the editor."""
    path = f"{BIN}{os.pathsep}{repo.site.env['PATH']}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=repo.author,
        env={**repo.site.env, "GIT_EDITOR": "echo more >", "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def done(repo: Verdicts, command: str) -> str:
    ran = shell(repo, command)
    assert ran.returncode == 0, f"{command}\n{ran.stdout}"
    return ran.stdout


def guard(repo: Verdicts) -> None:
    """Let the hooks judge each commit and each merge."""
    for name in ("pre-commit", "pre-merge-commit"):
        hook = repo.author / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec {sys.executable} {HOOKS / 'revgate'} check --staged\n")
        hook.chmod(0o755)


def commit(repo: Verdicts, message: str = "more") -> None:
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--no-verify", "--message", message)


def merge(repo: Verdicts, *branches: str) -> None:
    """Merge branches into `main`, as a host does that checks each alone."""
    repo.git("switch", "--quiet", "main")
    for branch in branches:
        repo.git("merge", "--quiet", "--no-verify", "--no-edit", branch)
    repo.git("push", "--quiet", "origin", "main")


def helps(said: Said, rule: str) -> str:
    found = [each["help"] for each in said.report["findings"] if each["rule"] == rule]
    assert found, said.text
    return str(found[0])


def commands(text: str) -> list[str]:
    """Return the shell commands between backticks."""
    return [
        each for each in re.findall(r"`([^`]+)`", text) if re.match(r"git |revgate |alembic ", each)
    ]


def set_parent(repo: Verdicts, path: str, text: str) -> None:
    """Write the `down_revision` that a text names."""
    line = re.search(r"`(down_revision = [^`]+)`", text)
    assert line, text
    file = repo.author / path
    before = file.read_text()
    after = re.sub(r"^down_revision.*$", line[1], before, flags=re.MULTILINE)
    assert before != after
    file.write_text(after)


def is_sound(repo: Verdicts, published: dict[str, str], *words: str) -> None:
    """See that the work tree passes, has one head, and changed nothing that is published."""
    said = repo.check("--against", "main", *words)
    assert said.code == 0, said.text
    assert len(alembic_heads(repo.author)) == 1
    for path, text in published.items():
        assert repo.text(path) == text, path


def published(repo: Verdicts) -> dict[str, str]:
    names = repo.git("ls-tree", "-r", "--name-only", "main", "migrations/versions").split()
    return {name: repo.git("show", f"main:{name}") + "\n" for name in names}


@pytest.fixture
def forked(repo: Verdicts) -> Verdicts:
    """Check out a branch whose revision forks with `main`, behind the hooks."""
    repo.change(new(B, R2))
    repo.on_main(new(M, R2))
    repo.git("switch", "--quiet", "b")
    guard(repo)
    return repo


# After `revgate rebase`.


def printed_next(out: str) -> str:
    line = re.search(r"^next: (.*)$", out, re.MULTILINE)
    assert line, out
    return line[1]


def clean(repo: Verdicts) -> None:
    del repo


def uncommitted(repo: Verdicts) -> None:
    repo.git("reset", "--quiet", "--mixed", "HEAD~1")


def staged(repo: Verdicts) -> None:
    repo.git("reset", "--quiet", "--soft", "HEAD~1")


def with_notes(repo: Verdicts) -> None:
    write(repo, {"notes.txt": "mine\n"})
    repo.git("add", "notes.txt")


def merging(repo: Verdicts) -> None:
    assert shell(repo, "git merge main").returncode != 0  # by the hook


def rebasing(repo: Verdicts) -> None:
    write(repo, {"clash.txt": "b\n"})
    commit(repo)
    repo.git("switch", "--quiet", "main")
    write(repo, {"clash.txt": "main\n"})
    commit(repo)
    repo.git("switch", "--quiet", "b")
    assert shell(repo, "git rebase main").returncode != 0
    done(repo, "git checkout --theirs clash.txt")


@pytest.mark.parametrize("state", [clean, uncommitted, staged, with_notes, merging, rebasing])
@pytest.mark.parametrize("restamp", ["", " --restamp"])
def test_what_follows_a_rebase(
    forked: Verdicts, state: Callable[[Verdicts], None], restamp: str
) -> None:
    state(forked)
    before = published(forked)
    then = printed_next(done(forked, f"revgate rebase --onto main{restamp}"))
    if state is rebasing:
        then = f"git add clash.txt && {then}"
    done(forked, then)
    is_sound(forked, before)
    assert forked.check("--staged").code == 0
    assert not forked.git("status", "--porcelain", "--", "migrations")


def test_a_rebase_that_was_staged_first(forked: Verdicts) -> None:
    """The hook refuses the commit, and its help leads on instead of back."""
    before = published(forked)
    done(forked, "revgate rebase --onto main && git add -A -- migrations/versions")
    assert "missing-parent" in shell(forked, "git commit").stdout
    (command,) = commands(helps(forked.check("--staged"), "missing-parent"))
    done(forked, command)
    is_sound(forked, before)


def test_a_rebase_that_was_committed_first(forked: Verdicts) -> None:
    before = published(forked)
    done(forked, "revgate rebase --onto main")
    commit(forked)
    (command,) = commands(helps(forked.check(), "missing-parent"))
    assert command == printed_next(done(forked, "revgate rebase")) == "git merge origin/main"
    done(forked, command)
    is_sound(forked, before)


# A fork with the target branch.


def test_a_fork_is_repaired_by_the_line(forked: Verdicts) -> None:
    before = published(forked)
    text = helps(forked.check("--against", "main"), "branching-merge")
    set_parent(forked, at(B), text)
    said = forked.check("--against", "main")
    assert said.code == 0, said.text
    (command,) = commands(helps(forked.check(), "missing-parent"))
    done(forked, command)
    is_sound(forked, before)


# Both are merged.


@pytest.fixture
def both(repo: Verdicts) -> Verdicts:
    """Check out a branch of a `main` that two branches forked."""
    for branch, key in (("one", M), ("two", B)):
        repo.git("switch", "--quiet", "--create", branch, "main")
        write(repo, new(key, R2))
        commit(repo, branch)
    merge(repo, "one", "two")
    repo.git("switch", "--quiet", "--create", "repair")
    guard(repo)
    return repo


def test_both_are_merged_and_none_is_deployed(both: Verdicts) -> None:
    code, _, error = both.run("rebase", "--onto", "main")
    assert code == 2
    assert "2 heads" in error
    way = next(line for line in error.splitlines() if "no database" in line)
    path = re.findall(r"`(migrations/[^`]+)`", way)[0]
    assert path == at(B)
    set_parent(both, path, way)
    before = published(both)
    del before[path]
    done(both, commands(way)[-1])
    assert both.check("--against", "main").rules() == {"reparented-revision"}  # a reviewer's turn
    is_sound(both, before, "--allow-published", B)
    done(both, "git commit --quiet --all --message repaired")


@pytest.mark.parametrize("written", [(), ("expect-tables = 5",), ('file-name = "any"',)])
def test_both_are_merged_and_one_is_deployed(both: Verdicts, written: tuple[str, ...]) -> None:
    if written:
        both.git("switch", "--quiet", "main")
        write(both, settings(*written))
        commit(both)
        both.git("switch", "--quiet", "repair")
        both.git("merge", "--quiet", "--no-verify", "main")
    _, _, error = both.run("rebase", "--onto", "main")
    way = next(line for line in error.splitlines() if "alembic merge" in line)
    assert way.count("`linear = false`") == 1
    before = published(both)
    write(both, {"migrations/script.py.mako": TEMPLATE.read_text()})
    done(both, commands(way)[0])
    assert len(alembic_heads(both.author)) == 1
    if written:
        assert both.check("--against", "main").rules() == {"merge-revision"}
    write(both, settings(*written, "linear = false"))
    is_sound(both, before)
    done(both, "git add --all && git commit --quiet --message joined")


# What is published.


@pytest.mark.parametrize("rule", ["downgrade-residue", "downgrade-loss", "downgrade-fails"])
def test_a_downgrade_that_is_published(repo: Verdicts, rule: str) -> None:
    """An edit of it would be refused; a comment is none."""
    from revgate import environments
    from revgate.checking.advice import advise
    from revgate.checking.file_rules import judge_file
    from revgate.findings import Finding
    from revgate.history.read import read
    from revgate.history.source import WorkTree
    from revgate.settings import Settings

    write(repo, new(C, R2))
    source = WorkTree(str(repo.author), is_repository=True)
    history = read(source, environments.find(source, Settings())[0], judge_file).history
    findings = [Finding("m", "add a line", at(key), 1, 1, key, rule=rule) for key in (R1, C)]
    old, fresh = advise(history, findings)
    assert fresh.help == "add a line"
    comment = re.findall(r"`(# revgate: [^`]+)`", old.help or "")[0]
    assert rule in comment
    text = repo.text(at(R1))
    write(repo, {at(R1): text.replace("def downgrade", f"{comment}\ndef downgrade")})
    said = repo.check("--against", "main")
    assert (said.code, said.rules("warning")) == (0, set())
    write(repo, {at(R1): text.replace("def downgrade():", "def downgrade():\n    op.execute('x')")})
    if repo.text(at(R1)) != text:
        assert repo.check("--against", "main").rules() == {"edited-revision"}


DROP = f'    op.drop_table("t{M}")\n'
DOWN = f"def downgrade() -> None:\n{DROP}"
UP = f'    op.create_table("t{M}", sa.Column("id", sa.Integer, primary_key=True))\n'
OF_DOWNGRADES = {
    "empty-downgrade": (DROP, "    pass\n"),
    "missing-downgrade": (DOWN, ""),
    "raising-downgrade": (DROP, "    raise NotImplementedError\n"),
    "lopsided-downgrade": (UP, f'{UP}    op.create_index("i", "u", ["id"])\n'),
    "unnamed-drop": (DROP, f'    op.drop_constraint(None, "t{M}")\n{DROP}'),
}


@pytest.mark.parametrize("rule", OF_DOWNGRADES)
def test_a_downgrade_that_only_reads_as_wrong_is_published(repo: Verdicts, rule: str) -> None:
    """The static rules advise no edit that the rules on published revisions refuse."""
    text = (new(M, R2)[at(M)] or "").replace(*OF_DOWNGRADES[rule])
    repo.on_main({at(M): text})
    way = helps(repo.check(), rule)
    found = re.search(r"`(# revgate: [^`]+)` above line (\d+)", way)
    assert found, way
    lines = text.splitlines(keepends=True)
    lines.insert(int(found[2]) - 1, f"{found[1]}\n")
    write(repo, {at(M): "".join(lines)})
    for words in ((), ("--against", "main")):
        said = repo.check(*words)
        assert (said.code, said.rules("warning")) == (0, set()), said.text
    assert len(alembic_heads(repo.author)) == 1


@pytest.mark.parametrize("rule", OF_DOWNGRADES)
def test_a_downgrade_that_is_new_is_written(repo: Verdicts, rule: str) -> None:
    repo.change({at(M): (new(M, R2)[at(M)] or "").replace(*OF_DOWNGRADES[rule])})
    assert "published" not in helps(repo.check(), rule)


def test_all_static_rules_on_downgrades_are_tried() -> None:
    from revgate.rules import DOWNGRADE, all_rules

    assert {name for name, each in all_rules().items() if each.group is DOWNGRADE} == {
        *OF_DOWNGRADES
    }


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (new(R1, R0, column="key"), "edited-revision"),
        ({at(R2): None}, "removed-revision"),
        (
            {
                at(R2): (new(R2, R1)[at(R2)] or "").replace(
                    f'revision = "{R1}"', f'revision = "{R0}"'
                )
            },
            "reparented-revision",
        ),
    ],
)
def test_a_published_revision_that_was_changed(repo: Verdicts, change: Files, rule: str) -> None:
    before = published(repo)
    for name, text in change.items():
        if text is None:
            (repo.author / name).unlink()
        else:
            write(repo, {name: text})
    text = helps(repo.check("--against", "main"), rule)
    if "`down_revision" in text:
        set_parent(repo, next(iter(change)), text)
    else:
        path = re.findall(r"`(migrations/[^`]+)`", text)[0]
        done(repo, f"git checkout main -- {path}")
    is_sound(repo, before)


def test_an_insertion_is_moved_to_the_end(repo: Verdicts) -> None:
    before = published(repo)
    write(repo, new(M, R1) | new(R2, M))
    text = helps(repo.check("--against", "main"), "late-insertion")
    assert "restore the parents of the published" in text
    set_parent(repo, at(M), text)
    set_parent(repo, at(R2), helps(repo.check("--against", "main"), "reparented-revision"))
    write(repo, {at(R2): before[at(R2)]})  # the docstring with it
    is_sound(repo, before)


# The chain.


def test_a_copy_gets_an_id_and_a_place(repo: Verdicts) -> None:
    before = published(repo)
    text = new(M, R1)[at(M)] or ""
    write(repo, {at(M): text.replace(f'revision = "{M}"', f'revision = "{R2}"', 1)})
    said = helps(repo.check("--against", "main"), "duplicate-revision")
    assert f"{M}_add.py" in said
    assert "change its `revision`" in said
    write(repo, {at(M): text})
    set_parent(repo, at(M), helps(repo.check("--against", "main"), "multiple-heads"))
    is_sound(repo, before)


@pytest.mark.parametrize("words", [(), ("--against", "main")])
def test_a_second_base_gets_a_parent(repo: Verdicts, words: tuple[str, ...]) -> None:
    before = published(repo)
    write(repo, new(M, None))
    set_parent(repo, at(M), helps(repo.check(*words), "multiple-bases"))
    is_sound(repo, before)
