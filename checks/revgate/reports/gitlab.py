"""GitLab's Code Quality report.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revgate.findings import ERROR
from revgate.reports.identity import fingerprints
from revgate.text import printable

if TYPE_CHECKING:
    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Result

NOTE = "not-looked-at"
"""The check name of a note: the format has no place for one without a line."""


def render(result: Result, style: Style) -> str:  # noqa: ARG001 - every format's signature
    """Write a JSON list, ASCII only: the findings in their order, then the notes."""
    noted = [_noted(result, note) for note in result.notes]
    found = [*result.findings, *noted]
    issues = [_issue(*each) for each in zip(found, fingerprints(found), strict=True)]
    for issue in issues[len(result.findings) :]:
        issue["severity"] = "info"
    return json.dumps(issues, indent=2) + "\n"


def _noted(result: Result, note: str) -> Finding:
    from revgate.findings import Finding

    path = result.environments[0].environment.config if result.environments else "."
    return Finding(note, "", path, rule=NOTE)


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    return {
        "description": printable(finding.message),
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": "major" if finding.severity is ERROR else "minor",
        "location": {"path": printable(finding.path), "lines": {"begin": finding.line}},
    }
