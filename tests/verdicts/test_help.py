"""The help of every other static rule is followed in the state in which it is given.

`test_advice.py` has the rules on forks, downgrades and most of those on published revisions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, C, M, alembic_heads, at, new, settings
from tests.verdicts.test_advice import OF_DOWNGRADES, commit, done, helps, write
from tests.verdicts.test_agreement import squashed

from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.verdicts.conftest import Files, Verdicts

IN_ADVICE = {
    *OF_DOWNGRADES,
    *("branching-merge", "duplicate-revision", "late-insertion", "missing-parent"),
    "stale-head-file",  # in tests/repair/test_head_file.py
    *("multiple-bases", "multiple-heads", "reparented-revision"),
}


def text(key: str = M, down: str | None = R2, *changes: tuple[str, str]) -> str:
    """Return a revision in which something is replaced."""
    written = new(key, down)[at(key)] or ""
    for old, other in changes:
        assert old in written
        written = written.replace(old, other)
    return written


def only(*changes: tuple[str, str]) -> Files:
    return {at(M): text(M, R2, *changes)}


# Ways to follow a help.


def by_line(repo: Verdicts, rule: str) -> None:
    """Write the first text between backticks in the line of the finding."""
    (found,) = [each for each in findings(repo, rule) if each["rule"] == rule]
    line = re.findall(r"`([^`]+)`", found["help"])[0]
    path = repo.author / found["path"]
    lines = path.read_text().splitlines()
    lines[found["line"] - 1] = line
    path.write_text("\n".join((*lines, "")))


def findings(repo: Verdicts, rule: str) -> list[dict[str, Any]]:
    found = repo.check("--against", "main").report["findings"]
    return [each for each in found if each["rule"] == rule]


def replace(repo: Verdicts, path: str, old: str, other: str) -> None:
    before = repo.text(path)
    assert old in before
    (repo.author / path).write_text(before.replace(old, other))


def replacing(old: str, other: str, path: str = at(M)) -> Callable[[Verdicts, str], None]:
    return lambda repo, _: replace(repo, path, old, other)


def agreeing(*lines: str) -> Callable[[Verdicts, str], None]:
    """Set what the help names in the settings of the target branch."""

    def agree(repo: Verdicts, rule: str) -> None:
        assert all(f"`{line}`" in helps(repo.check("--against", "main"), rule) for line in lines)
        on_main(repo, *lines)

    return agree


def on_main(repo: Verdicts, *lines: str) -> None:
    """Commit settings to `main`, and merge them into the branch."""
    if repo.git("status", "--porcelain"):
        commit(repo)
    repo.on_main(settings(*lines))
    repo.git("switch", "--quiet", "b")
    repo.git("merge", "--quiet", "--no-verify", "--no-edit", "main")


def linearizes(repo: Verdicts, rule: str) -> None:
    del rule
    replace(repo, at(B), f'down_revision = "{R2}"', f'down_revision = "{M}"')
    replace(repo, at(B), f"Revises: {R2}", f"Revises: {M}")
    (repo.author / at(C)).unlink()


def breaks_the_cycle(repo: Verdicts, rule: str) -> None:
    first = re.findall(r"likely `(\d+)`", helps(repo.check("--against", "main"), rule))[0]
    replace(repo, at(first), B if first == M else M, R2)


def renames(repo: Verdicts, rule: str) -> None:
    (name,) = re.findall(r"to `([^`]+)`", helps(repo.check("--against", "main"), rule))
    (repo.author / "migrations/versions/add.py").rename(repo.author / "migrations/versions" / name)


def restamps(repo: Verdicts, rule: str) -> None:
    """Give the revision another time, in its name, its id and its docstring."""
    (found,) = findings(repo, rule)
    wrong = re.findall(r"\d{14}", found["path"])[0]
    old = repo.author / found["path"]
    stamp = f"{C[:-1]}1"
    made = re.sub("Create Date: .*", "Create Date: 2025-01-06 00:00:01", old.read_text())
    old.with_name(f"{stamp}_add.py").write_text(made.replace(wrong, stamp))
    old.unlink()


def merges_the_settings(repo: Verdicts, rule: str) -> None:
    assert "merge them first" in helps(repo.check("--against", "main"), rule)
    lines = repo.text("pyproject.toml").splitlines()[1:]
    on_main(repo, *filter(None, lines))


def restores(repo: Verdicts, rule: str) -> None:
    said = helps(repo.check("--against", "main"), rule)
    assert "restore `" in said
    path = re.findall(r"restore `([^`]+)`", said)[0]
    done(repo, f"git checkout main -- {path}")


def restores_and_removes_the_copy(repo: Verdicts, rule: str) -> None:
    (copy,) = re.findall(r"remove `([^`]+)`", helps(repo.check("--against", "main"), rule))
    restores(repo, rule)
    (repo.author / copy).unlink()


def allows(entry: str) -> Callable[[Verdicts, str], None]:
    """Let the target branch agree, and use that up, as the next help says."""

    def allow(repo: Verdicts, rule: str) -> None:
        said = helps(repo.check("--against", "main"), rule)
        (line,) = re.findall(r"`(allow-[^`]+)`", said)
        assert line.startswith(entry)
        on_main(repo, line)
        assert "remove the entry" in helps(repo.check("--against", "main"), rule)
        write(repo, settings())

    return allow


class Case(NamedTuple):
    rule: str
    change: Files
    follow: Callable[[Verdicts, str], None]
    base: Files | None = None
    """What `main` gets first."""


ANY_NAME = settings('file-name = "any"')
LONG = "add_" + "x" * 36
FORK = {**new(M, R2), **new(B, R2)}
JOINED = (
    (f'down_revision = "{M}"', f'down_revision = ("{M}", "{B}")'),
    (f"s: {M}", f"s: {M}, {B}"),
)
MERGE = {**FORK, at(C): text(C, M, *JOINED)}
LABEL = only(("branch_labels = None", 'branch_labels = "x"'))
DEPENDS = only(("depends_on = None", f'depends_on = "{R0}"'))
CYCLE: Files = {at(M): text(M, B), at(B): text(B, M)}
USES = (
    ("from alembic import op\n", "from alembic import op\nfrom helpers import SIZE\n"),
    ("def upgrade() -> None:\n", "def upgrade() -> None:\n    op.execute(str(SIZE))\n"),
)
HELPED: Files = {"helpers.py": "SIZE = 1\n", at(R2): text(R2, R1, *USES)}
DEFAULT = (
    "primary_key=True)",
    'primary_key=True), sa.Column("d", sa.DateTime, server_default="now()")',
)
ALLOW = "    op.create_table"
OTHER: Files = {
    "other/alembic.ini": "[alembic]\nscript_location = other/migrations\n",
    "other/migrations/env.py": "",
    **new("20250101120000", None, "other/migrations/versions"),
}
CASES: dict[str, Case] = {
    "merge": Case("merge-revision", MERGE, linearizes),
    "merge, meant": Case("merge-revision", MERGE, agreeing("linear = false")),
    "label": Case("branch-label", LABEL, by_line),
    "label, meant": Case("branch-label", LABEL, agreeing('branches = ["x"]')),
    "dependency": Case("cross-dependency", DEPENDS, by_line),
    "dependency, meant": Case("cross-dependency", DEPENDS, agreeing("linear = false")),
    "cycle": Case("revision-cycle", CYCLE, breaks_the_cycle),
    "too long": Case("revision-too-long", only((M, LONG)), replacing(LONG, "short"), ANY_NAME),
    "no upgrade": Case(
        "missing-upgrade",
        only(("def upgrade()", "def other()")),
        replacing("def downgrade", "def upgrade() -> None:\n    pass\n\n\ndef downgrade"),
    ),
    "misspelt upgrade": Case(
        "missing-upgrade",
        only(("def upgrade()", "def upgrad()")),
        replacing("def upgrad()", "def upgrade()"),
    ),
    "name": Case("file-name", {"migrations/versions/add.py": text()}, renames),
    "time": Case(
        "file-name",
        {"migrations/versions/20251399000000_add.py": text().replace(M, "20251399000000")},
        restamps,
    ),
    "id": Case("revision-id", only((f'revision = "{M}"', 'revision = "abc"')), by_line),
    "order": Case("timestamp-order", {at(C): text(C, R2), at(B): text(B, C)}, restamps),
    "future": Case("future-timestamp", {at("29990101000000"): text("29990101000000")}, restamps),
    "stale id": Case("stale-docstring", only((f"Revision ID: {M}", f"Revision ID: {B}")), by_line),
    "stale parent": Case("stale-docstring", only((f"Revises: {R2}", f"Revises: {R1}")), by_line),
    "stale date": Case(
        "stale-docstring",
        only(("Create Date: 2025-01-04", "Create Date: 2025-01-05")),
        replacing("Create Date: 2025-01-05", "Create Date: 2025-01-04"),
    ),
    "import": Case(
        "application-import",
        {**only(*USES), "helpers.py": "SIZE = 1\n"},
        replacing("from helpers import SIZE", "\nSIZE = 1"),
    ),
    "default": Case(
        "frozen-default",
        only(DEFAULT),
        replacing('server_default="now()"', 'server_default=sa.text("now()")'),
    ),
    "settings": Case(
        "relaxed-settings",
        settings('ignore = ["file-name"]'),
        merges_the_settings,
        settings("linear = true"),
    ),
    "no reason": Case(
        "unexplained-allow",
        only(
            ("    op.drop_table", "    # revgate: allow[empty-downgrade]\n    pass\n    #"),
        ),
        replacing("allow[empty-downgrade]", "allow[empty-downgrade] it cannot be undone"),
    ),
    "unused": Case(
        "unused-allow",
        only((ALLOW, f"    # revgate: allow[frozen-default] it is meant\n{ALLOW}")),
        replacing("    # revgate: allow[frozen-default] it is meant\n", ""),
    ),
    "syntax": Case(
        "unreadable-revision",
        only(("def upgrade()", "def upgrade(")),
        replacing("upgrade(", "upgrade()"),
    ),
    "computed": Case(
        "unreadable-revision",
        only((f'revision = "{M}"\ndown', "revision = make()\ndown")),
        replacing("revision = make()", f'revision = "{M}"'),
    ),
    "helper": Case("edited-revision", {"helpers.py": "SIZE = 2\n"}, restores, HELPED),
    "edit": Case("edited-revision", new(R2, R1, column="key"), restores),
    "another id in its file": Case(
        "removed-revision",
        {at(R2): text(R2, R1, (f'revision = "{R2}"', f'revision = "{M}"'))},
        restores,
    ),
    "another id": Case(
        "removed-revision",
        {at(R2): None, at(M): text(M, R1, (f"t{M}", f"t{R2}"))},
        restores_and_removes_the_copy,
    ),
    "squash": Case("removed-revision", squashed(R1, R1, R2), allows("allow-squash")),
    "environment": Case("removed-revision", {"other/alembic.ini": None}, restores, OTHER),
    "environment, meant": Case(
        "removed-revision", {"other/alembic.ini": None}, allows("allow-published"), OTHER
    ),
}


def test_every_static_rule_is_in_one_of_the_tables() -> None:
    static = {name for name, each in all_rules().items() if not each.is_live}
    assert {each.rule for each in CASES.values()} | IN_ADVICE == static


@pytest.mark.parametrize("name", CASES)
def test_the_help_is_followed(name: str, repo: Verdicts) -> None:
    case = CASES[name]
    if case.base:
        repo.on_main(case.base)
    repo.change(case.change)
    case.follow(repo, case.rule)
    said = repo.check("--against", "main")
    assert (said.code, said.rules() | said.rules("warning")) == (0, set()), said.text
    if case.base is not HELPED:  # Alembic would import the helper
        assert len(alembic_heads(repo.author)) == 1
