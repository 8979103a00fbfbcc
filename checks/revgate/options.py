"""Options that several commands have, in the same words everywhere.

Knows argparse; nothing of what a command does with them.
"""

import argparse

from revgate import FORMATS


def against(command: argparse.ArgumentParser) -> None:
    """Describe `--against`."""
    command.add_argument(
        "--against",
        metavar="REF",
        help="judge also what merging HEAD (or what is judged instead of it) into REF would do;"
        " `auto` takes the base from the event in GitHub Actions or the merge request in GitLab CI,"
        " else from the upstream branch",
    )


def place(command: argparse.ArgumentParser) -> None:
    """Describe which environment is meant."""
    command.add_argument(
        "--config",
        metavar="FILE",
        help="an alembic.ini, to judge its environment only; or a TOML file with the settings",
    )
    command.add_argument("--environment", metavar="NAME", help="judge this environment only")


def common(command: argparse.ArgumentParser) -> None:
    """Describe the options of every command that judges."""
    place(command)
    command.add_argument("--select", metavar="RULE,…", help="ask these rules only")
    command.add_argument("--ignore", metavar="RULE,…", help="do not ask these rules")
    command.add_argument("--format", choices=FORMATS, default="text", dest="form")
    command.add_argument("--output", metavar="FILE", help="write the report to a file")
    command.add_argument(
        "--report",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help="write one more report; may repeat",
    )
    command.add_argument(
        "--no-cache", action="store_true", help="read and judge every file anew, and keep nothing"
    )
    command.add_argument("--quiet", action="store_true", help="findings only")
    command.add_argument(
        "--fail-on",
        choices=("error", "warning", "never"),
        default="error",
        help="findings that make the exit code 1: errors; warnings, too; none",
    )
    command.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def seconds(text: str) -> float:
    """Read a number of seconds, which may be 0.

    Raises:
        ValueError: It is none; argparse says so.
    """
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


seconds.__name__ = "number of seconds"  # as argparse's error has it


def live(command: argparse.ArgumentParser) -> None:
    """Describe how a round trip runs."""
    command.add_argument(
        "--database-url",
        metavar="URL",
        help="a PostgreSQL server on which a database of our own is made and dropped; else"
        " REVGATE_DATABASE_URL, PostgreSQL of this machine, or the embedded one",
    )
    command.add_argument(
        "--shard", metavar="I/N", help="step only the I-th of N parts, for a job of a matrix"
    )
    command.add_argument(
        "--no-rows",
        action="store_true",
        help="do not run the history on tables that have rows, too",
    )
    project(command)


def database(command: argparse.ArgumentParser) -> None:
    """Describe which existing database is meant, and the yes to changing it."""
    command.add_argument(
        "--database-url",
        metavar="URL",
        help="the database; else DATABASE_URL of the environment, or of a .env file",
    )
    command.add_argument("--yes", metavar="NAME", help="the database's name, instead of typing it")


def project(command: argparse.ArgumentParser) -> None:
    """Describe how env.py is run."""
    command.add_argument(
        "--python", metavar="PATH", help="the interpreter that has the project's packages"
    )
    command.add_argument(
        "--expect-tables", metavar="N", type=int, help="tables that an upgrade must end with"
    )
    command.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=600.0,
        help="end the run when one step takes longer: %(default)g; 0 for no limit",
    )
    command.add_argument(
        "-x",
        metavar="ARG",
        action="append",
        default=[],
        help="for env.py, as for Alembic",
        dest="x_arguments",
    )
