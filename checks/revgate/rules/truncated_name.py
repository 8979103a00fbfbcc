"""A revision gives an object a name of more than 63 bytes, which PostgreSQL cuts off.

SQLAlchemy refuses such a name where it writes it itself, or shortens the one that it makes by a
naming convention. In a statement of SQL, PostgreSQL cuts it off without an error.

## Why it hurts
The object is called something else than the revision and the models say, so autogenerate reports it
in each run. Two names that differ only after the 63rd byte are the same, and the second one fails.

## Example
    def upgrade() -> None:
        op.execute(
            "CREATE INDEX ix_subscriptions_on_customer_id_and_plan_id_and_status_and_renewal_day"
            " ON subscriptions (customer_id, plan_id)"
        )

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_subscriptions_customer")
            op.create_index(
                "ix_subscriptions_customer",
                "subscriptions",
                ["customer_id", "plan_id"],
                postgresql_concurrently=True,
            )
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import LONGEST, added_names, last_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Statement

_LONG = r'"((?:[^"]|""){16,})"|(?<![\w$])([^\W\d][\w$]{15,})'
"""A name that may have more bytes, since a character has up to four."""


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def truncated_name(observed: RoundTrip) -> Iterator[Finding]:
    """Report objects whose name is the beginning of one in a statement of their revision."""
    for step, (kind, name) in added_names(observed):
        is_full = len(last_part(name).encode()) > LONGEST - 4
        for statement in step.statements if is_full and kind not in _PARTS else ():
            whole = _whole(last_part(name), statement)
            if whole:
                yield Finding.at(
                    step.revision,
                    (statement.line or step.upgrade_line, 1),
                    f"the name `{whole}` has {len(whole.encode())} bytes, so the {kind} is called"
                    f" `{last_part(name)}`",
                    help=f"choose a name for the {kind} of at most {LONGEST} bytes",
                )
                break


_PARTS = ("comment", "default", "enum label", "enum order", "grant", "owner", "setting")
"""Kinds that have no name of their own."""


def _whole(name: str, statement: Statement) -> str:
    """Return the name in a statement that PostgreSQL cut to the given one; empty for none."""
    for found in re.finditer(_LONG, statement.text):
        written = found[1].replace('""', '"') if found[1] else found[2].lower()
        cut = written.encode()[:LONGEST].decode(errors="ignore")
        if cut == name and written != name:
            return written
    return ""
