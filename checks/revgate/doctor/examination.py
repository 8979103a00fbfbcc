"""The tests that a database is put through, and their outcome, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.names import name_parts, shown_name
from revgate.postgres.snapshot import Snapshot, count_tables, own_tables
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.doctor.database import Found
    from revgate.doctor.diagnosis import Diagnosis
    from revgate.postgres.snapshot.change import CatalogueChange

Table = tuple[str, str]
"""Schema and name, unquoted."""


class Test(NamedTuple):
    """One test and its outcome."""

    name: str
    """`connection`, `chain`, `revision`, `tables`, `models` or `unmapped`."""
    passed: bool
    says: str
    """One sentence, with names in backticks."""
    details: tuple[str, ...] = ()
    warning: bool = False
    """Whether it is worth a look without being a failure."""


class Examination(NamedTuple):
    """The result of examining one database."""

    address: str
    """Without the password."""
    version: str
    environment: str
    head: str
    stamps: tuple[str, ...]
    tables: int
    expected: int | None
    tests: tuple[Test, ...]
    diagnosis: Diagnosis | None
    """None if the history is not linear, so that no revision has a catalog."""
    missing: tuple[Table, ...]
    """Tables that the database lacks: of the models, or of the head if there are no models."""
    unmapped: tuple[Table, ...]
    commands: tuple[str, ...]
    notes: tuple[str, ...]
    additions: tuple[CatalogueChange, ...] = ()
    """What the database has in addition to its history."""

    @property
    def failed(self) -> int:
        """The number of tests that did not pass."""
        return sum(not test.passed for test in self.tests)

    def as_json(self) -> dict[str, Any]:
        """Return what `--format json` writes, except for the version of revgate."""
        diagnosis = self.diagnosis
        return {
            "database": {"address": self.address, "version": self.version},
            "environment": self.environment,
            "head": self.head,
            "current": list(self.stamps),
            "state": diagnosis.state if diagnosis else None,
            "revision": diagnosis.revision if diagnosis else None,
            "exact": diagnosis.exact if diagnosis else None,
            "pending": list(diagnosis.pending) if diagnosis else [],
            "differences": [each._asdict() for each in diagnosis.changes] if diagnosis else [],
            "additions": [{"kind": each.kind, "name": each.name} for each in self.additions],
            "commands": list(self.commands),
            "tables": self.tables,
            "expected_tables": self.expected,
            "missing_tables": [shown_name(*each) for each in self.missing],
            "unmapped_tables": [shown_name(*each) for each in self.unmapped],
            "tests": [
                {
                    "name": test.name,
                    "outcome": _outcome(test),
                    "message": test.says,
                    "details": list(test.details),
                }
                for test in self.tests
            ],
            "notes": list(self.notes),
            "passed": not self.failed,
        }


def _outcome(test: Test) -> str:
    if not test.passed:
        return "failed"
    return "warning" if test.warning else "passed"


class Expected(NamedTuple):
    """What a database should have, by the history and the models."""

    revisions: int
    head: str
    broken: tuple[str, ...]
    """What is wrong with the chain, one sentence each."""
    tables: int | None
    models: frozenset[Table] | None
    """The models' tables; None if env.py names no models."""
    at_head: Snapshot | None
    additional_tables: int = 0
    """Tables of the database that no revision creates."""


def run_tests(
    found: Found, expected: Expected, diagnosis: Diagnosis | None, where: str
) -> tuple[list[Test], tuple[Table, ...], tuple[Table, ...]]:
    """Run all tests.

    Returns:
        The tests, the missing tables, and the tables that neither history nor models explain.
    """
    there = _tables(found.snapshot)
    known = expected.models
    if known is None and expected.at_head is not None:
        known = frozenset(_tables(expected.at_head))
    missing = tuple(sorted(known - set(there))) if known is not None else ()
    unmapped = tuple(sorted(set(there) - known)) if known is not None else ()
    tests = [
        Test("connection", passed=True, says=f"connected to {where}, PostgreSQL {found.version}"),
        _chain(expected),
        _revision(diagnosis, found.stamps),
        _count(count_tables(found.snapshot) - expected.additional_tables, expected),
        *_models(expected, missing, unmapped),
    ]
    return tests, missing, unmapped


def _tables(snapshot: Snapshot) -> list[Table]:
    return list(map(name_parts, own_tables(snapshot)))


def _chain(expected: Expected) -> Test:
    if expected.broken:
        says = "the history is not linear, so the position of the database in it is unknown"
        return Test("chain", passed=False, says=says, details=expected.broken)
    revisions = count(expected.revisions, "revision")
    return Test(
        "chain", passed=True, says=f"the history is linear: {revisions}, head `{expected.head}`"
    )


def _revision(diagnosis: Diagnosis | None, stamps: Sequence[str]) -> Test:
    if diagnosis is None:
        names = ", ".join(f"`{stamp}`" for stamp in stamps) or "nothing"
        return Test("revision", passed=False, says=f"the database is stamped {names}")
    details = [f"pending: `{each}`" for each in diagnosis.pending]
    passed = diagnosis.state == "at-head"
    return Test("revision", passed=passed, says=diagnosis.sentence, details=tuple(details))


def _count(tables: int, expected: Expected) -> Test:
    said = count(tables, "table")
    passed = expected.tables in (None, tables)
    if expected.tables is not None:
        said += f", {'as' if passed else expected.tables} expected"
    if expected.additional_tables:
        said += f", and {expected.additional_tables} that no revision creates"
    return Test("tables", passed=passed, says=said)


def _models(
    expected: Expected, missing: tuple[Table, ...], unmapped: tuple[Table, ...]
) -> list[Test]:
    owner = "the head" if expected.models is None else "the models"
    tests = []
    if missing:
        says = f"Missing {count(len(missing), 'table')}"
        names = tuple(f"`{shown_name(*each)}`" for each in missing)
        tests.append(Test("models", passed=False, says=says, details=names))
    elif expected.models is not None:
        tests.append(Test("models", passed=True, says="every model has its table"))
    if unmapped:
        says = f"{count(len(unmapped), 'table')} not in {owner}"
        names = tuple(f"`{shown_name(*each)}`" for each in unmapped)
        tests.append(Test("unmapped", passed=True, says=says, details=names, warning=True))
    return tests
