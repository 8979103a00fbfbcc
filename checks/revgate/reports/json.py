"""The JSON report: the public contract, schema 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revgate import __version__
from revgate.reports import deploy_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Judged, Result
    from revgate.roundtrip.observed import RoundTrip, Rows, Step


def render(result: Result, style: Style) -> str:  # noqa: ARG001 - every format's signature
    """Write the result as one JSON document, ASCII only, ending in a newline."""
    document = {
        "schema": 1,
        "revgate": __version__,
        "command": result.command,
        "environments": [_environment(judged) for judged in result.environments],
        "findings": [_finding(finding) for finding in result.findings],
        "roundtrip": _roundtrip(result.roundtrips) if result.roundtrips else None,
        "notes": list(result.remarks),
        "summary": {
            "errors": result.errors,
            "warnings": result.warnings,
            "allowed": result.allowed,
            **({"ignored": result.ignored} if result.ignored else {}),
            "revisions": sum(judged.revisions for judged in result.environments),
            "files": sum(judged.files for judged in result.environments),
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _environment(judged: Judged) -> dict[str, Any]:
    return {
        "name": judged.environment.name,
        "script_location": judged.environment.script_location,
        "revisions": judged.revisions,
        "heads": list(judged.heads),
        "bases": list(judged.bases),
    }


def _roundtrip(trips: Sequence[RoundTrip]) -> dict[str, Any]:
    """Return one object for all environments; each pass and revision names its own."""
    return {
        "deploy_order": deploy_order(trips) or None,
        "isolation": "guards" if any(t.isolation == "guards" for t in trips) else "kernel",
        "server": trips[0].server._asdict(),
        "passes": [
            {
                "name": each.name,
                "seconds": round(each.seconds, 3),
                "tables": each.tables,
                "environment": trip.environment.name,
            }
            for trip in trips
            for each in trip.passes
        ],
        "revisions": [
            _step(step) | {"environment": trip.environment.name}
            for trip in trips
            for step in trip.steps
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "revision": step.revision.id,
        "upgrade_ms": step.upgrade_ms,
        "downgrade_ms": step.downgrade_ms,
        "locks": [
            {"table": lock.table, "mode": lock.mode, "line": line, "held_ms": lock.held_ms}
            for line, lock in step.locks
        ],
        "rewrites": list(step.rewrites),
        "statements": [
            {"line": each.line, "ms": each.ms, "sql": each.sql, "scans": list(each.scans)}
            for each in step.statements
        ],
        "rows": _rows(step.rows) if step.rows else None,
    }


def _rows(rows: Rows) -> dict[str, Any]:
    return {
        "tables": rows.filled,
        "of": rows.total,
        "unfilled": [{"table": name, "reason": why} for name, why in rows.unfilled],
        "lost": [
            {"table": each.table, "before": each.before, "after": each.after} for each in rows.lost
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "help": finding.help,
        "environment": finding.environment,
        "revision": finding.revision,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "related": [related._asdict() for related in finding.related],
    }
