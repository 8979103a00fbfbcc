"""What `lopsided-downgrade` says of a text, compared with what PostgreSQL says of its downgrade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from revgate.checking.gate import Observed, proved_downgrades, withdraw
from revgate.findings import WARNING, Finding
from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.result import Result
from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

ROWS = False


BASE = """
def upgrade():
    op.create_table("u", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))
    op.execute("CREATE SCHEMA other")


def downgrade():
    op.execute("DROP SCHEMA other")
    op.drop_table("u")
"""
KEEPS = 'op.execute("UPDATE u SET a = a")'
# What the upgrade creates, and the rest of a downgrade that forgets one thing.
FORGETFUL = [
    ('op.create_table("t", sa.Column("x", sa.Integer))', KEEPS),
    ('op.add_column("u", sa.Column("b", sa.Integer))', KEEPS),
    ('op.create_index("ix_u_a", "u", ["a"])', KEEPS),
    ('op.create_unique_constraint(op.f("uq_u_a"), "u", ["a"])', KEEPS),
    ('op.create_check_constraint("pos", "u", "a > 0")', KEEPS),
    (
        'op.create_table("t", sa.Column("x", sa.Enum("a", "b", name="mood")))',
        'op.drop_table("t")',
    ),
    (
        """op.create_table("t", sa.Column("x", sa.Integer))
    op.execute("CREATE VIEW v AS SELECT x FROM t")""",
        'op.drop_table("t")',
    ),
    (
        """op.execute('CREATE MATERIALIZED VIEW "V w" AS SELECT a FROM u')""",
        KEEPS,
    ),
    ('op.execute("CREATE INDEX ix_u_a ON u (lower(a::text))")', KEEPS),
    (
        'op.execute("ALTER TABLE u ADD CONSTRAINT ck CHECK (a > 0)")',
        KEEPS,
    ),
    ('op.execute("ALTER TABLE u ADD COLUMN b int")', KEEPS),
    ('op.execute("CREATE SEQUENCE s")', KEEPS),
    (
        'op.create_table("t", sa.Column("x", sa.Enum("a", "b", name="tone")), schema="other")',
        'op.drop_table("t", schema="other")',
    ),
]


def text(up: str, down: str) -> str:
    return f"\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"


def findings(body: str) -> list[Finding]:
    script = parse("x.py", f'revision = "x"\ndown_revision = None\n{body}'.encode())
    assert isinstance(script, Script)
    return list(all_rules()["lopsided-downgrade"].check(script))


def follow(up: str, down: str) -> str:
    """Apply the line that the help gives, where it says."""
    found = findings(text(up, down))
    assert len(found) == 1
    match = re.fullmatch(
        r"add to `downgrade\(\)`(?P<where>, at its end| before line \d+): `(?P<line>.+)`",
        found[0].help,
    )
    assert match is not None
    lines = [down, match["line"]]
    return "\n    ".join(lines if match["where"].endswith("end") else reversed(lines))


@pytest.mark.parametrize(("up", "down"), FORGETFUL)
def test_following_the_help_leaves_nothing_behind(
    project: ProjectMaker, up: str, down: str
) -> None:
    mended = follow(up, down)
    assert findings(text(up, mended)) == []
    observed = project(BASE, text(up, mended)).run(rows=False)
    assert observed.failures == ()
    assert observed.after_downgrade == ()
    assert proved_downgrades(observed) == {step.revision.id for step in observed.steps}


def test_only_what_the_round_trip_proved_is_withdrawn(project: ProjectMaker) -> None:
    forgetful = text('op.create_index("ix_u_a", "u", ["a"])', KEEPS)
    observed = project(BASE, forgetful).run(rows=False)
    base, left = (step.revision.id for step in observed.steps)
    name = observed.environment.name
    said = tuple(
        Finding("m", "h", "x.py", revision=of, environment=env, rule=rule, severity=WARNING)
        for of, env, rule in [
            (base, name, "lopsided-downgrade"),
            (left, name, "lopsided-downgrade"),
            (base, "another", "lopsided-downgrade"),
            (base, name, "frozen-default"),
        ]
    )
    result = Result("gate", (), findings=said)
    kept = withdraw(result, Observed(roundtrip=observed)).findings
    assert kept == said[1:]
