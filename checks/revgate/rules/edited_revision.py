"""A revision that is published does something else now.

## Why it hurts
Databases that have run it will not run it again: from now on two databases at the same revision
differ, and nothing will ever tell. What a new database gets is not what the old ones have.

Comments, docstrings, formatting and annotations are no edit.

## Example
    # published, and then changed
    op.add_column("customers", sa.Column("fax", sa.String(50)))

## Instead
    # a new revision
    op.alter_column("customers", "fax", type_=sa.String(100))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge


@rule(severity=ERROR, group=PUBLISHED)
def edited_revision(merge: Merge) -> Iterator[Finding]:
    """Yield each revision of the base that would do something else after the merge."""
    for _, after in merge.edited:
        yield Finding.at(
            after,
            after.id_at,
            f"`{after.id}` is published, and what it does was changed",
            help=f"restore `{after.path}` as the base has it, and write the change as a new"
            " revision",
        )
