"""What a revision's file name says: its timestamp and its description.

Knows the `file-name` setting; nothing of what stands in the file.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from revgate import settings
from revgate.settings import file_name_pattern

TIMESTAMP = re.compile(settings.TIMESTAMP)
_STAMP_LENGTH = 14


class Named(NamedTuple):
    """A file name that has the wanted form."""

    stamp: str | None
    """Digits only, such as `20251118120000`; None where the form asks for none."""
    slug: str | None


def read_name(name: str, file_name: str) -> Named | None:
    """Take a file's name apart; None where it does not have the form that the setting asks for."""
    wanted = file_name_pattern(file_name)
    if wanted is None:
        return Named(None, None)
    # A pattern that somebody wrote may leave the ending out; ours holds it.
    match = wanted.fullmatch(name) or wanted.fullmatch(name.removesuffix(".py"))
    if match is None:
        return None
    if wanted is TIMESTAMP:
        return Named(match[1], match[2])
    groups = match.groupdict()
    stamp = re.sub(r"\D", "", groups.get("stamp") or "", flags=re.ASCII)
    return Named(stamp or None, groups.get("slug"))


def impossible(stamp: str) -> str | None:
    """Say why digits are no time of the calendar; None where they are one.

    Fewer than 14 digits, as a pattern of somebody's own may have, are judged as far as they go.
    """
    if len(stamp) < 4:
        return "a year has four digits"
    padded = stamp + "00000101000000"[len(stamp) :]
    if len(padded) > _STAMP_LENGTH:
        return "it has more than 14 digits"
    why = _no_date(padded[:8])
    for unit, digits, most in (("hour", padded[8:10], "23"), ("minute", padded[10:12], "59")):
        why = why or (f"{unit} must be in 0..{most}" if digits > most else None)
    return why or ("second must be in 0..59" if padded[12:] > "59" else None)


@cache
def _no_date(digits: str) -> str | None:
    """Say why eight digits are no day; many revisions share one."""
    from datetime import date

    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        return str(error)
    return None
