"""The quick way through many pull requests says what the slow one says, and is quick."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from revgate.checking import merge as merge_checks
from revgate.checking.selection import Request
from revgate.pulls.judge import Base, with_rivals
from revgate.pulls.pull import Pull, PullsOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pulls.conftest import Site

    from revgate.findings import Finding

SECOND = "20250102000000"
STAMP = "2030{:02}{:02}000000"


def wanted(root: Path) -> PullsOptions:
    return PullsOptions(str(root), Request())


def essence(finding: Finding) -> tuple[object, ...]:
    """Return all of a finding that its reader sees."""
    return finding.rule, finding.path, finding.line, finding.message, finding.help, finding.related


def grow(site: Site, random_: random.Random, known: list[str]) -> None:
    """Commit one thing to the detached head: most often a revision, behind any other."""
    key = STAMP.format(random_.randint(1, 12), random_.randint(1, 28))
    parent = random_.choice([known[-1]] * 6 + [random_.choice(known), "20300101999999"])
    match random_.randrange(12):
        case 0:
            site.write(site.new(known[-1], known[-2], column=f"c{random_.random()}"))
        case 1:
            site.write({f"notes{random_.random()}.txt": "mine\n"})
        case 2:
            site.write(site.new(key, parent, drop=False))
        case 3:
            site.write({f"migrations/versions/{random_.random()}.py": "no Python\n"})
        case 4:
            text = site.text(key, parent).replace("branch_labels = None", 'branch_labels = ("a",)')
            site.write({f"migrations/versions/{key}_add.py": text})
        case 5:
            text = site.text(key, parent).replace("import sqlalchemy", "import app, sqlalchemy")
            site.write({f"migrations/versions/{key}_add.py": text})
        case 6:
            site.write({f"app/{random_.random()}.py": ""})
        case _:
            site.write(site.new(key, parent))
    known.append(key)


@pytest.mark.parametrize("seed", range(2))
def test_the_quick_way_is_the_slow_one(site: Site, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - no secret
    trunk = [f"202501{day:02}000000" for day in range(1, 9)]
    site.write({k: v for at in range(2, 6) for k, v in site.new(trunk[at], trunk[at - 1]).items()})
    forks = [site.git("rev-parse", "HEAD")]
    forks += [
        site.write({"notes.txt": f"{at}\n", **site.new(trunk[at], trunk[at - 1])}) for at in (6, 7)
    ]
    heads = []
    for _ in range(12):
        place = random_.randrange(3)
        site.git("switch", "--quiet", "--detach", forks[place])
        known = trunk[: 6 + place]
        for _ in range(random_.randint(1, 2)):
            grow(site, random_, known)
        heads.append(site.git("rev-parse", "HEAD"))
    base = Base(wanted(site.author), forks[-1])
    verdicts = base.judge(Pull(number, head) for number, head in enumerate(heads))
    for verdict in verdicts:
        slow = merge_checks.check(
            str(site.author), Request(), ours=verdict.pull.head, against=forks[-1]
        ).result
        if verdict.concerned:
            assert [*map(essence, verdict.findings)] == [*map(essence, slow.findings)]
        else:
            assert not slow.errors


def test_a_hundred_pull_requests(site: Site) -> None:
    """Over 2,000 revisions, half of them stale."""
    ids = [f"{2100 + at // 300}{at // 25 % 12 + 1:02}{at % 25 + 1:02}000000" for at in range(2000)]
    versions = site.author / "migrations/versions"
    for key, parent in zip(ids, [SECOND, *ids], strict=False):
        (versions / f"{key}_add.py").write_text(site.text(key, parent))
    base = site.write({"notes.txt": "two thousand\n"})
    heads = import_heads(site, base, ids)
    judged = Base(wanted(site.author), base).judge(
        Pull(number, head) for number, head in enumerate(heads)
    )
    verdicts = with_rivals(judged)
    assert [each.state for each in verdicts] == ["success", "failure"] * 50
    assert all(len(each.rivals) == 49 for each in verdicts[::2])


def import_heads(site: Site, base: str, ids: list[str]) -> list[str]:
    """Make a hundred commits, each with one revision: behind the head, or behind its parent."""
    lines = []
    for number in range(100):
        key = f"2200{number // 25 + 1:02}{number % 25 + 1:02}000000"
        text = site.text(key, ids[-1 - number % 2])
        lines.append(
            f"commit refs/pull/{number}/head\ncommitter Ada <ada@example.org> 0 +0000\n"
            f"data 1\nx\nfrom {base}\nM 100644 inline migrations/versions/{key}_add.py\n"
            f"data {len(text)}\n{text}\n"
        )
    stream = "".join(lines).encode()
    subprocess.run(
        ["git", "fast-import", "--quiet"], input=stream, cwd=site.author, env=site.env, check=True
    )
    names = [f"refs/pull/{number}/head" for number in range(100)]
    return site.git("rev-parse", *names).splitlines()
