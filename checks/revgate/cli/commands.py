"""The commands: each turns arguments into calls, and errors into exit codes.

Every command imports what it needs itself, because a hook waits for each import.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from revgate.cli.command_list import COMMANDS, listed
from revgate.cli.context import configured, live_options, settings_of, source_of
from revgate.cli.judging import check, gate, roundtrip
from revgate.cli.output import complain, show, terminal_width, text_of, unwritten, write
from revgate.cli.parser import parser
from revgate.errors import RevgateError, UsageError, machine_fault
from revgate.text import choose_one, nearest, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def run() -> None:
    """Entry point of the console script and `hooks/revgate`."""
    code = main()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = unwritten(error) or code
    raise SystemExit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; by default those of the process.

    Returns:
        The exit code: 0, 1, 2 or 3; 130 after Ctrl-C.
    """
    words = sys.argv[1:] if argv is None else argv
    if not words:
        write(parser().format_help())
        return UsageError.exit_code
    if words[0] not in COMMANDS and not words[0].startswith("-"):
        complain(f"unknown command {words[0]!r}{nearest(words[0], listed())}; see `revgate --help`")
        return UsageError.exit_code
    try:
        arguments = parser(words).parse_args(words)
    except SystemExit as stop:  # argparse exits after --help, --version, and errors
        return stop.code if isinstance(stop.code, int) else 2
    try:
        return _COMMANDS[arguments.command](arguments)
    except RevgateError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - no input may end in a traceback
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if os.environ.get("REVGATE_DEBUG"):
        raise error
    if machine := machine_fault(error):
        complain(machine)
        return 3
    complain(
        f"internal error, so nothing was checked: {type(error).__name__}: {error}\n"
        "please report this with the traceback that REVGATE_DEBUG=1 shows"
    )
    return 3


# The commands.


def _new(arguments: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from revgate import environments
    from revgate.repair.head_file import head_edit
    from revgate.repair.new import open_history, write_new
    from revgate.repair.write import write as edit_files

    root, settings = settings_of(arguments)
    source = source_of(arguments, root)
    found = environments.find(source, settings, arguments.environment)
    if len(found) > 1:
        raise UsageError(choose_one(each.name for each in found))
    history = open_history(source, found[0])
    path, by_template = write_new(
        root, history, arguments.message, datetime.now(UTC), arguments.branch
    )
    edit = head_edit(root, history.scope.head_file, open_history(source, found[0]).graph.heads)
    edit_files(root, [edit] if edit else [])
    if not by_template:
        complain(
            f"{found[0].script_location}/script.py.mako is missing or contains code, so Alembic's"
            " default template was used"
        )
    write(f"{os.path.relpath(os.path.join(root, path))}\n", None)
    return 0


def _rebase(arguments: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from revgate.repair.rebase import RebaseOptions, rebase

    root, settings = settings_of(arguments)
    options = RebaseOptions(
        arguments.onto, arguments.environment, arguments.restamp, arguments.dry_run
    )
    outcome = rebase(root, settings, options, datetime.now(UTC))
    write("".join(f"{printable(line)}\n" for line in outcome.lines), None)
    show(outcome.diff)
    return 0


def _completion(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise UsageError(
            "completion requires a library: pip install 'revgate[completion]'"
        ) from None
    write(shtab.complete(parser(), arguments.shell), None)
    return 0


def _graph(arguments: argparse.Namespace) -> int:
    from revgate import environments
    from revgate.checking.file_rules import judge_file
    from revgate.history.read import read
    from revgate.history.subfolders import subfolder_notes
    from revgate.reports import chain

    root, settings = settings_of(arguments)
    source = source_of(arguments, root)
    found = environments.find(source, settings, arguments.environment)
    reads = [read(source, environment, judge_file, whole=False) for environment in found]
    for note in [note for each in reads for note in subfolder_notes(source, each.history)]:
        complain(note)
    write(chain.render([read.history for read in reads], arguments.form), arguments.output)
    if unread := [each.path for read in reads for each in read.history.unreadable]:
        from revgate.errors import CannotJudgeError

        raise CannotJudgeError(
            f"not in the graph because they cannot be read: {', '.join(unread)}; `revgate check`"
            " shows why"
        )
    return 0


def _rules(arguments: argparse.Namespace) -> int:
    from revgate.reports import catalogue

    write(catalogue.render(arguments.form, terminal_width()), None)
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    from revgate.reports import catalogue

    write(catalogue.explain(arguments.rule, terminal_width()), None)
    return 0


def _pulls(arguments: argparse.Namespace) -> int:
    from revgate import pulls

    root, _, request = configured(arguments)
    options = pulls.PullsOptions(
        root=root,
        request=request,
        remote=arguments.remote,
        context=arguments.context,
        label=arguments.allow_label,
        cached=not arguments.no_cache,
        dry_run=arguments.dry_run,
    )
    outcome = pulls.run(options, pulls.from_variables(arguments.repository, arguments.base))
    write(pulls.render(outcome, arguments.form), arguments.output)
    if outcome.problem:
        from revgate.errors import CannotJudgeError

        raise CannotJudgeError(outcome.problem)
    return 1 if arguments.fail and outcome.errors else 0


def _init(arguments: argparse.Namespace) -> int:
    from revgate.cli.init import run as set_up

    problems = set_up(os.getcwd(), arguments)
    if problems:
        complain("\n".join(problems))
    return 1 if problems else 0


def _doctor(arguments: argparse.Namespace) -> int:
    from revgate.doctor import command

    root, settings = settings_of(arguments)
    wanted = command.DoctorOptions(
        url=arguments.database_url,
        environment=arguments.environment,
        form=arguments.form,
        cached=not arguments.no_cache,
        reset=arguments.reset,
        create_missing=arguments.create_missing,
        sizes=arguments.sizes,
        yes=arguments.yes,
        remote=arguments.remote,
    )
    say = partial(write, path=arguments.output)
    return command.run(
        source_of(arguments, root), settings, wanted, live_options(arguments, root, settings), say
    )


def _schema(arguments: argparse.Namespace) -> int:
    from revgate.checking.history import one_history
    from revgate.errors import CannotJudgeError
    from revgate.roundtrip import schema_text
    from revgate.roundtrip.order import upgrade_order

    root, settings = settings_of(arguments)
    read, broken = one_history(source_of(arguments, root), settings, arguments.environment)
    if broken:
        raise CannotJudgeError("\n".join(("the history has no head to build:", *broken)))
    environment = read.history.environment
    options = live_options(arguments, root, settings)._replace(
        database_url=arguments.database_url or os.environ.get("REVGATE_DATABASE_URL"),
        cached=not arguments.no_cache,
    )
    chain = upgrade_order(environment, read.history.graph, options)
    options = options.for_environment(environment)
    write(schema_text(environment, chain, options), arguments.output)
    return 0


def _alembic(arguments: argparse.Namespace) -> int:
    from revgate.doctor import alembic

    root, settings = settings_of(arguments)
    return alembic.run(
        source_of(arguments, root),
        settings,
        arguments.environment,
        arguments.database_url,
        arguments.words,
        live_options(arguments, root, settings),
        partial(write, path=None),
    )


def _upgrade(arguments: argparse.Namespace) -> int:
    from revgate.upgrade import command
    from revgate.upgrade.run import Patience

    root, settings, request = configured(arguments)
    patience = Patience(arguments.lock_timeout, arguments.attempts, arguments.pause)
    wanted = command.UpgradeOptions(
        url=arguments.database_url,
        environment=arguments.environment,
        backup=arguments.backup,
        no_backup=arguments.no_backup,
        sql=arguments.sql,
        start=arguments.start,
        yes=arguments.yes,
        despite_differences=arguments.despite_differences,
        patience=patience,
    )
    options = live_options(arguments, root, settings)
    source = source_of(arguments, root)
    choice = request.choose(settings)
    return command.run(source, settings, choice, wanted, options, partial(write, path=None))


def _comment(arguments: argparse.Namespace) -> int:
    from revgate.pulls.comment import comment

    write(f"revgate: {printable(comment(arguments.file))}\n", None)
    return 0


def _hook(arguments: argparse.Namespace) -> int:
    from revgate.checking import pushes

    root = pushes.repository(os.getcwd(), arguments.hook)
    failed = False
    for update in pushes.updates(root, arguments.hook, sys.stdin):
        result = pushes.judge(root, arguments.hook, update)
        text = text_of(result, root, update.new) if result else "no Alembic history\n"
        write(f"revgate: {printable(update.branch)}\n{text}", None)
        failed |= result is not None and result.errors > 0
    return 1 if failed else 0


_COMMANDS = {
    "check": check,
    "roundtrip": roundtrip,
    "gate": gate,
    "new": _new,
    "rebase": _rebase,
    "pulls": _pulls,
    "init": _init,
    "doctor": _doctor,
    "upgrade": _upgrade,
    "alembic": _alembic,
    "schema": _schema,
    "graph": _graph,
    "rules": _rules,
    "explain": _explain,
    "completion": _completion,
    "comment": _comment,
    "hook": _hook,
}
