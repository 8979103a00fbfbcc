"""What reaches beyond the database, and what of a server a throwaway one cannot have.

Knows tablespaces and settings of the whole server: no snapshot of a database shows them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from revgate.errors import CannotJudgeError
from revgate.history.revision import Revision
from revgate.roundtrip.observed import ServerFacts, Step

_BEYOND = re.compile(
    r"(?i)^\s*(ALTER\s+SYSTEM|(?:CREATE|ALTER|DROP)\s+TABLESPACE|(?:CREATE|DROP)\s+DATABASE)\b"
)


def beyond(steps: Iterable[Step]) -> Iterator[str]:
    """Yield a note for each statement about the whole server, whose undoing nobody looked at."""
    for step in steps:
        for statement in step.statements:
            if _BEYOND.match(statement.sql):
                yield (
                    f"`{step.revision.id}` runs `{statement.sql[:80]}`, which is about the whole"
                    " server: whether the downgrade undoes it was not looked at"
                )


def explain_tablespace(revision: Revision, failure: dict[str, Any], server: ServerFacts) -> None:
    """Raise when a failure is only that the server lacks a tablespace.

    Raises:
        CannotJudgeError: It is; says which, and what to do.
    """
    found = re.match(r'tablespace "([^"]+)" does not exist', failure["message"])
    made = re.match(r"(?i)\s*CREATE\s+TABLESPACE\s+(\"[^\"]+\"|\w+)", failure["statement"])
    if not found and not made:
        return
    name = (found or made)[1].strip('"')  # type: ignore[index]  # one of them is there
    what = "uses" if found else "creates"
    raise CannotJudgeError(
        f"{revision.path}:{failure['line']} {what} the tablespace `{name}`, which this server"
        f" ({server.kind}, PostgreSQL {server.version}) "
        + ("does not have" if found else f"cannot make: {failure['message']}")
        + "\na tablespace is a folder of one machine: make it on a server for"
        " `--database-url`, and let the revision create it only where it is missing"
    )
