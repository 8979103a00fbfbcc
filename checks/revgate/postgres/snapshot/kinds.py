"""Every kind of object that a snapshot has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.snapshot import database, grants, routines, tables, types
from revgate.postgres.snapshot.comments import COMMENT

if TYPE_CHECKING:
    from revgate.postgres.snapshot.kind import Kind

KINDS = (
    database.SCHEMA,
    database.EXTENSION,
    database.ROLE,
    database.SETTING,
    database.LARGE_OBJECT,
    types.TYPE,
    types.ENUM_LABEL,
    types.ENUM_ORDER,
    routines.FUNCTION,
    routines.AGGREGATE,
    routines.OPERATOR,
    routines.OPERATOR_FAMILY,
    routines.OPERATOR_CLASS,
    routines.COLLATION,
    routines.TEXT_SEARCH_DICTIONARY,
    routines.TEXT_SEARCH_CONFIGURATION,
    routines.CAST,
    routines.LANGUAGE,
    routines.ACCESS_METHOD,
    database.FOREIGN_DATA_WRAPPER,
    database.SERVER,
    database.USER_MAPPING,
    tables.SEQUENCE,
    tables.TABLE,
    tables.COLUMN,
    tables.DEFAULT,
    tables.CONSTRAINT,
    tables.INDEX,
    tables.STATISTICS,
    tables.TRIGGER,
    tables.POLICY,
    tables.RULE,
    tables.VIEW,
    database.EVENT_TRIGGER,
    database.PUBLICATION,
    database.SUBSCRIPTION,
    grants.GRANT,
    grants.OWNER,
    grants.DEFAULT_PRIVILEGES,
    COMMENT,
)
"""Every kind, as a rule after those that its objects depend on; drops go the other way."""
KIND_OF: dict[str, Kind] = {title: kind for kind in KINDS for title in kind.titles}


def queries() -> list[str]:
    """Return the SQL of all kinds, which decides what a snapshot contains."""
    return [query.sql for kind in KINDS for query in kind.queries]
