"""Splits the file name of a revision into timestamp and description, by the setting `file-name`."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from revgate import settings
from revgate.errors import UsageError
from revgate.settings import file_name_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMESTAMP = re.compile(settings.TIMESTAMP)
_STAMP_LENGTH = 14
_LONGEST_MATCH = 2
"""Seconds that matching one name may take; a sound pattern takes microseconds."""


class Named(NamedTuple):
    """A file name of the required form."""

    stamp: str | None
    """Digits only, such as `20251118120000`; None if the form has no timestamp."""
    slug: str | None


def read_name(name: str, file_name: str) -> Named | None:
    """Split a file name; None if it does not have the form that the setting requires.

    Raises:
        UsageError: The pattern of the setting takes too long to match.
    """
    wanted = file_name_pattern(file_name)
    if wanted is None:
        return Named(None, None)
    if wanted is TIMESTAMP:
        match = wanted.fullmatch(name)
    else:
        with _time_limit(name, file_name):
            # A pattern from the settings may omit the suffix.
            match = wanted.fullmatch(name) or wanted.fullmatch(name.removesuffix(".py"))
    if match is None:
        return None
    if wanted is TIMESTAMP:
        return Named(match[1], match[2])
    groups = match.groupdict()
    stamp = re.sub(r"\D", "", groups.get("stamp") or "", flags=re.ASCII)
    return Named(stamp or None, groups.get("slug"))


def read_valid_name(name: str, file_name: str) -> Named | None:
    """Split a file name; None also if its timestamp is not a valid time."""
    named = read_name(name, file_name)
    if named is None or (named.stamp is not None and impossible(named.stamp)):
        return None
    return named


@contextmanager
def _time_limit(name: str, pattern: str) -> Iterator[None]:
    """Stop a match that backtracks: a pattern from the settings must not hang a hook or a push.

    The matcher checks for signals, which only the main thread receives, and not on Windows.

    Raises:
        UsageError: The match takes too long.
    """
    import signal
    import threading

    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_: object) -> None:
        raise UsageError(
            f"`file-name = {pattern!r}` takes over {_LONGEST_MATCH} s to match {name!r}: rewrite it"
            " without nested repetition such as `(a+)+`"
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_MATCH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_timestamp(text: str) -> bool:
    """Whether a text is a whole timestamp, `YYYYMMDDHHMMSS`, of a time that exists."""
    return (
        len(text) == _STAMP_LENGTH and text.isascii() and text.isdecimal() and not impossible(text)
    )


def impossible(stamp: str) -> str | None:
    """Say why digits are not a valid timestamp; None if they are.

    Fewer than 14 digits, as a pattern from the settings may have, are checked as far as they go.
    """
    if len(stamp) < 4:
        return "a year has four digits"
    padded = stamp + "00000101000000"[len(stamp) :]
    if len(padded) > _STAMP_LENGTH:
        return "it has more than 14 digits"
    why = _invalid_date(padded[:8])
    for unit, digits, most in (("hour", padded[8:10], "23"), ("minute", padded[10:12], "59")):
        why = why or (f"{unit} must be in 0..{most}" if digits > most else None)
    return why or ("second must be in 0..59" if padded[12:] > "59" else None)


@cache
def _invalid_date(digits: str) -> str | None:
    """Say why eight digits are not a date; cached, since many revisions share one."""
    from datetime import date

    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        return str(error)
    return None
