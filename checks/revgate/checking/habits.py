"""Reports names of one file each as a single finding where a history plainly has another habit.

A project that took up revgate after hundreds of revisions must not rename what databases have run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from revgate.findings import Finding
    from revgate.history.history import History
    from revgate.history.revision import Revision

_NAME, _ID = "file-name", "revision-id"
_FEW = 4
"""So many wrong names are mistakes."""
_HABIT = 20
"""So many names of one kind are a habit, even if most names of the history are of another."""


def gather(history: History, findings: list[Finding]) -> list[Finding]:
    """Return findings, with those on a habit of the whole history made one for each rule.

    Args:
        history: What they are about.
        findings: Those that are reported.
    """
    if history.scope.file_name != "timestamp":
        return findings
    for rule, gathered in ((_NAME, _names), (_ID, _ids)):
        named = {each.path for each in findings if each.rule == rule}
        if len(named) > _FEW:
            findings = gathered(history, findings, named)
        elif named and rule == _NAME:
            findings = _advised(history, findings)
    return findings


def _names(history: History, findings: list[Finding], named: set[str]) -> list[Finding]:
    from revgate.history.habit import described

    wrong = [each for each in history.revisions if each.path in named and not each.stamp]
    family = _families(history.revisions)
    alike = _most(wrong, family)
    if not _is_habit(len(alike), len(history.revisions)):
        return findings
    follow = f"{_share(alike, wrong)} `{described(family(alike[0]) or '')}`"
    message = (
        f"the file names of {len(wrong)} of {len(history.revisions)} revisions do not match"
        f" `YYYYMMDDHHMMSS_description.py`: {follow}"
    )
    return _replaced(history, findings, _NAME, wrong, message)


def _ids(history: History, findings: list[Finding], named: set[str]) -> list[Finding]:
    wrong = [each for each in history.revisions if each.path in named]
    stamped = sum(bool(each.stamp) for each in history.revisions)
    if not _is_habit(len(wrong), stamped):
        return findings
    message = (
        f"the ids of {len(wrong)} of {len(history.revisions)} revisions are not the timestamps of"
        " their files"
    )
    return _replaced(history, findings, _ID, wrong, message)


def _is_habit(number: int, of: int) -> bool:
    return number > _FEW and (2 * number > of or number >= _HABIT)


def _families(revisions: Iterable[Revision]) -> Callable[[Revision], str | None]:
    from revgate.history.habit import family_of

    return {each: family_of(each) for each in revisions}.get


def _most(wrong: Sequence[Revision], family: Callable[[Revision], str | None]) -> list[Revision]:
    """Return those that follow the most frequent pattern."""
    from collections import Counter

    counted = Counter(form for each in wrong if (form := family(each)))
    if not counted:
        return []
    ((form, _),) = counted.most_common(1)
    return [each for each in wrong if family(each) == form]


def _share(alike: Sequence[Revision], wrong: Sequence[Revision]) -> str:
    return "they follow" if len(alike) == len(wrong) else f"{len(alike)} follow"


def _replaced(
    history: History, findings: list[Finding], rule: str, wrong: Sequence[Revision], message: str
) -> list[Finding]:
    """Put one finding, on the newest revision, in the place of those on each of them."""
    paths = {each.path for each in wrong}
    mine = [each for each in findings if each.rule == rule and each.path in paths]
    place = {key: number for number, key in enumerate(history.graph.order)}
    last = max(mine, key=lambda each: (place.get(each.revision or "", -1), each.path))
    one = last._replace(message=message, help=_help(history))
    gone = {*mine}
    return [one if each is last else each for each in findings if each is last or each not in gone]


def _help(history: History) -> str:
    """Name both ways out, neither of which touches what databases have run."""
    ways = (
        "keep them, databases may have run them: run `revgate init`"
        f"{_recorded(history)}; or name revisions by timestamp from the next one on"
    )
    if not history.graph.heads:
        return ways
    return f'{ways}, with `baseline = "{history.main_head}"` in the settings'


def _recorded(history: History) -> str:
    """Say what `revgate init` would record."""
    from revgate.history.habit import habit_of

    form = habit_of(history)
    if form == "timestamp":
        return ", which sets a baseline"
    if form == "any":
        return ', which records `file-name = "any"`'
    return f", which records `file-name = '{form}'`, the pattern that `revgate new` then follows"


def _advised(history: History, findings: list[Finding]) -> list[Finding]:
    """Name `revgate init` also for a few new files, if the rest of the history is named alike."""
    from revgate.history.habit import habit_of

    if len(history.revisions) <= _FEW or habit_of(history) in ("any", "timestamp"):
        return findings
    known = {each.path for each in history.revisions}
    way = "; or, if the project keeps the pattern that it has, run `revgate init` to record it"
    return [
        each._replace(help=each.help + way) if each.rule == _NAME and each.path in known else each
        for each in findings
    ]
