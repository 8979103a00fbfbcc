"""A revision adds a constraint without a name, so PostgreSQL makes one up.

Reports unique, foreign key, CHECK and exclusion constraints. A primary key is not reported: a table
has only one, and its name is always the table's with `_pkey`. Nor is the CHECK constraint that
`DETACH PARTITION ... CONCURRENTLY` leaves on the partition.

## Why it hurts
The name depends on which names are taken, and it keeps the old name of a table or column that is
renamed. A later revision has to guess it to drop the constraint, and so does code that handles a
violation.

## Example
    def upgrade() -> None:
        op.create_table("members", sa.Column("email", sa.Text(), unique=True))

## Instead
    def upgrade() -> None:
        op.create_table(
            "members",
            sa.Column("email", sa.Text()),
            sa.UniqueConstraint("email", name="uq_members_email"),
        )
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import (
    Defect,
    added_defects,
    has_unseen_text,
    last_part,
    listed,
    mention,
    shown,
    to_finding,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.objects import Table
    from revgate.roundtrip.observed import RoundTrip, Step

# As PostgreSQL makes them up: table, columns, suffix, and a number if that is taken.
_MADE_UP = {"u": r"_key\d*", "f": r"_fkey\d*", "c": r"_check\d*", "x": r"_excl\d*"}
_KINDS = {"u": "UNIQUE", "f": "FOREIGN KEY", "c": "CHECK", "x": "EXCLUDE"}


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def unnamed_constraint(observed: RoundTrip) -> Iterator[Finding]:
    """Report constraints whose name no statement of their revision has."""
    for step, defect in added_defects(observed, "table", _defects):
        if not _is_named(str(defect.key[1]), step) and not _is_detached(defect, step):
            yield to_finding(step, defect)


def _defects(table: Table) -> Iterator[Defect]:
    for each in table.constraints:
        suffix = _MADE_UP.get(each.kind)
        if suffix and not each.inherited and re.search(f"{suffix}$", last_part(each.name)):
            columns = listed(table, each.columns)
            yield Defect(
                (each.oid, each.name),
                f"the {_KINDS[each.kind]} constraint on `{shown(table)} ({columns})` was given no"
                f" name, so PostgreSQL called it `{each.name}`",
                "name it in the operation; or for all, by `naming_convention` in the `MetaData`"
                " of the models",
                (
                    table.name,
                    *(table.column(at).name for at in each.columns),
                    "REFERENCES" if each.kind == "f" else _KINDS[each.kind],
                ),
            )


def _is_named(name: str, step: Step) -> bool:
    """Tell whether a statement of the step may have given the name; what is not seen may have."""
    pattern = mention(name)
    return has_unseen_text(step) or any(pattern.search(each.text) for each in step.statements)


def _is_detached(defect: Defect, step: Step) -> bool:
    """Tell whether the step makes the table of a partition, whose bounds a constraint keeps."""
    table = mention(defect.names[0])
    return any(_DETACHED.search(each.text) and table.search(each.text) for each in step.statements)


_DETACHED = re.compile(r"\bDETACH\s+PARTITION\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)
