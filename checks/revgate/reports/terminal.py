"""What the terminal that is written to can do.

Knows the variables that terminals set of themselves; nothing of reports. There is no way to ask a
terminal whether it follows links (OSC 8), so those count that are known to.
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
# GNOME's terminals and all others made of VTE: from 0.50 on.
_VTE = 5000
_NARROWEST = 40


def follows_links(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows OSC 8 as a link; a log of CI never does."""
    if environ.get("CI") or environ.get("TERM") in (None, "", "dumb"):
        return False
    if environ.get("TMUX") or environ.get("STY"):
        return False  # what lies behind them is not known
    vte = environ.get("VTE_VERSION", "")
    return (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or environ["TERM"].startswith(_TERMS)
        or any(environ.get(name) for name in _OWN)
        or (vte.isdecimal() and int(vte) >= _VTE)
    )


def width(stream: TextIO) -> int | None:
    """Return the columns of a terminal; None where it does not tell, or has next to none."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return None
    return columns if columns >= _NARROWEST else None
