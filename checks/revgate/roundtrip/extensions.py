"""A migration that wants an extension which this server does not have: no fault of its own."""

import re
from typing import Any

from revgate.errors import CannotJudgeError
from revgate.history.revision import Revision
from revgate.roundtrip.observed import ServerFacts

# Where an image that has the extension is known; the tag is a PostgreSQL version.
_IMAGES = {
    "vector": "pgvector/pgvector:pg17",
    "postgis": "postgis/postgis:17-3.5",
    "timescaledb": "timescale/timescaledb:latest-pg17",
}


def explain_missing_extension(
    revision: Revision, failure: dict[str, Any], server: ServerFacts
) -> None:
    """Raise when a failure is only that the server lacks an extension.

    Raises:
        CannotJudgeError: It is; says which, and where it can be had.
    """
    found = re.match(r'extension "([^"]+)" is not available', failure["message"])
    if not found and "could not open extension control file" in failure["message"]:
        found = re.search(r"/([^/]+)\.control", failure["message"])
    if not found and failure["statement"].upper().startswith("CREATE EXTENSION"):
        found = re.match(
            r'could not (?:load library|access file) "[^"]*?([^/"]+?)(?:\.so)?"', failure["message"]
        )
    if not found:
        return
    name = found[1]
    image = f", such as one of the image {_IMAGES[name]}" if name in _IMAGES else ""
    raise CannotJudgeError(
        f"{revision.path}:{failure['line']} creates the extension `{name}`, which this server"
        f" ({server.kind}, PostgreSQL {server.version}) does not have\n"
        f"point `--database-url` at a server that has it{image}, or install it here"
    )
