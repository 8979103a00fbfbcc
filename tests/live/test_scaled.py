"""Stepping only new revisions, or a share of them, misses nothing that matters."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from revgate.history.revision import Allow
from revgate.postgres import templates
from revgate.rules import LIVE, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from revgate.findings import Finding
    from revgate.postgres.server import Server
    from revgate.roundtrip.observed import RoundTrip

    ProjectMaker = Callable[..., Any]


def table(name: str, *, drops: bool = True) -> str:
    down = f"op.drop_table('{name}')" if drops else "pass"
    return (
        f"def upgrade():\n    op.create_table('{name}', sa.Column('id', sa.Integer))\n\n\n"
        f"def downgrade():\n    {down}\n"
    )


FIVE = [table(name) for name in ("a", "b", "c", "d", "e")]


def ask(observed: RoundTrip) -> list[tuple[str, str | None]]:
    found: list[Finding] = [
        finding._replace(rule=rule.name)
        for rule in all_rules().values()
        if rule.group is LIVE and rule.enabled
        for finding in rule.check(observed)
    ]
    return [(each.rule, each.revision) for each in found]


def tables(observed: RoundTrip) -> dict[str, int]:
    return {each.name: each.tables for each in observed.passes}


def stepped(observed: RoundTrip) -> list[str]:
    return [each.revision.id for each in observed.steps if each.upgrade_ms is not None]


def test_only_what_the_base_lacks_is_stepped(project: ProjectMaker) -> None:
    observed = project(*FIVE).run(new=frozenset(["r4", "r5"]), expect_tables=5)

    assert ask(observed) == []
    assert stepped(observed) == ["r4", "r5"]
    assert [each.revision.id for each in observed.steps] == ["r1", "r2", "r3", "r4", "r5"]
    assert tables(observed) == {"upgrade": 5, "downgrade": 3, "upgrade again": 5, "production": 5}
    assert any("3 revisions up to `r3` ran in one go" in note for note in observed.notes)


def test_nothing_new_is_run_at_once_and_counted(project: ProjectMaker) -> None:
    made = project(*FIVE)

    assert ask(made.run(new=frozenset(), expect_tables=5)) == []
    assert ask(made.run(new=frozenset(), expect_tables=6)) == [("table-count", "r5")]


def test_what_the_base_does_wrong_is_its_own_affair(project: ProjectMaker) -> None:
    bodies = [table("a"), table("b", drops=False), table("c"), table("d", drops=False)]
    observed = project(*bodies).run(new=frozenset(["r4"]))

    assert ask(observed) == [("downgrade-residue", "r4"), ("reupgrade-fails", "r4")]


def test_a_base_that_does_not_run_at_once_is_stepped(project: ProjectMaker) -> None:
    broken = "def upgrade():\n    op.execute('SELECT nothing')\n\n\ndef downgrade():\n    pass\n"
    observed = project(table("a"), broken, table("c")).run(new=frozenset(["r3"]))

    assert ask(observed) == [("upgrade-fails", "r2")]


def test_production_begins_where_the_base_is(project: ProjectMaker) -> None:
    label = (
        "def upgrade():\n    op.execute(\"ALTER TYPE mood ADD VALUE 'b'\")\n\n\n"
        "def downgrade():\n    pass\n"
    )
    enum = (
        "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('a')\")\n\n\n"
        "def downgrade():\n    op.execute('DROP TYPE mood')\n"
    )
    use = "def upgrade():\n    op.execute(\"SELECT 'b'::mood\")\n\n\ndef downgrade():\n    pass\n"
    made = project(enum, label, use)

    assert ("fails-in-one-transaction", "r3") not in ask(made.run(new=frozenset(["r3"])))
    assert ("fails-in-one-transaction", "r3") in ask(made.run(new=frozenset(["r2", "r3"])))


def test_shards_find_together_what_one_job_finds(project: ProjectMaker) -> None:
    bodies = [table(name, drops=name not in "be") for name in "abcdefg"]
    made = project(*bodies)
    alone = ask(made.run(expect_tables=9))
    shards = [made.run(expect_tables=9, shard=(number, 3)) for number in (1, 2, 3)]

    assert [stepped(each) for each in shards] == [["r1", "r2"], ["r3", "r4"], ["r5", "r6", "r7"]]
    assert {("downgrade-residue", "r2"), ("downgrade-residue", "r5")} < set(alone)
    together = {found for each in shards for found in ask(each)}
    # One job's second upgrade ends at `r2`; the third shard gets further.
    assert together == {*alone, ("reupgrade-fails", "r5")}


def test_more_shards_than_revisions(project: ProjectMaker) -> None:
    made = project(table("a"))
    shards = [made.run(shard=(number, 3)) for number in (1, 2, 3)]

    assert [stepped(each) for each in shards] == [[], [], ["r1"]]
    assert [ask(each) for each in shards] == [[], [], []]


def test_a_downgrade_that_may_raise_hides_nothing(project: ProjectMaker) -> None:
    raises = (
        "def upgrade():\n    pass\n\n\ndef downgrade():\n    raise NotImplementedError('data')\n"
    )
    made = project(table("a", drops=False), raises, table("c"), raises, table("e"))
    allowed = Allow(("raising-downgrade",), "derived data", (5, 1), 5)
    chain = tuple(
        each._replace(allows=(allowed,)) if each.id in ("r2", "r4") else each for each in made.chain
    )

    assert ask(made._replace(chain=chain).run()) == [
        ("downgrade-residue", "r1"),
        ("reupgrade-fails", "r1"),
    ]
    assert ("downgrade-fails", "r2") in ask(made.run())


def taken(observed: RoundTrip) -> bool:
    return any("came from an earlier run" in note for note in observed.notes)


def test_what_the_base_builds_is_kept_where_the_server_stays(
    project: ProjectMaker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "WORTH_SECONDS", 0.0)
    made = project(*FIVE)
    new = frozenset(["r5"])

    assert not taken(made.run(new=new))
    again = made.run(new=new, expect_tables=5)
    assert taken(again)
    assert ask(again) == []
    assert tables(again) == {"upgrade": 5, "downgrade": 4, "upgrade again": 5, "production": 5}
    assert not taken(made.run(new=new, cached=False))
    assert not taken(made.run(new=new, env=(("STAGE", "test"),)))

    path = made.root / "migrations" / "versions" / "r2.py"
    path.write_text(path.read_text() + "\n# another content\n")
    assert not taken(made.run(new=new))
    assert not taken(made.run(new=frozenset(["r4", "r5"])))
    assert len(server.databases("revgate_template_")) == 3


def test_what_took_no_time_is_not_kept(
    project: ProjectMaker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "WORTH_SECONDS", 1000.0)
    before = server.databases("revgate_template_")
    project(*FIVE).run(new=frozenset(["r5"]))

    assert server.databases("revgate_template_") == before


def git(folder: Path, *words: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in who.items()}
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **who})


def test_the_command_line_steps_what_a_branch_adds(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from revgate.cli import main

    made = project(*FIVE)
    (made.root / ".git").rmdir()
    new = made.root / "migrations" / "versions" / "r5.py"
    text = new.read_text()
    new.unlink()
    git(made.root, "init", "-q", "-b", "main")
    git(made.root, "add", ".")
    git(made.root, "commit", "-qm", "base")
    new.write_text(text)
    git(made.root, "checkout", "-qb", "branch")
    git(made.root, "add", ".")
    git(made.root, "commit", "-qm", "new")
    monkeypatch.chdir(made.root)
    words = ["roundtrip", "--against", "main", "--database-url", made.server_url]

    assert main(words) == 0
    assert "4 revisions up to `r4` ran in one go" in capsys.readouterr().out
    assert main([*words, "--shard", "9"]) == 2
    assert "write I/N" in capsys.readouterr().err


def test_what_grants_to_a_role_of_the_run_is_not_kept(
    project: ProjectMaker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "WORTH_SECONDS", 0.0)
    before = server.databases("revgate_template_")
    role = (
        "def upgrade():\n    op.execute('CREATE ROLE reader_of_scaled')\n"
        "    op.execute('CREATE TABLE t (id int)')\n"
        "    op.execute('GRANT SELECT ON t TO reader_of_scaled')\n\n\n"
        "def downgrade():\n    op.execute('DROP TABLE t')\n"
        "    op.execute('DROP ROLE reader_of_scaled')\n"
    )
    observed = project(role, table("b")).run(new=frozenset(["r2"]))

    assert ask(observed) == []
    assert server.databases("revgate_template_") == before
    assert "reader_of_scaled" not in server.roles()
