"""The schema file does not hold the schema at the head.

The setting `schema-file` names a file that holds the schema at the head, so that a pull request
shows what its revisions do to it. `revgate schema --output FILE` writes it, with
`pg_dump --schema-only`, without comments, owners and what else depends on the machine. The round
trip compares it. The text depends on the versions of PostgreSQL and `pg_dump`, which the first line
names: a file of other versions that differs is not judged, and a note says so.

## Why it hurts
A reviewer reads the difference of a file that says something else than the revisions do.

## Example
    # a revision adds invoices.number, and schema.sql is not part of the commit

## Instead
    revgate schema --output schema.sql
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, FILES, Finding, rule
from revgate.text import count, truncate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip

_LONGEST = 80


@rule(severity=ERROR, group=FILES)
def stale_schema_file(observed: RoundTrip) -> Iterator[Finding]:
    """Report the first place where the file differs."""
    import shlex
    from difflib import SequenceMatcher

    file = observed.schema_file
    if file is None or file.is_of_another_version:
        return
    help_ = f"run `revgate schema --output {shlex.quote(file.path)}`"
    if file.before is None:
        yield Finding(f"`{file.path}` cannot be read", help_, file.path)
        return
    old, new = file.before.splitlines(), file.after.splitlines()
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changes = [each for each in opcodes if each[0] != "equal"]
    if not changes:
        return
    _, first, end, new_first, new_end = changes[0]
    number = sum(max(each[2] - each[1], each[4] - each[3]) for each in changes)
    missing, extra = _first(new[new_first:new_end]), _first(old[first:end])
    where = f"the schema has {missing}" if missing else f"the schema has no {extra}"
    yield Finding(
        f"`{file.path}` differs from the schema at the head in {count(number, 'line')}: here"
        f" {where}",
        help_,
        file.path,
        min(first + 1, max(len(old), 1)),
    )


def _first(lines: list[str]) -> str:
    """Return the first line that is not blank, in backticks; empty if there is none."""
    return next((f"`{truncate(each.strip(), _LONGEST)}`" for each in lines if each.strip()), "")
