"""The docstring of a revision says another id, parent or date than its code.

## Why it hurts
People read the header, Alembic reads the code. After a `down_revision` was edited by hand the
header goes on naming the old parent, and the next conflict is resolved by the wrong one.

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

import re
from typing import TYPE_CHECKING

from revgate.rules import NAMING, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History
    from revgate.history.revision import Revision


@rule(severity=WARNING, group=NAMING)
def stale_docstring(history: "History") -> "Iterator[Finding]":
    """Yield each line of a header that disagrees with the code or with the file's timestamp."""
    for revision in history.judged:
        yield from _stale_id(revision)
        yield from _stale_parents(revision)
        yield from _stale_date(history, revision)


def _stale_id(revision: "Revision") -> "Iterator[Finding]":
    stated = revision.header.revision_id
    if stated is not None and stated.text != revision.id:
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Revision ID: {stated.text}`, the code `{revision.id}`",
            help=f"write `Revision ID: {revision.id}`",
        )


def _stale_parents(revision: "Revision") -> "Iterator[Finding]":
    stated = revision.header.revises
    if stated is None:
        return
    named = {word for word in re.split(r"[,\s]+", stated.text) if word not in ("", "None")}
    if named != {*revision.parents}:
        parents = ", ".join(revision.parents)
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Revises: {stated.text}`, the code `{parents or None}`",
            help=f"write `Revises: {parents}`".replace(": `", ":`"),
        )


def _stale_date(history: "History", revision: "Revision") -> "Iterator[Finding]":
    """Compare as many digits as both have: a file name may end with the minutes."""
    stated = revision.header.create_date
    named = history.named(revision)
    if stated is None or named is None or named.stamp is None:
        return
    date = re.match(r"[\d\-/.T: ]+", stated.text)
    digits = re.sub(r"\D", "", date[0])[:14] if date else ""
    shared = min(len(digits), len(named.stamp))
    if digits[:shared] != named.stamp[:shared]:
        yield Finding.at(
            revision,
            stated.position,
            f"the docstring says `Create Date: {stated.text}`, the file name `{named.stamp}`",
            help="write the date that the file name has, or name the file by the date",
        )
