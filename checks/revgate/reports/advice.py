"""Says what to do next, and splits the help of a finding into sentences and code to copy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.reports import ORDERS, deploy_order, in_reading_order
from revgate.text import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Finding
    from revgate.result import Result

_SHORTEST = 16
"""Characters of code that is worth a block of its own."""
_COPIED = re.compile(
    r"(?:op\.|def |# revgate: |[a-z_]+ = |alembic |revgate |git "
    r"|(?:ALTER|COMMENT|COMMIT|CREATE|DELETE|DROP|INSERT|SELECT|SET|UPDATE|VACUUM) )"
)
"""What begins a statement, a line of settings or a command; any other code is part of one."""


def next_steps(result: Result) -> Iterator[str]:
    """Yield what a reader of the verdict does next, with code in backticks."""
    if result.problem:
        yield "The round trip could not run: fix that first. The last notes say why."
    if result.errors:
        yield f"Fix {_them(result.errors)}, then run `revgate {result.command}` again."
        if result.errors > 1:
            first = in_reading_order(result)[0]
            yield f"Begin with `{first.rule}` in `{where(first)}`: others may follow from it."
    elif result.warnings:
        yield f"There is no error. Decide about {count(result.warnings, 'warning')}."
    elif not result.problem:
        yield "There is nothing to do."
    if order := deploy_order(result.roundtrips):
        yield f"Deploy order: {order} ({ORDERS[order]})."
    if result.command == "check" and not result.errors and not result.roundtrips:
        yield "Only the files were checked; `revgate gate` also runs them on PostgreSQL."


def _them(errors: int) -> str:
    return "the error" if errors == 1 else f"the {errors} errors"


def where(finding: Finding) -> str:
    """Return the file and the line of a finding."""
    return f"{finding.path}:{finding.line}"


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Yield parts of a help text, and whether each is code to copy.

    Names stay in their sentence, in backticks. A sentence that is split by code continues after it
    without the punctuation between the two.
    """
    for line in text.splitlines():
        parts = printable(line).split("`")
        if len(parts) % 2 == 0:
            yield False, printable(line)
            continue
        said = ""
        for number, part in enumerate(parts):
            if number % 2 == 0:
                said += part
            elif not _is_code(part):
                said += f"`{part}`"
            else:
                yield from _sentence(said)
                yield True, part.strip()
                said = ""
        yield from _sentence(said)


def _is_code(part: str) -> bool:
    return len(part) >= _SHORTEST and bool(_COPIED.match(part))


def _sentence(said: str) -> Iterator[tuple[bool, str]]:
    if left := said.strip(" ,;."):
        yield False, left
