"""The messages of PostgreSQL's protocol that a relay has to understand.

Statements are checked before they are forwarded; answers are read only while a refusal is pending.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

CANCEL, SSL, GSS = 80877102, 80877103, 80877104
_LONGEST_STARTUP = 10_000
_QUERY, _PARSE, _CALL, _ERROR, _AUTHENTICATION = b"QPFER"
_LARGE_OBJECTS = frozenset((715, 764, 767, 952, 953, 954, 955, 956, 957, 958, 964, 1004,
                            3170, 3171, 3172))  # fmt: skip
"""Functions of pg_proc that libpq's lo_* call by number: they stay in the database."""
_HEADER = 5
_SASL = struct.pack(">I", 10)
_WITH_BINDING = b"SCRAM-SHA-256-PLUS\0"
_ADVICE = "only the throwaway database may be changed while revgate runs this migration history"


class ProtocolError(Exception):
    """The data is not PostgreSQL's protocol."""


class Startup(NamedTuple):
    """The first message of a connection."""

    code: int
    body: bytes
    """The whole message."""

    def parameters(self) -> list[tuple[str, str]]:
        """Return its parameters; a name can occur twice."""
        words = self.body[8:].split(b"\0")
        texts = [word.decode("utf-8", "surrogateescape") for word in words]
        return list(zip(texts[::2], texts[1::2], strict=False))


def startup_length(head: bytes) -> int:
    """Return the length of a startup message by its first four bytes.

    Raises:
        ProtocolError: No startup message has this length.
    """
    length = int.from_bytes(head, "big")
    if not 8 <= length <= _LONGEST_STARTUP:
        raise ProtocolError
    return length


def objection(startup: Startup, owns: Callable[[str], bool]) -> str | None:
    """Return why a connection is refused; None if it is to a database of this run."""
    parameters = startup.parameters()
    named = [value for name, value in parameters if name == "database"]
    named = named or [value for name, value in parameters if name == "user"]
    if len(named) != 1 or not owns(named[0]):
        where = " and ".join(f"`{name}`" for name in named) or "no database"
        return (
            f"a connection to {where} was refused: only the throwaway database may be reached"
            " while revgate runs this migration history"
        )
    if any(name == "replication" and _is_on(value) for name, value in parameters):
        return f"a replication connection was refused: {_ADVICE}"
    return None


def _is_on(value: str) -> bool:
    return value.lower() not in ("false", "off", "no", "0")


def error(message: str, *, severity: str = "ERROR", code: str = "42501") -> bytes:
    """Return an ErrorResponse."""
    fields = (("S", severity), ("V", severity), ("C", code), ("M", message))
    body = b"".join(f"{key}{value}\0".encode("utf-8", "replace") for key, value in fields) + b"\0"
    return _frame(_ERROR, body)


def _frame(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + struct.pack(">I", len(body) + 4) + body


class Refusals:
    """Refusals of one connection: a statement is replaced by one that fails, and its error by ours.

    The server itself then tracks the failed transaction, and what follows.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._due: dict[bytes, bytes] = {}

    def statement(self, what: str) -> bytes:
        """Return a statement that fails when it is parsed, to replace one that is refused."""
        mark = f"refused by revgate, number {next(self._numbers)}."
        self._due[mark.encode()] = error(f"{what} was refused: {_ADVICE}")
        return f"SELECT '{mark}'::pg_catalog.int4".encode()

    def __bool__(self) -> bool:
        return bool(self._due)

    def instead_of(self, message: bytes) -> bytes:
        """Return the refusal that replaces an ErrorResponse; the message itself otherwise."""
        for mark in self._due:
            if mark in message:
                return self._due.pop(mark)
        return message


class Requests:
    """The messages of a client: statements are checked, everything else is forwarded."""

    def __init__(self, look: Callable[[str], str | None], refusals: Refusals) -> None:
        self._look = look
        self._refusals = refusals
        self._rest = bytearray()
        self._needed = 0
        self._passing = 0

    def feed(self, data: bytes) -> bytes:
        """Return the data to forward; an incomplete statement is held back.

        Raises:
            ProtocolError: The data is not PostgreSQL's protocol.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return b""
            data, self._rest = bytes(self._rest), bytearray()
        out = []
        at, end = 0, len(data)
        while at < end:
            if not self._passing:
                size = self._size(data, at)
                if data[at] in b"QPF" or end - at < _HEADER:
                    if end - at < size:
                        self._rest, self._needed = bytearray(data[at:]), size
                        break
                    out.append(self._looked_at(data[at], data[at : at + size]))
                    at += size
                    continue
                self._passing = size
            taken = min(self._passing, end - at)
            out.append(data[at : at + taken])
            at += taken
            self._passing -= taken
        return out[0] if len(out) == 1 else b"".join(out)

    @staticmethod
    def _size(data: bytes, at: int) -> int:
        if len(data) - at < _HEADER:
            return _HEADER
        size = 1 + int.from_bytes(data[at + 1 : at + 5], "big")
        if size < _HEADER:
            raise ProtocolError
        return size

    def _looked_at(self, kind: int, message: bytes) -> bytes:
        if kind == _CALL:
            number = int.from_bytes(message[5:9], "big")
            if number in _LARGE_OBJECTS:
                return message
            what = f"a call of the function number {number}"
            return _frame(_QUERY, self._refusals.statement(what) + b"\0")
        begin = _HEADER if kind == _QUERY else message.index(b"\0", _HEADER) + 1
        end = message.index(b"\0", begin)
        found = self._look(message[begin:end].decode("utf-8", "surrogateescape"))
        if found is None:
            return message
        instead = self._refusals.statement(found) + b"\0"
        if kind == _PARSE:
            instead = message[_HEADER:begin] + instead + b"\0\0"  # no types of parameters
        return _frame(kind, instead)


class Answers:
    """The messages of the server, forwarded except for the errors of refused statements."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._rest = b""
        self._passing = 0

    def feed(self, data: bytes) -> bytes:
        """Return the data to forward."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end = self._passing, len(data)
        out, begin = [], 0
        while at + _HEADER <= end:
            size = 1 + int.from_bytes(data[at + 1 : at + 5], "big")
            if self._is_read(data[at]):
                if at + size > end:
                    break
                out += [data[begin:at], self._replaced(data[at : at + size])]
                begin = at + size
            at += size
        if at >= end:
            self._passing = at - end
            out.append(data[begin:])
        else:
            self._passing = 0
            out.append(data[begin:at])
            self._rest = data[at:]
        return out[0] if len(out) == 1 else b"".join(out)

    def _is_read(self, kind: int) -> bool:
        return kind == _AUTHENTICATION or (kind == _ERROR and bool(self._refusals))

    def _replaced(self, message: bytes) -> bytes:
        if message[0] == _ERROR:
            return self._refusals.instead_of(message)
        # Channel binding is for the TLS connection, which ends at the relay.
        if message[_HEADER:].startswith(_SASL) and _WITH_BINDING in message:
            return _frame(_AUTHENTICATION, message[_HEADER:].replace(_WITH_BINDING, b""))
        return message
