"""Runs a command in a terminal, and draws what the terminal shows as an SVG picture.

It understands the few escape sequences that revgate and git use; the colors are readable on light
and dark pages.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LINES, COLUMNS = 40, 104


def git(folder: Path, *words: str) -> None:
    """Run git."""
    subprocess.run(["git", *words], cwd=folder, check=True, env=_environment())


def _environment() -> dict[str, str]:
    """Return the variables of a plain terminal, and a committer, without the user's settings."""
    people = {
        f"GIT_{who}_{what}": "ada@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    plain = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    kept = {key: os.environ[key] for key in ("PATH", "HOME")}
    return {**kept, **plain, **people, "GIT_CONFIG_GLOBAL": os.devnull}


def run(folder: Path, command: str, *, expect: int) -> str:
    """Return what a command prints in a terminal; it has to exit with the code that is expected."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (LINES, COLUMNS))
    process = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=_environment(), stdout=follower, stderr=follower
    )
    os.close(follower)
    output = b""
    try:
        while part := os.read(leader, 4096):
            output += part
    except OSError:  # Linux reports the end of a terminal as an error
        pass
    os.close(leader)
    if process.wait() != expect:
        raise SystemExit(f"`{command}` exited with {process.returncode}:\n{output.decode()}")
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
    """Split a line where the style changes; also return the style at its end."""
    found = []
    at = 0
    for match in _ESCAPE.finditer(line):
        found.append(Piece(style, line[at : match.start()]))
        at = match.end()
        if match[1] is not None:
            style = " ".join(_CLASSES[each] for each in match[1].split(";") if each in _CLASSES)
    found.append(Piece(style, line[at:]))
    return [piece for piece in found if piece.text], style


def _fits(line: list[Piece]) -> list[Piece]:
    """Return a line; one that the terminal would break within a word is refused."""
    text = "".join(piece.text for piece in line)
    if len(text) > COLUMNS:
        raise SystemExit(f"wider than the picture: {text}")
    return line


def draw(command: str, output: str) -> str:
    """Draw a terminal in which a command was run."""
    lines = [f"\x1b[32m$\x1b[0m {command}", *output.rstrip("\n").split("\n")]
    cuts: list[list[Piece]] = []
    style = ""
    for line in lines:
        cut, style = pieces(line, style)
        cuts.append(_fits(cut))
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
