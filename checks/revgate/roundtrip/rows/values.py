"""Values of a type, as SQL: any number of different ones for most types.

It covers the types of PostgreSQL, and those of the extensions that migrations use most.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from revgate.roundtrip.rows.catalogue import Type

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DEEPEST = 6


def quoted(text: str) -> str:
    """Return a literal."""
    return f" E'{_backslashed(text)}'" if "\\" in text else f"'{_doubled(text)}'"


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _backslashed(text: str) -> str:
    return _doubled(text.replace("\\", "\\\\"))


def word(number: int, longest: int | None = None) -> str:
    """Return a string of letters, a different one for each number if the length allows it."""
    letters = ""
    while True:
        letters = _LETTERS[number % 26] + letters
        number = number // 26 - 1
        if number < 0:
            break
    return letters if longest is None else letters[-longest:]


def precision(modifier: int) -> tuple[int, int] | None:
    """Return the digits before and after the decimal point of a `numeric`; None if unlimited.

    Source: numeric.c, make_numeric_typmod.
    """
    if modifier < 4:
        return None
    scale = (modifier - 4) & 0x7FF
    scale = scale - 2048 if scale > 1023 else scale
    return ((modifier - 4) >> 16) - scale, scale


def _number(number: int, modifier: int) -> str:
    digits = precision(modifier)
    if digits is None or len(str(number)) <= digits[0]:
        return str(number)
    before, after = digits
    return str(Decimal(number % 10 ** max(before + after, 1)).scaleb(-after))


def length(modifier: int) -> int | None:
    """Return the maximum length of a `varchar` or `char`; None if unlimited."""
    return modifier - 4 if modifier > 4 else None


def _bits(number: int, modifier: int) -> str:
    count = modifier if modifier > 0 else 8
    return format(number % 2 ** min(count, 60), f"0{count}b")[-count:]


def _vector(number: int, modifier: int) -> str:
    dimensions = modifier if modifier > 0 else 3
    return "[" + ",".join([str(number), *["1"] * (dimensions - 1)]) + "]"


def _day(number: int) -> str:
    from datetime import date, timedelta

    return (date(2020, 1, 1) + timedelta(days=number)).isoformat()


def _json(number: int) -> str:
    return f'{{"n": {number}}}' if number else "{}"


def _ip(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


_PLAIN: dict[str, Callable[[int, int], str]] = {
    "int2": lambda n, _: str(n + 1),
    "int4": lambda n, _: str(n + 1),
    "int8": lambda n, _: str(n + 1),
    "oid": lambda n, _: str(n + 1),
    "xid": lambda n, _: str(n + 1),
    "float4": lambda n, _: str(n + 1),
    "float8": lambda n, _: str(n + 1),
    "numeric": lambda n, modifier: _number(n + 1, modifier),
    "money": lambda n, _: str(n + 1),
    "text": lambda n, _: word(n),
    "citext": lambda n, _: word(n),
    "name": lambda n, _: word(n),
    "varchar": lambda n, modifier: word(n, length(modifier)),
    "bpchar": lambda n, modifier: word(n, length(modifier) or 1),
    "char": lambda n, _: word(n, 1),
    "bool": lambda n, _: "true" if n % 2 else "false",
    "date": lambda n, _: _day(n),
    "timestamp": lambda n, _: f"{_day(n)} 12:00",
    "timestamptz": lambda n, _: f"{_day(n)} 12:00Z",
    "time": lambda n, _: f"{n // 60 % 24:02}:{n % 60:02}",
    "timetz": lambda n, _: f"{n // 60 % 24:02}:{n % 60:02}Z",
    "interval": lambda n, _: f"{n + 1} days",
    "uuid": lambda n, _: f"00000000-0000-4000-8000-{n + 1:012x}",
    "json": lambda n, _: _json(n),
    "jsonb": lambda n, _: _json(n),
    "jsonpath": lambda n, _: f"$[{n}]",
    "xml": lambda n, _: f"<a>{n}</a>",
    "bytea": lambda n, _: f"\\x{n:08x}",
    "bit": lambda n, modifier: _bits(n, modifier if modifier > 0 else 1),
    "varbit": lambda n, modifier: _bits(n, modifier),
    "inet": lambda n, _: _ip(n),
    "cidr": lambda n, _: f"{_ip(n)}/32",
    "macaddr": lambda n, _: f"02:00:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
    "macaddr8": lambda n, _: f"02:00:00:00:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
    "point": lambda n, _: f"({n},{n})",
    "line": lambda n, _: f"{{1,-1,{n}}}",
    "lseg": lambda n, _: f"[({2 * n},0),({2 * n + 1},1)]",
    "box": lambda n, _: f"({2 * n},0),({2 * n + 1},1)",
    "path": lambda n, _: f"[({n},0),({n},1)]",
    "polygon": lambda n, _: f"(({2 * n},0),({2 * n},1),({2 * n + 1},1))",
    "circle": lambda n, _: f"<({4 * n},0),1>",
    "tsvector": lambda n, _: word(n),
    "tsquery": lambda n, _: word(n),
    "pg_lsn": lambda n, _: f"0/{n + 1:X}",
    "txid_snapshot": lambda n, _: f"{n + 1}:{n + 1}:",
    "pg_snapshot": lambda n, _: f"{n + 1}:{n + 1}:",
    "regclass": lambda _n, _: "pg_class",
    "regtype": lambda _n, _: "text",
    "regrole": lambda _n, _: "pg_monitor",
    "regproc": lambda _n, _: "now",
    "hstore": lambda n, _: f"a=>{n}",
    "ltree": lambda n, _: word(n),
    "lquery": lambda n, _: word(n),
    "cube": lambda n, _: f"({n})",
    "isbn": lambda _n, _: "978-0-393-04002-9",
    "vector": _vector,
    "halfvec": _vector,
    "geometry": lambda n, _: f"SRID=4326;POINT({n % 90} {n % 90})",
    "geography": lambda n, _: f"SRID=4326;POINT({n % 90} {n % 90})",
}
"""A value of each base type, by number and type modifier."""


class Values:
    """Returns values of the types of one database."""

    def __init__(self, types: Mapping[int, Type], of_domain: Callable[[Type], list[str]]) -> None:
        """Set up.

        Args:
            types: By oid.
            of_domain: Finds values that a domain with checks accepts.
        """
        self.types = types
        self._of_domain = of_domain
        self._known: dict[int, list[str]] = {}

    def not_null(self, oid: int) -> bool:
        """Tell whether a domain rejects null."""
        type_ = self.types[oid]
        return type_.not_null or (type_.kind == "d" and self.not_null(type_.base))

    def bare(self, oid: int, modifier: int) -> tuple[Type, int]:
        """Return the type below a domain, however deep; any other type itself."""
        type_ = self.types[oid]
        if type_.kind == "d":
            return self.bare(type_.base, type_.modifier)
        return type_, modifier

    def few(self, oid: int) -> bool:
        """Tell whether a type has too few values to differ in many rows."""
        type_, _ = self.bare(oid, -1)
        return type_.kind == "e" or type_.word in ("bool", "bit", "char")

    def make(self, oid: int, modifier: int, number: int, depth: int = 0) -> str | None:
        """Return the expression of the value with a number; None if none is known."""
        type_ = self.types[oid]
        if depth > _DEEPEST:
            return None
        if type_.kind == "d":
            return self._in_domain(oid, type_, number, depth)
        text = self._text(type_, modifier, number)
        if text is not None:
            return f"{quoted(text)}::{type_.name}"
        return self._made(type_, number, depth)

    def _text(self, type_: Type, modifier: int, number: int) -> str | None:
        if type_.kind == "e":
            return type_.labels[number % len(type_.labels)] if type_.labels else None
        if type_.kind == "b" and not type_.element:
            known = _PLAIN.get(type_.word)
            return known(number, modifier) if known else None
        return None

    def _made(self, type_: Type, number: int, depth: int) -> str | None:
        if type_.element:
            item = self.make(type_.element, -1, number, depth + 1)
            return None if item is None else f"ARRAY[{item}]::{type_.name}"
        if type_.kind == "r":
            # Two steps apart, so that ranges do not overlap.
            low, high = (self.make(type_.part, -1, 2 * number + edge, depth + 1) for edge in (0, 1))
            return None if low is None or high is None else f"{type_.name}({low}, {high})"
        if type_.kind == "m":
            item = self.make(type_.part, -1, number, depth + 1)
            return None if item is None else f"{type_.name}({item})"
        if type_.kind == "c":
            return self._composite(type_, number, depth)
        return None

    def _composite(self, type_: Type, number: int, depth: int) -> str | None:
        fields = [
            self.make(oid, modifier, number, depth + 1) or "NULL" for oid, modifier in type_.fields
        ]
        return f"ROW({', '.join(fields)})::{type_.name}"

    def _in_domain(self, oid: int, type_: Type, number: int, depth: int) -> str | None:
        if not type_.checks:
            inner = self.make(type_.base, type_.modifier, number, depth + 1)
            return None if inner is None else f"{inner}::{type_.name}"
        if oid not in self._known:
            self._known[oid] = self._of_domain(type_)
        found = self._known[oid]
        return f"({found[number % len(found)]})::{type_.name}" if found else None

    def of_domain(self, oid: int) -> list[str]:
        """Return all known values of a domain with checks; none for any other type."""
        type_ = self.types[oid]
        if type_.kind != "d" or not type_.checks:
            return []
        self._in_domain(oid, type_, 0, 0)
        return [f"({value})::{type_.name}" for value in self._known[oid]]
