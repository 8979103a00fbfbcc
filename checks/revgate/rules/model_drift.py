"""The models and the database that the revisions make differ in a table that both have.

Told is what Alembic's own comparison tells, as env.py configures it, and what that leaves out:
labels of enums, CHECKs by what they say, defaults, types as PostgreSQL writes them. For these a
second database is made from the models.

## Why it hurts
The code believes in a column, a label or a limit that production does not have. And whoever writes
the next revision by `--autogenerate` finds somebody else's change in it.

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
    """Report what differs in tables that both have."""
    if observed.models:
        for difference in observed.models.drift:
            yield drift_finding(difference)
