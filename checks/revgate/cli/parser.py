"""The words of the command line: every command, every option, and what `--help` says of them.

Knows argparse; nothing of what a command does. Only the command that is run gets its options: a
hook waits for each of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate import FORMATS, __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EPILOG = (
    "exit codes: 0 clean; 1 findings of severity error; 2 usage or configuration;"
    " 3 could not judge: nothing was found to check, or it could not be reached"
)


class _Command(NamedTuple):
    """One command as `--help` has it."""

    help: str | None
    """None for a command that is not listed."""
    description: str
    options: Callable[[argparse.ArgumentParser], None]
    epilog: str = EPILOG


class _Formatter(argparse.HelpFormatter):
    """As wide as the terminal, without the module that argparse asks for it: a hook waits."""

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


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Describe the command line.

    Args:
        argv: The words that will be parsed; the options of other commands are left out. All of
            them are described where it is None.
    """
    top = argparse.ArgumentParser(
        prog="revgate",
        description="The merge gate for Alembic migration histories.",
        epilog=EPILOG,
        formatter_class=_Formatter,
    )
    top.add_argument("--version", action="version", version=f"revgate {__version__}")
    # Naming the program spares argparse to format a usage line, and the imports for it.
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", required=True, prog="revgate", dest="command"
    )
    # Each described command takes time: where the first word is one, no other can be meant.
    named = argv[0] if argv and argv[0] in COMMANDS else None
    for name, command in COMMANDS.items():
        if named is not None and name != named:
            continue
        # An absent help and one that is None are two things to argparse.
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


def _check(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--staged",
        action="store_true",
        help="judge the git index: what a commit would hold; in pre-commit's pre-push stage, the"
        " commit that is pushed",
    )
    which.add_argument("--at", metavar="REV", help="judge a commit")
    against(command)
    common(command)


def _roundtrip(command: argparse.ArgumentParser) -> None:
    against(command)
    live(command)
    common(command)


def _gate(command: argparse.ArgumentParser) -> None:
    against(command)
    live(command)
    common(command)


def _new(command: argparse.ArgumentParser) -> None:
    command.add_argument("message", metavar="MESSAGE", help='what it does: "add user preferences"')
    place(command)


def _rebase(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--onto",
        metavar="REF",
        help="the base; else the upstream of this branch, origin/HEAD, origin/main or main",
    )
    command.add_argument(
        "--restamp",
        action="store_true",
        help="fresh ids, file names and dates too, and all references to them",
    )
    command.add_argument("--dry-run", action="store_true", help="show a diff, and write nothing")
    place(command)


def _graph(command: argparse.ArgumentParser) -> None:
    place(command)
    command.add_argument(
        "--format", choices=("text", "mermaid", "dot", "json"), default="text", dest="form"
    )
    command.add_argument("--output", metavar="FILE", help="write to a file")


def _rules(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", dest="form"
    )


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("rule", metavar="RULE")


def _completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def _pulls(command: argparse.ArgumentParser) -> None:
    command.add_argument("--repository", metavar="OWNER/NAME", help="else GITHUB_REPOSITORY")
    command.add_argument("--base", metavar="BRANCH", help="else GITHUB_REF_NAME")
    command.add_argument("--remote", default="origin", help="where heads lie, unless %(default)s")
    command.add_argument("--context", default="revgate", help="the status's name: %(default)s")
    command.add_argument("--dry-run", action="store_true", help="set nothing, print what would be")
    command.add_argument("--fail", action="store_true", help="end with 1 if one has errors")
    command.add_argument("--format", choices=("text", "json"), default="text", dest="form")
    command.add_argument("--output", metavar="FILE", help="write the report to a file")
    command.add_argument("--no-cache", action="store_true", help="read every file anew")
    place(command)
    command.set_defaults(select=None, ignore=None)


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="show the diff, and write nothing")
    command.add_argument("--yes", action="store_true", help="write without asking")
    command.add_argument(
        "--ci",
        choices=("auto", "github", "gitlab", "none"),
        default="auto",
        help="where the job goes, unless the repository shows it",
    )


def _doctor(command: argparse.ArgumentParser) -> None:
    database(command)
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--reset",
        action="store_true",
        help="drop all that the application owns, after the database's name was typed",
    )
    what.add_argument(
        "--create-missing",
        action="store_true",
        help="make the tables that models have and the database lacks; for development only",
    )
    command.add_argument(
        "--remote", action="store_true", help="let --reset and --create-missing change another host"
    )
    project(command)
    command.add_argument("--format", choices=("text", "json"), default="text", dest="form")
    command.add_argument("--output", metavar="FILE", help="write the report to a file")
    command.add_argument("--no-cache", action="store_true", help="build every state anew")
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    place(command)


def _upgrade(command: argparse.ArgumentParser) -> None:
    database(command)
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--backup", metavar="FILE", help="where the backup goes; else DATABASE-TIME.dump"
    )
    what.add_argument(
        "--no-backup", action="store_true", help="where another backup was taken just before"
    )
    what.add_argument(
        "--sql", metavar="FILE", help="write the upgrade as SQL to a file, and change nothing"
    )
    command.add_argument(
        "--from",
        metavar="REV",
        dest="start",
        help="for --sql: where the database is; else what it is stamped, or base",
    )
    command.add_argument(
        "--despite-differences",
        action="store_true",
        help="upgrade although somebody changed the database by hand",
    )
    command.add_argument(
        "--lock-timeout",
        metavar="SECONDS",
        type=seconds,
        default=5.0,
        help="wait no longer for a lock: %(default)g; what env.py sets itself holds",
    )
    command.add_argument(
        "--attempts", metavar="N", type=int, default=5, help="where there was no lock: %(default)d"
    )
    command.add_argument(
        "--pause",
        metavar="SECONDS",
        type=seconds,
        default=10.0,
        help="between two attempts: %(default)g",
    )
    project(command)
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    place(command)
    # A long upgrade is no hanging one.
    command.set_defaults(select=None, ignore=None, timeout=0.0)


def _comment(command: argparse.ArgumentParser) -> None:
    command.add_argument("--file", metavar="FILE", required=True, help="a report, as comment")


def _hook(command: argparse.ArgumentParser) -> None:
    command.add_argument("hook", choices=("pre-receive", "pre-push"))


COMMANDS = {
    "check": _Command(
        "static rules; executes nothing, needs no database",
        "Judge the revision files as text: static rules on the work tree, the git index, or a"
        " commit.",
        _check,
    ),
    "roundtrip": _Command(
        "upgrade, downgrade, upgrade on a throwaway PostgreSQL",
        "Run the history both ways on a throwaway PostgreSQL and compare the catalogue at every"
        " revision. No database but our own is ever touched.",
        _roundtrip,
    ),
    "gate": _Command(
        "check, then roundtrip: the main job",
        "Judge the static rules, then run the round trip.",
        _gate,
    ),
    "new": _Command(
        "a new revision file with the right name, id and parent",
        "Write a revision behind the head, by the project's script.py.mako.",
        _new,
    ),
    "rebase": _Command(
        "new revisions behind the head of a base",
        "Re-point the revisions that REF lacks behind its head, in their order, in the files of"
        " the work tree. Only the tokens concerned are edited; git is not touched.",
        _rebase,
    ),
    "pulls": _Command(
        "judge every open pull request against the base as it stands now",
        "Judge every open pull request of a GitHub repository against its base as it stands now,"
        " and set a commit status on each. Nothing of a pull request is checked out or executed."
        " Needs the extra `github`, the history of the clone, and GITHUB_TOKEN.",
        _pulls,
        f"{EPILOG}. Errors of a pull request are its own: they make 1 with --fail only",
    ),
    "init": _Command(
        "set up a repository: settings, hook and CI job",
        "Look at the repository, propose settings that today's history passes, a pre-commit hook"
        " and a CI job, show the diff, and write it when told to. What is there already stays.",
        _init,
    ),
    "doctor": _Command(
        "one existing database against the history and the models",
        "Say which revision a database is really at, by its catalogue, and what it lacks. It is"
        " only read, in a read-only transaction, unless --reset or --create-missing is given; the"
        " history is run on a throwaway server.",
        _doctor,
    ),
    "upgrade": _Command(
        "the careful production step: backup, bounded waits for locks, verification",
        "Show what is pending, with the locks and rewrites that the round trip measured; ask; back"
        " up with pg_dump and read the backup's list; upgrade as env.py says, again where it got no"
        " lock; and verify as doctor does.",
        _upgrade,
    ),
    "graph": _Command("the chain as a picture", "Draw the chain.", _graph),
    "rules": _Command("all rules", "List all rules.", _rules),
    "explain": _Command("documentation of a rule", "Print the documentation of a rule.", _explain),
    "completion": _Command(
        "completion for a shell, to be sourced or saved",
        "Print the completion of bash, zsh or tcsh. Needs the extra `completion`.",
        _completion,
    ),
    # What the action calls.
    "comment": _Command(None, "Post a report on the pull request of a workflow run.", _comment),
    # What hooks/pre-receive and hooks/pre-push call.
    "hook": _Command(None, "Judge what a push brings, for git's own hooks.", _hook),
}


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
