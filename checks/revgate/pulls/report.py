"""What one run over the pull requests came to, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.text import printable

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
    place = outcome.place
    yield printable(f"{place.repository}, {place.base} at {outcome.commit[:12]}: {_sum(outcome)}")


def _sum(outcome: Outcome) -> str:
    count = len(outcome.verdicts)
    rivals = sum(bool(each.rivals) for each in outcome.verdicts)
    return (
        f"{count} open pull request{'' if count == 1 else 's'}, {outcome.errors} not clean,"
        f" {rivals} clean alone only"
    )


def _json(outcome: Outcome) -> str:
    import json

    from revgate import __version__

    document = {
        "schema": 1,
        "revgate": __version__,
        "command": "pulls",
        "repository": outcome.place.repository,
        "base": {"branch": outcome.place.base, "commit": outcome.commit},
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
