"""Statements about a database by its name, or about the whole server.

Knows SQL's few forms of them, in statements that go through SQLAlchemy. The name that production's
database has becomes the throwaway's; any other database, and the server itself where others use
it, is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .target import Target

_NAME = r"(\"(?:[^\"]|\"\")+\"|[A-Za-z_][\w$]*)"
_ABOUT_DATABASE = re.compile(
    r"\b((?:ALTER|COMMENT\s+ON|IN|(?:GRANT|REVOKE)\b[^;']{1,200}?\bON)\s+DATABASE\s+)" + _NAME,
    re.IGNORECASE,
)
_NEVER = re.compile(
    rf"\b(DROP\s+DATABASE|ALTER\s+DATABASE\s+{_NAME}\s+(?:RENAME|SET\s+TABLESPACE))\b",
    re.IGNORECASE,
)
_ABOUT_SERVER = re.compile(
    r"^\s*(ALTER\s+SYSTEM|(?:CREATE|ALTER|DROP)\s+TABLESPACE|CREATE\s+DATABASE)\b", re.IGNORECASE
)


def guard_server(target: Target, *, shared: bool) -> None:
    """Look at every statement before it runs.

    Args:
        target: The throwaway databases.
        shared: Whether others use the server.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def look(
        _connection: Any, _cursor: Any, statement: Any, parameters: Any, _context: Any, _many: Any
    ) -> Any:
        return checked(target, statement, shared=shared), parameters

    event.listen(Engine, "before_cursor_execute", look, retval=True)


def checked(target: Target, statement: str, *, shared: bool) -> str:
    """Return a statement about the throwaway only; anything else is refused."""
    if not re.search(r"\b(?:DATABASE|SYSTEM|TABLESPACE)\b", statement, re.IGNORECASE):
        return statement
    found = _NEVER.search(statement) or (_ABOUT_SERVER.search(statement) if shared else None)
    if found:
        target.refuse_change(" ".join(found[1].split()))
    return _ABOUT_DATABASE.sub(lambda named: named[1] + _own(target, named[2]), statement)


def _own(target: Target, written: str) -> str:
    name = written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
    own = target.name_for(name)
    if own is None:
        target.refuse_change(f"a statement about the database `{name}`")
    return f'"{own}"'
