"""The command that writes a head file, for people who did not let revgate write it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_command(path: str, heads: Iterable[str]) -> str:
    """Return the command that makes a file hold some ids, one a line."""
    return f"printf '%s\\n' {shlex.join(heads)} > {shlex.quote(path)}"
