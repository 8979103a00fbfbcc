"""What the terminal that receives the output can do.

There is no way to ask a terminal whether it supports links (OSC 8), so only known ones count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

_PROGRAMS = frozenset(
    ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "WarpTerminal")
)
_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour")
_OWN = ("WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "DOMTERM", "ALACRITTY_WINDOW_ID")
# GNOME's terminals and all others based on VTE, from 0.50.
_VTE = 5000
_NARROWEST = 40


def follows_links(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows OSC 8 as a link; a CI log never does."""
    if environ.get("CI") or environ.get("TERM") in (None, "", "dumb"):
        return False
    if environ.get("TMUX") or environ.get("STY"):
        return False  # the terminal behind them is unknown
    vte = environ.get("VTE_VERSION", "")
    return (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or environ["TERM"].startswith(_TERMS)
        or any(environ.get(name) for name in _OWN)
        or (vte.isdecimal() and int(vte) >= _VTE)
    )


def width(stream: TextIO) -> int | None:
    """Return the columns of a terminal; None if unknown or too few."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return None
    return columns if columns >= _NARROWEST else None
