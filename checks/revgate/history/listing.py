"""The revision files of one environment, listed and not yet read.

Knows which files Alembic would load; nothing of what stands in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.source import missing

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.source import Source


class Listed(NamedTuple):
    """The files of one environment, not yet read."""

    paths: list[str]
    signatures: list[object]
    """What tells that a file is unchanged, as `Source.signatures` has it."""
    complete: bool = True
    """False for a few of them: of the others nothing may be forgotten."""


def list_files(source: Source, environment: Environment, *, cached: bool = True) -> Listed:
    """List the revision files of an environment, with what tells them unchanged.

    Args:
        source: Where from.
        environment: Which.
        cached: False where nothing is compared with earlier runs; nothing is then told.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
    paths = revision_files(source, environment)
    return Listed(paths, source.signatures(paths) if cached else [None] * len(paths))


def revision_files(source: Source, environment: Environment) -> list[str]:
    """List the files that Alembic would load; others lie in the folder unread.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
    paths: list[str] = []
    for folder in environment.version_locations:
        if not source.has_folder(folder):
            raise CannotJudgeError(
                f"{environment.config}: {missing(source, folder)}, so nothing"
                " could be checked; make it with a first revision, correct script_location or"
                " version_locations, or name the environments with [[tool.revgate.environment]]"
            )
        found = source.files(folder, recursive=environment.recursive)
        paths += [path for path in found if _is_revision_file(path)]
    if not paths:
        raise CannotJudgeError(
            f"{environment.config}: no revision in {', '.join(environment.version_locations)} of"
            f" {source.name}, so nothing could be checked; make one with `alembic revision`, or"
            " correct version_locations"
        )
    return list(dict.fromkeys(paths))


def _is_revision_file(path: str) -> bool:
    """Whether Alembic loads a file: `_only_source_rev_file` in alembic.script.base."""
    if ".#" not in path and "__init__" not in path and "\n" not in path:
        return path.endswith(".py")
    # Newlines: where the pattern's `.` and `$` have ideas of their own.
    return re.match(r"(?!\.\#|__init__)(.*\.py)$", path.rpartition("/")[2]) is not None
