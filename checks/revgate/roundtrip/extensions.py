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
    "postgis_raster": "postgis/postgis:17-3.5",
    "postgis_tiger_geocoder": "postgis/postgis:17-3.5",
    "postgis_topology": "postgis/postgis:17-3.5",
    "timescaledb": "timescale/timescaledb:latest-pg17",
}
_NOT_LOADED = re.compile(r'(?:extension )?"?(\w+)"? (?:must|can only) be (?:pre)?loaded')


def explain_missing_extension(
    revision: Revision, failure: dict[str, Any], server: ServerFacts
) -> None:
    """Raise when a failure is only that the server lacks an extension.

    Raises:
        CannotJudgeError: It is; says which, and where it can be had.
    """
    _explain_not_loaded(revision, failure, server)
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


def _explain_not_loaded(revision: Revision, failure: dict[str, Any], server: ServerFacts) -> None:
    found = _NOT_LOADED.match(failure["message"])
    if found:
        name = found[1]
        raise CannotJudgeError(
            f"{revision.path}:{failure['line']} uses `{name}`, which this server ({server.kind},"
            f" PostgreSQL {server.version}) would have to load when it starts\n"
            f"point `--database-url` at a server with shared_preload_libraries = '{name}'"
        )
