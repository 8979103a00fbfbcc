"""Guards statements that name a database, or that affect the whole server.

The name of the production database is replaced by the throwaway's. Statements about any other
database are refused, and so are those about the server if it is shared. Only statements that go
through SQLAlchemy are seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .target import Target

_NAME = r"(\"(?:[^\"]|\"\")+\"|[A-Za-z_][\w$]*)"
_NAMES_DATABASE = re.compile(
    r"\b((?:ALTER|COMMENT\s+ON|IN|(?:GRANT|REVOKE)\b[^;']{1,200}?\bON)\s+DATABASE\s+)" + _NAME,
    re.IGNORECASE,
)
_REFUSED = re.compile(
    rf"\b(DROP\s+DATABASE|ALTER\s+DATABASE\s+{_NAME}\s+(?:RENAME|SET\s+TABLESPACE))\b",
    re.IGNORECASE,
)
_CHANGES_SERVER = re.compile(
    r"^\s*(ALTER\s+SYSTEM|(?:CREATE|ALTER|DROP)\s+TABLESPACE|CREATE\s+DATABASE)\b", re.IGNORECASE
)


def guard_server(target: Target, *, shared: bool) -> None:
    """Check every statement before it runs.

    Args:
        target: The throwaway databases.
        shared: Whether the server is used by others.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def check(
        _connection: Any, _cursor: Any, statement: Any, parameters: Any, _context: Any, _many: Any
    ) -> Any:
        return checked(target, statement, shared=shared), parameters

    event.listen(Engine, "before_cursor_execute", check, retval=True)


def checked(target: Target, statement: str, *, shared: bool) -> str:
    """Return a statement, with the name of its database replaced; refuse what is not allowed."""
    if not re.search(r"\b(?:DATABASE|SYSTEM|TABLESPACE)\b", statement, re.IGNORECASE):
        return statement
    found = _REFUSED.search(statement) or (_CHANGES_SERVER.search(statement) if shared else None)
    if found:
        target.refuse_change(" ".join(found[1].split()))
    return _NAMES_DATABASE.sub(
        lambda found: found[1] + _throwaway_name(target, found[2]), statement
    )


def _throwaway_name(target: Target, written: str) -> str:
    name = written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
    own = target.name_for(name)
    if own is None:
        target.refuse_change(f"a statement about the database `{name}`")
    return f'"{own}"'
