"""The models and the database that the revisions create differ in a table that both have.

Reports the differences that Alembic's comparison finds, as configured in env.py, and those it does
not cover: enum labels, the expressions of `CHECK` constraints, defaults, and types as PostgreSQL
prints them. For these, a second database is created from the models. All differences of a table are
one finding; it is a warning if only defaults or lengths differ.

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

from itertools import groupby
from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, WARNING, Finding, rule
from revgate.rules._live import drift_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.roundtrip.observed import ModelDifference, RoundTrip


@rule(severity=ERROR, group=LIVE)
def model_drift(observed: RoundTrip) -> Iterator[Finding]:
    """Report the differences of each table once, and a comparison that raised."""
    models = observed.models
    if models is None:
        return
    if models.failure:
        yield _failed(observed.environment.script_location, models.failure)
    ordered = sorted(models.drift, key=_order)
    for table, differences in groupby(ordered, key=lambda each: each.table):
        if table:
            yield _of_table(table, list(differences))
        else:
            yield from map(drift_finding, differences)


def _order(each: ModelDifference) -> tuple[object, ...]:
    """Return the sort key of a difference; Alembic compares sets, in another order in each run."""
    return each.table, each.is_minor, each.in_database, each.place or ("", 0), each.fact


def _failed(folder: str, failure: str) -> Finding:
    return Finding(
        f"the models cannot be compared with the database: {failure}",
        "run `alembic check` to see where this is raised, and fix it; until then, put"
        ' `ignore = ["missing-table", "model-drift", "unmapped-table"]` into the settings',
        f"{folder}/env.py",
    )


def _of_table(table: str, differences: Sequence[ModelDifference]) -> Finding:
    """Return the first difference, with the others as related places."""
    first, *others = map(drift_finding, differences)
    if others:
        related = (*first.related, *(each.as_related() for each in others))
        message = f"{first.message}; `{table}` differs in {len(differences)} places"
        helps = dict.fromkeys(each.help for each in (first, *others))
        first = first._replace(message=message, help="\n".join(helps), related=related)
    minor = all(each.is_minor for each in differences)
    return first._replace(severity=WARNING) if minor else first
