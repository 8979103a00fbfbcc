"""The job summary in GitHub's Markdown: verdict, findings, the chain, the round trip.

Each part that is too long is truncated separately, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.reports import (
    HOME,
    ORDERS,
    deploy_order,
    most_severe_first,
    passes,
    rule_link,
    steps,
    verdict,
)
from revgate.reports.changes import effects, schema_lines, title, to_review
from revgate.reports.markup import code, plain, words
from revgate.reports.picture import mermaid
from revgate.text import count, truncate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.findings import Finding
    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.roundtrip.observed import Step

MOST_BYTES = 1024 * 1024 - 1024
"""GitHub accepts one MiB per step, and drops a larger summary."""
MOST_FINDINGS = 200
MOST_REVISIONS = 200
_CUT = "\n*Truncated here; `--report json=FILE` has everything.*\n"
_FINDING_CHARACTERS = 1500
_NAME_CHARACTERS = 200
_MOST_NAMES = 8
_MOST_LINES = 40
_STATEMENT_CHARACTERS = 300


def render(result: Result, details: Sequence[Detail]) -> str:
    """Write the summary."""
    return fit("".join(f"{line}\n" for line in lines(result, details)), MOST_BYTES)


def fit(text: str, most: int) -> str:
    """Truncate a text at a line end to a number of bytes in UTF-8."""
    data = text.encode()
    if len(data) <= most:
        return text
    kept = data[: most - len(_CUT.encode()) - 32]
    # What truncation may leave open: a picture, a collapsible section.
    shown = kept[: kept.rfind(b"\n") + 1].decode()
    fence = "```\n" if shown.count("\n```") % 2 else ""
    folded = "\n</details>\n" if shown.count("<details>") > shown.count("</details>") else ""
    return shown + fence + folded + _CUT


def lines(result: Result, details: Sequence[Detail], most: int = MOST_FINDINGS) -> Iterator[str]:
    """Yield the parts of the summary, without any limit on the whole."""
    yield f"## revgate: {verdict(result)}"
    yield ""
    yield from _environments(result)
    yield from _findings(result, most)
    yield from _changes(result)
    yield from _picture(result, details)
    yield from _passes(result)
    yield from _revisions(result)
    if result.remarks:
        yield "**Not checked**"
        yield ""
        yield from (f"- {words(_short(note))}" for note in result.remarks[:most])
        if len(result.remarks) > most:
            yield f"- and {count(len(result.remarks) - most, 'note')} more"
        yield ""


def _environments(result: Result) -> Iterator[str]:
    for judged in result.environments:
        heads = ", ".join(map(code, judged.heads[:20])) or "none"
        heads += f" and {len(judged.heads) - 20} more" if len(judged.heads) > 20 else ""
        word = "head" if len(judged.heads) == 1 else "heads"
        name = code(judged.environment.name)
        yield f"{name}: {count(judged.revisions, 'revision')}, {word} {heads}"
        yield ""


def _findings(result: Result, most: int) -> Iterator[str]:
    if not result.findings:
        return
    yield "| | rule | where | what |"
    yield "| --- | --- | --- | --- |"
    for at in [*most_severe_first(result)][:most]:
        yield _finding(result.findings[at])
    yield ""
    if len(result.findings) > most:
        yield f"and {count(len(result.findings) - most, 'finding')} more"
        yield ""


def _finding(finding: Finding) -> str:
    sign = "❌" if finding.severity == "error" else "⚠️"
    rule = f"[{plain(finding.rule)}]({rule_link(finding.rule)})"
    place = code(f"{_name(finding.path)}:{finding.line}")
    what = words(_short(finding.message))
    if finding.help:
        help_ = "<br>".join(words(line) for line in _short(finding.help).splitlines())
        what += f"<br>→ {help_}"
    return f"| {sign} {finding.severity.value} | {rule} | {place} | {what} |"


def _changes(result: Result) -> Iterator[str]:
    """Yield what each new revision does to the schema, with its statements."""
    found = to_review(result)
    if not found:
        return
    yield "**What changes**"
    yield ""
    for step in found:
        name = code(_name(step.revision.id))
        yield f"<details><summary>{name}: {plain(title(step))}</summary>"
        yield ""
        lines = [*schema_lines(step)] or ["changes nothing in the schema"]
        yield from (
            f"- {words(truncate(line, _NAME_CHARACTERS, ' …'))}" for line in lines[:_MOST_LINES]
        )
        if len(lines) > _MOST_LINES:
            yield f"- and {len(lines) - _MOST_LINES} more"
        yield ""
        for statement in step.statements[:_MOST_LINES]:
            also = "".join(f"; {words(each)}" for each in effects(statement))
            sql = code(truncate(statement.sql, _STATEMENT_CHARACTERS, " …"))
            yield f"1. line {statement.line}, {statement.ms:.1f} ms: {sql}{also}"
        if len(step.statements) > _MOST_LINES:
            yield f"1. and {len(step.statements) - _MOST_LINES} more"
        yield ""
        yield "</details>"
        yield ""


def _short(text: str) -> str:
    """Truncate text for a table."""
    return truncate(text, _FINDING_CHARACTERS, " …")


def _picture(result: Result, details: Sequence[Detail]) -> Iterator[str]:
    if not details:
        return
    found: dict[str, str] = {}
    for finding in result.findings:
        if found.get(finding.path) != "error":
            found[finding.path] = finding.severity.value
    yield f"<details{' open' if result.errors else ''}><summary>The chain</summary>"
    yield ""
    yield "```mermaid"
    yield from mermaid([each.history for each in details], found)
    yield "```"
    yield ""
    yield "</details>"
    yield ""


def _passes(result: Result) -> Iterator[str]:
    if not result.roundtrips:
        return
    server = result.roundtrips[0].server
    yield f"**PostgreSQL {plain(server.version)}** ({plain(server.kind)})"
    yield ""
    if order := deploy_order(result.roundtrips):
        yield f"**deploy-order: {order}** ({ORDERS[order]})"
        yield ""
    yield "| pass | tables | seconds |"
    yield "| --- | ---: | ---: |"
    for name, each in passes(result):
        yield f"| {plain(name)} | {each.tables} | {each.seconds:.2f} |"
    yield ""


def _revisions(result: Result) -> Iterator[str]:
    found = steps(result)
    if not found:
        return
    # The slowest, but in upgrade order.
    slowest = sorted(range(len(found)), key=lambda at: -found[at].total_ms)
    shown = sorted(slowest[:MOST_REVISIONS])
    yield "<details><summary>Times and locks</summary>"
    yield ""
    yield "| revision | up, ms | down, ms | locks | rewrites | rows |"
    yield "| --- | ---: | ---: | --- | --- | --- |"
    yield from (_revision(found[at]) for at in shown)
    yield ""
    if len(found) > len(shown):
        yield f"{count(len(found) - len(shown), 'faster revision')} not shown"
        yield ""
    yield "</details>"
    yield ""


def _revision(step: Step) -> str:
    times = (
        "-" if each is None else f"{each:.1f}" for each in (step.upgrade_ms, step.downgrade_ms)
    )
    locks = [f"{plain(lock.mode)} {code(_name(lock.table))}" for _, lock in step.locks]
    rewrites = [code(_name(table)) for table in step.rewrites]
    filled = f"{step.rows.filled} of {step.rows.total} tables" if step.rows else ""
    cells = (code(_name(step.revision.id)), *times, _some(locks), _some(rewrites), filled)
    return f"| {' | '.join(cells)} |"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(dict.fromkeys(names[:_MOST_NAMES]))
    return f"{shown}, and {more} more" if more > 0 else shown


def _name(name: str) -> str:
    return truncate(name, _NAME_CHARACTERS, " …")


def footer() -> str:
    """Return a line that says who speaks."""
    return f"<sub>[revgate]({HOME})</sub>"
