"""The report of `revgate pulls`, as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.text import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.pulls.pull import Outcome, Verdict


def render(outcome: Outcome, form: str) -> str:
    """Write an outcome as `text` or as `json`."""
    return _json(outcome) if form == "json" else "".join(f"{line}\n" for line in _lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    width = max((len(str(each.pull.number)) for each in outcome.verdicts), default=0)
    for each in outcome.verdicts:
        draft = " (draft)" if each.pull.draft else ""
        note = f", {each.note}" if each.note else ""
        yield printable(
            f"#{each.pull.number:<{width}} {each.state:<7} {each.description}{draft}"
            f" [{each.status}{note}]"
        )
        for finding in each.findings:
            where = f"{finding.path}:{finding.line}"
            yield printable(f"    {where}: {finding.severity.value}[{finding.rule}]")
    repository = outcome.repository
    yield printable(
        f"{repository.name}, {repository.base} at {outcome.commit[:12]}: {_sum(outcome)}"
    )


def _sum(outcome: Outcome) -> str:
    rivals = sum(bool(each.rivals) for each in outcome.verdicts)
    return (
        f"{count(len(outcome.verdicts), 'open pull request')}, {outcome.errors} not clean,"
        f" {rivals} clean only on their own"
    )


def _json(outcome: Outcome) -> str:
    import json

    from revgate import __version__

    document = {
        "schema": 1,
        "revgate": __version__,
        "command": "pulls",
        "repository": outcome.repository.name,
        "base": {"branch": outcome.repository.base, "commit": outcome.commit},
        "pulls": [_pull(each) for each in outcome.verdicts],
        "problem": outcome.problem,
        "summary": {"pulls": len(outcome.verdicts), "errors": outcome.errors},
    }
    return json.dumps(document, indent=2) + "\n"


def _pull(verdict: Verdict) -> dict[str, Any]:
    return {
        "number": verdict.pull.number,
        "head": verdict.pull.head,
        "draft": verdict.pull.draft,
        "state": verdict.state,
        "description": verdict.description,
        "forks_with": list(verdict.rivals),
        "status": verdict.status,
        "note": verdict.note,
        "findings": [
            {
                "rule": each.rule,
                "severity": each.severity.value,
                "message": each.message,
                "help": each.help,
                "environment": each.environment,
                "revision": each.revision,
                "path": each.path,
                "line": each.line,
                "column": each.column,
            }
            for each in verdict.findings
        ],
    }
