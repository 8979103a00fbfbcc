"""The parser of the command line."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from revgate import __version__
from revgate.cli.command_list import COMMANDS, EPILOG

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Formatter(argparse.HelpFormatter):
    """Uses the width of the terminal without importing `shutil`, as argparse would."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{"width": _width() - 2, **settings})


def _width() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]  # caught
    except (AttributeError, ValueError, OSError):
        return 80


class _Version(argparse.Action):
    """Prints the version, and the versions of what revgate works with."""

    def __call__(
        self, parser: argparse.ArgumentParser, *_arguments: object, **_options: object
    ) -> None:
        from importlib import metadata

        from revgate.postgres.embedded import find_embedded
        from revgate.postgres.programs import find_local, major_version

        try:
            alembic = metadata.version("alembic")
        except metadata.PackageNotFoundError:
            alembic = "not installed in this Python"
        folder = find_local() or find_embedded()
        postgres = f"{major_version(folder)}, in {folder}" if folder else "none found"
        python = ".".join(map(str, sys.version_info[:3]))
        lines = (f"revgate {__version__}", f"Python {python}", f"Alembic {alembic}")
        print(*lines, f"PostgreSQL {postgres}", sep="\n")
        parser.exit()


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Describe the command line.

    Args:
        argv: The arguments to parse; only the options of their command are defined. None defines
            all options.
    """
    top = argparse.ArgumentParser(
        prog="revgate",
        description="The merge gate for Alembic migration histories.",
        epilog=EPILOG,
        formatter_class=_Formatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show the versions and exit")
    # With `prog`, argparse need not format a usage line, nor import what that takes.
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", required=True, prog="revgate", dest="command"
    )
    # Each command takes time to define; if the first argument names one, the others are not needed.
    named = argv[0] if argv and argv[0] in COMMANDS else None
    for name, command in COMMANDS.items():
        if named is not None and name != named:
            continue
        # argparse lists a command whose help is None, but not one without help.
        shown: dict[str, Any] = {} if command.help is None else {"help": command.help}
        described = commands.add_parser(
            name,
            description=command.description,
            epilog=command.epilog,
            formatter_class=_Formatter,
            **shown,
        )
        if argv is None or name in argv:
            command.options(described)
    return top
