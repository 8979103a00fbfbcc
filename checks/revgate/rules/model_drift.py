"""The models and the database that the revisions create differ in a table that both have.

Reports the differences that Alembic's comparison finds, as configured in env.py, and those it does
not cover: enum labels, the expressions of `CHECK` constraints, defaults, and types as PostgreSQL
prints them. For these, a second database is created from the models.

## Why it hurts
The code relies on a column, a label or a constraint that production does not have. And the next
revision that is written by `--autogenerate` contains an unrelated change.

## Example
    class User(Base):
        nickname: Mapped[str | None] = mapped_column(String(50))

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("nickname", sa.String(50), nullable=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import drift_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def model_drift(observed: RoundTrip) -> Iterator[Finding]:
    """Report differences in tables that both have."""
    if observed.models:
        for difference in observed.models.drift:
            yield drift_finding(difference)
