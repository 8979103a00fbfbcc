"""An id is longer than the version table can hold.

## Why it hurts
Alembic stores the id in `alembic_version.version_num`, which has 32 characters. The upgrade runs
all its statements and then fails with "value too long for type character varying(32)", during the
deployment.

An id is not reported if env.py, or a revision up to this one, defines the column wide enough.

## Example
    revision = "2026_02_01_add_user_preferences_and_more"

## Instead
    revision = "20260201120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.history.version_table import USUAL, fits
from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def revision_too_long(history: History) -> Iterator[Finding]:
    """Yield each id that does not fit the version table."""
    for revision in history.revisions:
        if not fits(history, revision.id):
            yield Finding.at(
                revision,
                revision.id_at,
                f"the id `{revision.id}` has {len(revision.id)} characters;"
                f" `alembic_version.version_num` holds {USUAL}",
                help="shorten the id, also in the `down_revision` of the next revision; the file"
                " name may keep the long form",
            )
