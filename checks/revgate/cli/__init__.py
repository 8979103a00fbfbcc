"""The command line: arguments become calls, and results become reports and an exit code."""

from __future__ import annotations

from revgate.cli.commands import main, run

__all__ = ["main", "run"]
