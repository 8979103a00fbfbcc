"""A revision creates an object without naming its schema.

Reports tables, views, sequences, types, domains, functions and procedures, by the text of the
statement that created them. An index or a trigger is always in the schema of its table.

## Why it hurts
The object is created in the first schema of `search_path`, which a role, a database, a connection
pool or another migration may set. The same revision then puts it in another schema elsewhere, or
creates it next to the one that it should have found.

## Example
    def upgrade() -> None:
        op.create_table("visits", sa.Column("id", sa.BigInteger(), primary_key=True))

## Instead
    def upgrade() -> None:
        op.create_table(
            "visits", sa.Column("id", sa.BigInteger(), primary_key=True), schema="public"
        )
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.names import split_name, unquoted
from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import added_names, last_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.snapshot import Key
    from revgate.roundtrip.observed import RoundTrip, Step

_KINDS = {
    "table": "TABLE", "view": "VIEW", "materialized view": "VIEW", "sequence": "SEQUENCE",
    "type": "TYPE", "domain": "DOMAIN", "function": "FUNCTION", "procedure": "PROCEDURE",
}  # fmt: skip
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_CREATES = (
    r"(?i)\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+|FOREIGN\s+|MATERIALIZED\s+|RECURSIVE\s+)*"
    r"(TABLE|VIEW|SEQUENCE|TYPE|DOMAIN|FUNCTION|PROCEDURE)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"({_NAME})(?:\s*\.\s*({_NAME}))?"
)


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def unqualified_name(observed: RoundTrip) -> Iterator[Finding]:
    """Report objects that a statement created by their name alone."""
    for step, key in added_names(observed):
        if key[0] in _KINDS and (line := _line(key, step)):
            kind, name = key
            schema, last = split_name(name.partition("(")[0])
            yield Finding.at(
                step.revision,
                (line, 1),
                f"the {kind} `{last}` is created without a schema",
                help=f"name its schema: `schema={unquoted(schema)!r}` in the operation, or"
                f" `{schema}.{last}` in SQL".replace("'", '"'),
            )


def _line(key: Key, step: Step) -> int:
    """Return the line that created something by its name alone; 0 if none did."""
    kind, name = key
    name = name.partition("(")[0]
    own, schema = last_part(name), unquoted(split_name(name)[0])
    line = 0
    for statement in step.statements:
        for found in re.finditer(_CREATES, statement.text):
            first, last = _folded(found[2]), _folded(found[3])
            if found[1].upper() == _KINDS[kind]:
                if (first, last) == (schema, own):
                    return 0
                if (first, last) == (own, ""):
                    line = line or statement.line or step.upgrade_line
    return line


def _folded(name: str | None) -> str:
    """Return a name of a statement as the catalog stores it; empty for none."""
    if not name:
        return ""
    return unquoted(name) if name.startswith('"') else name.lower()
