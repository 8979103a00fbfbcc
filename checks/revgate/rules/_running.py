"""The wording of `breaks-running-code`: what breaks, and the steps to take instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.roundtrip.observed import Broken
from revgate.rules._downgrade import execute_operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.roundtrip.observed import Break

_USES = {
    Broken.RELATION: "uses {table}",
    Broken.COLUMN: "uses {part}",
    Broken.OMITTED: "inserts into {table} without `{name}`",
    Broken.DEFAULT: "inserts into {table} and leaves `{name}` to its default",
    Broken.NOT_NULL: "writes NULL to {part}",
    Broken.VALUE: "writes `{now}` to {part}",
    Broken.COMPARISON: "compares {part} with `{now}`",
    Broken.CHECK: "{doing} {table} what `{name}` refuses",
    Broken.UNIQUE: "{doing} {table} what `{name}` refuses",
    Broken.FOREIGN_KEY: "{doing} {table} what `{name}` refuses",
    Broken.GENERATED: "writes {part}",
    Broken.ACCESS: "{doing} {table} as `{role}`",
    Broken.HIDDEN: "{doing} {table} as `{role}`",
    Broken.REFUSED: "{doing} {table}",
    Broken.FUNCTION: "calls {table}",
    Broken.TYPE: "casts to {table}",
    Broken.SEQUENCE: "counts with {table}",
    Broken.ROLE: "connects as {table}",
}
_CODE_FIRST = "deploy code that keeps to `{name}` first, and this revision after it"
_DROP_LATER = "deploy code that does not use {table} first, and drop it in a later revision"
_WITHOUT_ROLE = "deploy code that does not need this as `{role}` first, and revoke it after that"
_BOTH_TYPES = (
    "add a column of the new type next to {part}, write both, backfill it, deploy code that uses"
    " it, and drop `{name}` in a later revision"
)
_STEPS = {
    Broken.RELATION: _DROP_LATER,
    Broken.COLUMN: "remove {part} from the models, make it nullable or give it a `server_default`,"
    " deploy that, and drop it in a later revision",
    Broken.OMITTED: "add {part} with a `server_default`, or as nullable; deploy code that writes"
    " it, then backfill it and set it `NOT NULL` in a later revision",
    Broken.DEFAULT: "deploy code that writes {part} itself first, and drop its default after that",
    Broken.NOT_NULL: "deploy code that never writes NULL to {part}, then set it `NOT NULL` in a"
    " later revision",
    Broken.NULLABLE: "deploy code that expects NULL in {part} first, and this revision after it",
    Broken.VALUE: _BOTH_TYPES,
    Broken.COMPARISON: _BOTH_TYPES,
    Broken.CHECK: _CODE_FIRST,
    Broken.UNIQUE: _CODE_FIRST,
    Broken.FOREIGN_KEY: _CODE_FIRST,
    Broken.GENERATED: "deploy code that does not write {part} first, and this revision after it",
    Broken.ACCESS: _WITHOUT_ROLE,
    Broken.HIDDEN: _WITHOUT_ROLE,
    Broken.REFUSED: "deploy code that works with both schemas first, and change {table} after it",
    Broken.FUNCTION: _DROP_LATER,
    Broken.TYPE: _DROP_LATER,
    Broken.SEQUENCE: _DROP_LATER,
    Broken.ROLE: _DROP_LATER,
}
_RENAMED_TABLE = (
    "keep the old name alive until no code uses it: `{view}` after the rename, and drop the view"
    " in a later revision"
)
_RENAMED_COLUMN = (
    "add `{now}` next to {part}, write both, backfill it, deploy code that uses `{now}`, and drop"
    " `{name}` in a later revision"
)
_LONGEST = 120


def _is_of_other(found: Break) -> bool:
    """Tell whether PostgreSQL named another column first, which is gone as well."""
    named = re.match(r'column "?([^" ]+)"? (?:of relation \S+ )?does not exist', found.error)
    return found.what == Broken.COLUMN and named is not None and named[1] != found.part


def what_breaks(found: Break) -> str:
    """Return the end of the message."""
    if found.what == Broken.NULLABLE:
        return _filled("lets {part} be NULL, which code that reads it never had to expect", found)
    whose = "the target branch's code, which" if found.mapped else "code that"
    error = f": {found.error.rstrip('.')}" if found.error and not _is_of_other(found) else ""
    return f"breaks {whose} still {_filled(_USES[found.what], found)}{error}"


_OF_A_TYPE = (Broken.COMPARISON, Broken.VALUE, Broken.REFUSED)
"""What another type of a column breaks, in this order of importance."""


def by_statement(breaks: Iterable[Break]) -> Iterator[list[Break]]:
    """Yield what breaks because of one change: another type of a column breaks several things."""
    found: dict[object, list[Break]] = {}
    for each in breaks:
        is_of_type = bool(each.line) and each.what in _OF_A_TYPE
        key = (each.line, each.object, each.mapped) if is_of_type else each
        found.setdefault(key, []).append(each)
    for group in found.values():
        yield sorted(group, key=_rank)


def _rank(found: Break) -> int:
    return _OF_A_TYPE.index(found.what) if found.what in _OF_A_TYPE else 0


def help_for(found: Break) -> str:
    """Return the steps to take instead, and the statement that breaks it."""
    advice = _STEPS[found.what]
    if found.now and found.what in (Broken.RELATION, Broken.COLUMN):
        advice = _RENAMED_TABLE if found.what == Broken.RELATION else _RENAMED_COLUMN
    steps = f"{_filled(advice, found)}; or suppress this, with the reason why no such code runs"
    if not found.statement:
        return steps
    shortened = found.statement
    if len(shortened) > _LONGEST:
        shortened = f"{shortened[: _LONGEST - 3]}..."
    return f"{steps}\nthe statement is `{shortened}`"


def _filled(template: str, found: Break) -> str:
    return template.format(
        object=found.object,
        table=f"`{found.object}`",
        part=f"`{found.object}.{found.part}`",
        name=found.part,
        now=found.now,
        view=execute_operation(found.view),
        doing=found.doing,
        role=found.role,
    )
