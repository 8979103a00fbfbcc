"""An inline `allow` takes nothing back.

## Why it hurts
It was for something that is mended by now, or its rule's name is misspelt; the next reader takes
it for an exception that does not exist.

## Example
    # revgate: allow[empty-downgrade] nothing to take back
    op.drop_table("invoices")

## Instead
    op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, HOUSEKEEPING, WARNING, Finding, Settled, all_rules, rule
from revgate.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=WARNING, group=HOUSEKEEPING)
def unused_allow(settled: Settled) -> Iterator[Finding]:
    """Yield each rule in an allow that took nothing back, or that is no rule."""
    for revision in settled.revisions:
        for allow in revision.allows:
            for name in allow.rules or ("",):
                used = (revision.path, allow.position[0], name) in settled.used
                message = None if used else _why(settled, name)
                if message:
                    yield Finding.at(
                        revision,
                        allow.position,
                        message,
                        help="remove it, or name the rule that it is for",
                    )


def _why(settled: Settled, name: str) -> str | None:
    """Say why an allow of a rule does nothing; None where that cannot be known in this stage."""
    rules = all_rules()
    if name not in rules:
        # Said once: by the stage that every command runs, which is the one without live rules.
        static = any(rules[each].group is CHAIN for each in settled.ran)
        return f"`allow[{name}]` names no rule{nearest(name, list(rules))}" if static else None
    if name not in settled.ran:
        return None
    if rules[name].group is CHAIN:
        return f"`allow[{name}]` has no effect: chain rules cannot be allowed"
    return f"`allow[{name}]` allows nothing"
