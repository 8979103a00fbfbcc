"""The command line."""

from __future__ import annotations

from revgate.cli.commands import main, run

__all__ = ["main", "run"]
