"""How env.py finds its database, and what it says when it finds none."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]
UNREACHABLE = "postgresql+psycopg2://nobody@127.0.0.1:1/none"


def test_without_a_url_the_error_names_the_example(command_line: Run) -> None:
    done = command_line("current")
    assert done.returncode != 0
    assert ".env.example" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_invalid_url_is_not_shown(command_line: Run) -> None:
    done = command_line("current", DATABASE_URL="secret-word")
    assert done.returncode != 0
    assert "DATABASE_URL is not a database URL" in done.stderr
    assert "secret-word" not in done.stdout + done.stderr


def test_a_script_needs_neither_database_nor_url(command_line: Run) -> None:
    done = command_line("upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("CREATE TABLE") == 64


@pytest.mark.parametrize("driver", ["", "+psycopg2", "+asyncpg"])
def test_the_file_is_read_and_echo_shows_sql_once(
    driver: str, empty_database: str, command_line: Run, copy: Path
) -> None:
    # The URL must survive a percent sign, quotes and a comment.
    percent = {"application_name": "100%"} if driver != "+asyncpg" else {}
    url = make_url(empty_database).set(drivername=f"postgresql{driver}").update_query_dict(percent)
    written = url.render_as_string(hide_password=False)
    (copy / ".env").write_text(f"export DATABASE_URL='{written}' # ours\nDATABASE_ECHO=true\n")
    done = command_line("upgrade", "efaa6e584823")
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("CREATE TABLE customers ") == 1


def test_the_environment_wins_over_the_file(
    empty_database: str, command_line: Run, copy: Path
) -> None:
    (copy / ".env").write_text(f"DATABASE_URL={UNREACHABLE}\nDATABASE_ECHO=true\n")
    done = command_line("current", DATABASE_URL=empty_database, DATABASE_ECHO="false")
    assert done.returncode == 0, done.stderr
    assert "SELECT" not in done.stdout + done.stderr
    assert command_line("current").returncode != 0


def test_a_dollar_sign_in_the_file_is_not_expanded(command_line: Run, copy: Path) -> None:
    (copy / ".env").write_text("DATABASE_URL=${HOME}://nobody@127.0.0.1:1/none\n")
    done = command_line("current", HOME="postgresql+psycopg2")
    assert done.returncode != 0
    assert "DATABASE_URL is not a database URL" in done.stderr


def test_the_example_is_complete(root: Path) -> None:
    lines = (root / ".env.example").read_text().splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert names == ["DATABASE_URL", "DATABASE_ECHO"]
