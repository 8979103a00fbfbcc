"""The operations of a published revision were changed.

## Why it hurts
Databases that have run it will not run it again: from now on, two databases at the same revision
differ, and nothing reports it. New databases get a different schema from existing ones.

What counts is the effect. Comments, docstrings, formatting, annotations, definitions that nothing
uses, `op.f("x")` for `"x"`, `sa.Integer()` for `sa.Integer` and another alias of the same import
make no difference; an import of something else under the same alias does.

A module of the project that the revision imports, and a file that it opens, are part of it. Of a
module, only what the revision uses counts. Names that are computed cannot be followed; a note says
so.

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
    """Yield each published revision whose operations would change with the merge."""
    for _, after in merge.edited:
        if merge.squash is not None and after.id == merge.squash.first.id:
            continue  # `removed-revision` reports the squash
        yield Finding.at(
            after,
            after.id_at,
            f"`{after.id}` is published, and its operations were changed",
            help=f"restore `{after.path}` from the target branch, and write the change as a new"
            " revision",
        )
    for after, paths in merge.through:
        names = ", ".join(f"`{path}`" for path in paths)
        yield Finding.at(
            after,
            after.id_at,
            f"`{after.id}` is published, and what it uses of {names} was changed",
            help=f"restore {names} from the target branch: put what is different into another"
            " file, and write the change of the schema as a new revision",
        )
