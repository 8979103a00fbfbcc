"""Settings, source and rules from the common options; reports and exit code from a result."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from revgate.cli.output import parse_report, reports, write
from revgate.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from revgate.checking.selection import Request
    from revgate.result import Result
    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source


def configured(arguments: argparse.Namespace) -> tuple[str, Settings, Request]:
    """Return the repository root, the settings of what is checked, and the requested rules.

    Raises:
        UsageError: The settings or the rule names are invalid.
    """
    for written in getattr(arguments, "report", ()):  # fail before anything slow
        parse_report(written)
    root, settings = settings_of(arguments)
    if getattr(arguments, "target", None) is not None:
        arguments.environment = _environment_at(arguments, root, settings)
    request = request_of(arguments, root)
    request.choose(settings).check_names()
    return root, settings, request


def _environment_at(arguments: argparse.Namespace, root: str, settings: Settings) -> str:
    """Return the name of the environment that is called like the target, or that its path is in.

    Raises:
        UsageError: There is none, or there are several, or `--environment` names another.
    """
    from revgate import environments
    from revgate.text import choose_one

    target = arguments.target
    path = os.path.relpath(os.path.abspath(target), root).replace(os.sep, "/")
    every, _ = environments.survey(source_of(arguments, root), settings)
    named = [each for each in every if each.name == target]
    found = [each.name for each in named or every if named or each.is_at(path)]
    if not found:
        names = ", ".join(each.name for each in every) or "none"
        raise UsageError(f"no environment is called {target!r} or lies there; there are: {names}")
    if len(found) > 1:
        raise UsageError(choose_one(found))
    if arguments.environment not in (None, found[0]):
        raise UsageError(f"{target!r} and --environment {arguments.environment!r} differ")
    return found[0]


def request_of(arguments: argparse.Namespace, root: str) -> Request:
    """Return what the options ask for, whatever the settings say."""
    from revgate.checking.selection import Request

    return Request(
        select=tuple(_names(arguments.select)),
        ignore=tuple(_names(arguments.ignore)),
        config=_config_of(arguments, root),
        environment=arguments.environment,
        allowed=tuple(_names(getattr(arguments, "allow_published", None))),
    )


def settings_of(arguments: argparse.Namespace) -> tuple[str, Settings]:
    """Return the repository root and the settings, with `--config` taken into account."""
    from revgate import settings
    from revgate.checking.selection import unknown_rules
    from revgate.git import find_root

    root, _ = find_root(os.getcwd())
    if is_of_git(arguments):
        from revgate.checking.ruling import settings_in

        return root, settings_in(source_of(arguments, root), _config_of(arguments, root))
    config = _config_of(arguments, root)
    if config is None:
        return root, settings.load(root, unknown_rules)
    if not os.path.isfile(arguments.config):
        raise UsageError(f"--config {arguments.config}: no such file")
    if config.endswith(".toml") and settings.has_settings(root, config):
        return root, settings.load_file(root, config, unknown_rules)
    return root, settings.with_config(settings.load(root, unknown_rules), config)


def _config_of(arguments: argparse.Namespace, root: str) -> str | None:
    """Return the path given by `--config`, relative to the root."""
    if arguments.config is None:
        return None
    return os.path.relpath(os.path.abspath(arguments.config), root).replace(os.sep, "/")


def is_of_git(arguments: argparse.Namespace) -> bool:
    """Whether the index or a commit is judged, and not the work tree."""
    return bool(getattr(arguments, "staged", False)) or getattr(arguments, "at", None) is not None


def source_of(arguments: argparse.Namespace, root: str) -> Source:
    """Return the source to check: the work tree, the index, or a commit.

    Raises:
        UsageError: The folder is not a git repository, or the commit does not exist.
    """
    from revgate.git import find_root

    _, is_repository = find_root(root)
    staged = getattr(arguments, "staged", False)
    at = getattr(arguments, "at", None)
    if not staged and at is None:
        from revgate.history.source import WorkTree

        cached = not getattr(arguments, "no_cache", False)
        return WorkTree(root, is_repository=is_repository, cached=cached)
    if not is_repository:
        raise UsageError(f"{root} is not a git repository: --staged and --at require one")

    from revgate.history.tree import GitTree

    if at is not None:
        return GitTree.at(root, at)
    # In pre-commit's pre-push stage, a commit is pushed, not the index.
    pushed = os.environ.get("PRE_COMMIT_TO_REF") or os.environ.get("PRE_COMMIT_LOCAL_BRANCH")
    return GitTree.at(root, pushed) if pushed else GitTree(root)


def _names(written: str | None) -> list[str]:
    return [name.strip() for name in (written or "").split(",") if name.strip()]


def report(arguments: argparse.Namespace, result: Result, source: Source) -> int:
    """Write the requested reports, and return the exit code."""
    # With --diff, standard output is for `git apply`.
    for text, path in (
        () if getattr(arguments, "diff", False) else reports(arguments, result, source)
    ):
        write(text, path)
    match arguments.fail_on:
        case "never":
            return 0
        case "warning":
            return 1 if result.errors or result.warnings else 0
        case _:
            return 1 if result.errors else 0


def live_options(arguments: argparse.Namespace, root: str, settings: Settings) -> Options:
    """Return the options that all commands share that run env.py on a throwaway server."""
    from revgate.postgres.preparation import Preparation
    from revgate.roundtrip.options import Options

    return Options(
        root=root,
        python=arguments.python,
        expect_tables=arguments.expect_tables,
        env=settings.env,
        timeout=arguments.timeout or None,
        progress=not arguments.quiet and sys.stderr.isatty(),
        x_arguments=tuple(arguments.x_arguments),
        network=settings.network,
        prepared=Preparation(
            settings.roles, settings.schemas, settings.superuser, settings.extensions
        ),
        ignore_objects=settings.ignore_objects,
    )
