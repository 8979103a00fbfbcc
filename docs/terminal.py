"""Takes the picture of a blocked fork for the README: `.venv/bin/python docs/terminal.py`.

Makes a copy of the reference application on which two people write a revision, commits the second
one in a real terminal with a real hook, and draws what git and the hook printed. Knows the few
escapes that revgate uses; the colours are readable on light and dark pages.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import tempfile
import termios
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "fork.svg"
LINES, COLUMNS = 40, 104
REVISION = '''"""Add {table}.

Revision ID: {key}
Revises: 20251117000000
Create Date: {date}
"""

import sqlalchemy as sa
from alembic import op

revision = "{key}"
down_revision = "20251117000000"


def upgrade() -> None:
    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("{table}")
'''
SAYS = "git commit --message 'Add receipts'"


def write_repository(folder: Path) -> None:
    """Make a repository whose main has the first of two revisions, and stage the second."""
    shutil.copytree(
        ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "alembic.ini", folder)
    (folder / "revgate.toml").write_text('baseline = "efaa6e584823"\n')
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, "20251118120000", "invoices", "2025-11-18 12:00:00")
    git(folder, "commit", "--quiet", "--message=Add invoices")
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(f'#!/bin/sh\nexec "{ROOT}/hooks/revgate" check --staged\n')
    hook.chmod(0o755)
    write(folder, "20251118130000", "receipts", "2025-11-18 13:00:00")


def write(folder: Path, key: str, table: str, date: str) -> None:
    """Write and stage a revision behind the head of before."""
    path = folder / "migrations" / "versions" / f"{key}_add_{table}.py"
    path.write_text(REVISION.format(key=key, table=table, date=date))
    git(folder, "add", ".")


def git(folder: Path, *words: str) -> None:
    """Run git."""
    subprocess.run(["git", *words], cwd=folder, check=True, env=environment())


def environment() -> dict[str, str]:
    """Return what a terminal of this width has, and who commits."""
    people = {
        f"GIT_{who}_{what}": "ada@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    plain = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    kept = {key: os.environ[key] for key in ("PATH", "HOME")}
    return {**kept, **plain, **people, "GIT_CONFIG_GLOBAL": os.devnull}


def printed(folder: Path) -> str:
    """Return what the commit prints in a terminal; it has to fail."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (LINES, COLUMNS))
    process = subprocess.Popen(
        ["/bin/sh", "-c", SAYS], cwd=folder, env=environment(), stdout=follower, stderr=follower
    )
    os.close(follower)
    output = b""
    try:
        while part := os.read(leader, 4096):
            output += part
    except OSError:  # the other end was closed: that is how a terminal ends
        pass
    if process.wait() != 1:
        message = (
            f"the commit ended with {process.returncode}, and the picture is to show a refusal"
        )
        raise SystemExit(message)
    return output.decode().replace("\r\n", "\n")


# The picture.

_ESCAPE = re.compile(r"\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\[([0-9;]*)m")
_CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c"}
_STYLE = """\
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d6deeb;
  white-space: pre }
.b { font-weight: bold; fill: #ffffff } .d { fill: #94a3b8 } .r { fill: #ff7b72; font-weight: bold }
.g { fill: #7ee787 } .y { fill: #f2cc60 } .c { fill: #79c0ff }
"""
_LINE = 19
_CHARACTER = 7.85


class Piece(NamedTuple):
    """Text of one style."""

    style: str
    text: str


def pieces(line: str, style: str) -> tuple[list[Piece], str]:
    """Cut a line where the style changes; return also the style that holds at its end."""
    found = []
    at = 0
    for match in _ESCAPE.finditer(line):
        found.append(Piece(style, line[at : match.start()]))
        at = match.end()
        if match[1] is not None:
            style = " ".join(_CLASSES[each] for each in match[1].split(";") if each in _CLASSES)
    found.append(Piece(style, line[at:]))
    return [piece for piece in found if piece.text], style


def folded(line: list[Piece]) -> list[list[Piece]]:
    """Break a line where the terminal ends, as a terminal does."""
    rows: list[list[Piece]] = [[]]
    room = COLUMNS
    for style, text in line:
        while len(text) > room:
            rows[-1].append(Piece(style, text[:room]))
            text, room = text[room:], COLUMNS
            rows.append([])
        rows[-1].append(Piece(style, text))
        room -= len(text)
    return rows


def draw(output: str) -> str:
    """Draw a terminal."""
    lines = [f"\x1b[32m$\x1b[0m {SAYS}", *output.rstrip("\n").split("\n")]
    cuts: list[list[Piece]] = []
    style = ""
    for line in lines:
        cut, style = pieces(line, style)
        cuts += folded(cut)
    rows = [
        f'<text x="16" y="{56 + number * _LINE}" xml:space="preserve">'
        + "".join(f'<tspan class="{each.style}">{escape(each.text)}</tspan>' for each in cut)
        + "</text>"
        for number, cut in enumerate(cuts)
    ]
    width = round(COLUMNS * _CHARACTER) + 32
    height = 56 + len(cuts) * _LINE
    dots = "".join(
        f'<circle cx="{20 + 20 * at}" cy="18" r="6" fill="{color}"/>'
        for at, color in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    plain = " ".join(" ".join(_ESCAPE.sub("", line) for line in lines).split())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img">\n<title>{escape(plain)}</title>\n'
        f"<style>\n{_STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#0d1522"'
        f' stroke="#64748b"/>\n{dots}\n' + "\n".join(rows) + "\n</svg>\n"
    )


def main() -> int:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_repository(folder)
        output = printed(folder)
    PICTURE.write_text(draw(output), encoding="utf-8")
    print(PICTURE.relative_to(ROOT), f"{PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
