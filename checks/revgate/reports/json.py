"""The JSON report: the public contract, schema 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revgate import __version__

if TYPE_CHECKING:
    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Judged, Result


def render(result: Result, style: Style) -> str:  # noqa: ARG001 - every format's signature
    """Write the result as one JSON document, ASCII only, ending in a newline."""
    document = {
        "schema": 1,
        "revgate": __version__,
        "command": result.command,
        "environments": [_environment(judged) for judged in result.environments],
        "findings": [_finding(finding) for finding in result.findings],
        "roundtrip": result.roundtrip,
        "notes": list(result.notes),
        "summary": {
            "errors": result.errors,
            "warnings": result.warnings,
            "allowed": result.allowed,
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
