"""The story that revgate is for, played whole: two branches, one head, both green."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from tests.pulls.conftest import Site

HOOK = Path(__file__).parents[2] / "hooks" / "revgate"
SECOND, OURS, THEIRS = "20250102000000", "20250103000000", "20250104000000"


def revgate(site: Site, *words: str) -> subprocess.CompletedProcess[str]:
    """Run revgate from its clone in the author's work tree."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(HOOK), *words],
        cwd=site.author,
        env=site.env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_branches_of_one_head(site: Site) -> None:
    # Two branches fork off one head; both are green.
    site.open(1, site.new(OURS, SECOND))
    site.git("branch", "first")
    head = site.open(2, site.new(THEIRS, SECOND))
    site.git("branch", "second")
    verdicts = site.pulls()
    assert [verdicts[number]["state"] for number in (1, 2)] == ["success", "success"]

    # The first one merges. Nothing runs on the second, which stays green and is wrong.
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--no-edit", "first")
    site.git("push", "--quiet", "origin", "main")
    site.github.pulls[0]["state"] = "closed"

    # The push to main judges it again: red, with the rule, and the report names the command.
    verdict = site.pulls()[2]
    assert verdict["state"] == "failure"
    assert site.github.latest(head)["description"].startswith("branching-merge: ")
    site.git("switch", "--quiet", "second")
    told = revgate(site, "check", "--against", "main")
    assert told.returncode == 1
    assert f'write\n            down_revision = "{OURS}"\n' in told.stdout
    assert "`revgate rebase`" in told.stdout

    # The author runs it, commits and pushes; green again.
    assert revgate(site, "rebase", "--onto", "main").returncode == 0
    site.git("commit", "--quiet", "--all", "--message", "behind the first")
    assert revgate(site, "check", "--against", "main").returncode == 0
    site.git("push", "--quiet", "--force", "origin", "HEAD:refs/pull/2/head")
    head = site.git("rev-parse", "HEAD")
    site.github.commits.add(head)
    site.github.pulls[1]["head"]["sha"] = head
    assert site.pulls()[2]["state"] == "success"

    # It merges, and there is one head: by revgate and by Alembic.
    site.git("switch", "--quiet", "main")
    site.git("merge", "--quiet", "--no-edit", "second")
    assert revgate(site, "check").returncode == 0
    config = Config(str(site.author / "alembic.ini"))
    config.set_main_option("script_location", str(site.author / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [THEIRS]
