"""The models against the database at the head: Alembic's comparison, and the catalogues of both.

Alembic compares tables, columns, indexes, keys and comments, as env.py configures it. What it does
not look at is seen by having both: a database made by the revisions and one made from the models,
whose catalogues PostgreSQL writes in the same words. Knows what the agent tells; not how it knows.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.connect import Address, connect
from revgate.postgres.names import name_parts, shown_name, split_name, unquoted
from revgate.roundtrip.observed import ModelDifference, Models, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.postgres.snapshot import Key, Snapshot

Table = tuple[str, str]
"""Schema and name, not quoted."""


class Told(NamedTuple):
    """What the agent tells of the models."""

    default_schema: str
    defaults: bool
    """Whether defaults may be compared: not where env.py has a function of its own for that."""
    tables: frozenset[Table]
    differences: tuple[dict[str, Any], ...]
    ddl: tuple[str, ...]
    schemas: tuple[str, ...]
    enums: tuple[Table, ...]
    classes: dict[Table, dict[str, Any]]


def read_told(answer: dict[str, Any]) -> Told:
    """Read the agent's answer, one that names models."""
    return Told(
        answer["default_schema"],
        answer["defaults"],
        frozenset((schema, name) for schema, name in answer["tables"]),
        tuple(answer["differences"]),
        tuple(each["sql"] for each in answer["ddl"]),
        tuple(answer["schemas"]),
        tuple((schema, name) for schema, name in answer["enums"]),
        {(each["schema"], each["table"]): each for each in answer["classes"]},
    )


# -- A database made from the models -------------------------------------------------------------


def build(address: Address, told: Told) -> list[str]:
    """Put the models' own tables and enums in the place of those that revisions made.

    In the migrated database, not in an empty one: functions, domains and extensions that the
    models' defaults and checks call are there.

    Args:
        address: A throwaway database at the head, which is changed.
        told: The models.

    Returns:
        Why statements failed, each with its first line; their tables are absent afterwards.
    """
    import psycopg2
    from psycopg2 import sql

    problems: list[str] = []
    with closing(connect(address)) as connection, connection.cursor() as cursor:
        path = sql.SQL("SET search_path = {}, public").format(sql.Identifier(told.default_schema))
        cursor.execute(path)
        for schema in told.schemas:
            _run(cursor, "CREATE SCHEMA IF NOT EXISTS {}", (schema,))
        for table in sorted(told.tables):
            _run(cursor, "DROP TABLE IF EXISTS {} CASCADE", table)
        for enum in told.enums:
            _run(cursor, "DROP TYPE IF EXISTS {} CASCADE", enum)
        for statement in told.ddl:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                first = statement.splitlines()[0].strip()
                problems.append(f"`{first}`: {error.diag.message_primary}")
    return problems


def _run(cursor: Any, statement: str, name: Sequence[str]) -> None:
    """Run a statement on a name; a view in the place of a table, say, stays as it is."""
    import psycopg2
    from psycopg2 import sql

    try:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(*name)))
    except psycopg2.Error:
        return


# -- What is concluded ---------------------------------------------------------------------------


class Comparison:
    """Everything that is known at the end of a round trip about models and database."""

    def __init__(
        self,
        told: Told,
        steps: Sequence[Step],
        snapshots: Sequence[Snapshot],
        built: Snapshot | None,
        root: str,
    ) -> None:
        """Take what is known.

        Args:
            told: The models.
            steps: All revisions.
            snapshots: The catalogue before the first of them and after each.
            built: The catalogue of a database made from the models; None where there is none.
            root: The repository root.
        """
        self._told = told
        self._steps = steps
        self._snapshots = snapshots
        self._head = snapshots[-1]
        self._built = built
        self._root = os.path.realpath(root)
        self._names = {
            name_parts(name): name
            for kind, name in self._head
            if kind in ("table", "view", "materialized view")
        }

    def conclude(self) -> Models:
        """Return what differs."""
        missing = sorted(table for table in self._told.tables if table not in self._names)
        unmapped = sorted(
            table for table in map(_table, self._operations("DropTableOp")) if self._counts(table)
        )
        return Models(
            len(self._told.tables),
            tuple(self._missing(table) for table in missing),
            tuple(self._unmapped(table) for table in unmapped),
            (*self._by_alembic({*missing, *unmapped}), *self._by_catalogue()),
        )

    def _operations(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (each for each in self._told.differences if each["operation"] in kinds)

    def _counts(self, table: Table) -> bool:
        """Tell whether it is a table of its own: no partition, none of an extension."""
        name = self._names.get(table)
        return name is not None and self._head.get(("table", name), ("table",))[0] != "table"

    def _missing(self, table: Table) -> ModelDifference:
        codes = (
            each["code"] for each in self._operations("CreateTableOp") if _table(each) == table
        )
        fact = f"the models have the table `{self._shown(table)}`, and no revision makes it"
        return self._difference(table, fact, next(codes, ""))

    def _unmapped(self, table: Table) -> ModelDifference:
        fact = f"no model knows the table `{self._shown(table)}`"
        return self._difference(table, fact, "", in_database=True)

    # Alembic's own comparison.

    def _by_alembic(self, apart: set[Table]) -> Iterator[ModelDifference]:
        # An index that is defined otherwise is dropped and made again.
        wanted = [each for each in self._told.differences if _table(each) not in apart]
        wanted = [each for each in wanted if not each["operation"].endswith("TableOp")]
        made = {_thing(each) for each in wanted if each["operation"].startswith("Create")}
        gone = {_thing(each) for each in wanted if each["operation"].startswith("Drop")}
        for each in wanted:
            if _table(each) not in self._names:
                continue
            twice = each["name"] and _thing(each) in made & gone
            if twice and each["operation"].startswith("Drop"):
                continue
            yield self._operation(each, otherwise=bool(twice))

    def _operation(self, told: dict[str, Any], *, otherwise: bool) -> ModelDifference:
        table, name, kind = _table(told), told["name"], told["operation"]
        thing = (
            f"{_WORDS.get(kind, 'object')} `{name or 'without a name'}` of `{self._shown(table)}`"
        )
        if kind == "AlterColumnOp":
            return self._altered(told)
        if otherwise:
            fact = f"{thing} is another in the models than in the database"
        elif kind.startswith("Drop"):
            fact = f"{thing} is in the database, and the models do not have it"
            return self._difference(table, fact, told["code"], name, in_database=True)
        else:
            fact = f"the models have {thing}, and no revision makes it"
        return self._difference(table, fact, told["code"], name)

    def _altered(self, told: dict[str, Any]) -> ModelDifference:
        table, column = _table(told), told["name"]
        fact = self._differs_in_both(table, column)
        if not fact:
            words = " and ".join(told["altered"]) or "definition"
            thing = f"column `{self._shown(table)}.{column}`"
            fact = f"{thing} has another {words} in the models than in the database"
        return self._difference(table, fact, told["code"], column)

    def _differs_in_both(self, table: Table, column: str) -> str:
        """Say how a column differs, by the catalogues; empty where these do not tell."""
        for key in self._head:
            if key[0] == "column" and _column(key[1]) == (table, column):
                return self._sides(key, defaults=True)
        return ""

    def _sides(self, key: Key, *, defaults: bool) -> str:
        """Say what a column is in the database and in the models; empty where that is the same."""
        if self._built is None or key not in self._built:
            return ""
        ours, theirs = (_plain(each[key][2]) for each in (self._head, self._built))
        if defaults:
            ours += _default_of(self._head.get(("default", key[1])))
            theirs += _default_of(self._built.get(("default", key[1])))
        if ours == theirs:
            return ""
        table, column = _column(key[1])
        thing = f"column `{self._shown(table)}.{column}`"
        return f"{thing} is `{ours}` in the database and `{theirs}` in the models"

    # What Alembic does not look at.

    def _by_catalogue(self) -> Iterator[ModelDifference]:
        if self._built is None:
            return
        told = {(_table(each), each["name"]) for each in self._operations("AlterColumnOp")}
        yield from self._columns(told)
        yield from self._checks(self._built)
        yield from self._labels(self._built)

    def _columns(self, told: set[tuple[Table, str]]) -> Iterator[ModelDifference]:
        for key in self._head:
            if key[0] != "column":
                continue
            table, column = _column(key[1])
            if table not in self._told.tables or (table, column) in told:
                continue
            if fact := self._sides(key, defaults=self._told.defaults):
                yield self._difference(table, fact, "", column)

    def _checks(self, built: Snapshot) -> Iterator[ModelDifference]:
        """Compare CHECKs by what they say: a name is the naming convention's affair."""
        ours, theirs = _checks_of(self._head), _checks_of(built)
        for table in sorted(self._told.tables & set(map(name_parts, _tables(built)))):
            if table not in self._names:
                continue
            mine, models = ours.get(table, Counter()), theirs.get(table, Counter())
            for check in sorted(mine - models):
                fact = f"`{check}` of `{self._shown(table)}` is not in the models"
                yield self._difference(table, fact, "", in_database=True)
            for check in sorted(models - mine):
                fact = (
                    f"`{check}` of `{self._shown(table)}` is in the models, and no revision adds it"
                )
                yield self._difference(table, fact, "")

    def _labels(self, built: Snapshot) -> Iterator[ModelDifference]:
        for key, (_, _, ours) in self._head.items():
            theirs = built.get(key)
            wanted = key[0] == "enum order" and name_parts(key[1]) in self._told.enums
            if not wanted or theirs is None or theirs[2] == ours:
                continue
            name = key[1].removeprefix("public.")
            fact = f"enum `{name}` has {ours} in the database and {theirs[2]} in the models"
            step = self._touched(("enum order", key[1]))
            yield ModelDifference(fact, "", step, self._user_of(key[1]), in_database=False)

    # Where it is, and what it is called.

    def _user_of(self, enum: str) -> tuple[str, int] | None:
        """Return the model of the first column that has a type."""
        bare = enum.removeprefix("public.")
        for key, (_, _, facts) in sorted(self._head.items()):
            if key[0] == "column" and facts.partition(" ")[0].removeprefix("public.") == bare:
                return self._place(*_column(key[1]))
        return None

    def _difference(
        self, table: Table, fact: str, fix: str, part: str = "", *, in_database: bool = False
    ) -> ModelDifference:
        """Return a difference in a table, or in what belongs to it and has a name."""
        touched = self._touched(self._key(table, part))
        return ModelDifference(fact, fix, touched, self._place(table, part), in_database)

    def _key(self, table: Table, part: str) -> Key:
        name = self._names.get(table, "")
        for key, (_, owner, _) in self._head.items():
            is_part = part and owner == name and key[0] in _PARTS
            if is_part and unquoted(split_name(key[1])[1]) == part:
                return key
        return ("table", name)

    def _touched(self, key: Key) -> Step:
        """Return the revision that changed an object last."""
        for index in range(len(self._snapshots) - 1, 0, -1):
            if self._snapshots[index].get(key) != self._snapshots[index - 1].get(key):
                return self._steps[index - 1]
        return self._steps[-1]

    def _place(self, table: Table, column: str) -> tuple[str, int] | None:
        known = self._told.classes.get(table)
        if known is None:
            return None
        path = os.path.relpath(os.path.realpath(known["path"]), self._root)
        if path.startswith(os.pardir):
            return None
        return path.replace(os.sep, "/"), known["columns"].get(column, known["line"])

    def _shown(self, table: Table) -> str:
        return shown_name(*table)


_PARTS = ("column", "index", "constraint")
_WORDS = {
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


def _table(told: dict[str, Any]) -> Table:
    return told["schema"], told["table"]


def _thing(told: dict[str, Any]) -> tuple[str, str, str]:
    """Return what an operation is about; a constraint and the index behind it have one name."""
    return told["schema"], told["table"], told["name"]


def _column(name: str) -> tuple[Table, str]:
    """Return the table and the bare name of a column of a snapshot."""
    owner, column = split_name(name)
    return name_parts(owner), unquoted(column)


def _tables(snapshot: Snapshot) -> Iterator[str]:
    return (name for kind, name in snapshot if kind == "table")


_BEYOND_MODELS = re.compile(r" (?:STORAGE |COMPRESSION |STATISTICS |\(n_distinct|OPTIONS \().*")


def _plain(facts: str) -> str:
    """Return a column without what no model can say."""
    return _BEYOND_MODELS.sub("", facts)


def _default_of(entry: tuple[str, str, str] | None) -> str:
    if entry is None:
        return ""
    # A sequence keeps its name when its table is given another.
    text = re.sub(r"nextval\('[^']*'::regclass\)", "nextval(...)", entry[2])
    return f" DEFAULT {text}"


def _checks_of(snapshot: Snapshot) -> dict[Table, Counter[str]]:
    found: dict[Table, Counter[str]] = {}
    for (kind, _), (_, owner, facts) in snapshot.items():
        if kind == "constraint" and facts.startswith("CHECK "):
            text = facts.removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
            found.setdefault(name_parts(owner), Counter())[text] += 1
    return found
