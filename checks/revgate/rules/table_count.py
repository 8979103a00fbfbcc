"""The number of tables is not the number that was promised.

`expect-tables` in the settings says how many tables there are at the head; none remain at the base.
Tables of user schemas count, a partition counts with its parent; the version table and tables of
extensions do not count.

## Why it hurts
A table too few was lost in a merge of two branches; a table too many was left by a downgrade, or
nobody knows whose it is. Counting finds both in the pull request that did it.

## Example
    [tool.revgate]
    expect-tables = 63   # a revision adds a table, the number stays

## Instead
    [tool.revgate]
    expect-tables = 64
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import AGAIN, DOWNGRADE, PRODUCTION, UPGRADE, RoundTrip, Step
from revgate.rules import ERROR, LIVE, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=ERROR, group=LIVE)
def table_count(observed: RoundTrip) -> Iterator[Finding]:
    """Report counts that differ from what the settings say, or between two ways to the head."""
    yield from _at_head(observed)
    left = observed.tables(DOWNGRADE)
    if observed.from_base and observed.expect_tables is not None and left:
        yield _at(
            observed.steps[0],
            observed.steps[0].downgrade_line,
            f"{_tables(left)} remain after the downgrade to the base, expected 0",
            help="drop in `downgrade()` what `upgrade()` created; see `downgrade-residue`",
        )


def _at_head(observed: RoundTrip) -> Iterator[Finding]:
    counted = observed.tables(UPGRADE)
    expected = observed.expect_tables if observed.expect_tables is not None else counted
    if counted is None or expected is None or not observed.to_head:
        return
    wrong: dict[int, list[str]] = {}
    for name in (UPGRADE, AGAIN, PRODUCTION):
        tables = observed.tables(name)
        if tables is not None and tables != expected:
            wrong.setdefault(tables, []).append(name)
    for tables, names in wrong.items():
        yield _at(
            observed.steps[-1],
            observed.steps[-1].upgrade_line,
            f"{_tables(tables)} after {_listed(names)}, expected {expected}",
            help=_help(tables, names, expected),
        )


def _help(tables: int, names: list[str], expected: int) -> str:
    if names == [PRODUCTION]:
        return (
            "let env.py commit what `alembic upgrade head` does, as with"
            " `with context.begin_transaction():`"
        )
    if names == [AGAIN]:
        return "make the downgrades undo exactly what the upgrades do"
    verb = "create the missing" if tables < expected else "drop the surplus"
    return f"{verb} tables, or set `expect-tables = {tables}` if that is how many there should be"


def _tables(number: int) -> str:
    return f"{number} table{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return " and ".join(f"the pass `{name}`" for name in names)


def _at(step: Step, line: int, message: str, *, help: str) -> Finding:  # noqa: A002 - the contract's own word
    return Finding.at(step.revision, (line, 1), message, help=help)
