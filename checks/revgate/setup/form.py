"""The form of file names that a history has taken to: what `file-name` should say.

Knows names, ids and times; not the settings file. The newest names count: an old habit is for the
baseline, and the form is what tomorrow's files are asked for.
"""

import re
from typing import TYPE_CHECKING

from revgate.history.names import impossible, read_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.revision import Revision

_LOOKED_AT = 10
_A_HABIT = 3
_STAMP = re.compile(r"[0-9]+(?:[-_.T]?[0-9]+)*(?=[-_.]|$)")
_SHORTEST_DATE = 8


def form_of(newest_first: "Sequence[Revision]") -> str:
    """Return the setting `file-name` that the newest revisions agree with.

    Args:
        newest_first: The revisions of one history, against the order of an upgrade.
    """
    looked_at = newest_first[:_LOOKED_AT]
    derived = [form for each in looked_at if (form := derive(each))]
    candidates = list(dict.fromkeys(["timestamp", *derived]))
    runs = [_run(looked_at, form) for form in candidates]
    longest = max(runs)
    if longest < min(_A_HABIT, len(looked_at)):
        return "any"
    return candidates[runs.index(longest)]


def _run(newest_first: "Sequence[Revision]", form: str) -> int:
    """Count the newest revisions that have a form, up to the first that has not."""
    count = 0
    for revision in newest_first:
        if not has_form(revision, form):
            break
        count += 1
    return count


def has_form(revision: "Revision", form: str) -> bool:
    """Whether the rules `file-name` and `revision-id` would have nothing against a name."""
    named = read_name(revision.name, form)
    if named is None or (named.stamp is not None and impossible(named.stamp)):
        return False
    return form != "timestamp" or named.stamp == revision.id


def derive(revision: "Revision") -> str | None:
    """Return a pattern for names like that of one revision; None where there is none to see.

    `2025_01_31_1200-ae1027a6acf4_add_users.py` has a time, its id and words.
    """
    name = revision.name.removesuffix(".py")
    at = name.find(revision.id) if revision.id else -1
    if at < 0:
        lead, separator, words = _lead(name)
        return _joined(_digits(lead), separator, words)
    lead, separator = _parted(name[:at])
    before = _digits(lead) if lead else ""
    if before is None or (lead and not separator):
        return None
    after = name[at + len(revision.id) :]
    own = _digits(revision.id) or _id(revision.id)
    return _joined(f"{before}{re.escape(separator)}{own}", after[:1], after[1:])


def _lead(name: str) -> tuple[str, str, str]:
    """Split a name without an id into its digits, a separator and the words."""
    found = _STAMP.match(name)
    lead = found[0] if found else ""
    return lead, name[len(lead) : len(lead) + 1], name[len(lead) + 1 :]


def _parted(text: str) -> tuple[str, str]:
    """Split what stands before an id from the separator at its end."""
    lead = text.rstrip("-_.")
    return lead, text[len(lead) :]


def _digits(lead: str) -> str | None:
    """Return the pattern of a time, or of a plain number; None where it is neither."""
    if not _STAMP.fullmatch(lead):
        return None
    pattern = "".join(
        f"[0-9]{{{len(part)}}}" if part.isdigit() else re.escape(part)
        for part in re.split(r"([0-9]+)", lead)
        if part
    )
    digits = re.sub(r"[^0-9]", "", lead)
    is_time = len(digits) >= _SHORTEST_DATE and impossible(digits) is None
    return f"(?P<stamp>{pattern})" if is_time else pattern if lead.isdigit() else None


def _id(key: str) -> str:
    return f"[0-9a-f]{{{len(key)}}}" if re.fullmatch("[0-9a-f]+", key) else r"[0-9A-Za-z.-]+"


def _joined(lead: str | None, separator: str, words: str) -> str | None:
    if lead is None or not separator or not re.fullmatch(r"[-_.]", separator):
        return None
    for slug in (r"\w+", r"[\w-]+"):
        if re.fullmatch(slug, words, re.ASCII):
            return f"{lead}{re.escape(separator)}(?P<slug>{slug})"
    return f"{lead}{re.escape(separator)}(?P<slug>.+)" if words else None
