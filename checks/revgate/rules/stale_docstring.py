"""The docstring of a revision contradicts its code in an id, a parent or a date.

## Why it hurts
People read the header, but Alembic reads the code. After `down_revision` is edited by hand, the
header still names the old parent, and the next conflict is resolved with the wrong one.

## Example
    '''Add invoices

    Revision ID: 20251118120000
    Revises: 20251117000000
    Create Date: 2025-11-18 12:00:00
    '''
    revision = "20251118120000"
    down_revision = "20251118100000"

## Instead
    Revises: 20251118100000
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import NAMING, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Head, Revision, Stated

_DATE = re.compile(r"[\d\-/.T: ]+")
# A parenthesis after the id; the quotes, brackets and backticks around it.
_DECORATION = re.compile(
    r"(?<=\w)[ \t]+\((?:head|base|branchpoint|mergepoint|current)[^)]*\)|[`'\"()\[\]<>{}]"
)
_NONE = frozenset(("", "none", "base", "null", "nothing", "n/a"))
# Of lists and emphasis; Alembic allows none of them in an id, except a dot.
_MARKS = ".*:+-"
# A word with a digit among letters, or of digits alone, can be an id; a word of prose cannot.
_ID = re.compile(r"(?=\w*\d)[\w\-]{6,}")
_NO_DIGIT = re.compile(r"\D")


@rule(severity=WARNING, group=NAMING)
def stale_docstring(head: Head) -> Iterator[Finding]:
    """Yield each header line that contradicts the code or the file's timestamp."""
    revision, header = head.revision, head.header
    if header.revision_id is not None:
        yield from _stale_id(revision, header.revision_id)
    if header.revises is not None:
        yield from _stale_parents(revision, header.revises)
    if header.create_date is not None:
        yield from _stale_date(revision, header.create_date)


def _stale_id(revision: Revision, stated: Stated) -> Iterator[Finding]:
    if stated.text != revision.id and _plain(stated.text) != revision.id:
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Revision ID: {stated.text}`, but the code says `{revision.id}`",
            help=f"write `Revision ID: {revision.id}`",
        )


def _stale_parents(revision: Revision, stated: Stated) -> Iterator[Finding]:
    if stated.text == ", ".join(revision.parents):
        return
    if not _agrees(_plain(stated.text), {*revision.parents}):
        parents = ", ".join(revision.parents)
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Revises: {stated.text}`, but the code says `{parents or None}`",
            help=f"write `Revises: {parents}`" if parents else "leave `Revises:` empty",
        )


def _plain(text: str) -> str:
    """Return ids without what only decorates them: quotes, brackets, `(head)`, a final dot."""
    return _DECORATION.sub(" ", text).strip().rstrip(".").strip()


def _agrees(text: str, parents: set[str]) -> bool:
    """Whether a text names the parents, or is prose, which names none with certainty."""
    if not any("/" in parent for parent in parents):
        text = text.replace("/", ", ") if text.lower() not in _NONE else ""
    written = [word.strip(_MARKS) for word in re.split(r"[,;\s]+", text)]
    words = {word for word in written if word.lower() not in _NONE}
    if words == parents:
        return True
    if len([*filter(None, written)]) < 2:
        return False
    if "," in text and len(text.split()) == text.count(",") + 1:
        return False
    if parents and parents <= words:
        return not any(_ID.fullmatch(word) for word in words - parents)
    return not any(_ID.fullmatch(word) for word in words)


def _stale_date(revision: Revision, stated: Stated) -> Iterator[Finding]:
    """Compare as many digits as both have, since a file name may omit the seconds."""
    date = _DATE.match(stated.text)
    digits = _NO_DIGIT.sub("", date[0])[:14] if date else ""
    shared = min(len(digits), len(revision.stamp))
    if digits[:shared] != revision.stamp[:shared]:
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Create Date: {stated.text}`, but the file name says"
            f" `{revision.stamp}`",
            help="write the date of the file name, or rename the file to match the date",
        )
