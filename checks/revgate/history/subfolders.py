"""Revisions in subfolders of the version folders, which Alembic reads only by an option."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.history.history import History
    from revgate.source import Source


def is_revision_file(path: str) -> bool:
    """Whether Alembic loads a file: `_only_source_rev_file` in alembic.script.base."""
    if ".#" not in path and "__init__" not in path and "\n" not in path:
        return path.endswith(".py")
    # Newlines matter to the `.` and `$` of Alembic's pattern.
    return re.match(r"(?!\.\#|__init__)(.*\.py)$", path.rpartition("/")[2]) is not None


def subfolder_advice(source: Source, environment: Environment) -> str:
    """Return what to do where only subfolders have revisions; empty if they have none.

    An env.py may choose one of them, such as the one for its database.
    """
    folders = {each.rpartition("/")[0] for each in _with_ids(source, environment)}
    of_postgres = [each for each in folders if "postgres" in each.rpartition("/")[2]]
    if not folders:
        return ""
    named = ", ".join(f'"{each}"' for each in sorted(of_postgres or folders))
    return (
        f"subfolders have some: if code sets the folders, write version-locations = [{named}] in"
        " the settings; else set `recursive_version_locations = true`"
    )


def _with_ids(source: Source, environment: Environment) -> list[str]:
    """List the files in subfolders that are revisions."""
    from revgate.history.parse import parse
    from revgate.history.revision import Script

    contents = source.read(_below(source, environment, set()))
    parsed = (parse(each.path, each.data) for each in contents if each.error is None)
    return [each.revision.path for each in parsed if isinstance(each, Script)]


def subfolder_notes(source: Source, history: History) -> list[str]:
    """Return a note about revisions in subfolders, which Alembic does not read.

    A history that is judged needs this; the target branch, which is only compared, does not.

    Raises:
        CannotJudgeError: They belong to the history that is read.
    """
    from revgate.history.parse import parse
    from revgate.history.revision import Script

    environment = history.environment
    known = {each.path for each in history.revisions} | {each.path for each in history.unreadable}
    below = _below(source, environment, known)
    if not below:
        return []
    contents = source.read(below)
    parsed = [parse(each.path, each.data) for each in contents if each.error is None]
    unread = [each.revision for each in parsed if isinstance(each, Script)]
    if not unread:
        return []
    more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
    message = (
        f"{environment.config}: Alembic does not read {unread[0].path}{more}, in a subfolder;"
        " that requires `recursive_version_locations = true`"
    )
    ids = {each.id for each in unread}
    named = {key for each in unread for key in (*each.parents, *each.depends_on)}
    by_others = {key for each in history.revisions for key in (*each.parents, *each.depends_on)}
    stated = bool(environment.scope.version_locations)
    if not stated and (named & history.graph.by_id.keys() or by_others & ids):
        raise CannotJudgeError(
            f"{message}; it belongs to the history, so nothing could be checked: set that option,"
            " or `version-locations` in the settings of revgate if code sets the folders"
        )
    return [message]


def _below(source: Source, environment: Environment, known: set[str]) -> list[str]:
    """List the files in subfolders that would be revisions if Alembic read them."""
    if environment.recursive:
        return []
    return [
        path
        for folder in environment.version_locations
        if source.has_folder(folder)
        for path in source.files(folder, recursive=True)
        if path not in known and is_revision_file(path)
    ]
