"""Passwords, taken out of whatever user code and servers say before anybody sees it.

Knows the forms in which a password is written, and those that are in use here; a word that is
everybody's password, such as `postgres`, is none that could be kept.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

_FORMS = (
    # postgresql://user:password@host
    (re.compile(r"(://[^:/@\s]*):[^@\s]*@"), r"\1:***@"),
    # password=x, as libpq and Python have it; what SQL computes is no password.
    (re.compile(r"(?i)\b((?:ssl|pg)?passw(?:or)?d=)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)]+)"), r"\1***"),
    (re.compile(r"(?i)\b(passw(?:or)?d\s*=\s*)E?'(?:[^']|'')*'"), r"\1'***'"),
    # {"password": "x"}
    (re.compile(r"(?i)(['\"](?:ssl)?passw(?:or)?d['\"]\s*:\s*)(['\"]).*?\2"), r"\1\2***\2"),
    # CREATE ROLE x PASSWORD 'y'
    (re.compile(r"(?i)\b(password\s+)E?'(?:[^']|'')*'"), r"\1'***'"),
)
_URL_PASSWORD = re.compile(r"://[^:/@\s]*:([^@\s]+)@")
_NAME = re.compile(r"(?i)passw(or)?d$|_pwd$|^pgpassword$")
_SHORTEST = 6
_NO_SECRETS = ("password", "postgres", "postgresql", "revgate", "database")


class Mask:
    """Puts *** in the place of passwords."""

    def __init__(self, *environments: Mapping[str, str], known: Iterable[str] = ()) -> None:
        """Learn the passwords in use.

        Args:
            environments: Variables, whose names and URLs tell which values are passwords.
            known: Passwords.
        """
        found = set(known)
        for environment in environments:
            for name, value in environment.items():
                passwords = _URL_PASSWORD.findall(value)
                found.update(passwords, map(unquote, passwords))
                if _NAME.search(name):
                    found.add(value)
        kept = [each for each in found if len(each) >= _SHORTEST and each not in _NO_SECRETS]
        words = "|".join(map(re.escape, sorted(kept, key=len, reverse=True)))
        self._known = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def __call__(self, text: str) -> str:
        """Return a text without passwords."""
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return self._known.sub("***", text) if self._known else text

    def every(self, told: Any) -> Any:
        """Return what was told, lists and dictionaries of it too, without passwords."""
        if isinstance(told, str):
            return self(told)
        if isinstance(told, list):
            return [self.every(each) for each in told]
        if isinstance(told, dict):
            return {key: self.every(value) for key, value in told.items()}
        return told
