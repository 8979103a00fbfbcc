"""A revision file is not named after its creation time and its purpose.

## Why it hurts
Files that start with a timestamp sort in the order in which they run, and two people never choose
the same name by accident. Without it, finding the order of a history requires reading every file.

## Example
    versions/add_user_preferences.py
    versions/20251332120000_add_user_preferences.py     # there is no month 13

## Instead
    versions/20251118120000_add_user_preferences.py

To use another format, set `file-name` to `"any"`, or to a regular expression with `(?P<stamp>...)`
and `(?P<slug>...)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.history.names import impossible
from revgate.rules import ERROR, NAMING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Head


@rule(severity=ERROR, group=NAMING)
def file_name(head: Head) -> Iterator[Finding]:
    """Yield a file whose name has another format, or whose timestamp is not a valid time."""
    revision = head.revision
    if head.named is None:
        yield Finding(
            f"the file name `{revision.name}` does not match `{_form(head.form)}`",
            _help(head),
            revision.path,
        )
    elif head.named.stamp is not None and (why := impossible(head.named.stamp)):
        yield Finding(
            f"`{head.named.stamp}` in the file name `{revision.name}` is not a valid timestamp:"
            f" {why}",
            "rename the file to start with the time when it was created",
            revision.path,
        )


def _form(setting: str) -> str:
    return "YYYYMMDDHHMMSS_description.py" if setting == "timestamp" else setting


def _help(head: Head) -> str:
    if head.form != "timestamp":
        return "rename the file to match the setting `file-name`"
    import re

    created = head.header.create_date
    digits = re.sub(r"\D", "", created.text)[:14] if created else ""
    stamp = digits if len(digits) == 14 else "YYYYMMDDHHMMSS"
    words = [
        word
        for word in re.findall(r"[A-Za-z0-9]+", head.revision.name.removesuffix(".py"))
        if word != head.revision.id and not word.isdigit()
    ]
    slug = "_".join(words).lower() or "description"
    return f"rename the file to `{stamp}_{slug}.py`"
