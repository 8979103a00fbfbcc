"""Draws the chain as text, Mermaid, DOT or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revgate.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision

FORMATS = ("text", "mermaid", "dot", "json")


def render(histories: Sequence[History], form: str) -> str:
    """Draw the histories in one of `FORMATS`."""
    if form == "json":
        return json.dumps({"schema": 1, "environments": [*map(_json, histories)]}, indent=2) + "\n"
    draw = {"text": _text, "mermaid": _mermaid, "dot": _dot}[form]
    return "".join(f"{line}\n" for line in draw(histories))


def title(revision: Revision) -> str:
    """Return the description in a file name as a title, without the timestamp and id."""
    stem = revision.name.removesuffix(".py")
    words = [word for word in stem.split("_") if word]
    while len(words) > 1 and (words[0].isdigit() or words[0] == revision.id):
        words = words[1:]
    return " ".join(words) or stem


def order(history: History) -> list[Revision]:
    """Return revisions with parents first; those in a cycle come last."""
    graph = history.graph
    ordered = list(graph.order)
    left = sorted(graph.by_id.keys() - set(ordered))
    return [graph.by_id[key] for key in ordered + left]


def marks(history: History, revision: Revision) -> list[str]:
    """Return the role of a revision in the chain: head, branch point, ...; usually empty."""
    graph = history.graph
    found = []
    if revision.id in graph.heads:
        found.append("head")
    if revision.id in graph.branch_points:
        found.append("branch point")
    if len(revision.parents) > 1:
        found.append("merge point")
    return found + [f"missing parent {lost}" for each, lost in graph.missing if each is revision]


def _text(histories: Sequence[History]) -> Iterator[str]:
    """Newest first, like `alembic history`; one column for each parallel branch."""
    for history in histories:
        if len(histories) > 1:
            yield printable(f"{history.environment.name}:")
        lanes: list[str | None] = []
        waiting = dict.fromkeys(history.graph.by_id)
        for revision in reversed(order(history)):
            del waiting[revision.id]
            if revision.id not in lanes:
                lanes = occupy(lanes, revision.id)
            lane = lanes.index(revision.id)
            drawn = " ".join(
                "*" if at == lane else ("|" if key else " ") for at, key in enumerate(lanes)
            )
            found = marks(history, revision)
            marked = f" ({', '.join(found)})" if found else ""
            yield printable(f"{drawn} {revision.id} {title(revision)}{marked}")
            parents = [parent for parent in revision.parents if parent in waiting]
            lanes = advance(lanes, lane, parents)


def occupy(lanes: list[str | None], key: str) -> list[str | None]:
    """Give a revision the first free lane."""
    if None in lanes:
        at = lanes.index(None)
        return [*lanes[:at], key, *lanes[at + 1 :]]
    return [*lanes, key]


def advance(lanes: list[str | None], lane: int, parents: list[str]) -> list[str | None]:
    """Pass a lane on to the first parent still to come; lanes that wait for the same one join."""
    after = [*lanes]
    after[lane] = None
    for number, parent in enumerate(parents):
        if parent not in after:
            if number == 0:
                after[lane] = parent
            else:
                after = occupy(after, parent)
    while after and after[-1] is None:
        after.pop()
    return after


def _mermaid(histories: Sequence[History]) -> Iterator[str]:
    """Draw a flowchart; nodes are numbered, because an id might be a Mermaid keyword."""
    yield "flowchart BT"
    for number, history in enumerate(histories):
        names = _numbers(history, f"e{number}r")
        for key, name in names.items():
            revision = history.graph.by_id.get(key)
            if revision is None:
                yield f'    {name}["{entity(key)}<br/>missing"]:::missing'
                continue
            shape = ":::head" if key in history.graph.heads else ""
            yield f'    {name}["{entity(key)}<br/>{entity(title(revision))}"]{shape}'
        for child, parent in _edges(history):
            yield f"    {names[parent]} --> {names[child]}"
    yield "    classDef head stroke-width:3px"
    yield "    classDef missing stroke-dasharray:4"


def entity(text: str) -> str:
    """Escape for a quoted label: Mermaid has no backslash escapes, only numbered entities."""
    return "".join(
        character if character.isalnum() or character in " _.,-" else f"#{ord(character)};"
        for character in printable(text)
    )


def _dot(histories: Sequence[History]) -> Iterator[str]:
    yield "digraph history {"
    yield "    rankdir=BT; node [shape=box];"
    for number, history in enumerate(histories):
        names = _numbers(history, f"e{number}r")
        for key, name in names.items():
            revision = history.graph.by_id.get(key)
            label = f"{key}\n{title(revision) if revision else 'missing'}"
            style = " style=dashed" if revision is None else ""
            style += " penwidth=3" if key in history.graph.heads else ""
            yield f"    {name} [label={_quoted(label)}{style}];"
        for child, parent in _edges(history):
            yield f"    {names[child]} -> {names[parent]};"
    yield "}"


def _quoted(text: str) -> str:
    lines = [printable(line) for line in text.split("\n")]
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'


def _edges(history: History) -> Iterator[tuple[str, str]]:
    for revision in order(history):
        for parent in revision.parents:
            yield revision.id, parent


def _numbers(history: History, prefix: str) -> dict[str, str]:
    """Name every revision and every missing parent."""
    keys = dict.fromkeys(revision.id for revision in order(history))
    keys |= dict.fromkeys(parent for _, parent in _edges(history))
    return {key: f"{prefix}{number}" for number, key in enumerate(keys)}


def _json(history: History) -> dict[str, Any]:
    graph = history.graph
    return {
        "name": history.environment.name,
        "heads": list(graph.heads),
        "bases": list(graph.bases),
        "branch_points": list(graph.branch_points),
        "merge_points": list(graph.merge_points),
        "revisions": [
            {
                "revision": revision.id,
                "down_revision": list(revision.parents),
                "branch_labels": list(revision.labels),
                "depends_on": list(revision.depends_on),
                "path": revision.path,
                "line": revision.id_at[0],
            }
            for revision in order(history)
        ],
    }
