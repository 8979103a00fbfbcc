"""The number of tables differs from `expect-tables`.

`expect-tables` in the settings is the number of tables at the head; at the base there must be as
many as before the first revision: none, except those of the file that `prepare` names. Counts the
tables of user schemas. Partitions are counted with their parent; the version table and tables of
extensions are not counted.

## Why it hurts
A missing table was lost when two branches were merged; an extra one was left by a downgrade, or
comes from an unknown source. Counting finds both in the pull request that caused them.

## Example
    [tool.revgate]
    expect-tables = 63   # a revision adds a table, but the number was not updated

## Instead
    [tool.revgate]
    expect-tables = 64
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Step


@rule(severity=ERROR, group=LIVE)
def table_count(observed: RoundTrip) -> Iterator[Finding]:
    """Report counts that differ from the settings, or between two passes to the head."""
    from revgate.roundtrip.observed import DOWNGRADE

    yield from _at_head(observed)
    left, before = observed.tables(DOWNGRADE), observed.tables_before
    if observed.from_base and observed.expect_tables is not None and left not in (None, before):
        yield _at(
            observed.steps[0],
            observed.steps[0].downgrade_line,
            f"{_tables(left or 0)} after the downgrade to the base, expected {before}",
            help="drop in `downgrade()` what `upgrade()` created; see `downgrade-residue`",
        )


def _at_head(observed: RoundTrip) -> Iterator[Finding]:
    from revgate.roundtrip.observed import AGAIN, PRODUCTION, UPGRADE

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
    from revgate.roundtrip.observed import AGAIN, PRODUCTION

    if names == [PRODUCTION]:
        return (
            "make env.py commit what `alembic upgrade head` does, for example using"
            " `with context.begin_transaction():`"
        )
    if names == [AGAIN]:
        return "make the downgrades undo exactly what the upgrades do"
    verb = "create the missing" if tables < expected else "drop the extra"
    return f"{verb} tables, or set `expect-tables = {tables}` if that is the correct number"


def _tables(number: int) -> str:
    return f"{number} table{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return " and ".join(f"the pass `{name}`" for name in names)


def _at(step: Step, line: int, message: str, *, help: str) -> Finding:  # noqa: A002 - the contract's own word
    return Finding.at(step.revision, (line, 1), message, help=help)
