"""The options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate import FORMATS

if TYPE_CHECKING:
    import argparse


def against(command: argparse.ArgumentParser) -> None:
    """Add `--against`."""
    command.add_argument(
        "--against",
        metavar="REF",
        help="also check the result of merging into REF, with what is not committed; `auto` takes"
        " the target branch from the event in GitHub Actions or GitLab CI, else this branch's"
        " upstream",
    )
    command.add_argument(
        "--allow-published",
        metavar="ID,…",
        help="published revisions that may change, or `all`: for a workflow that sets it from a"
        " reviewer's label; what the settings of REF allow needs no option",
    )


def fix(command: argparse.ArgumentParser, what: str) -> None:
    """Add `--fix` and `--diff`."""
    command.add_argument("--fix", action="store_true", help=what)
    command.add_argument(
        "--diff", action="store_true", help="with --fix: print the changes, and write nothing"
    )


def dry_run(command: argparse.ArgumentParser) -> None:
    """Add `--dry-run`."""
    command.add_argument(
        "--dry-run", action="store_true", help="show the diff without writing anything"
    )


def output(command: argparse.ArgumentParser, what: str = "write the report") -> None:
    """Add `--output`."""
    command.add_argument(
        "--output", metavar="FILE", help=f"{what} to FILE instead of standard output"
    )


def text_or_json(command: argparse.ArgumentParser) -> None:
    """Add the two formats of commands that check no rules."""
    command.add_argument("--format", choices=("text", "json"), default="text", dest="form")
    output(command)


def place(command: argparse.ArgumentParser) -> None:
    """Add the options that choose an environment."""
    command.add_argument(
        "--config",
        metavar="FILE",
        help="an alembic.ini, to check only its environment; or a TOML file with settings",
    )
    command.add_argument("--environment", metavar="NAME", help="check only this environment")


def common(command: argparse.ArgumentParser) -> None:
    """Add the options of every command that checks rules."""
    command.add_argument(
        "target",
        metavar="ENVIRONMENT",
        nargs="?",
        help="the name of an environment, or a path in it (default: all)",
    )
    place(command)
    command.add_argument("--select", metavar="RULE,…", help="check only these rules")
    command.add_argument("--ignore", metavar="RULE,…", help="skip these rules")
    command.add_argument("--format", choices=FORMATS, default="text", dest="form")
    command.add_argument(
        "--statistics",
        action="store_true",
        help="in the format text: count the findings of each rule instead of showing them",
    )
    command.add_argument(
        "--show",
        choices=("some", "all"),
        default="some",
        help="in the format text: `all` shows every finding, also of a rule that has very many",
    )
    output(command)
    command.add_argument(
        "--report",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help="write an additional report; repeatable",
    )
    command.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    command.add_argument("--quiet", action="store_true", help="print only findings")
    command.add_argument(
        "--fail-on",
        choices=("error", "warning", "never"),
        default="error",
        help="the lowest severity that leads to exit code 1 (default: %(default)s)",
    )
    command.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def seconds(text: str) -> float:
    """Parse a number of seconds, which may be 0.

    Raises:
        ValueError: It is not one; argparse reports it.
    """
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


seconds.__name__ = "number of seconds"  # for argparse's error message


def positive(text: str) -> int:
    """Parse a number from 1 on.

    Raises:
        ValueError: It is not one; argparse reports it.
    """
    number = int(text)
    if number < 1:
        raise ValueError
    return number


positive.__name__ = "number from 1 on"


def live(command: argparse.ArgumentParser) -> None:
    """Add the options of a round trip."""
    server(command)
    command.add_argument("--shard", metavar="I/N", help="step only part I of N, for a job matrix")
    command.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        help="how many parts of the round trip work at the same time (default: one per processor);"
        " the result does not depend on it",
    )
    command.add_argument(
        "--no-rows",
        action="store_true",
        help="skip the run on populated tables",
    )
    command.add_argument(
        "--require-isolation",
        action="store_true",
        help="exit with 3 and run nothing if the kernel cannot isolate the migrations from other"
        " databases",
    )
    project(command)


def server(command: argparse.ArgumentParser) -> None:
    """Add the option that names the server of throwaway databases."""
    command.add_argument(
        "--database-url",
        metavar="URL",
        help="a PostgreSQL server to create the throwaway database on (default:"
        " REVGATE_DATABASE_URL, else PostgreSQL installed here, else the embedded server)",
    )


def database(command: argparse.ArgumentParser) -> None:
    """Add the options that choose an existing database and confirm changes to it."""
    database_url(command)
    command.add_argument(
        "--yes", metavar="NAME", help="confirm with the name of the database, instead of typing it"
    )


def database_url(command: argparse.ArgumentParser) -> None:
    """Add the URL of an existing database."""
    command.add_argument(
        "--database-url",
        metavar="URL",
        help="the database (default: DATABASE_URL from the environment or a .env file)",
    )


def project(command: argparse.ArgumentParser) -> None:
    """Add the options for running env.py."""
    command.add_argument(
        "--python", metavar="PATH", help="the Python interpreter with the project's packages"
    )
    command.add_argument(
        "--expect-tables",
        metavar="N",
        type=int,
        help="the number of tables expected after an upgrade",
    )
    command.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=600.0,
        help="stop if one step takes longer (default: %(default)g; 0 for no limit)",
    )
    command.add_argument(
        "-x",
        metavar="ARG",
        action="append",
        default=[],
        help="an argument for env.py, as in `alembic -x`; repeatable",
        dest="x_arguments",
    )
