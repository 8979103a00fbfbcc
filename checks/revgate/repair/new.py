"""`revgate new`: writes a revision file whose name, id, parent and header agree.

The project's script.py.mako is filled in as text; nothing is evaluated. If a template needs more
than the expressions of Alembic's own templates, Alembic's default is used instead.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from revgate.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from revgate.history.history import History

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


def write_new(root: str, history: History, message: str, now: datetime) -> tuple[str, bool]:
    """Write a new revision on top of the head.

    Args:
        root: The repository root, an absolute path.
        history: The history of the environment; its chain must have no errors.
        message: What the revision does, in words.
        now: The timestamp; a second after that of the head if that is later.

    Returns:
        The path of the file, relative to the root; and whether the project's template was used.

    Raises:
        UsageError: The message has no words, the history has no single head, the settings require
            names that revgate cannot generate, or the file cannot be written.
    """
    slug = "_".join(re.findall(r"\w+", message)).lower()[:_LONGEST_SLUG].strip("_")
    if not slug:
        raise UsageError(f"the message {message!r} has no words to name a file by")
    head = _head(history)
    made = _after(now, head)
    stamp = made.strftime("%Y%m%d%H%M%S")
    if history.scope.file_name not in ("timestamp", "any"):
        raise UsageError(
            f"`file-name` is {history.scope.file_name!r}, from which no name can be made up: use"
            f' `alembic revision -m "{message}"`'
        )
    environment = history.environment
    parent = history.graph.by_id.get(head) if head else None
    folder = parent.path.rpartition("/")[0] if parent else environment.version_locations[0]
    path = f"{folder}/{stamp}_{slug}.py"
    values = {
        "message": message.replace("\\", "\\\\").replace('"""', "'''"),
        "up_revision": stamp,
        "down_revision": head or "",
        "create_date": made.strftime("%Y-%m-%d %H:%M:%S"),
    }
    own = _template(os.path.join(root, environment.script_location, "script.py.mako"))
    filled = _fill(own, values, stamp, head) if own is not None else None
    text = filled or _fill(TEMPLATE, values, stamp, head) or ""
    try:
        with open(os.path.join(root, path), "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path, filled is not None


def _head(history: History) -> str | None:
    heads = history.graph.heads
    if len(heads) > 1:
        raise UsageError(
            f"the history has {len(heads)} heads, {', '.join(heads)}: bring them into one line"
            " first; `revgate check` says how"
        )
    return heads[0] if heads else None


def _after(now: datetime, head: str | None) -> datetime:
    """Return the time, or one second after the head if that has a later timestamp."""
    from datetime import UTC, datetime, timedelta

    try:
        before = datetime.strptime(head or "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return now
    return max(now, before + timedelta(seconds=1))


def _template(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def _fill(template: str, values: dict[str, str], stamp: str, head: str | None) -> str | None:
    """Fill in a template; None if something would be left to evaluate."""
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
        return match[0]

    filled = re.sub(r"\$\{([^}]*)\}", replace, template)
    filled = re.sub(r"^##.*\n", "", filled, flags=re.MULTILINE)
    if "${" in filled or re.search(r"^\s*%|<%", filled, re.MULTILINE):
        return None
    return re.sub(r"[ \t]+$", "", filled, flags=re.MULTILINE)
