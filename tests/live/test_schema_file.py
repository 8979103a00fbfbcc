"""`revgate schema` writes the schema at the head, and `stale-schema-file` compares it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli import main
from revgate.postgres.schema_text import normalized

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ProjectMaker = Callable[..., Any]

ROWS = False
# A function whose body looks like what a dump has around it.
TABLES = '''
def upgrade():
    default = "--\\n\\n\\n\\nSET row_security = on;"
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.Text, server_default=default))
    op.execute("""
        CREATE FUNCTION answer() RETURNS integer LANGUAGE plpgsql AS $body$
BEGIN
-- this comment is of the function
SET row_security = on;



RETURN 42;
END $body$
    """)


def downgrade():
    op.execute("DROP FUNCTION answer")
    op.drop_table("users")
'''


class Gate:
    def __init__(self, root: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.url, self.capsys = root, url, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        done = main([*words, "--database-url", self.url])
        said = self.capsys.readouterr()
        assert done == code, said
        return said.out

    def found(self, code: int) -> list[dict[str, Any]]:
        told = json.loads(self("roundtrip", "--format", "json", code=code))
        self.notes = told["notes"]
        return [each for each in told["findings"] if each["rule"] == "stale-schema-file"]


@pytest.fixture
def gate(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Gate:
    made = project(TABLES)
    (made.root / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    (made.root / "revgate.toml").write_text('schema-file = "schema.sql"\nfile-name = "any"\n')
    subprocess.run(["git", "add", "."], cwd=made.root, check=True)
    monkeypatch.chdir(made.root)
    return Gate(made.root, made.server_url, capsys)


def test_the_file_is_compared(gate: Gate) -> None:
    (absent,) = gate.found(1)
    assert (absent["path"], absent["message"]) == ("schema.sql", "`schema.sql` cannot be read")
    command = absent["help"].partition("run `revgate ")[2].partition("`")[0]
    gate(*command.split())
    assert gate.found(0) == []

    text = (gate.root / "schema.sql").read_text()
    assert "-- this comment is of the function\nSET row_security = on;\n\n\n\nRETURN" in text
    assert "'--\n\n\n\nSET row_security = on;'" in text
    assert "alembic_version" in text
    (gate.root / "schema.sql").write_text(text.replace("    name text", "    title text"))
    (changed,) = gate.found(1)
    assert text.splitlines()[changed["line"] - 1].strip().startswith("name text")
    assert "`name text" in changed["message"]

    (gate.root / "schema.sql").write_text(text.replace("PostgreSQL 1", "PostgreSQL 9", 1))
    assert gate.found(0) == []
    (note,) = [each for each in gate.notes if "schema.sql" in each]
    assert "another version" in note
    assert gate("schema") == text


def test_what_depends_on_the_machine_is_left_out() -> None:
    dumped = (
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict aBc\n\nSET statement_timeout = 0;\n"
        "SET default_tablespace = fast;\n\n--\n-- Name: t\n--\n\nCREATE TABLE t (\n"
        "    a text DEFAULT E'\\\\' NOT NULL\n);\n\n\n\n\\unrestrict aBc\n"
    )
    assert normalized(dumped) == (
        "SET default_tablespace = fast;\n\nCREATE TABLE t (\n"
        "    a text DEFAULT E'\\\\' NOT NULL\n);\n"
    )


def test_without_a_pg_dump_nothing_runs(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr("revgate.postgres.clients.find_local", lambda: None)
    monkeypatch.setattr("revgate.postgres.clients.find_embedded", lambda: None)
    assert gate("roundtrip", code=3) == ""
