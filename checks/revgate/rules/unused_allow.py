"""An inline `allow` suppresses nothing.

## Why it hurts
The problem has since been fixed, or the rule's name is misspelled; the next reader assumes an
exception that does not exist.

## Example
    # revgate: allow[empty-downgrade] nothing to undo
    op.drop_table("invoices")

## Instead
    op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, HOUSEKEEPING, PUBLISHED, WARNING, Finding, Settled, all_rules, rule
from revgate.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.rules import Group


@rule(severity=WARNING, group=HOUSEKEEPING)
def unused_allow(settled: Settled) -> Iterator[Finding]:
    """Yield each name in an `allow` that suppressed nothing, or that is not a rule."""
    for revision in settled.revisions:
        for allow in revision.allows:
            for name in allow.rules or ("",):
                used = (revision.path, allow.position[0], name) in settled.used
                message = None if used else _why(settled, name, revision.id)
                if message:
                    yield Finding.at(
                        revision,
                        allow.position,
                        message,
                        help="remove it, or name the rule that it is meant for",
                    )


def _why(settled: Settled, name: str, key: str) -> str | None:
    """Return why an `allow` of a rule does nothing; None if this stage cannot know."""
    rules = all_rules()
    # Reported once, by the static stage, which every command runs.
    static = any(rules[each].group is CHAIN for each in settled.ran)
    if name not in rules:
        return (
            f"`allow[{name}]` does not name a rule{nearest(name, list(rules))}" if static else None
        )
    if reason := _never(rules[name].group):
        return f"`allow[{name}]` has no effect: {reason}" if static else None
    if name not in settled.ran or key in settled.exempt:
        return None
    return f"`allow[{name}]` suppresses nothing"


def _never(group: Group) -> str:
    """Return why the rules of a group are never suppressed inline; empty where they may be."""
    if group is CHAIN:
        return "chain rules cannot be suppressed"
    return "what is published is for the target branch to allow" if group is PUBLISHED else ""
