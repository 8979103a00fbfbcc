"""Compares the models with the database at the head.

Alembic's own comparison, as env.py configures it, covers tables, columns, indexes, keys and
comments. The rest is found by comparing the catalogs of two databases, one built by the revisions
and one built from the models. They also refute what Alembic reports wrongly.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.names import name_parts, shown_name, split_name, unquoted
from revgate.roundtrip.observed import ModelDifference, Models, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.postgres.snapshot import Key, Snapshot
    from revgate.roundtrip.answers import ModelOperation, ModelReport, Table


class _Sides(NamedTuple):
    """A column in the database and in the models, as PostgreSQL describes it."""

    actual: str
    modeled: str

    @property
    def is_minor(self) -> bool:
        """Whether only the default or a length differs."""
        return _plain(self.actual) == _plain(self.modeled)


def _plain(column: str) -> str:
    return re.sub(r"\(\d+(?:,\d+)?\)", "", column.partition(" DEFAULT ")[0])


class Comparison:
    """The models and the database at the end of a round trip."""

    def __init__(
        self,
        report: ModelReport,
        steps: Sequence[Step],
        snapshots: Sequence[Snapshot],
        built: Snapshot | None,
        root: str,
    ) -> None:
        """Take what is compared.

        Args:
            report: The models, with Alembic's own comparison.
            steps: All revisions.
            snapshots: Before the first of them, and after each.
            built: A snapshot of the database built from the models, if there is one.
            root: The repository root.
        """
        self._report = report
        self._steps = steps
        self._snapshots = snapshots
        self._head = snapshots[-1]
        self._built = built
        self._root = os.path.realpath(root)
        self._ours = _Parts.of(self._head)
        self._theirs = _Parts.of(built or {})
        self._names = {
            name_parts(name): name
            for kind, name in self._head
            if kind in ("table", "view", "materialized view")
        }

    def conclude(self) -> Models:
        """Return the differences."""
        missing = sorted(table for table in self._report.tables if table not in self._names)
        dropped = {*map(_table, self._operations("DropTableOp"))}
        # Alembic looks for a table of MetaData(schema="public") only in that schema.
        misread = dropped & self._report.tables
        unmapped = sorted(filter(self._is_independent, dropped - misread))
        return Models(
            len(self._report.tables),
            tuple(self._missing(table) for table in missing),
            tuple(self._unmapped(table) for table in unmapped),
            (*self._by_alembic({*missing, *unmapped}), *self._by_catalogue(misread)),
            self._report.problem if self._report.differences is None else "",
        )

    def _operations(self, *kinds: str) -> Iterator[ModelOperation]:
        return (each for each in self._report.differences or () if each.operation in kinds)

    def _is_independent(self, table: Table) -> bool:
        """Tell whether a table is neither a partition nor part of an extension."""
        name = self._names.get(table)
        return name is not None and self._head.get(("table", name), ("table",))[0] != "table"

    def _missing(self, table: Table) -> ModelDifference:
        codes = (each.code for each in self._operations("CreateTableOp") if _table(each) == table)
        fact = f"the models have the table `{self._shown(table)}`, and no revision creates it"
        return self._difference(table, fact, next(codes, ""))

    def _unmapped(self, table: Table) -> ModelDifference:
        fact = f"no model maps the table `{self._shown(table)}`"
        return self._difference(table, fact, "", in_database=True)

    # Alembic's own comparison

    def _by_alembic(self, apart: set[Table]) -> Iterator[ModelDifference]:
        # An index with another definition is dropped and created again.
        every = self._report.differences or ()
        operations = [each for each in every if _table(each) not in apart]
        operations = [each for each in operations if not each.operation.endswith("TableOp")]
        created = {_thing(each) for each in operations if each.operation.startswith("Create")}
        dropped = {_thing(each) for each in operations if each.operation.startswith("Drop")}
        for each in operations:
            if not each.table:
                yield from self._without_table(each)
                continue
            if _table(each) not in self._names or self._is_refuted(each):
                continue
            replaced = bool(each.name) and _thing(each) in created & dropped
            if replaced and each.operation.startswith("Drop"):
                continue
            if each.operation == "AlterColumnOp":
                yield from self._altered(each)
            else:
                yield self._difference_of(each, replaced=replaced)

    def _without_table(self, operation: ModelOperation) -> Iterator[ModelDifference]:
        """Report an operation of a plugin, such as the ones for functions, views and enums."""
        if (operation.schema, operation.name) in self._report.enums and self._built is not None:
            return  # its labels are compared below
        what = operation.code or f"{operation.operation} {operation.name}".strip()
        fact = f"the models and the database differ: Alembic's comparison asks for `{what}`"
        other = ("", shown_name(operation.schema or "public", operation.name))
        head = self._steps[-1]
        yield ModelDifference(fact, operation.code, head, None, in_database=False, other=other)

    def _is_refuted(self, operation: ModelOperation) -> bool:
        """Tell whether both databases have the same, for PostgreSQL, whatever Alembic reports."""
        if self._built is None or operation.operation not in _NOUNS:
            return False
        ours, theirs = (
            each.named(_table(operation), operation.name) for each in (self._ours, self._theirs)
        )
        return bool(ours) and ours == theirs

    def _difference_of(self, operation: ModelOperation, *, replaced: bool) -> ModelDifference:
        table, name, kind = _table(operation), operation.name, operation.operation
        noun = _NOUNS.get(kind, "object")
        named = f"{noun} `{name}`" if name else f"unnamed {noun}"
        thing = f"{named} of `{self._shown(table)}`"
        if replaced:
            fact = f"{thing} differs between the models and the database"
        elif kind.startswith("Drop"):
            fact = f"{thing} is in the database, and the models do not have it"
            return self._difference(table, fact, operation.code, name, in_database=True)
        else:
            fact = f"the models have {thing}, and no revision creates it"
        return self._difference(table, fact, operation.code, name)

    def _altered(self, operation: ModelOperation) -> Iterator[ModelDifference]:
        table, column = _table(operation), operation.name
        key = self._ours.columns.get((table, column))
        sides = key and self._sides(key, defaults=True)
        if sides and sides.actual != sides.modeled:
            fact, is_minor = self._described(table, column, sides), sides.is_minor
        elif sides and {*operation.altered} <= {"type", "nullability", "default"}:
            return  # for PostgreSQL, both are the same
        else:
            aspects = " and ".join(operation.altered) or "definition"
            thing = f"column `{self._shown(table)}.{column}`"
            fact = f"{thing} has another {aspects} in the models than in the database"
            is_minor = operation.altered == ("default",)
        found = self._difference(table, fact, operation.code, column)
        yield found._replace(is_minor=is_minor)

    def _sides(self, key: Key, *, defaults: bool) -> _Sides | None:
        """Return what a column is in the database and in the models; None if one lacks it."""
        if self._built is None or key not in self._built:
            return None
        sides = _Sides(*(_comparable(each[key][2]) for each in (self._head, self._built)))
        if not defaults:
            return sides
        ours, theirs = (
            _default_of(each.get(("default", key[1]))) for each in (self._head, self._built)
        )
        return _Sides(sides.actual + ours, sides.modeled + theirs)

    def _described(self, table: Table, column: str, sides: _Sides) -> str:
        return (
            f"column `{self._shown(table)}.{column}` is `{sides.actual}` in the database and"
            f" `{sides.modeled}` in the models"
        )

    # What Alembic does not compare

    def _by_catalogue(self, misread: set[Table]) -> Iterator[ModelDifference]:
        if self._built is None:
            return
        known = {(_table(each), each.name) for each in self._operations("AlterColumnOp")}
        yield from self._columns(known)
        lacking = self._report.tables if self._report.differences is None else misread
        yield from self._columns_of_one_side(lacking, self._built)
        yield from self._checks(self._built)
        yield from self._labels(self._built)

    def _columns(self, known: set[tuple[Table, str]]) -> Iterator[ModelDifference]:
        for key in self._head:
            if key[0] != "column":
                continue
            table, column = _column(key[1])
            if table not in self._report.tables or (table, column) in known:
                continue
            sides = self._sides(key, defaults=self._report.defaults)
            if sides and sides.actual != sides.modeled:
                found = self._difference(table, self._described(table, column, sides), "", column)
                yield found._replace(is_minor=sides.is_minor)

    def _columns_of_one_side(
        self, tables: Iterable[Table], built: Snapshot
    ) -> Iterator[ModelDifference]:
        """Report whole columns, of tables that Alembic has not compared."""
        both = {*tables} & {*self._names} & {*map(name_parts, _tables(built))}
        ours, theirs = (
            {_column(name) for kind, name in each if kind == "column"}
            for each in (self._head, built)
        )
        for table, column in sorted(ours ^ theirs):
            if table not in both:
                continue
            thing = f"column `{column}` of `{self._shown(table)}`"
            if (table, column) in ours:
                fact = f"{thing} is in the database, and the models do not have it"
                yield self._difference(table, fact, "", column, in_database=True)
            else:
                fact = f"the models have {thing}, and no revision creates it"
                yield self._difference(table, fact, "", column)

    def _checks(self, built: Snapshot) -> Iterator[ModelDifference]:
        """Compare CHECK constraints by their conditions: names depend on a naming convention."""
        actual, modeled = _checks_of(self._head), _checks_of(built)
        for table in sorted(self._report.tables & set(map(name_parts, _tables(built)))):
            if table not in self._names:
                continue
            ours, theirs = actual.get(table, Counter()), modeled.get(table, Counter())
            for check in sorted(ours - theirs):
                fact = f"`{check}` of `{self._shown(table)}` is not in the models"
                yield self._difference(table, fact, "", in_database=True)
            for check in sorted(theirs - ours):
                fact = (
                    f"`{check}` of `{self._shown(table)}` is in the models, and no revision adds it"
                )
                yield self._difference(table, fact, "")

    def _labels(self, built: Snapshot) -> Iterator[ModelDifference]:
        for key, (_, _, ours) in self._head.items():
            theirs = built.get(key)
            is_modeled = key[0] == "enum order" and name_parts(key[1]) in self._report.enums
            if not is_modeled or theirs is None or theirs[2] == ours:
                continue
            name = key[1].removeprefix("public.")
            fact = f"enum `{name}` has {ours} in the database and {theirs[2]} in the models"
            step = self._touched(("enum order", key[1]))
            place = self._user_of(key[1])
            other = ("type", name)
            yield ModelDifference(fact, "", step, place, in_database=False, other=other)

    # Places and names

    def _user_of(self, enum: str) -> tuple[str, int] | None:
        """Return the place of the model whose column has this type."""
        bare = enum.removeprefix("public.")
        for key, (_, _, facts) in sorted(self._head.items()):
            if key[0] == "column" and facts.partition(" ")[0].removeprefix("public.") == bare:
                return self._place(*_column(key[1]))
        return None

    def _difference(
        self, table: Table, fact: str, fix: str, part: str = "", *, in_database: bool = False
    ) -> ModelDifference:
        """Return a difference in a table, or in a named part of it."""
        touched = self._touched(self._key(table, part))
        place = self._place(table, part)
        return ModelDifference(fact, fix, touched, place, in_database, self._shown(table))

    def _key(self, table: Table, part: str) -> Key:
        found = self._ours.columns.get((table, part)) or self._ours.keys.get((table, part))
        return found or ("table", self._names.get(table, ""))

    def _touched(self, key: Key) -> Step:
        """Return the revision that last changed an object."""
        for index in range(len(self._snapshots) - 1, 0, -1):
            if self._snapshots[index].get(key) != self._snapshots[index - 1].get(key):
                return self._steps[index - 1]
        return self._steps[-1]

    def _place(self, table: Table, column: str) -> tuple[str, int] | None:
        known = self._report.classes.get(table)
        if known is None:
            return None
        path = os.path.relpath(os.path.realpath(known.path), self._root)
        if path.startswith(os.pardir):
            return None
        return path.replace(os.sep, "/"), known.columns.get(column, known.line)

    def _shown(self, table: Table) -> str:
        return shown_name(*table)


_NAMED_PARTS = ("index", "constraint")
_NOUNS = {
    "AddColumnOp": "column",
    "DropColumnOp": "column",
    "CreateIndexOp": "index",
    "DropIndexOp": "index",
    "CreateUniqueConstraintOp": "unique constraint",
    "CreateForeignKeyOp": "foreign key",
    "CreatePrimaryKeyOp": "primary key",
    "CreateCheckConstraintOp": "CHECK",
    "DropConstraintOp": "constraint",
    "CreateTableCommentOp": "comment",
    "DropTableCommentOp": "comment",
}


def _table(operation: ModelOperation) -> Table:
    return operation.schema, operation.table


def _thing(operation: ModelOperation) -> tuple[str, str, str]:
    """Return the object of an operation; a constraint and its index share their name."""
    return operation.schema, operation.table, operation.name


def _column(name: str) -> tuple[Table, str]:
    """Return the table and the unquoted name of a column of a snapshot."""
    owner, column = split_name(name)
    return name_parts(owner), unquoted(column)


class _Parts(NamedTuple):
    """The columns, indexes and constraints of a snapshot, by their tables."""

    columns: dict[tuple[Table, str], Key]
    keys: dict[tuple[Table, str], Key]
    """Of indexes and constraints, by name."""
    definitions: dict[Table, list[tuple[str, str, str]]]
    """Their names, kinds and definitions."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Parts:
        """Return those of a snapshot."""
        found = cls({}, {}, {})
        for key, (_, owner, facts) in snapshot.items():
            if key[0] == "column":
                found.columns[_column(key[1])] = key
            elif key[0] in _NAMED_PARTS:
                table, name = name_parts(owner), unquoted(split_name(key[1])[1])
                found.keys.setdefault((table, name), key)
                found.definitions.setdefault(table, []).append((name, key[0], facts))
        return found

    def named(self, table: Table, name: str) -> Counter[tuple[str, str]]:
        """Return kinds and definitions of a table's parts of a name; "" is any."""
        every = self.definitions.get(table, ())
        return Counter((kind, facts) for each, kind, facts in every if name in ("", each))


def _tables(snapshot: Snapshot) -> Iterator[str]:
    return (name for kind, name in snapshot if kind == "table")


_NOT_IN_MODELS = re.compile(r" (?:STORAGE |COMPRESSION |STATISTICS |\(n_distinct|OPTIONS \().*")


def _comparable(facts: str) -> str:
    """Return a column without what models cannot express."""
    return _NOT_IN_MODELS.sub("", facts)


def _default_of(entry: tuple[str, str, str] | None) -> str:
    if entry is None:
        return ""
    # A sequence keeps its name when its table is renamed.
    text = re.sub(r"nextval\('[^']*'::regclass\)", "nextval(...)", entry[2])
    return f" DEFAULT {text}"


def _checks_of(snapshot: Snapshot) -> dict[Table, Counter[str]]:
    found: dict[Table, Counter[str]] = {}
    for (kind, _), (_, owner, facts) in snapshot.items():
        if kind == "constraint" and facts.startswith("CHECK "):
            text = facts.removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
            found.setdefault(name_parts(owner), Counter())[text] += 1
    return found
