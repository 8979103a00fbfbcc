"""Guards statements that name a database.

The name of the production database is replaced by the throwaway's. Statements about any other
database are refused. Only statements that go through SQLAlchemy are seen; the relay sees all that
go to a server that was named.
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


def guard_server(target: Target) -> None:
    """Check every statement before it runs."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def check(
        _connection: Any, _cursor: Any, statement: Any, parameters: Any, _context: Any, _many: Any
    ) -> Any:
        return checked(target, statement), parameters

    event.listen(Engine, "before_cursor_execute", check, retval=True)


def checked(target: Target, statement: str) -> str:
    """Return a statement, with the name of its database replaced; refuse what is not allowed."""
    if not re.search(r"\bDATABASE\b", statement, re.IGNORECASE):
        return statement
    found = _REFUSED.search(statement)
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
