"""The id of a revision is not the timestamp of its file.

## Why it hurts
`alembic current` and `alembic history` print ids. If the id is the file's timestamp, the file is
easy to find and the order of two ids is obvious; if it is another timestamp, it misleads.

## Example
    # 20251118120000_add_user_preferences.py
    revision = "ae1027a6acf4"

## Instead
    # 20251118120000_add_user_preferences.py
    revision = "20251118120000"

Runs only if `file-name` is `"timestamp"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, NAMING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Head


@rule(severity=ERROR, group=NAMING)
def revision_id(head: Head) -> Iterator[Finding]:
    """Yield a revision whose id differs from the timestamp in its file name."""
    revision = head.revision
    if head.form == "timestamp" and revision.stamp not in ("", revision.id):
        yield Finding.at(
            revision,
            revision.id_at,
            f"the id `{revision.id}` is not the timestamp `{revision.stamp}` of its file",
            help=f'write `revision = "{revision.stamp}"`, and update the `down_revision` of the'
            " revisions that follow; if a database has already run it, keep the id and rename the"
            " file instead",
        )
