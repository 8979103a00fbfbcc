"""Every command with its options and their help.

Only the command that runs gets its options, because defining them takes time that a hook waits for.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from revgate.cli.options import (
    against,
    common,
    database,
    database_url,
    dry_run,
    fix,
    live,
    output,
    place,
    project,
    seconds,
    server,
    text_or_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EPILOG = (
    "exit codes: 0 clean; 1 findings of severity error; 2 usage or configuration error;"
    " 3 could not check: nothing found to check, or it could not be reached"
)


class Command(NamedTuple):
    """One command as `--help` shows it."""

    help: str | None
    """None for a command that `--help` does not list."""
    description: str
    options: Callable[[argparse.ArgumentParser], None]
    epilog: str = EPILOG


def listed() -> list[str]:
    """Return the names of the commands that `--help` lists."""
    return [name for name, command in COMMANDS.items() if command.help is not None]


def _check(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--staged",
        action="store_true",
        help="check the git index; in pre-commit's pre-push stage, the commit being pushed",
    )
    which.add_argument("--at", metavar="REV", help="check a commit")
    fix(command, "first fix what can be fixed by position, in revisions that are not published")
    against(command)
    common(command)


def _gate(command: argparse.ArgumentParser) -> None:
    fix(
        command,
        "fix timeouts, indexes and leftovers of downgrades in revisions that are not published, as"
        " far as another round trip confirms it; `check --fix` fixes the rest",
    )
    _roundtrip(command)


def _roundtrip(command: argparse.ArgumentParser) -> None:
    against(command)
    live(command)
    common(command)


def _new(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "message", metavar="MESSAGE", help='what the revision does, such as "add user preferences"'
    )
    command.add_argument(
        "--branch",
        metavar="LABEL",
        help="the labelled branch to continue, where `branches` in the settings allows several",
    )
    place(command)


def _rebase(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--onto",
        metavar="REF",
        help="the target branch (default: this branch's upstream, else origin/HEAD, origin/main or"
        " main)",
    )
    command.add_argument(
        "--restamp",
        action="store_true",
        help="also give the revisions new timestamps in ids, file names and headers, and update"
        " references to them",
    )
    dry_run(command)
    place(command)


def _graph(command: argparse.ArgumentParser) -> None:
    place(command)
    command.add_argument(
        "--format", choices=("text", "mermaid", "dot", "json"), default="text", dest="form"
    )
    output(command, "write")


def _rules(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", dest="form"
    )


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("rule", metavar="RULE")


def _completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=("bash", "zsh", "tcsh", "fish"))


def _pulls(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--repository", metavar="OWNER/NAME", help="the repository (default: GITHUB_REPOSITORY)"
    )
    command.add_argument(
        "--base", metavar="BRANCH", help="the target branch (default: GITHUB_REF_NAME)"
    )
    command.add_argument(
        "--remote", default="origin", help="the git remote to fetch from (default: %(default)s)"
    )
    command.add_argument(
        "--context", default="revgate", help="the name of the commit status (default: %(default)s)"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="print the statuses without setting them"
    )
    command.add_argument(
        "--fail", action="store_true", help="exit with 1 if a pull request has errors"
    )
    text_or_json(command)
    command.add_argument(
        "--no-cache", action="store_true", help="ignore cached facts and read every file"
    )
    command.add_argument(
        "--allow-label",
        metavar="NAME",
        help="a pull request with this label may change published revisions",
    )
    place(command)
    command.set_defaults(select=None, ignore=None)


def _init(command: argparse.ArgumentParser) -> None:
    dry_run(command)
    command.add_argument("--yes", action="store_true", help="write without asking")
    command.add_argument(
        "--ci",
        choices=("auto", "github", "gitlab", "none"),
        default="auto",
        help="the CI to write a job for (default: %(default)s, detected from the repository)",
    )


def _doctor(command: argparse.ArgumentParser) -> None:
    database(command)
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--reset",
        action="store_true",
        help="drop everything the application owns, after you type the name of the database",
    )
    what.add_argument(
        "--create-missing",
        action="store_true",
        help="create the tables of the models that the database lacks; for development only",
    )
    what.add_argument(
        "--sizes",
        metavar="FILE",
        help="write rows and bytes of each table to FILE, for `table-sizes` in the settings",
    )
    command.add_argument(
        "--remote", action="store_true", help="allow --reset and --create-missing on another host"
    )
    project(command)
    text_or_json(command)
    command.add_argument(
        "--no-cache", action="store_true", help="ignore cached states and run the whole history"
    )
    command.add_argument("--quiet", action="store_true", help="hide the progress bar")
    place(command)


def _schema(command: argparse.ArgumentParser) -> None:
    server(command)
    project(command)
    output(command, "write")
    command.add_argument("--no-cache", action="store_true", help="ignore cached facts")
    command.add_argument("--quiet", action="store_true", help="hide the progress bar")
    place(command)


def _upgrade(command: argparse.ArgumentParser) -> None:
    database(command)
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--backup", metavar="FILE", help="the file for the backup (default: DATABASE-TIME.dump)"
    )
    what.add_argument(
        "--no-backup",
        action="store_true",
        help="skip the backup, if you have just made one another way",
    )
    what.add_argument(
        "--sql", metavar="FILE", help="write the upgrade as SQL to FILE and change nothing"
    )
    command.add_argument(
        "--from",
        metavar="REV",
        dest="start",
        help="with --sql: the revision to start from (default: the database's stamp, else base)",
    )
    command.add_argument(
        "--despite-differences",
        action="store_true",
        help="upgrade even if the schema was changed by hand",
    )
    command.add_argument(
        "--lock-timeout",
        metavar="SECONDS",
        type=seconds,
        default=5.0,
        help="lock_timeout for the upgrade (default: %(default)g); env.py may override it",
    )
    command.add_argument(
        "--attempts",
        metavar="N",
        type=int,
        default=5,
        help="tries when a lock times out (default: %(default)d)",
    )
    command.add_argument(
        "--pause",
        metavar="SECONDS",
        type=seconds,
        default=10.0,
        help="pause between tries (default: %(default)g)",
    )
    project(command)
    command.add_argument("--quiet", action="store_true", help="hide the progress bar")
    place(command)
    # A long upgrade need not be a hanging one.
    command.set_defaults(select=None, ignore=None, timeout=0.0)


def _alembic(command: argparse.ArgumentParser) -> None:
    database_url(command)
    project(command)
    place(command)
    command.add_argument(
        "words",
        metavar="COMMAND",
        nargs=argparse.REMAINDER,
        help="a command of Alembic with its arguments, such as `stamp head`",
    )
    command.set_defaults(quiet=True)


def _comment(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--file", metavar="FILE", required=True, help="a report in the format `comment`"
    )


def _hook(command: argparse.ArgumentParser) -> None:
    command.add_argument("hook", choices=("pre-receive", "pre-push"))


COMMANDS = {
    "check": Command(
        "check the static rules; executes nothing, needs no database",
        "Check the static rules on the revision files of the work tree, the git index, or a commit."
        " The files are read as text and never executed.",
        _check,
    ),
    "roundtrip": Command(
        "upgrade, downgrade, and upgrade again on a throwaway PostgreSQL database",
        "Run the history in both directions on a throwaway PostgreSQL database and compare the"
        " catalog at every revision. No existing database is changed.",
        _roundtrip,
    ),
    "gate": Command(
        "run check, then roundtrip",
        "Check the static rules, then run the round trip.",
        _gate,
    ),
    "new": Command(
        "create a revision file with the right name, id and parent",
        "Create a revision after the head from the project's script.py.mako.",
        _new,
    ),
    "rebase": Command(
        "move new revisions after the head of the target branch",
        "Re-point the revisions that REF lacks so that they follow its head, in order. Edits only"
        " the affected tokens of files in the work tree; git state is not changed.",
        _rebase,
    ),
    "pulls": Command(
        "check every open pull request against the current target branch",
        "Check every open pull request of a GitHub repository against its target branch as it is"
        " now, and set a commit status on each. Nothing from a pull request is checked out or"
        " executed. Requires the extra `github`, a full clone, and GITHUB_TOKEN.",
        _pulls,
        f"{EPILOG}. Errors in a pull request lead to 1 only with --fail",
    ),
    "init": Command(
        "set up a repository: settings, hook and CI job",
        "Propose settings that the current history passes, a pre-commit hook, and a CI job; show"
        " the diff; and write it after you confirm. Existing setup is left unchanged.",
        _init,
    ),
    "doctor": Command(
        "check an existing database against the history and the models",
        "Determine from the catalog which revision a database is really at, and what it lacks. The"
        " database is read in a read-only transaction unless --reset or --create-missing is given;"
        " the history runs on a throwaway server.",
        _doctor,
    ),
    "upgrade": Command(
        "upgrade a production database with backup, lock timeout and verification",
        "Show the pending revisions with the locks and rewrites that the round trip measured, ask"
        " for confirmation, back up with pg_dump and verify the backup's table of contents, upgrade"
        " through env.py with retries when a lock times out, and verify the result as doctor does.",
        _upgrade,
    ),
    "alembic": Command(
        "run a command of Alembic on the database that is named",
        "Run a command of Alembic, such as `stamp` or `downgrade`, with every connection of env.py"
        " going to the database of --database-url or DATABASE_URL, whichever URL env.py has."
        " Without a password in the URL, PGPASSWORD and ~/.pgpass are used, or it is asked for.",
        _alembic,
    ),
    "schema": Command(
        "print the schema at the head as SQL",
        "Upgrade a throwaway database to the head, and print its schema as pg_dump does, without"
        " comments, owners and what else depends on the machine.",
        _schema,
    ),
    "graph": Command("draw the chain of revisions", "Draw the chain of revisions.", _graph),
    "rules": Command("list all rules", "List all rules.", _rules),
    "explain": Command("explain a rule", "Print the documentation of a rule.", _explain),
    "completion": Command(
        "print a shell completion script",
        "Print the completion script for a shell. Requires the extra `completion`.",
        _completion,
    ),
    # Called by the GitHub Action.
    "comment": Command(
        None, "Post a report as a comment on the pull request of a workflow.", _comment
    ),
    # Called by hooks/pre-receive and hooks/pre-push.
    "hook": Command(None, "Check what a push brings, for git's own hooks.", _hook),
}
