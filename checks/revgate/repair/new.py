"""`revgate new`: writes a revision file whose name, id, parent and header agree.

The project's script.py.mako is filled in as text; nothing is evaluated. If a template needs more
than the expressions of Alembic's own templates, Alembic's default is used instead.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.repair.databases import for_each_database

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from revgate.environments import Environment
    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.source import Source

# The same as Alembic's own script.py.mako, for projects whose template cannot be filled in.
TEMPLATE = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade schema."""
    ${downgrades if downgrades else "pass"}
'''
_LONGEST_SLUG = 40
_LONGEST_NAME = 200
_EXPRESSION = re.compile(r"\$\{([^}]*)\}")


def write_new(
    root: str, history: History, message: str, now: datetime, branch: str | None = None
) -> tuple[str, bool]:
    """Write a new revision on top of the head, or of the head of a labelled branch.

    Args:
        root: The repository root, an absolute path.
        history: The history of the environment; its chain must have no errors.
        message: What the revision does, in words.
        now: The timestamp; a second after that of the head if that is later.
        branch: The label of the branch; None for the only head.

    Returns:
        The path of the file, relative to the root; and whether the project's template was used.

    Raises:
        UsageError: The message has no words, there is no single head to choose, the settings
            require names that revgate cannot generate, or the file cannot be written.
    """
    slug = "_".join(re.findall(r"\w+", message)).lower()[:_LONGEST_SLUG].strip("_")
    if not slug:
        raise UsageError(f"the message {message!r} has no words to name a file by")
    head = _head(history, branch)
    made = next_free(now, head, history.graph.by_id.keys())
    environment = history.environment
    parent = history.graph.by_id.get(head) if head else None
    key, name = _named(history, slug, made, parent, message)
    folder = _folder(environment, parent.path if parent else "")
    path = f"{folder}/{name}.py"
    values = {
        "message": message.replace("\\", "\\\\").replace('"""', "'''"),
        "up_revision": key,
        "down_revision": head or "",
        "create_date": made.strftime("%Y-%m-%d %H:%M:%S"),
    }
    own = _content(os.path.join(root, environment.script_location, "script.py.mako"))
    if own is not None:
        before = _content(os.path.join(root, parent.path)) if parent else None
        own = for_each_database(own, history, before)
    filled = _rendered(own, values, key, head) if own is not None else None
    if own is not None and "upgrade_${" in own and filled is None:
        program = "flask db" if "current_app" in own else "alembic"
        raise UsageError(
            f"{environment.script_location}/script.py.mako has functions for each database, and"
            f' which ones could not be found out: use `{program} revision -m "{message}"`'
        )
    text = filled or _rendered(TEMPLATE, values, key, head)
    if text is None:
        raise UsageError(
            f"no valid revision could be written for the message {message!r}: leave out quotes and"
            " control characters"
        )
    try:
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path, filled is not None


def open_history(source: Source, environment: Environment) -> History:
    """Read the history that a revision is added to; that of a new project is empty.

    Raises:
        CannotJudgeError: It cannot be read, or Alembic would read only a part of it.
    """
    from revgate.checking.file_rules import judge_file
    from revgate.history.history import History
    from revgate.history.read import read
    from revgate.history.subfolders import subfolder_notes

    try:
        history = read(source, environment, judge_file, whole=False).history
    except CannotJudgeError:
        if not _is_new(source, environment):
            raise
        return History(environment, (), (), source)
    subfolder_notes(source, history)
    return history


def _is_new(source: Source, environment: Environment) -> bool:
    """Whether there is no revision yet; git does not track Alembic's own folder without one."""
    usual = f"{environment.script_location}/versions"
    for folder in environment.version_locations:
        if not source.has_folder(folder):
            if folder != usual or source.lies(folder) != folder or source.submodule(folder):
                return False
        elif any(each.endswith(".py") for each in source.files(folder, recursive=True)):
            return False
    return True


def _named(
    history: History, slug: str, made: datetime, parent: Revision | None, message: str
) -> tuple[str, str]:
    """Return an id, and the name of the file without its suffix."""
    from revgate.repair.fill_pattern import fill_pattern

    form = history.scope.file_name
    if form in ("timestamp", "any"):
        key = _new_id(history, parent.id if parent else None, made)
        return key, _file_name(history, key, slug, made)
    name = fill_pattern(form, slug, made, parent)
    if name is None or name.key in history.graph.by_id:
        raise UsageError(
            f"`file-name` is {form!r}, from which no name can be made up: use"
            f' `alembic revision -m "{message}"`'
        )
    return name.key, name.text


def _head(history: History, branch: str | None) -> str | None:
    heads = history.graph.heads
    if branch is not None:
        return _head_of(history, branch)
    if len(heads) > 1 and history.scope.branches and not history.rival_heads:
        raise UsageError(
            f"the history has {len(heads)} heads: choose a branch with --branch; there are"
            f" {_labels(history)}"
        )
    if len(heads) > 1:
        raise UsageError(
            f"the history has {len(heads)} heads, {', '.join(heads)}: bring them into one line"
            " first; `revgate check` says how"
        )
    return heads[0] if heads else None


def _head_of(history: History, branch: str) -> str:
    """Return the head of a labelled branch."""
    found = [head for head in history.graph.heads if branch in _labels_at(history, head)]
    if not found:
        there = _labels(history)
        raise UsageError(
            f"there is no branch `{branch}`; "
            + (f"there are {there}" if there else "none is labelled")
        )
    if len(found) > 1:
        raise UsageError(
            f"the branch `{branch}` has {len(found)} heads, {', '.join(found)}: bring them into one"
            " line first; `revgate check` says how"
        )
    return found[0]


def _labels_at(history: History, head: str) -> set[str]:
    """Return the labels of the branches that a head is on.

    It is on one of those in the settings; a label that they do not have holds for all above it.
    """
    others = history.graph.labels_above(head) - {*history.scope.branches}
    return history.labels_of(head) | others


def _labels(history: History) -> str:
    labels = {label for head in history.graph.heads for label in _labels_at(history, head)}
    return ", ".join(f"`{label}`" for label in sorted(labels))


def next_free(now: datetime, head: str | None, taken: Collection[str]) -> datetime:
    """Return the time, or one second after the head if that has a later timestamp.

    A head of another branch may have the same timestamp: the next one that is not taken counts.
    """
    from datetime import UTC, datetime, timedelta

    made, second = now, timedelta(seconds=1)
    try:
        before = datetime.strptime(head or "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        made = max(now, before + second)
    except ValueError:
        pass
    while made.strftime("%Y%m%d%H%M%S") in taken:
        made += second
    return made


def _folder(environment: Environment, parent: str) -> str:
    """Return the version location of the parent; its own folder where the template has none."""
    if "/" not in environment.file_template or not environment.recursive:
        return parent.rpartition("/")[0] or environment.version_locations[0]
    inside = [each for each in environment.version_locations if parent.startswith(f"{each}/")]
    return (inside or environment.version_locations)[0]


def _file_name(history: History, key: str, slug: str, made: datetime) -> str:
    """Name the file by `file_template`, as far as the settings and Alembic would accept it."""
    environment = history.environment
    plain = f"{key}_{slug}"
    values = {"rev": key, "slug": slug, "epoch": int(made.timestamp())}
    units = ("year", "month", "day", "hour", "minute", "second")
    values |= {unit: getattr(made, unit) for unit in units}
    try:
        name = environment.file_template % values
    except (ValueError, KeyError, TypeError, OverflowError, MemoryError):
        return plain
    parts = name.split("/")
    if not name or {"", ".", ".."} & {*parts} or "\0" in name:
        return plain
    folders = f"{'/'.join(parts[:-1])}/" if len(parts) > 1 and environment.recursive else ""
    fits = history.scope.file_name == "any" and len(parts[-1]) < _LONGEST_NAME
    return folders + (parts[-1] if fits else plain)


def _new_id(history: History, head: str | None, made: datetime) -> str:
    """Return a timestamp; like Alembic, a random id if the ids of the history are random too."""
    if history.scope.file_name == "any" and head and not re.fullmatch(r"[0-9]{14}", head):
        from uuid import uuid4

        return uuid4().hex[-12:]
    return made.strftime("%Y%m%d%H%M%S")


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def _rendered(template: str, values: dict[str, str], key: str, head: str | None) -> str | None:
    """Fill in a template; None unless the result is the revision that was asked for."""
    from revgate.history.parse import parse
    from revgate.history.revision import Script

    text = _fill(template, values, key, head)
    if text is None:
        return None
    try:
        script = parse("", text.encode())
    except UnicodeEncodeError:
        return None
    if not isinstance(script, Script):
        return None
    revision = script.revision
    if (revision.id, revision.parents) != (key, (head,) if head else ()):
        return None
    absent = any(each.is_absent for each in (*script.upgrades(), script.downgrade))
    return None if absent else text


def _fill(template: str, values: dict[str, str], stamp: str, head: str | None) -> str | None:
    """Fill in a template; None if something would be left to evaluate."""
    template = re.sub(r"^##.*\n", "", template, flags=re.MULTILINE)
    # Only the template is searched: a message may contain anything.
    rest = _EXPRESSION.sub("", template)
    if "${" in rest or re.search(r"^\s*%|<%", rest, re.MULTILINE):
        return None
    unknown = False
    literals = {"up_revision": stamp, "down_revision": head, "branch_labels": None}

    def replace(match: re.Match[str]) -> str:
        expression = match[1].strip()
        name = expression.partition("|")[0].strip()
        if name in values:
            return values[name]
        if found := re.fullmatch(r"repr\((\w+)\)", expression):
            value = literals.get(found[1])
            return f'"{value}"' if value is not None else "None"
        if found := re.fullmatch(r"(\w+) if \1 else (?:\"(\w*)\"|'(\w*)')", expression):
            return found[2] or found[3] or ""
        nonlocal unknown
        unknown = True
        return ""

    filled = _EXPRESSION.sub(replace, template)
    if unknown:
        return None
    return re.sub(r"[ \t]+$", "", filled, flags=re.MULTILINE)
