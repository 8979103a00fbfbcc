"""What is kept of one revision file: plain tuples, ready for the cache and for other processes.

Knows how a file becomes facts, by the quick way or by parsing; nothing of other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.history.names import read_name
from revgate.history.revision import Allow, Head, Import, Problem, Revision, Script, Unreadable
from revgate.history.scan import scan
from revgate.rules import Finding, Related, all_rules, rules_that_judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.history.source import Content
    from revgate.rules import Rule

Facts = tuple[Any, ...]
"""(fields of the revision without its path, or None; problems and id, or None; findings)"""


class Reading(NamedTuple):
    """How files are to be read."""

    form: str
    """The setting `file-name`."""
    whole: bool
    """Whether rules on the content are asked; else the top of a file is enough."""


def facts_of(content: Content, reading: Reading) -> Facts:
    """Return the facts of one file, with the findings of the rules that judge a file alone."""
    if content.error is not None:
        return None, _unreadable(Unreadable.of(content.path, content.error)), ()
    script: Script | None = None
    top = None if reading.whole else scan(content.path, content.data)
    if top is None:
        # Many runs read no file whole, and the parser's patterns take their time to be made.
        from revgate.history.parse import parse

        parsed = parse(content.path, content.data)
        if isinstance(parsed, Unreadable):
            return None, _unreadable(parsed), ()
        script = parsed
        top = parsed.revision, parsed.header
    revision, header = top
    named = read_name(revision.name, reading.form)
    # The stamp is the last field; `_replace` would take as long as a rule.
    revision = Revision(*revision[:-1], (named.stamp or "") if named else "")
    head = Head(revision, header, named, reading.form)
    findings = list(_found(rules_that_judge("head"), head))
    if script is not None:
        findings += _found(rules_that_judge("script"), Script(revision, *script[1:]))
    if revision.allows or revision.imports:
        revision = revision._replace(
            allows=tuple(map(tuple, revision.allows)),  # type: ignore[arg-type]  # undone on the way back
            imports=tuple(map(tuple, revision.imports)),  # type: ignore[arg-type]  # likewise
        )
    return tuple(revision[1:]), None, tuple(findings)


def lasting(facts: Facts) -> bool:
    """Whether the same bytes will give the same facts tomorrow."""
    return not facts[2] or all(all_rules()[found[0]].lasting for found in facts[2])


def _unreadable(unreadable: Unreadable) -> tuple[Any, ...]:
    return tuple(tuple(problem) for problem in unreadable.problems), unreadable.id


def _found(rules: Iterable[Rule], subject: object) -> Iterator[tuple[Any, ...]]:
    for rule in rules:
        for finding in rule.check(subject):
            related = tuple(tuple(each) for each in finding.related)
            yield (
                rule.name,
                finding.message,
                finding.help,
                finding.line,
                finding.column,
                related,
            )


def revision_from(path: str, facts: Facts) -> Revision | Unreadable:
    """Make a revision of a file's facts, or say again why it is none."""
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
    """Yield a file's own findings, each with the name of its rule."""
    key = facts[0][0] if facts[0] else None
    for rule, message, help_, line, column, related in facts[2]:
        places = tuple(Related(*each) for each in related)
        yield Finding(message, help_, path, line, column, key, places, rule)
