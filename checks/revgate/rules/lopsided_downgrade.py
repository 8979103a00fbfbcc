"""The downgrade does not mirror the upgrade.

## Why it hurts
What the downgrade forgets stays behind: the next upgrade stops with "already exists", or an enum
keeps an unknown label. What it drops without the upgrade having created it belongs to another
revision. `op.drop_table` does not drop the enum types that were created with the table.

Revisions that cannot be fully analyzed are skipped: those with branches, loops, SQL that is built
at run time, or calls to other code. So are names that a naming convention may have changed.
`revgate gate` withdraws the finding if the round trip proves the downgrade.

## Example
    def upgrade() -> None:
        op.create_table("tickets", sa.Column("status", sa.Enum("open", "done", name="status")))

    def downgrade() -> None:
        op.drop_table("tickets")

## Instead
    def downgrade() -> None:
        op.drop_table("tickets")
        op.execute("DROP TYPE status")
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.history.enums import UNSURE
from revgate.history.revision import ANY_COLUMN
from revgate.rules import DOWNGRADE, WARNING, Finding, rule
from revgate.rules._downgrade import execute_operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Effect, Effects, Script

Key = tuple[str, str, str | None]

# Longer names may have been truncated, which replaces their end by a hash.
_TRUNCATED = 50
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


class _Net(NamedTuple):
    """The net effect of one function."""

    created: dict[Key, Effect]
    dropped: dict[Key, Effect]
    touched: set[Key]
    """What it created or dropped conditionally, or dropped and created again."""
    complete: bool

    def went(self, effect: Effect) -> bool:
        """Whether an object is gone: dropped by name, or with its table or one of its columns."""
        if _key(effect) in self.dropped:
            return True
        gone = {*self.dropped, *self.touched}
        carriers: set[Key] = {("table", "", effect.table), ("view", "", effect.table)}
        if effect.kind == "table":  # the parent of a partition
            carriers = {("table", "", parent) for parent in effect.columns}
        carriers |= {("column", effect.table, column) for column in effect.columns}
        if ANY_COLUMN in effect.columns and _column_of(effect.table, gone):
            return True
        return bool(gone & carriers) or _among(effect, gone)

    def came(self, effect: Effect) -> bool:
        """Whether an object was created: by name, unnamed, or with its table or column."""
        if _key(effect) in self.created:
            return True
        made = {*self.created, *self.touched}
        if ("table", "", effect.table) in made or _among(effect, made):
            return True
        if effect.kind in ("sequence", "type"):  # a column may have brought it
            return any(kind in ("column", "table") for kind, _, _ in made)
        if effect.kind not in ("index", "constraint"):
            return False
        # `index=True`, `unique=True` and `sa.ForeignKey(...)` belong to a column that is not
        # recorded, and `drop_index` does not even need to name the table.
        return any(
            kind in ("column", "table", "view") and effect.table in (table, "")
            for kind, table, _ in made
        )


@rule(severity=WARNING, group=DOWNGRADE)
def lopsided_downgrade(script: Script) -> Iterator[Finding]:
    """Yield what only one of the two functions does."""
    if not (script.upgrade.does_something and script.downgrade.does_something):
        return
    if not (script.upgrade_effects.complete and script.downgrade_effects.complete):
        return
    names = _renamed(script.upgrade_effects, script.downgrade_effects)
    up, down = _net(script.upgrade_effects, names), _net(script.downgrade_effects, names)
    up = up._replace(created=_with_parents(up.created))
    if up.created.keys() != down.dropped.keys() or up.dropped.keys() != down.created.keys():
        yield from _differences(script, up, down)


def _differences(script: Script, up: _Net, down: _Net) -> Iterator[Finding]:
    for effect in up.created.values():
        if not down.went(effect):
            yield _finding(
                script, effect, "creates", "`downgrade()` does not drop it", _help(effect, up, down)
            )
    for effect in up.dropped.values():
        if not down.came(effect):
            yield _finding(
                script,
                effect,
                "drops",
                "`downgrade()` does not restore it",
                "create it again in `downgrade()`, as it was before",
            )
    for effect in down.dropped.values():
        if not up.came(effect):
            yield Finding.at(
                script.revision,
                (effect.line, effect.column),
                f"`downgrade()` of `{script.revision.id}` drops the {_title(effect)}, which"
                " `upgrade()` does not create",
                help="drop only what this revision creates",
            )


def _finding(script: Script, effect: Effect, verb: str, lack: str, help_: str) -> Finding:
    return Finding.at(
        script.revision,
        (effect.line, effect.column),
        f"`upgrade()` of `{script.revision.id}` {verb} the {_title(effect)}, and {lack}",
        help=help_,
    )


def _key(effect: Effect) -> Key:
    # Indexes and types are identified by name alone: `drop_index` often names no table, and the
    # schema of an index is that of its table.
    table = effect.table if effect.kind in ("column", "constraint", "trigger", "policy") else ""
    name = effect.name
    if effect.kind in ("index", "type") and name:
        name = name.rpartition(".")[2]
    return effect.kind, table, name


def _among(effect: Effect, keys: set[Key]) -> bool:
    """Whether an object is among others; an unnamed one can be any of its kind on that table."""
    kind, table, name = _key(effect)
    if name is None:
        return any(_alike(key, kind, table) for key in keys)
    if ANY_COLUMN in effect.columns and any(
        key[0] in ("index", "constraint") and key[2] == name for key in keys
    ):
        return True
    return any(_alike(key, kind, table) and _may_be(kind, name, key[2]) for key in keys)


def _alike(key: Key, kind: str, table: str) -> bool:
    """Whether a key is of a kind and, as far as the text shows, of a table."""
    if key[0] != kind:
        return False
    if key[1] == table:
        return True
    # Without a schema, the search path decides; only the same bare name is the same table.
    one, other = key[1].rpartition("."), table.rpartition(".")
    return one[2] == other[2] and not (one[0] and other[0])


def _may_be(kind: str, name: str, other: str | None) -> bool:
    """Whether two names may be of one object: a naming convention wraps or truncates a name."""
    if other is None or name == other:
        return True
    if kind not in ("constraint", "index"):
        return False
    short, long = sorted((name, other), key=len)
    return short in long or len(long) > _TRUNCATED


def _column_of(table: str, keys: set[Key]) -> bool:
    return any(kind == "column" and of == table for kind, of, _ in keys)


def _with_parents(created: dict[Key, Effect]) -> dict[Key, Effect]:
    """Name all tables above a partition, since it is dropped with any of them."""
    parents = {
        each.name: each.columns[0]
        for each in created.values()
        if each.kind == "table" and each.columns
    }
    found = dict(created)
    for key, effect in created.items():
        if effect.kind != "table" or not effect.columns:
            continue
        above = [effect.columns[0]]
        while (parent := parents.get(above[-1])) is not None and parent not in above:
            above.append(parent)
        found[key] = effect._replace(columns=tuple(above))
    return found


def _renamed(*functions: Effects) -> dict[str, str]:
    """Map the names of each renamed table to one of them, so that operations on both match."""
    names: dict[str, str] = {}
    for effects in functions:
        for effect in effects.effects:
            if effect.kind == "table" and effect.table:
                old, new = effect.table, effect.name or ""
                names[old] = names[new] = names.get(old) or names.get(new) or old
    return names


def _net(effects: Effects, names: dict[str, str]) -> _Net:
    created: dict[Key, Effect] = {}
    dropped: dict[Key, Effect] = {}
    touched: set[Key] = set()
    for written in effects.effects:
        effect = written
        if effect.kind != "table" and names.get(effect.table, effect.table) != effect.table:
            effect = effect._replace(table=names[effect.table])
        key = _key(effect)
        if effect.action == "create":
            if key in dropped:
                del dropped[key]
                touched.add(key)
            else:
                created.setdefault(key, effect)
        elif effect.action == "drop":
            if key in created:
                del created[key]
            else:
                dropped[key] = effect
        else:
            created.pop(key, None)
            touched.add(key)
    return _Net(created, dropped, touched, effects.complete)


def _title(effect: Effect) -> str:
    name = f"`{effect.name}`" if effect.name else "without a name"
    of = f" of `{effect.table}`" if effect.table and effect.kind != "table" else ""
    return f"{effect.kind} {name}{of}"


def _help(effect: Effect, up: _Net, down: _Net) -> str:
    """Return what to add to `downgrade()`, and where: in the reverse order of the upgrade."""
    statement = drop_operation(effect)
    if statement is None:
        return f"name the {effect.kind} in `upgrade()`, and drop it by that name in `downgrade()`"
    before = _line_after(effect, up, down)
    where = f" before line {before}" if before else ", at its end"
    return f"add to `downgrade()`{where}: `{statement}`"


def _line_after(effect: Effect, up: _Net, down: _Net) -> int | None:
    """Return the line of `downgrade()` that a drop belongs before; None for its end."""
    earlier = [
        undone.line
        for key, undone in down.dropped.items()
        if (made := up.created.get(key)) is not None and made.line < effect.line
    ]
    # A type goes last: by then, every column of that type is gone, in any order of drops.
    return min(earlier) if earlier and effect.kind != "type" else None


class MissingDrop(NamedTuple):
    """What `downgrade()` has to drop as well."""

    statement: str
    before: int | None
    """The line that it belongs before; None for the end."""


def missing_drops(script: Script) -> list[MissingDrop] | None:
    """Return what to add to a downgrade, in order; None if more is needed to undo the upgrade."""
    if not (script.upgrade_effects.complete and script.downgrade_effects.complete):
        return None
    names = _renamed(script.upgrade_effects, script.downgrade_effects)
    up, down = _net(script.upgrade_effects, names), _net(script.downgrade_effects, names)
    up = up._replace(created=_with_parents(up.created))
    if up.dropped or up.touched:
        return None
    gone = down._replace(dropped=dict(down.dropped))
    found: dict[Key, MissingDrop] = {}
    # A table takes along what belongs to it.
    for key, effect in sorted(up.created.items(), key=lambda pair: pair[0][0] != "table"):
        if gone.went(effect):
            continue
        statement = drop_operation(effect)
        if statement is None:
            return None
        gone.dropped[key] = effect
        found[key] = MissingDrop(statement, _line_after(effect, up, down))
    latest_first = [key for key in reversed(up.created) if key in found]
    # By then, no column is of a type.
    return [found[key] for key in sorted(latest_first, key=lambda key: key[0] == "type")]


def drop_operation(effect: Effect) -> str | None:
    """Return the statement that drops an object; None if nothing names it."""
    if effect.name is None:
        return None
    if effect.form.startswith("sql") or effect.kind not in (
        "table",
        "column",
        "index",
        "constraint",
    ):
        return execute_operation(_drop_sql(effect))
    schema, _, table = effect.table.rpartition(".")
    name = f'"{effect.name}"'
    if effect.form.startswith("f "):
        name = f"op.f({name})"
    of = f', schema="{schema}"' if schema else ""
    match effect.kind:
        case "table":
            schema, _, table = effect.name.rpartition(".")
            of = f', schema="{schema}"' if schema else ""
            return f'op.drop_table("{table}"{of})'
        case "column":
            return f'op.drop_column("{table}", {name}{of})'
        case "index":
            return f'op.drop_index({name}, table_name="{table}"{of})'
    # With its type, the name is made by the same convention as in the upgrade.
    kind = effect.form.removeprefix("f ")
    return f'op.drop_constraint({name}, "{table}"{of}' + (f', type_="{kind}")' if kind else ")")


def _drop_sql(effect: Effect) -> str:
    name, table = _quoted(effect.name or ""), _quoted(effect.table)
    match effect.kind:
        case "column" | "constraint":
            return f"ALTER TABLE {table} DROP {effect.kind.upper()} {name}"
        case "index":
            schema, _, _ = effect.table.rpartition(".")
            return f"DROP INDEX {_quoted(schema)}.{name}" if schema else f"DROP INDEX {name}"
        case "type" if effect.form.startswith(UNSURE):
            schema = _quoted(effect.form.removeprefix(UNSURE))
            return f"DROP TYPE IF EXISTS {name}, {schema}.{name}"
        case "trigger" | "policy" | "rule":
            return f"DROP {effect.kind.upper()} {name} ON {table}"
    return f"DROP {effect.form.removeprefix('sql').strip().upper() or effect.kind.upper()} {name}"


def _quoted(name: str) -> str:
    parts = [each if _PLAIN.fullmatch(each) else f'"{each}"' for each in name.split(".")]
    return ".".join(parts)
