"""The agent's description of exceptions, whose classes are the user's."""

from __future__ import annotations

import errno
import os
from typing import Any

import psycopg2
import pytest

from revgate.roundtrip.agent.failures import describe

ODD = {
    "huge": ("return 'x' * 100_000_000", "pass", "xxx"),
    "raises": ("raise ValueError('no')", "pass", "whose text raises ValueError"),
    "exits": ("raise SystemExit(0)", "pass", "whose text raises SystemExit"),
    "recurses": ("return str(self)", "pass", "whose text raises RecursionError"),
    "is a number": ("return 7", "pass", "whose text raises TypeError"),
    "of another class": ("return 'odd'", "__class__ = property(lambda self: OSError)", "odd"),
    "attributes raise": ("return 'odd'", "__getattribute__ = lambda self, name: 1 / 0", "odd"),
    "attributes are odd": (
        "return 'odd'",
        "orig = statement = sqlstate = detail = diag = cursor = ['not', {'text'}]",
        "odd",
    ),
    "arguments of pg8000": ("return 'odd'", "args = ({'M': Odd, 'C': 7},)", "Odd"),
    "text is a subclass": ("return Text('odd')", "pass", "odd"),
    "names are odd": ("return 'odd'", "__module__ = 7; __qualname__ = 'a' * 9", "odd"),
}
SOURCE = """
class Text(str):
    __getitem__ = strip = splitlines = lambda *_: 1 / 0


class Meta(type):
    __name__ = property(lambda cls: 1 / 0)
    mro = lambda cls: type.mro(cls)


class Odd(Exception, metaclass=Meta):
    def __str__(self):
        {text}

    __repr__ = __str__


class Odder(Odd, metaclass=Meta):
    {more}
"""


@pytest.mark.parametrize("kind", ODD)
def test_exceptions_that_are_odd(kind: str) -> None:
    text, more, said = ODD[kind]
    names: dict[str, Any] = {}
    exec(SOURCE.format(text=text, more=more), names)  # noqa: S102 - our own source
    described = describe(names["Odder"]())
    assert said in described["message"]
    assert len(described["message"]) <= 10_000
    assert described["error"] == "Odder"
    assert {type(value) for value in described.values()} == {str}
    assert not described["fault"]


class Driver(Exception):  # noqa: N818 - as drivers name theirs
    """An exception as a driver raises it."""

    __module__ = "asyncpg.exceptions"

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Driver("could not extend file", "53100"), "disk"),
        (Driver("out of shared memory", "53200"), "memory"),
        (Driver("terminating connection", "57P01"), "ended"),
        (Driver("division by zero", "22012"), ""),
        (Driver("query canceled", "57014"), ""),
        (Driver("could not close pipe to external command: Broken pipe", "38000"), ""),
        (Driver("could not extend file: File too large", "XX000"), "disk"),
        (Driver("could not read file: Too many open files", "XX000"), "files"),
        (Driver("cache lookup failed", "XX000"), ""),
        (Driver("connection was closed in the middle of operation"), "lost"),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), "lost"),
        (psycopg2.InterfaceError("connection already closed"), ""),  # the revision closed it
        (RuntimeError("server closed the connection unexpectedly"), ""),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "disk"),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), ""),
    ],
)
def test_faults_are_distinguished_from_failures(error: Exception, fault: str) -> None:
    assert describe(error)["fault"] == fault
