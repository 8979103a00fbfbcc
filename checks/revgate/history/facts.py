"""The facts of one revision file, as plain tuples that caches and other processes can exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.findings import Finding, Related
from revgate.history.names import read_name
from revgate.history.revision import Allow, Head, Import, Problem, Revision, Script, Unreadable
from revgate.history.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.source import Content

Facts = tuple[Any, ...]
"""(fields of the revision without its path, or None; problems and id, or None; findings)"""

Judge = Callable[[Head, Script | None], tuple[list[Finding], bool]]
"""Returns what is wrong with one file alone, and whether the same bytes will be judged the same
tomorrow. The script is None where only the top of the file was read."""


class Reading(NamedTuple):
    """How files are read."""

    form: str
    """The setting `file-name`."""
    whole: bool
    """Whether the whole file is parsed; else its top is enough."""
    judge: Judge
    checked: bool = False
    """Whether the rest of a file must be valid Python, even if only its top is read."""


def facts_of(content: Content, reading: Reading) -> tuple[Facts, bool]:
    """Return the facts of one file, and whether they may be cached."""
    if content.error is not None:
        return _unreadable(Unreadable.of(content.path, content.error)), False
    script: Script | None = None
    top = None if reading.whole else scan(content.path, content.data, checked=reading.checked)
    if top is None:
        # Many runs parse no file, and compiling the parser's patterns takes time.
        from revgate.history.parse import parse

        parsed = parse(content.path, content.data)
        if isinstance(parsed, Unreadable):
            return _unreadable(parsed), True
        script = parsed
        top = parsed.revision, parsed.header
    revision, header = top
    named = read_name(revision.name, reading.form)
    # The stamp is the last field; `_replace` would take as long as a rule.
    revision = Revision(*revision[:-1], (named.stamp or "") if named else "")
    whole = None if script is None else Script(revision, *script[1:])
    head = Head(revision, header, named, reading.form, tuple(whole.upgrades()) if whole else ())
    findings, lasting = reading.judge(head, whole)
    return (_fields(revision), None, tuple(map(_plain, findings))), lasting


def _unreadable(unreadable: Unreadable) -> Facts:
    problems = tuple(tuple(problem) for problem in unreadable.problems)
    return None, (problems, unreadable.id), ()


def _fields(revision: Revision) -> tuple[Any, ...]:
    """Return the fields after the path, without named tuples."""
    if revision.allows or revision.imports:
        revision = revision._replace(
            allows=tuple(map(tuple, revision.allows)),  # type: ignore[arg-type]  # undone on the way back
            imports=tuple(map(tuple, revision.imports)),  # type: ignore[arg-type]  # likewise
        )
    return tuple(revision[1:])


def _plain(finding: Finding) -> tuple[Any, ...]:
    related = tuple(map(tuple, finding.related))
    return finding.rule, finding.message, finding.help, finding.line, finding.column, related


def revision_from(path: str, facts: Facts) -> Revision | Unreadable:
    """Return the revision that a file's facts describe, or why it cannot be read."""
    fields, unreadable, _ = facts
    if fields is None:
        problems, key = unreadable
        return Unreadable(path, tuple(Problem(*problem) for problem in problems), key)
    revision = Revision(path, *fields)
    if revision.allows or revision.imports:
        return revision._replace(
            allows=tuple(Allow(*allow) for allow in revision.allows),
            imports=tuple(Import(*each) for each in revision.imports),
        )
    return revision


def findings_from(path: str, facts: Facts) -> Iterator[Finding]:
    """Yield the findings of a file, each with the name of its rule."""
    key = facts[0][0] if facts[0] else None
    for rule, message, help_, line, column, related in facts[2]:
        places = tuple(Related(*each) for each in related)
        yield Finding(message, help_, path, line, column, key, places, rule)
