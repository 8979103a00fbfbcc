"""Writes all that is known of one revision as HTML: findings, changes, statements, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports import SLOW_MS
from revgate.reports.chain import marks, title
from revgate.reports.changes import (
    MANY_LINES,
    by_table,
    count_parts,
    effects,
    schema_lines,
    sql_lines,
)
from revgate.reports.elements import code, escape, words
from revgate.reports.timeline import timeline
from revgate.roundtrip.observed import Step
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.reports.changes import Line
    from revgate.reports.detail import Operations
    from revgate.roundtrip.observed import Statement

_MOST_STATEMENTS = 100
_MOST_LINES = 1000
_FEW_STATEMENTS = 20
"""Statements that are not folded."""
_FOLDED_FROM = 8
"""Lines of a statement, or parts of a table, that are folded."""
_MOST_CHARACTERS = 4_000_000
"""Of statements and schema differences on one page."""


class Room:
    """What may still be written of statements."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self.left = _MOST_CHARACTERS

    def take(self, text: str) -> str:
        """Return a text, or a sentence instead once there is no room for it."""
        self.left -= len(text)
        return text if self.left > 0 else "<p>left out here, where there is too much to show</p>"


class Facts(NamedTuple):
    """What is known about the revisions of one chain."""

    places: Mapping[str, str]
    """The name of each revision's row, by path."""
    findings: Mapping[str, Sequence[str]]
    """As HTML, by path."""
    severities: Mapping[str, Sequence[str]]
    """Of the same findings."""
    steps: Mapping[str, Step]
    """The steps of the round trip, by id."""
    others: Mapping[str, Sequence[tuple[str, Step]]]
    """Further steps, each with the name of its database or schema, by id."""
    operations: Mapping[str, tuple[Operations, Operations]]
    """Of upgrade and downgrade, by path."""
    shown_above: frozenset[str]
    """Paths of the revisions that are shown before the chain."""
    room: Room

    def step(self, revision: Revision) -> Step:
        """Return what was observed of a revision; an empty step if nothing was."""
        return self.steps.get(revision.id) or Step(revision)


def row(
    history: History, revision: Revision, facts: Facts, drawing: tuple[str, str], *, is_open: bool
) -> str:
    """Write a revision that can be opened.

    Args:
        history: Its chain.
        revision: The revision.
        facts: What is known about it.
        drawing: Its part of the drawing of the chain: before its name, and next to its contents.
        is_open: Whether it is open at first.
    """
    node, below = drawing
    kinds = " ".join(_kinds(history, revision, facts))
    body = "".join(_body(history, revision, facts))
    return (
        f'<details class="r" id="{facts.places[revision.path]}" data-k="{kinds}"'
        f"{' open' if is_open else ''}><summary>{node}{line(history, revision, facts)}</summary>"
        f'<div class="body">{below}<div>{body}</div></div></details>'
    )


def line(history: History, revision: Revision, facts: Facts) -> str:
    """Write what one line says of a revision."""
    severities = facts.severities.get(revision.path, ())
    badges = [f'<span class="mark">{escape(mark)}</span>' for mark in marks(history, revision)]
    badges += [
        f'<b class="{severity}">{count(severities.count(severity), severity)}</b>'
        for severity in ("error", "warning")
        if severity in severities
    ]
    name = title(revision)
    said = f'<span class="t">{escape(name if name != revision.id else "")}</span>'
    return (
        f"{code(revision.id)}{said}{''.join(badges)}"
        f'<span class="ms">{_times(facts.step(revision))}</span>'
    )


def kind(history: History, revision: Revision, facts: Facts) -> str:
    """Return what is most remarkable about a revision: `plain` for nothing."""
    severities = facts.severities.get(revision.path, ())
    if severities:
        return "error" if "error" in severities else "warning"
    if revision.path in facts.shown_above:
        return "new"
    return "head" if revision.id in history.graph.heads else "plain"


def _kinds(history: History, revision: Revision, facts: Facts) -> Iterator[str]:
    """Yield the words that the page filters by."""
    marked, step = marks(history, revision), facts.step(revision)
    yield from dict.fromkeys(facts.severities.get(revision.path, ()))
    if "head" in marked:
        yield "head"
    if "branch point" in marked or "merge point" in marked:
        yield "fork"
    if step.new and step.upgrade_ms is not None:
        yield "new"
    steps = [step, *(each for _, each in facts.others.get(revision.id, ()))]
    if any(each.locks for each in steps):
        yield "lock"
    if any(each.rewrites for each in steps):
        yield "rewrite"
    if step.longest_ms >= SLOW_MS:
        yield "slow"
    if revision.path in facts.operations:
        upgrade, downgrade = facts.operations[revision.path]
        if upgrade.kind == "code" and downgrade.kind != "code":
            yield "oneway"


def _times(step: Step) -> str:
    times = ((step.upgrade_ms, "↑", "up"), (step.downgrade_ms, "↓", "down"))
    return " ".join(
        f'<span title="{word}">{arrow} {took:.1f} ms</span>'
        for took, arrow, word in times
        if took is not None
    )


def _body(history: History, revision: Revision, facts: Facts) -> Iterator[str]:
    yield f'<p class="where">{"; ".join(_origin(history, revision, facts))}</p>'
    yield from facts.findings.get(revision.path, ())
    step, others = facts.step(revision), facts.others.get(revision.id, ())
    if step.statements or step.changes or others:
        yield facts.room.take("".join(_observed(step)))
        for context, each in others:
            yield facts.room.take(f"<h4>In {words(context)}</h4>{''.join(_observed(each))}")
    elif both := facts.operations.get(revision.path):
        yield '<div class="both">'
        for name, operations in zip(("upgrade", "downgrade"), both, strict=True):
            yield _operations(name, operations)
        yield "</div>"


def _origin(history: History, revision: Revision, facts: Facts) -> Iterator[str]:
    yield code(f"{revision.path}:{revision.id_at[0]}")
    if revision.parents:
        yield f"follows {', '.join(_parent(history, each, facts) for each in revision.parents)}"
    if revision.labels:
        yield f"branch labels {', '.join(map(code, revision.labels))}"
    if revision.depends_on:
        yield f"depends on {', '.join(map(code, revision.depends_on))}"
    if rows := facts.step(revision).rows:
        yield f"test rows in {rows.filled} of {count(rows.total, 'table')}"


def _parent(history: History, key: str, facts: Facts) -> str:
    parent = history.graph.by_id.get(key)
    if parent is None:
        return f"{code(key)}, which is missing"
    return f'<a href="#{facts.places[parent.path]}">{code(key)}</a>'


def _operations(name: str, operations: Operations) -> str:
    said = {"absent": "is missing", "empty": "does nothing", "raises": "only raises"}
    head = f"<h4>{name}</h4>"
    if operations.kind in said:
        return f"<div>{head}<p>{said[operations.kind]}</p></div>"
    items = "".join(f"<li>{escape(effect)}</li>" for effect in operations.effects)
    shown = f"<ul>{items}</ul>" if items else ""
    if not operations.complete:
        shown += (
            "<p>and more that cannot be read from the text</p>"
            if items
            else "<p>what it does cannot be read from the text</p>"
        )
    return f"<div>{head}{shown or '<p>creates and drops nothing</p>'}</div>"


def _observed(step: Step) -> Iterator[str]:
    """Show what the upgrade changed, by which statements, and what they locked."""
    yield from _schema(step)
    yield from timeline(step)
    yield from _statements(step)


def _statements(step: Step) -> Iterator[str]:
    if not step.statements:
        return
    shown = [f"<li>{_statement(each)}</li>" for each in step.statements[:_MOST_STATEMENTS]]
    yield f"<h4>SQL, as the server got it</h4><ol>{''.join(shown[:_FEW_STATEMENTS])}</ol>"
    if more := shown[_FEW_STATEMENTS:]:
        yield f'<details class="fold"><summary>{count(len(more), "more statement")}</summary>'
        yield f'<ol start="{_FEW_STATEMENTS + 1}">{"".join(more)}</ol></details>'
    if len(step.statements) > _MOST_STATEMENTS:
        yield f"<p>and {count(len(step.statements) - _MOST_STATEMENTS, 'statement')} more</p>"


_SIGNS = {"+": ("add", "+"), "-": ("gone", "-"), "!": ("changed", "~"), " ": ("same", " ")}
"""The class of a line of a schema difference, and what it begins with."""


def _schema(step: Step) -> Iterator[str]:
    if not step.new:
        return
    found = [*schema_lines(step)]
    yield "<h4>Schema changes</h4>"
    if not found:
        yield "<p>none</p>"
        return
    tables = by_table(found[:_MOST_LINES])
    yield '<div class="diff">'
    for first, parts in tables:
        if len(found) < MANY_LINES or len(parts) < _FOLDED_FROM:
            yield "".join(f"<p{_changed(each)}</p>" for each in (first, *parts))
        else:
            yield f"<details><summary{_changed(first)} <i>{count_parts(parts)}</i></summary>"
            yield "".join(f"<p{_changed(each)}</p>" for each in parts)
            yield "</details>"
    yield "</div>"
    if len(found) > _MOST_LINES:
        yield f"<p>and {len(found) - _MOST_LINES} more</p>"


def _changed(each: Line) -> str:
    """Write a line of a schema difference, from the class of its element on."""
    name, sign = _SIGNS[each.sign]
    part = " part" if each.is_part else ""
    return f' class="{name}{part}"><span>{sign}</span>{code(each.text)}'


def _statement(statement: Statement) -> str:
    place = f"line {statement.line}, " if statement.line else ""
    did = "".join(f"; {words(each)}" for each in effects(statement))
    return f"<p>{place}{statement.ms:.1f} ms{did}</p>{_sql(sql_lines(statement))}"


def _sql(lines: Sequence[str]) -> str:
    written = "<pre>{}</pre>".format("\n".join(map(escape, lines)))
    if len(lines) < _FOLDED_FROM:
        return written
    summary = f"{code(lines[0])} <i>… {len(lines)} lines</i>"
    return f'<details class="sql"><summary>{summary}</summary>{written}</details>'
