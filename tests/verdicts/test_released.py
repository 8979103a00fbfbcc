"""Which file is the published one: revisions of a release branch, and duplicate ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.revisions import revision
from tests.verdicts.conftest import R1, R2, B, C, M, alembic_heads, new, settings
from tests.verdicts.test_advice import TEMPLATE, commands, done, helps, write

if TYPE_CHECKING:
    from tests.verdicts.conftest import Verdicts


def release(repo: Verdicts, *lines: str) -> None:
    """Release a revision on `release/1`, let `main` go on, and merge the release forward."""
    repo.on_main(settings(*lines))
    repo.git("switch", "--quiet", "--create", "release/1")
    repo.site.write(new(B, R2))
    repo.git("push", "--quiet", "origin", "release/1")
    repo.git("switch", "--quiet", "main")
    repo.on_main(new(M, R2))
    repo.change({"note.txt": "forward"}, start="release/1")
    repo.git("fetch", "--quiet", "origin")


def test_a_released_revision_is_not_re_pointed(repo: Verdicts) -> None:
    release(repo, 'published = ["main", "release/*"]')
    said = repo.against()
    assert said.rules() == {"branching-merge"}
    assert 'alembic merge --rev-id "$(date -u +%Y%m%d%H%M%S)" -m' in said.text
    assert f'heads" {M} {B}\n' in said.text
    assert "revgate rebase" not in said.text
    code, _, error = repo.run("rebase", "--onto", "main")
    assert code == 2
    assert f"`{B}` is on `origin/release/1`" in error
    assert "alembic merge" in error
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("is_linear", [False, True])
def test_a_released_revision_is_joined(repo: Verdicts, is_linear: bool) -> None:
    """If the target branch does not accept merge revisions yet, it has to say so first."""
    published = 'published = ["main", "release/*"]'
    release(repo, published, *(() if is_linear else ("linear = false",)))
    text = helps(repo.against(), "branching-merge")
    assert ("`linear = false`" in text) is is_linear
    if is_linear:
        repo.on_main(settings(published, "linear = false"))
        repo.git("switch", "--quiet", "b")
    write(repo, {"migrations/script.py.mako": TEMPLATE.read_text()})
    done(repo, "git merge --no-commit main")
    (command,) = [each for each in commands(text) if each.startswith("alembic")]
    done(repo, command)
    done(repo, "git add --all && git commit --quiet --message joined")
    said = repo.check("--against", "main")
    assert (said.code, len(alembic_heads(repo.author))) == (0, 1), said.text


@pytest.mark.parametrize("lines", [(), ('published = ["main", "stable/*"]',)])
def test_without_such_a_branch_it_is(repo: Verdicts, lines: tuple[str, ...]) -> None:
    release(repo, *lines)
    assert "revgate rebase" in repo.against().text
    assert repo.run("rebase", "--onto", "main")[0] == 0


def test_a_revision_of_the_change_alone_is_re_pointed(repo: Verdicts) -> None:
    release(repo, 'published = ["main", "release/*"]')
    repo.change(new(C, R2), start="main~1")
    assert "revgate rebase" in repo.against().text
    assert repo.run("rebase", "--onto", "main")[0] == 0


@pytest.mark.parametrize("name", ["a_copy.py", "zz_copy.py"])
def test_a_duplicate_id_is_reported_at_the_new_file(name: str, repo: Verdicts) -> None:
    path = f"migrations/versions/{name}"
    repo.on_main(settings('file-name = "any"'))
    repo.change({path: revision(R2, R1)})
    (found,) = [
        each for each in repo.against().report["findings"] if each["rule"] == "duplicate-revision"
    ]
    assert found["path"] == path
    assert f"give `{name}`, which the target branch does not have, a unique id" in found["help"]


def test_the_advice_in_a_single_branch_clone_works(repo: Verdicts) -> None:
    repo.change(new(B, R2))
    repo.git("config", "remote.origin.fetch", "+refs/heads/b:refs/remotes/origin/b")
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    code, _, error = repo.run("check", "--against", "origin/main")
    assert code == 3
    command = error.partition("`git ")[2].partition("`")[0]
    assert command in repo.run("rebase", "--onto", "origin/main")[2]
    repo.git(*command.split())
    assert repo.run("check", "--against", "origin/main")[0] == 0
