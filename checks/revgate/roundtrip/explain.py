"""What reaches beyond the database, and what of a server a throwaway one cannot have.

Knows tablespaces and settings of the whole server: no snapshot of a database shows them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.history.revision import Revision
    from revgate.postgres.server import ServerFacts
    from revgate.roundtrip.observed import Step

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


_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_PHRASES = (
    re.compile(rf"^({_VARIABLE})\n\s+[Ff]ield required", re.MULTILINE),  # pydantic
    re.compile(
        rf"(?i)environment variable [\"'`]?({_VARIABLE})[\"'`]?"
    ),  # environs and many others
    re.compile(
        rf"(?i)\bset the [\"'`]?({_VARIABLE})[\"'`]? environment variable"
    ),  # django-environ
    re.compile(rf"^({_VARIABLE}) not found\. Declare it as envvar"),  # decouple
    re.compile(
        rf"(?i)\bmissing (?:required )?(?:env(?:ironment)? var(?:iable)?s?):? ({_VARIABLE})"
    ),
)
_NO_NAMES = {"is", "not", "was", "must", "has", "named", "for", "to", "variables"}


def wanted_variables(error: str, message: str) -> list[str]:
    """Return the names of the variables that were missing, in the order of the message.

    Args:
        error: The class of the exception.
        message: What it says, with its line feeds.
    """
    if error == "KeyError":
        found = re.findall(r"^'([A-Z][A-Z0-9_]{2,})'$", message)
    else:
        found = [name for phrase in _PHRASES for name in phrase.findall(message)]
    return list(dict.fromkeys(name.upper() for name in found if name.lower() not in _NO_NAMES))


def advice(error: str, message: str, env: str) -> str:
    """Return what to do about an env.py that raised before its migrations began."""
    names = wanted_variables(error, message)
    if names:
        lines = [f'{name} = "..."' for name in names]
        return "\n".join(["set what it wants in the settings:", "[tool.revgate.env]", *lines])
    schema = re.search(r'schema "([^"]+)" does not exist', message)
    if schema:
        return (
            f"the database is empty at first: let {env} create the schema before"
            f' `context.configure()`: CREATE SCHEMA IF NOT EXISTS "{schema[1]}"'
        )
    if "outside of application context" in message:
        return f"let {env} enter the application's context: `with create_app().app_context():`"
    if error in ("ModuleNotFoundError", "ImportError"):
        return (
            "name the Python that has the project's packages with `--python`; modules beside the"
            " configuration are found with `prepend_sys_path = .`"
        )
    return (
        "variables that it wants can be set in [tool.revgate.env]; another Python is named with"
        " `--python`"
    )


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
