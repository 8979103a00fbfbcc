"""What `alembic revision` and `alembic merge` write: name, id and date are one moment."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]


def new_file(copy: Path, slug: str) -> tuple[str, str]:
    (path,) = (copy / "migrations" / "versions").glob(f"*_{slug}.py")
    return path.name.removesuffix(f"_{slug}.py"), path.read_text()


def assert_agreement(stamp: str, text: str) -> None:
    assert re.fullmatch(r"20\d{12}", stamp)
    date = re.sub(r"(....)(..)(..)(..)(..)(..)", r"\1-\2-\3 \4:\5:\6", stamp)
    assert f"Revision ID: {stamp}\n" in text
    assert f"Create Date: {date}\n" in text
    assert f'\nrevision: str = "{stamp}"\n' in text


def test_plain_revision_needs_no_database(command_line: Run, copy: Path) -> None:
    done = command_line("revision", "-m", "add user preferences")
    assert done.returncode == 0, done.stderr
    stamp, text = new_file(copy, "add_user_preferences")
    assert_agreement(stamp, text)
    assert text.startswith('"""add user preferences\n')
    assert "Revises: 20251117000000\n" in text
    assert 'down_revision: str | None = "20251117000000"\n' in text
    assert command_line("heads").stdout.split() == [stamp, "(head)"]


def test_autogenerate_agrees_and_runs(empty_database: str, command_line: Run, copy: Path) -> None:
    accounts = copy / "models" / "accounts.py"
    accounts.write_text(accounts.read_text() + "    nickname: Mapped[str | None]\n")
    assert command_line("upgrade", "head", DATABASE_URL=empty_database).returncode == 0
    done = command_line(
        "revision", "--autogenerate", "-m", "add nickname", DATABASE_URL=empty_database
    )
    assert done.returncode == 0, done.stderr
    stamp, text = new_file(copy, "add_nickname")
    assert_agreement(stamp, text)
    assert "op.add_column('api_keys', sa.Column('nickname'" in text
    assert command_line("upgrade", "head", DATABASE_URL=empty_database).returncode == 0
    assert command_line("check", DATABASE_URL=empty_database).returncode == 0


@pytest.mark.parametrize("chosen", ["0123456789ab", "preferences"])
def test_a_given_id_is_kept(chosen: str, command_line: Run, copy: Path) -> None:
    done = command_line("revision", "-m", "chosen", "--rev-id", chosen)
    assert done.returncode == 0, done.stderr
    stamp, text = new_file(copy, "chosen")
    assert f'\nrevision: str = "{chosen}"\n' in text
    assert f"Revision ID: {chosen}\n" in text
    assert f"Create Date: {stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} " in text


def test_merge_agrees_too(command_line: Run, copy: Path) -> None:
    for name in ("left", "right"):
        done = command_line(
            "revision", "-m", name, "--rev-id", name, "--head", "20251117000000", "--splice"
        )
        assert done.returncode == 0, done.stderr
    done = command_line("merge", "heads", "-m", "merge branches")
    assert done.returncode == 0, done.stderr
    stamp, text = new_file(copy, "merge_branches")
    assert_agreement(stamp, text)
    assert re.search(r'\ndown_revision: tuple\[str, \.\.\.\] = \("\w+", "\w+"\)\n', text)
    assert command_line("heads").stdout.split() == [stamp, "(head)"]
