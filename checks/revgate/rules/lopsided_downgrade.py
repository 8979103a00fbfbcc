"""The downgrade does not mirror the upgrade.

## Why it hurts
What the downgrade forgets stays behind: the next upgrade stops with "already exists", or an enum
keeps an unknown label. What it drops without the upgrade having created it belongs to another
revision. `op.drop_table` does not drop the enum types that were created with the table.

Functions that cannot be fully analyzed are skipped: those with branches, loops, SQL that is built
at run time, or calls to other code.

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

from typing import TYPE_CHECKING, NamedTuple

from revgate.rules import DOWNGRADE, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Effect, Effects, Script

Key = tuple[str, str, str | None]


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
        carriers = {("table", "", effect.table)}
        carriers |= {("column", effect.table, column) for column in effect.columns}
        return bool(gone & carriers) or _among(effect, gone)

    def came(self, effect: Effect) -> bool:
        """Whether an object was created: by name, unnamed, or with its table or column."""
        if _key(effect) in self.created:
            return True
        made = {*self.created, *self.touched}
        if ("table", "", effect.table) in made or _among(effect, made):
            return True
        if effect.kind not in ("index", "constraint"):
            return False
        # `index=True`, `unique=True` and `sa.ForeignKey(...)` belong to a column that is not
        # recorded, and `drop_index` does not even need to name the table.
        return any(
            kind in ("column", "table") and effect.table in (table, "") for kind, table, _ in made
        )


@rule(severity=WARNING, group=DOWNGRADE)
def lopsided_downgrade(script: Script) -> Iterator[Finding]:
    """Yield what only one of the two functions does."""
    if not (script.upgrade.does_something and script.downgrade.does_something):
        return
    names = _renamed(script.upgrade_effects, script.downgrade_effects)
    up, down = _net(script.upgrade_effects, names), _net(script.downgrade_effects, names)
    if up.created.keys() != down.dropped.keys() or up.dropped.keys() != down.created.keys():
        yield from _differences(script, up, down)


def _differences(script: Script, up: _Net, down: _Net) -> Iterator[Finding]:
    if down.complete:
        for effect in up.created.values():
            if not down.went(effect):
                yield _finding(
                    script,
                    effect,
                    "creates",
                    "`downgrade()` does not drop it",
                    f"add to `downgrade()`: `{_drop(effect)}`",
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
    if up.complete:
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
    # Indexes and types are identified by name alone; `drop_index` often names no table.
    table = effect.table if effect.kind in ("column", "constraint", "trigger", "policy") else ""
    return effect.kind, table, effect.name


def _among(effect: Effect, keys: set[Key]) -> bool:
    """Whether an object is among others; an unnamed one can be any of its kind on that table."""
    kind, table, name = _key(effect)
    if name is None:
        return any(key[:2] == (kind, table) for key in keys)
    return not keys.isdisjoint({(kind, table, name), (kind, table, None)})


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
            touched.add(key)
    return _Net(created, dropped, touched, effects.complete)


def _title(effect: Effect) -> str:
    name = f"`{effect.name}`" if effect.name else "without a name"
    of = f" of `{effect.table}`" if effect.table and effect.kind != "table" else ""
    return f"{effect.kind} {name}{of}"


def _drop(effect: Effect) -> str:
    match effect.kind:
        case "table":
            return f'op.drop_table("{effect.name}")'
        case "column":
            return f'op.drop_column("{effect.table}", "{effect.name}")'
        case "index":
            return f'op.drop_index("{effect.name}", table_name="{effect.table}")'
        case "constraint":
            name = f'"{effect.name}"' if effect.name else "None"
            return f'op.drop_constraint({name}, "{effect.table}")'
        case "trigger" | "policy" | "rule":
            return f'op.execute("DROP {effect.kind.upper()} {effect.name} ON {effect.table}")'
    return f'op.execute("DROP {effect.kind.upper()} {effect.name}")'
