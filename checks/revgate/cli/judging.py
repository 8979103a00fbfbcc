"""The commands that judge a history: `check`, `roundtrip` and `gate`, with what they fix."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from revgate.cli.context import configured, is_of_git, live_options, report, source_of
from revgate.cli.output import complain, show
from revgate.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection

    from revgate.checking.selection import Request
    from revgate.result import Result
    from revgate.settings import Settings


def check(arguments: argparse.Namespace) -> int:
    """Check the static rules on the work tree, the index or a commit; return the exit code."""
    from revgate.checking import verdict_cache

    root, settings, request = configured(arguments)
    source = source_of(arguments, root)
    cached = not arguments.no_cache
    if arguments.fix or arguments.diff:
        _fix(arguments, root, settings, request)
    if arguments.against is None:
        result = verdict_cache.check(
            source,
            settings,
            request.choose(settings),
            environment=request.environment,
            cached=cached,
        )
        return report(arguments, result, source)

    from revgate.history.tree import GitTree
    from revgate.history.work_tree import commit_work_tree
    from revgate.target_branch import find_base

    against = find_base(root, arguments.against)
    tree = source if isinstance(source, GitTree) else commit_work_tree(source, settings)
    result = verdict_cache.check_against(
        root,
        request,
        ours=None if tree.revision is None else tree,
        against=against,
        cached=cached,
    )
    return report(arguments, _naming_base(result, arguments.against, against), source)


def _fix(arguments: argparse.Namespace, root: str, settings: Settings, request: Request) -> None:
    """Fix the work tree; with `--diff`, print what would be changed, and nothing is written."""
    from revgate.repair.fix import fix, summary
    from revgate.target_branch import find_base

    if not arguments.fix or is_of_git(arguments):
        raise UsageError("--diff requires --fix, and --fix the work tree: not --staged or --at")
    fixed = fix(
        root,
        settings,
        request.choose(settings),
        environment=request.environment,
        against=None if arguments.against is None else find_base(root, arguments.against),
        dry_run=arguments.diff,
    )
    if arguments.diff:
        show(fixed.diff)
    complain("\n".join((*fixed.lines, summary(fixed, dry_run=arguments.diff))))


def _naming_base(result: Result, written: str | None, base: str | None) -> Result:
    return result._replace(base=base or "") if written == "auto" else result


def roundtrip(arguments: argparse.Namespace) -> int:
    """Run the round trip; return the exit code."""
    return _live(arguments, "roundtrip")


def gate(arguments: argparse.Namespace) -> int:
    """Check the static rules, and run the round trip; return the exit code."""
    if arguments.diff and not arguments.fix:
        raise UsageError("--diff requires --fix")
    return _live(arguments, "gate")


def _live(arguments: argparse.Namespace, name: str) -> int:
    from revgate.checking.gate import run
    from revgate.roundtrip.plan import parse_shard
    from revgate.target_branch import find_base

    root, settings, request = configured(arguments)
    written = getattr(arguments, "against", None)
    against = None if written is None else find_base(root, written)
    source = source_of(arguments, root)
    options = live_options(arguments, root, settings)._replace(
        database_url=arguments.database_url or os.environ.get("REVGATE_DATABASE_URL"),
        shard=None if arguments.shard is None else parse_shard(arguments.shard),
        cached=not arguments.no_cache,
        jobs=arguments.jobs,
        rows=not arguments.no_rows,
        require_isolation=arguments.require_isolation,
    )
    judge = partial(run, source, settings, request, name=name, against=against, options=options)
    kept = None
    if getattr(arguments, "fix", False):
        from revgate.repair.fix import published_ids

        # First, since without git it raises, and a round trip takes a while.
        kept = published_ids(root, settings, environment=request.environment, against=against)
    result = judge()
    if kept is not None:
        result = _fix_live(arguments, root, result, judge, kept)
    code = report(arguments, _naming_base(result, written, against), source)
    if result.problem:
        from revgate.errors import CannotJudgeError

        raise CannotJudgeError(result.problem)
    return code


def _fix_live(
    arguments: argparse.Namespace,
    root: str,
    result: Result,
    judge: Callable[[], Result],
    published: Collection[str],
) -> Result:
    """Fix what a round trip found; with `--diff`, print the changes, and undo them."""
    from revgate.repair.diff import diff
    from revgate.repair.fix_live import fix_live

    after, fixed, edits = fix_live(root, result, judge, published, dry_run=arguments.diff)
    for each in fixed:
        complain(f"{each.path}:{each.line}: fixed {each.rule}")
    if not fixed:
        complain("a round trip confirms no fix in revisions that are not published")
    if not arguments.diff:
        return after
    show(diff(edits))
    return result
