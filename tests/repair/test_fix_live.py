"""`revgate gate --fix` on a real server: what it fixes, and what it leaves or takes back."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from revgate.cli import main

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '''"""change

Revision ID: {key}
Revises: {down}
"""
import sqlalchemy as sa
from alembic import op

revision = "{key}"
down_revision = {parent}


'''
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine("postgresql+psycopg2://", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
R1, R2, R3 = "20250101000000", "20250102000000", "20250103000000"
USERS = """def upgrade():
    op.create_table("users", sa.Column("id", sa.BigInteger, primary_key=True))
    op.add_column("users", sa.Column("email", sa.Text))


def downgrade():
    op.drop_table("users")
"""
MOOD = """def upgrade():
    op.add_column("users", sa.Column("mood", sa.Text))
    sa.Enum("calm", "curious", name="mood").create(op.get_bind())


def downgrade():
    op.drop_column("users", "mood")
"""
INDEX = """def upgrade():
    op.create_index(
        op.f("ix_users_email"),
        "users",
        ["email"],
    )


def downgrade():
    op.drop_index("ix_users_email")
"""
FIXED_MOOD = """def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("mood", sa.Text))
    sa.Enum("calm", "curious", name="mood").create(op.get_bind())


def downgrade():
    op.drop_column("users", "mood")
    op.execute("DROP TYPE mood")
"""
FIXED_INDEX = """def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_email")
        op.create_index(
            op.f("ix_users_email"),
            "users",
            ["email"], postgresql_concurrently=True,
        )


def downgrade():
    op.drop_index("ix_users_email")
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose branch `main` has the first revision."""
    root = tmp_path / "shop"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "migrations" / "env.py").write_text(ENV)
    write(root, R1, None, USERS)
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "first"),
        ("switch", "-qc", "topic"),
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    monkeypatch.chdir(root)
    return root


def write(root: Path, key: str, down: str | None, body: str) -> Path:
    path = root / "migrations" / "versions" / f"{key}_change.py"
    parent = f'"{down}"' if down else None
    path.write_text(HEAD.format(key=key, down=down or "", parent=parent) + body)
    return path


def test_a_round_trip_confirms_what_is_fixed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mood, index = write(root, R2, R1, MOOD), write(root, R3, R2, INDEX)
    before = [mood.read_bytes(), index.read_bytes()]
    command = ["gate", "--against", "main", "--fix", "--no-rows"]

    assert main([*command, "--diff"]) == 1
    shown = capsys.readouterr()
    assert '+        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_email")' in shown.out
    assert [mood.read_bytes(), index.read_bytes()] == before

    assert main(command) == 0
    told = capsys.readouterr()
    assert "✓ no errors" in told.out
    assert mood.read_text().partition("\n\n\n")[2] == FIXED_MOOD
    assert index.read_text().partition("\n\n\n")[2] == FIXED_INDEX
    for rule in ("blocking-lock", "downgrade-residue", "missing-lock-timeout"):
        assert f"fixed {rule}" in told.err


def test_what_brings_another_finding_is_taken_back(root: Path) -> None:
    """Committed half-way, the column could not be added again."""
    index = "    op.create_index('ix', 'users', ['email'])\n"
    both = FIXED_MOOD.replace("op.get_bind())\n", f"op.get_bind())\n{index}", 1)
    path = write(
        root, R2, R1, both.replace("    op.execute(\"SET LOCAL lock_timeout = '5s'\")\n", "")
    )
    assert main(["gate", "--against", "main", "--fix", "--no-rows"]) == 0
    text = path.read_text()
    assert "SET LOCAL lock_timeout" in text
    assert "CONCURRENTLY" not in text


def test_what_is_published_stays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(root, R2, R1, MOOD)
    identity = ("-c", "user.name=a", "-c", "user.email=a")
    for words in (("add", "-A"), (*identity, "commit", "-qm", "second"), ("branch", "-f", "main")):
        subprocess.run(["git", *words], cwd=root, check=True)
    before = path.read_bytes()
    assert main(["gate", "--fix", "--no-rows"]) == 1
    assert path.read_bytes() == before
    assert "confirms no fix" in capsys.readouterr().err
