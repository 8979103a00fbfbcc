"""Detects the file name pattern that a history follows, for the `file-name` setting.

The newest names count: older habits are covered by the baseline.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.history.names import impossible, read_valid_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision

_LOOKED_AT = 10
_A_HABIT = 3
_STAMP = re.compile(r"[0-9]+(?:[-_.T]?[0-9]+)*(?=[-_.]|$)")
_NUMBER = re.compile(r"[0-9]+(?=[-_.])")
_HASH = re.compile(r"[0-9a-f]{6,}")
_OF_A_HASH = range(10, 14)
_SEPARATORS = "-_."
_SHORTEST_DATE = 8


def habit_of(history: History) -> str:
    """Return the setting `file-name` that the newest revisions of a history follow."""
    graph = history.graph
    newest_first = [graph.by_id[key] for key in reversed(graph.order)]
    return form_of(newest_first) if newest_first else "timestamp"


def form_of(newest_first: Sequence[Revision]) -> str:
    """Return the setting `file-name` that the newest revisions follow.

    Args:
        newest_first: The revisions of one history, newest first.
    """
    looked_at = newest_first[:_LOOKED_AT]
    derived = [form for each in looked_at if (form := derive(each))]
    candidates = list(dict.fromkeys(["timestamp", *derived]))
    runs = [_run(looked_at, form) for form in candidates]
    longest = max(runs)
    if longest < min(_A_HABIT, len(looked_at)):
        return "any"
    return candidates[runs.index(longest)]


def _run(newest_first: Sequence[Revision], form: str) -> int:
    """Count the newest revisions that follow a pattern, up to the first that does not."""
    count = 0
    for revision in newest_first:
        if not has_form(revision, form):
            break
        count += 1
    return count


def has_form(revision: Revision, form: str) -> bool:
    """Whether a name passes the rules `file-name` and `revision-id`."""
    named = read_valid_name(revision.name, form)
    return named is not None and (form != "timestamp" or named.stamp == revision.id)


def derive(revision: Revision) -> str | None:
    """Return a pattern for names like that of one revision; None if there is none.

    `2025_01_31_1200-ae1027a6acf4_add_users.py` has a time, its id and words.
    """
    name = revision.name.removesuffix(".py")
    return _with_id(name, revision.id) or _without_id(name)


def _with_id(name: str, key: str) -> str | None:
    """Return the pattern of a name that contains its id, a number or a hash."""
    before, found, after = name.partition(key) if key else ("", "", "")
    own = _digits(key) or (f"[0-9a-f]{{{len(key)}}}" if _HASH.fullmatch(key) else None)
    if not found or own is None:
        return None
    lead = before.rstrip(_SEPARATORS)
    separator = before[len(lead) :]
    stamp = _digits(lead) if lead else ""
    if stamp is None or bool(lead) is not bool(separator):
        return None
    return _joined(f"{stamp}{_literal(separator)}{own}", after)


def _without_id(name: str) -> str | None:
    """Return the pattern of a name that begins with a time, or with a number."""
    for begins in (_STAMP, _NUMBER):
        if found := begins.match(name):
            lead = _digits(found[0])
            if lead and (form := _joined(lead, name[found.end() :])):
                return form
    return None


def _digits(lead: str) -> str | None:
    """Return the pattern of a time, or of a plain number; None if it is neither."""
    if not _STAMP.fullmatch(lead):
        return None
    pattern = "".join(
        f"[0-9]{{{len(part)}}}" if part.isdigit() else _literal(part)
        for part in re.split(r"([0-9]+)", lead)
    )
    digits = re.sub(r"[^0-9]", "", lead)
    is_time = len(digits) >= _SHORTEST_DATE and impossible(digits) is None
    return f"(?P<stamp>{pattern})" if is_time else pattern if lead.isdigit() else None


def _joined(lead: str, rest: str) -> str | None:
    separator, words = rest[:1], rest[1:]
    if not words or separator not in _SEPARATORS:
        return None
    for slug in (r"\w+", r"[\w-]+"):
        if re.fullmatch(slug, words, re.ASCII):
            return f"{lead}{_literal(separator)}(?P<slug>{slug})"
    return f"{lead}{_literal(separator)}(?P<slug>.+)"


def _literal(separator: str) -> str:
    return separator.replace(".", r"\.")


def family_of(revision: Revision) -> str | None:
    """Return the pattern of a name without the length of its hash, which older Alembics varied."""
    key = revision.id
    if key.isdigit() and len(key) in _OF_A_HASH and impossible(key) is not None:
        # A hash without a letter, not a number.
        revision = revision._replace(
            id="a" * len(key), path=revision.path.replace(key, "a" * len(key))
        )
    form = derive(revision)
    if form is None:
        return None
    form = re.sub(r"(\[0-9a-f\])\{[0-9]+\}", r"\1", form)
    return re.sub(r"\(\?P<slug>.*\)$", "(?P<slug>)", form)


def described(family: str) -> str:
    """Write a pattern as people do: `YYYY_MM_DD-<id>_description.py`."""
    stamp = re.search(r"\(\?P<stamp>([^)]*)\)", family)
    if stamp:
        units = iter("YYYYMMDDHHMMSS")
        written = re.sub(
            r"\[0-9\]\{([0-9]+)\}",
            lambda part: "".join(unit for _, unit in zip(range(int(part[1])), units, strict=False)),
            stamp[1],
        )
        family = family.replace(stamp[0], written)
    family = family.replace("[0-9a-f]", "<id>").replace("(?P<slug>)", "description")
    family = re.sub(r"\[0-9\]\{([0-9]+)\}", lambda part: "N" * int(part[1]), family)
    return f"{family}.py".replace("\\", "")
