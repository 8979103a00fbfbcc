"""SQL that takes back what somebody made by hand, for a human to read before it is run.

Knows names as a snapshot has them; executes nothing.
"""

from collections.abc import Sequence

from revgate.roundtrip.observed import Change
from revgate.roundtrip.words import split_name

_BY_NAME = ("table", "type", "domain", "sequence", "function", "procedure", "view", "index",
            "materialized view", "aggregate", "schema", "statistics")  # fmt: skip
_ON_TABLE = {"column": "COLUMN", "constraint": "CONSTRAINT"}


def drops(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return statements that drop what is more, dependents first; none where that is not enough."""
    statements = [_drop(change) for change in reversed(_ordered(changes))]
    return tuple(each for each in statements if each) if all(statements) else ()


def _ordered(changes: Sequence[Change]) -> list[Change]:
    order = ("schema", "type", "domain", "sequence", "table", "column")
    return sorted(
        changes, key=lambda each: order.index(each.kind) if each.kind in order else len(order)
    )


def _drop(change: Change) -> str:
    if change.how != "left":
        return ""
    owner, name = split_name(change.name)
    if change.kind in _BY_NAME:
        return f"DROP {change.kind.upper()} {change.name};"
    if change.kind in _ON_TABLE:
        return f"ALTER TABLE {owner} DROP {_ON_TABLE[change.kind]} {name};"
    if change.kind == "default":
        return f"ALTER TABLE {owner} ALTER COLUMN {name} DROP DEFAULT;"
    if change.kind in ("trigger", "policy", "rule"):
        return f"DROP {change.kind.upper()} {name} ON {owner};"
    return ""
