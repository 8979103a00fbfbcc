"""The job summary in GitHub's Markdown: verdict, findings, the chain, the round trip.

Each part that is too long is truncated separately, and says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.reports import HOME, in_reading_order, passes, rule_link, steps, verdict
from revgate.reports.advice import next_steps, pieces
from revgate.reports.changes import (
    MANY_LINES,
    by_table,
    count_parts,
    effects,
    in_other_contexts,
    schema_lines,
    sql_lines,
    title,
    to_review,
)
from revgate.reports.excerpt import excerpt
from revgate.reports.markup import code, plain, words
from revgate.reports.picture import mermaid
from revgate.text import count, printable, truncate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.findings import Finding
    from revgate.reports import Style
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
_MOST_OPEN = 10
"""Files whose findings are shown; those of further ones are folded."""
_MOST_LINES = 40
_LINE_CHARACTERS = 300
_COLUMNS = 100
_FENCE = re.compile(r"^(`{3,})([^\n]*)$", re.MULTILINE)
_TICKS = re.compile(r"`+")


def render(result: Result, details: Sequence[Detail], style: Style) -> str:
    """Write the summary."""
    return fit("".join(f"{line}\n" for line in lines(result, details, style.sources)), MOST_BYTES)


def fit(text: str, most: int) -> str:
    """Truncate a text at a line end to a number of bytes in UTF-8."""
    data = text.encode()
    if len(data) <= most:
        return text
    kept = data[: most - len(_CUT.encode()) - 64]
    # What truncation may leave open: a picture or code, collapsible sections.
    shown = kept[: kept.rfind(b"\n") + 1].decode()
    fence = _open_fence(shown)
    folded = "\n</details>\n" * (shown.count("<details") - shown.count("</details>"))
    return shown + (f"{fence}\n" if fence else "") + folded + _CUT


def _open_fence(text: str) -> str:
    """Return the fence that a text leaves open; empty for none."""
    fence = ""
    for found in _FENCE.finditer(text):
        if not fence:
            fence = found[1]
        elif len(found[1]) >= len(fence) and not found[2]:
            fence = ""
    return fence


def lines(
    result: Result,
    details: Sequence[Detail],
    sources: Mapping[str, Sequence[str]],
    most: int = MOST_FINDINGS,
) -> Iterator[str]:
    """Yield the parts of the summary, without any limit on the whole."""
    yield f"## revgate: {verdict(result)}"
    yield ""
    yield from (f"{words(_short(each))}  " for each in next_steps(result))
    yield ""
    yield from _revisions(result, sources, most)
    yield from _picture(result, details)
    yield from _passes(result)
    yield from _times(result)
    yield from _environments(result)
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


def _revisions(result: Result, sources: Mapping[str, Sequence[str]], most: int) -> Iterator[str]:
    """Yield the findings and the changes, by revision: the worst first, then the other new ones."""
    by_file: dict[str, list[Finding]] = {}
    for finding in in_reading_order(result)[:most]:
        by_file.setdefault(finding.path, []).append(finding)
    changed = {step.revision.path: step for step in to_review(result)}
    others = {key: steps for (_, key), steps in in_other_contexts(result).items()}
    for number, (path, findings) in enumerate(by_file.items()):
        folded = number == _MOST_OPEN
        if folded:
            yield f"<details><summary>{count(len(by_file) - number, 'file')} more</summary>"
            yield ""
        yield from _file(path, findings, sources)
        if path in changed:
            yield from _contexts(changed.pop(path), others)
    if len(by_file) > _MOST_OPEN:
        yield "</details>"
        yield ""
    if len(result.findings) > most:
        yield f"and {count(len(result.findings) - most, 'finding')} more"
        yield ""
    for step in changed.values():
        yield f"**{code(_name(step.revision.id))}**"
        yield ""
        yield from _contexts(step, others)


def _file(
    path: str, findings: Sequence[Finding], sources: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield the findings of one file."""
    key = next((each.revision for each in findings if each.revision), None)
    named = f"**{code(_name(key))}** " if key else ""
    yield f"{named}{code(_name(path))}"
    yield ""
    shown: set[tuple[int, int]] = set()
    for finding in findings:
        position = (finding.line, finding.column)
        yield from _finding(finding, {} if position in shown else sources)
        shown.add(position)


def _finding(finding: Finding, sources: Mapping[str, Sequence[str]]) -> Iterator[str]:
    sign = "❌" if finding.severity == "error" else "⚠️"
    rule = f"[{plain(finding.rule)}]({rule_link(finding.rule)})"
    message = words(_short(finding.message))
    yield f"{sign} **{finding.severity.value}** {rule} line {finding.line}: {message}"
    yield ""
    shown = excerpt(sources.get(finding.path, ()), finding.line, finding.column, _COLUMNS)
    yield from _fenced(shown, "python" if finding.path.endswith(".py") else "")
    for related in finding.related[:_MOST_NAMES]:
        is_here = related.path == finding.path
        place = f"{related.path}:{related.line}"
        place = f"line {related.line}" if is_here else code(_name(place))
        yield f"- {place}: {words(_short(related.message))}"
    if len(finding.related) > _MOST_NAMES:
        yield f"- and {len(finding.related) - _MOST_NAMES} more"
    if finding.related:
        yield ""
    for number, (is_code, text) in enumerate(pieces(_short(finding.help))):
        if is_code:
            yield from _fenced([text], "")
        else:
            yield f"{'' if number else '→ '}{words(text)}"
            yield ""


def _contexts(step: Step, others: Mapping[str, Sequence[tuple[str, Step]]]) -> Iterator[str]:
    """Yield what a new revision does, in each database or schema."""
    yield from _changes(step)
    for context, each in others.get(step.revision.id, ())[:_MOST_NAMES]:
        yield from _changes(each, f" in {_name(context)}".replace("`", ""))


def _changes(step: Step, where: str = "") -> Iterator[str]:
    """Yield what a new revision does to the schema, with its statements."""
    yield f"<details><summary>Schema changes and SQL{plain(where)}: {plain(title(step))}</summary>"
    yield ""
    if found := _schema(step):
        yield from _fenced(_some_lines(found), "diff")
    else:
        yield "changes nothing in the schema"
        yield ""
    for number, statement in enumerate(step.statements[:_MOST_LINES], 1):
        also = "".join(f"; {words(each)}" for each in effects(statement))
        place = f"line {statement.line}, " if statement.line else ""
        yield f"**{number}.** {place}{statement.ms:.1f} ms{also}"
        yield ""
        yield from _fenced(_some_lines(sql_lines(statement)), "sql")
    if len(step.statements) > _MOST_LINES:
        yield f"and {count(len(step.statements) - _MOST_LINES, 'statement')} more"
        yield ""
    yield "</details>"
    yield ""


def _schema(step: Step) -> list[str]:
    """Return a schema difference; of a large one, tables with the number of their parts."""
    found = [*schema_lines(step)]
    if len(found) < MANY_LINES:
        return [f"{each.sign} {'  ' * each.is_part}{each.text}" for each in found]
    return [
        f"{each.sign} {each.text}" + (f" ({count_parts(parts)})" if parts else "")
        for each, parts in by_table(found)
    ]


def _some_lines(found: Sequence[str]) -> list[str]:
    more = [f"... {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
    return [*found[:_MOST_LINES], *more]


def _fenced(found: Iterable[str], language: str) -> Iterator[str]:
    """Yield lines as code; the fence is longer than any in the code."""
    shown = [truncate(printable(each), _LINE_CHARACTERS, " …") for each in found]
    if not shown:
        return
    longest = max((len(each) for each in _TICKS.findall("\n".join(shown))), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from shown
    yield fence
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
    yield "| pass | tables | seconds |"
    yield "| --- | ---: | ---: |"
    for name, each in passes(result):
        yield f"| {plain(name)} | {each.tables} | {each.seconds:.2f} |"
    yield ""


def _times(result: Result) -> Iterator[str]:
    """Yield times and locks of the revisions that are not shown one by one."""
    shown_above = {step.revision.path for step in to_review(result)}
    found = [
        step
        for step in steps(result)
        if step.upgrade_ms is not None and step.revision.path not in shown_above
    ]
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
