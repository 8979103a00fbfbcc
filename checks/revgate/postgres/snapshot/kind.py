"""What a kind of catalog object is to revgate: its queries, its wording, how it is dropped."""

# ruff: noqa: S608 - SQL made of our own text only

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from revgate.postgres.names import split_name
from revgate.postgres.snapshot.change import CatalogueChange

RELATIONS = """
WITH relation AS MATERIALIZED (
    SELECT c.*, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                          WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type'
                          WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT ({version_table}) AND {restriction}
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
)
"""
"""Relations of user schemas, except those of extensions and the version table."""

UNITS = {"pg_class": 1, "pg_type": 2, "pg_proc": 3}
"""The catalogs whose objects are described again one by one; everything else only as a whole."""

FIRST_OID = 16384
"""The first oid that initdb does not assign. It assigns thousands, and an index skips them."""

USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

Statement = str | Callable[[CatalogueChange], str]
"""A template with the fields of `write`, or a function where a template is not enough."""


class Query(NamedTuple):
    """Lists objects: a part of the one statement that takes a snapshot.

    That statement begins with `RELATIONS`, so every part may read from `relation`. The search path
    is empty while it runs, so PostgreSQL writes every name in full.
    """

    key: tuple[str, str] | None
    """The system catalog and the SQL expression of the oid that identify the object, or the object
    that it is a part of; None where no single oid does."""
    select: str
    """Kind, name (quoted, with its schema), kind and name of what it belongs to (NULL for nothing),
    and one text with everything that is compared."""
    source: str
    """What follows FROM."""
    where: str = "true"
    made_with: str = ""
    """Leaves out objects made by initdb or with another object, by types of dependency: `e` for
    members of an extension, `i` for internal parts of another object. Empty: leaves out none."""
    relation: str = ""
    """The SQL expression of the oid of the relation that the object belongs to, where `key` is not
    that relation."""

    @property
    def unit(self) -> tuple[str, str] | None:
        """The catalog and the SQL expression of the oid of what the object is described with."""
        if self.relation:
            return ("pg_class", self.relation)
        return self.key if self.key and self.key[0] in UNITS else None

    @property
    def sql(self) -> str:
        """The whole query, whose last column is the number of the unit; 0 for none."""
        condition = f"({self.where})"
        if self.key and self.made_with:
            condition += f" AND {standalone(*self.key, self.made_with)}"
        number = f"{self.unit[1]}::int8 * 4 + {UNITS[self.unit[0]]}" if self.unit else "0::int8"
        return f"SELECT {self.select}, {number} FROM {self.source} WHERE {condition}"


class Kind(NamedTuple):
    """Everything revgate knows about a kind of object, or about several that share a query."""

    titles: tuple[str, ...]
    """What snapshots, messages and, in capitals, DROP call it."""
    queries: tuple[Query, ...]
    drop: Statement = "DROP {KIND} {name}"
    """The statement that drops a new object; empty where no single statement does."""
    restore: Statement = ""
    """The statement that creates an object again after it was dropped; empty where its facts are
    not enough."""
    restores_changes: bool = False
    """Whether `restore` also sets back an object that was altered."""
    label: str = "{kind} `{name}`"
    """How messages refer to an object."""
    resettable: bool = False
    """Whether `doctor --reset` drops it by name; other objects go with what they belong to."""
    per_installation: bool = False
    """Whether it differs between installations of one application: owners, grants, roles."""
    binds: str | None = None
    """What the facts of an object begin with that changes what its owner accepts or does; empty for
    every object of the kind, None for none."""
    storage: str = ""
    """A regular expression for the storage options among the facts: how rows are kept."""


def write(statement: Statement, change: CatalogueChange) -> str:
    """Fill in a statement or a label for one object.

    Templates have the fields `kind`, `KIND`, `name`, `owner` and `part` (the name, split), and, of
    the facts before the change, `before`, `line` (on one line) and `literal` (its quotes doubled).
    """
    if not isinstance(statement, str):
        return statement(change)
    owner, part = split_name(change.name)
    return statement.format(
        kind=change.kind,
        KIND=change.kind.upper(),
        name=change.name,
        owner=owner,
        part=part,
        before=change.before,
        line=" ".join(change.before.split()),
        literal=change.before.replace("'", "''"),
    )


def standalone(catalog: str, oid: str, types: str = "e") -> str:
    """Return the condition that an object was made neither by initdb nor with another object.

    Args:
        catalog: The system catalog that holds the object.
        oid: The SQL expression of its oid.
        types: Dependency types: `e` on an extension, `i` internal to another object.
    """
    quoted = ", ".join(f"'{each}'" for each in types)
    return (
        f"{oid} >= {FIRST_OID} AND NOT EXISTS (SELECT 1 FROM pg_depend d"
        f" WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid}"
        f" AND d.deptype IN ({quoted}))"
    )
