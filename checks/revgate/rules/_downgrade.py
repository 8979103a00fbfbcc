"""What a downgrade has changed, and what to write in it so that it does not."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from revgate.findings import Related
from revgate.postgres.names import name_parts, split_name, unquoted
from revgate.text import truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from revgate.findings import Finding
    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.observed import Difference, Step


def with_parts(
    differences: Iterable[Difference],
) -> Iterator[tuple[Step, CatalogueChange, list[CatalogueChange]]]:
    """Yield each difference with those that only follow from it.

    A column that was dropped and comes back plainly has lost its default, its comment, its indexes
    and its constraints: one defect. So are several indexes that one table has lost.
    """
    for _, group in groupby(differences, key=lambda each: each.step.revision.id):
        steps, changes = zip(*group, strict=True)
        columns = [each for each in changes if each.kind == "column" and each.how != "left"]
        parts: dict[CatalogueChange, list[CatalogueChange]] = {each: [] for each in columns}
        for change in changes:
            owner = next((each for each in columns if _is_part(change, each)), None)
            if owner:
                parts[owner].append(change)
        attached = {part for each in parts.values() for part in each}
        for first, *more in _of_one_table(each for each in changes if each not in attached):
            parts[first] = [*parts.get(first, ()), *more]
            attached.update(more)
        for change in changes:
            if change not in attached:
                yield steps[0], change, parts.get(change, [])


def _of_one_table(changes: Iterable[CatalogueChange]) -> Iterator[list[CatalogueChange]]:
    """Yield the indexes that one table has lost, or its constraints."""
    found: dict[tuple[str, str], list[CatalogueChange]] = {}
    for change in changes:
        if change.how == "gone" and (table := _table_of(change)):
            found.setdefault((change.kind, table), []).append(change)
    yield from found.values()


def _table_of(change: CatalogueChange) -> str:
    """Return the table of an index or a constraint; empty for other kinds."""
    if change.kind == "constraint":
        return split_name(change.name)[0]
    named = re.search(r" ON (?:ONLY )?(\S+) ", change.before) if change.kind == "index" else None
    return named[1] if named else ""


def _is_part(change: CatalogueChange, column: CatalogueChange) -> bool:
    """Tell whether a column had something that is missing or different now."""
    if change.kind == "column" or (change.how == "left" and change.kind != "default"):
        return False
    if change.kind in ("default", "comment"):
        return change.name in (column.name, f"COLUMN {column.name}", f"COLUMN public.{column.name}")
    owner, name = split_name(column.name)
    if change.kind == "constraint":
        of_table = split_name(change.name)[0] == owner
    else:
        table = owner if "." in owner else f"public.{owner}"
        of_table = change.kind == "index" and f" ON {table} " in change.before
    return of_table and bool(re.search(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", change.before))


def with_consequences(
    finding: Finding, parts: Sequence[CatalogueChange], restore: Callable[[CatalogueChange], str]
) -> Finding:
    """Add what follows from a difference to its finding."""
    from revgate.postgres.snapshot.describe import label

    fates = {"left": "left behind", "gone": "not restored", "changed": "left different"}
    related = (
        Related(finding.path, finding.line, f"the {label(each)} is {fates[each.how]} as well")
        for each in parts
    )
    ways = (removal_help(each) if each.how == "left" else restore(each) for each in parts)
    helps = dict.fromkeys((finding.help, *ways))
    return finding._replace(help="\n".join(helps), related=(*finding.related, *related))


def removal_help(change: CatalogueChange) -> str:
    """Return how to drop an object that a downgrade left behind."""
    from revgate.postgres.snapshot.describe import drop_statement, label

    if operation := _operation(change):
        return _add(operation)
    if change.kind == "enum label":
        owner, name = split_name(change.name)
        return (
            f"PostgreSQL cannot drop an enum label: in `downgrade()`, create a type without"
            f" {name}, alter the columns to it, drop `{owner}` and rename the new type"
        )
    if statement := drop_statement(change):
        return _add(execute_operation(statement))
    return f"undo the {label(change)} in `downgrade()`"


def restoration_help(change: CatalogueChange) -> str:
    """Return how to restore an object that a downgrade dropped or left altered."""
    from revgate.postgres.snapshot.describe import label, restore_statement

    if statement := restore_statement(change):
        return _add(execute_operation(statement))
    if change.how == "gone":
        return f"create the {label(change)} in `downgrade()`, or do not drop it there"
    if change.kind == "column":
        return f"alter `{change.name}` back to `{change.before}` in `downgrade()`"
    before = truncate(" ".join(change.before.split()), 200, "...")
    return f"restore the {label(change)} in `downgrade()` as it was: {before}"


def _operation(change: CatalogueChange) -> str:
    """Return the Alembic operation that drops an object; empty where SQL is needed."""
    if change.kind == "table":
        schema, table = name_parts(change.name)
        return f'op.drop_table("{table}"{_schema_argument(schema)})'
    owner, part = split_name(change.name)
    schema, table = name_parts(owner)
    name, argument = unquoted(part), _schema_argument(schema)
    match change.kind:
        case "column":
            return f'op.drop_column("{table}", "{name}"{argument})'
        case "constraint":
            return f'op.drop_constraint("{name}", "{table}"{argument})'
        case "default":
            return f'op.alter_column("{table}", "{name}", server_default=None{argument})'
        case _:
            return ""


def _schema_argument(schema: str) -> str:
    return f', schema="{schema}"' if schema else ""


def _add(line: str) -> str:
    return f"add to `downgrade()`: `{line}`"


def execute_operation(statement: str) -> str:
    """Return the Alembic operation that runs a statement."""
    return f"op.execute({_literal(statement)})"


def _literal(text: str) -> str:
    """Return a string of Python that means a text, in the quotes that need no escapes."""
    if "\\" in text or not text.isprintable():
        return ascii(text) if not text.isprintable() else repr(text)
    for quotes in ('"', "'"):
        if quotes not in text:
            return f"{quotes}{text}{quotes}"
    end = " " if text.endswith('"') else ""
    return f'"""{text}{end}"""' if '"""' not in text else repr(text)
