"""A server default is a string that PostgreSQL evaluates once.

## Why it hurts
SQLAlchemy quotes strings: `server_default="now()"` becomes `DEFAULT 'now()'`, and PostgreSQL
converts that to the time when the migration ran. Every row gets that same time. With other
functions, the column's type rejects the text, or a text column stores it literally.

## Example
    sa.Column("created_at", sa.DateTime(timezone=True), server_default="now()")

## Instead
    sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CONTENT, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Script


_EXPRESSIONS = {
    "now": "now()",
    "today": "CURRENT_DATE",
    "tomorrow": "CURRENT_DATE + 1",
    "yesterday": "CURRENT_DATE - 1",
}


@rule(severity=WARNING, group=CONTENT)
def frozen_default(script: Script) -> Iterator[Finding]:
    """Yield each default that is a string but was meant as an expression."""
    for default in script.frozen_defaults:
        expression = expression_of(default.text)
        yield Finding.at(
            script.revision,
            default.position,
            f"the server default `'{default.text}'` is evaluated once, when the migration runs",
            help=f'write `server_default=sa.text("{expression}")`; in SQL, `DEFAULT {expression}`',
        )


def expression_of(text: str) -> str:
    """Return the SQL expression that a string stands for."""
    return _EXPRESSIONS.get(text.strip().lower(), text.strip())
