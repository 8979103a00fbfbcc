"""Runs operations on a database and takes each back: many per query, each below a savepoint.

What no savepoint takes back is how far a sequence has counted, so that is set back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.roundtrip.rows.running.operations import Operation

WORKED = "RG000"
"""Raised after an operation that worked, to take it back."""

# A table is emptied without its triggers and foreign keys, so that its own rows can be inserted
# again, with the same keys.
_BLOCK = """DO $revgate$
DECLARE
    operation jsonb;
    statement text;
    sequence record;
    results jsonb := '[]';
    counters jsonb := '[]';
    number bigint;
    called boolean;
    emptied boolean;
    state text;
    message text;
    constraint_ text;
    column_ text;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    FOR sequence IN SELECT c.oid::regclass::text AS name FROM pg_catalog.pg_class c
                    WHERE c.oid = ANY ({sequences}::oid[]) AND c.relkind = 'S' LOOP
        EXECUTE 'SELECT last_value, is_called FROM ' || sequence.name INTO number, called;
        counters := counters || jsonb_build_array(jsonb_build_array(sequence.name, number, called));
    END LOOP;
    FOR operation IN SELECT value FROM jsonb_array_elements({operations}::jsonb) LOOP
        number := 0;
        emptied := true;
        BEGIN
            IF operation ->> 0 <> '' THEN
                BEGIN
                    PERFORM set_config('session_replication_role', 'replica', true);
                EXCEPTION WHEN OTHERS THEN
                    NULL;
                END;
                BEGIN
                    EXECUTE 'DELETE FROM ' || (operation ->> 0);
                EXCEPTION WHEN OTHERS THEN
                    emptied := false;
                END;
                IF current_setting('session_replication_role') <> 'origin' THEN
                    PERFORM set_config('session_replication_role', 'origin', true);
                END IF;
            END IF;
            IF operation ->> 1 <> '' THEN
                EXECUTE 'SET LOCAL ROLE ' || (operation ->> 1);
            END IF;
            FOR statement IN SELECT value FROM jsonb_array_elements_text(operation -> 2) LOOP
                EXECUTE statement;
                GET DIAGNOSTICS number = ROW_COUNT;
            END LOOP;
            RAISE EXCEPTION USING ERRCODE = 'RG000';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                constraint_ = CONSTRAINT_NAME, column_ = COLUMN_NAME;
            results := results || jsonb_build_array(jsonb_build_array(
                state, message, constraint_, column_, number, emptied));
        END;
    END LOOP;
    FOR operation IN SELECT value FROM jsonb_array_elements(counters) LOOP
        PERFORM setval((operation ->> 0)::regclass, (operation ->> 1)::bigint,
                       (operation ->> 2)::boolean);
    END LOOP;
    PERFORM set_config('revgate.results', results::text, false);
END $revgate$;
SELECT current_setting('revgate.results')"""


class Outcome(NamedTuple):
    """What came of an operation."""

    state: str
    """The SQLSTATE; `WORKED` if it worked."""
    message: str
    constraint: str
    column: str
    rows: int
    """That the last statement returned or changed."""
    emptied: bool
    """Whether the table could be emptied first, if that was asked for."""

    @property
    def worked(self) -> bool:
        """Whether nothing was raised."""
        return self.state == WORKED


def perform(
    cursor: Any, operations: Sequence[Operation], sequences: Iterable[int]
) -> list[Outcome]:
    """Run operations, and take each of them back.

    Args:
        cursor: Of an autocommit connection.
        operations: What to run.
        sequences: Oids of sequences that they may advance.
    """
    if not operations:
        return []
    payload = json.dumps([[each.clears, each.role, each.statements] for each in operations])
    oids = f"'{{{','.join(map(str, sequences))}}}'"
    text = _BLOCK.replace("{sequences}", oids).replace("{operations}", _literal(payload))
    cursor.execute(text)
    return [Outcome(*facts) for facts in json.loads(cursor.fetchone()[0])]


def _literal(text: str) -> str:
    """Return a literal that ends neither itself nor the block."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("$", "\\u0024")
    return f" E'{escaped}'"
