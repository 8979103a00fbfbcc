"""Values that the text of a condition suggests.

Every literal in a condition can be a value, or close to one, or a length, or a pattern. Whether it
is, PostgreSQL decides: see `solve`.
"""

from __future__ import annotations

import re
import warnings
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STRING = re.compile(r"(E?)'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST = 400
_CLASSES = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:space:]": " ",
    "[:xdigit:]": "0-9a-f",
}
_OF_CLASS = {"CATEGORY_DIGIT": "0123", "CATEGORY_WORD": "abc1", "CATEGORY_SPACE": " "}
_ANY = "abcdefgh0123ABCD_-.@ /"


def strings(text: str) -> list[str]:
    """Return the string literals of a condition, in order, each once."""
    found = []
    for escaped, inner in _STRING.findall(text):
        plain = inner.replace("''", "'")
        found.append(plain.replace("\\\\", "\\") if escaped else plain)
    return list(dict.fromkeys(found))


def numbers(text: str) -> list[Decimal]:
    """Return the numbers of a condition, their neighbors, and the values between them."""
    written = _NUMBER.findall(_STRING.sub(" ", text)) + [
        each for each in strings(text) if _NUMBER.fullmatch(each)
    ]
    bounds = sorted({Decimal(each) for each in written})
    between = [(one + other) / 2 for one, other in pairwise(bounds)]
    near = [bound + step for bound in bounds for step in (0, 1, -1, Decimal("0.5"))]
    return list(dict.fromkeys((*near, *between, *_multiples(text, bounds), Decimal(0))))


def _multiples(text: str, bounds: Sequence[Decimal]) -> Iterator[Decimal]:
    """Yield the first multiples above each bound, if the condition divides."""
    if "%" in text or "mod(" in text:
        for bound, divisor in product(bounds, [each for each in bounds if each > 0]):
            yield from ((bound // divisor + step) * divisor for step in (1, 2, 3))


def dates(text: str) -> list[str]:
    """Return the dates of a condition and the days next to them."""
    found: list[str] = []
    for written in strings(text):
        if _DATE.match(written):
            try:
                day = date.fromisoformat(written[:10])
            except ValueError:
                continue
            found += [written]
            found += [(day + timedelta(days=step)).isoformat() for step in (1, 2, 3, -1)]
    return list(dict.fromkeys(found))


def texts(text: str) -> list[str]:
    """Return texts that could satisfy a condition."""
    found: list[str] = []
    for literal in strings(text):
        found += [literal, literal.lower(), literal.upper()]
        found += [sample for number in range(4) for sample in samples(literal, number)]
        found += [_LIKE.sub(letter, literal) for letter in "abc"]
        found += [f"{letter}{literal}{letter}" for letter in "abc"]
    sizes = {int(each) for each in numbers(text) if 0 < each <= _LONGEST and each == int(each)}
    found += [letter * size for size in sorted(sizes) for letter in "abc1"]
    return list(dict.fromkeys([*found, "", "A", "B", "1", "a@b.cd"]))


_LIKE = re.compile("[%_]")


def binaries(text: str) -> list[str]:
    """Return values of `bytea` whose length could satisfy a condition."""
    sizes = {int(each) for each in numbers(text) if 0 <= each <= _LONGEST and each == int(each)}
    return ["\\x" + byte * size for size in sorted(sizes) for byte in ("61", "62", "63", "00")]


def objects(text: str) -> list[str]:
    """Return JSON values that could satisfy a condition."""
    keys = [re.sub(r'[{}"\\,]', "", each) for each in strings(text)]
    held = [f'{{{", ".join(f"{chr(34)}{key}{chr(34)}: {value}" for key in keys)}}}'
            for value in ("1", '"a"', "{}", "[]", "true")]  # fmt: skip
    return ["{}", "[]", "[1]", *held, '"a"', "1", "true", "null"]


def samples(pattern: str, number: int = 0) -> Iterator[str]:
    """Yield a text that matches a regular expression, if it is simple enough.

    Args:
        pattern: In PostgreSQL's syntax, as far as Python shares it.
        number: Which of several texts.
    """
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The parser of Python's own `re`; its tree is not documented, hence `Any`.
            tree: Any = import_module("re._parser").parse(pattern)
        yield "".join(islice(_sample(tree, number), _LONGEST))
    except (re.error, ValueError, OverflowError, RecursionError, KeyError, IndexError):
        return


def _sample(tree: Any, number: int) -> Iterator[str]:
    for kind, what in tree:
        match str(kind):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, inner = what
                if low > _LONGEST:
                    raise ValueError("too long")
                for at in range(min(max(low, 1), int(high))):
                    yield from _sample(inner, number if at == 0 else 0)
            case "SUBPATTERN":
                yield from _sample(what[-1], number)
            case "BRANCH":
                yield from _sample(what[1][number % len(what[1])], 0)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                continue
            case single:
                yield _character(single, what, number)


def _character(kind: str, what: Any, number: int) -> str:
    match kind:
        case "LITERAL":
            return chr(what)
        case "NOT_LITERAL":
            return next(each for each in _ANY if each != chr(what))
        case "ANY":
            return _ANY[number % 8]
        case "IN":
            return _of_class(what, number)
        case _:
            raise ValueError(f"{kind} is not supported")


def _of_class(members: Any, number: int) -> str:
    if str(members[0][0]) == "NEGATE":
        inside = set("".join(_members(members[1:])))
        allowed = [each for each in _ANY if each not in inside]
    else:
        allowed = list("".join(_members(members)))
    return allowed[number % len(allowed)]


def _members(members: Any) -> Iterator[str]:
    for kind, what in members:
        match str(kind):
            case "LITERAL":
                yield chr(what)
            case "RANGE":
                yield "".join(map(chr, range(what[0], min(what[1], what[0] + 30) + 1)))
            case "CATEGORY":
                yield _OF_CLASS[str(what)]
            case _:
                raise ValueError(f"{kind} is not supported")
