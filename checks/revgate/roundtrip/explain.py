"""Explanations of failures that are not the revision's fault, each with what to do about it.

Either env.py or its Python cannot be used, or the server lacks something that a revision needs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.roundtrip.env_advice import advise, assignments
from revgate.roundtrip.flask_app import flask_app
from revgate.text import count, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.preparation import Preparation
    from revgate.postgres.server import ServerFacts
    from revgate.roundtrip.answers import Broken, Failed, Unusable
    from revgate.roundtrip.observed import Step

# -- statements about the whole server -----------------------------------------------------------

_SERVER_STATEMENT = re.compile(
    r"(?i)^\s*(ALTER\s+SYSTEM|(?:CREATE|ALTER|DROP)\s+TABLESPACE|(?:CREATE|DROP)\s+DATABASE)\b"
)


def server_statement_notes(steps: Iterable[Step]) -> Iterator[str]:
    """Yield a note for each statement about the whole server, which no snapshot shows."""
    for step in steps:
        for statement in step.statements:
            if _SERVER_STATEMENT.match(statement.sql):
                yield (
                    f"`{step.revision.id}` runs `{statement.sql[:80]}`, which affects the whole"
                    " server: whether the downgrade undoes it was not checked"
                )


# -- what the server lacks -----------------------------------------------------------------------


def explain_tablespace(revision: Revision, failed: Failed, server: ServerFacts) -> None:
    """Raise if a step failed only because the server lacks a tablespace.

    Raises:
        CannotJudgeError: It did.
    """
    missing = re.match(r'tablespace "([^"]+)" does not exist', failed.message)
    created = re.match(r"(?i)\s*CREATE\s+TABLESPACE\s+(\"[^\"]+\"|\w+)", failed.statement)
    if missing:
        action, name, problem = "uses", missing[1], "does not have"
    elif created:
        action, name = "creates", created[1].strip('"')
        problem = f"cannot create: {failed.message}"
    else:
        return
    raise CannotJudgeError(
        f"{revision.path}:{failed.line} {action} the tablespace `{name}`, which {_this(server)}"
        f" {problem}\n"
        "a tablespace is a folder on one machine: create it on a server for `--database-url`, and"
        " let the revision create it only if it is missing"
    )


def explain_missing(
    revision: Revision, failed: Failed, server: ServerFacts, is_made_by: Callable[[str, str], bool]
) -> None:
    """Raise if a step failed only because of a role or schema that no revision creates.

    Args:
        revision: The one that failed.
        failed: How.
        server: The server.
        is_made_by: Tells whether a revision creates or drops a `role` or `schema` of a name.

    Raises:
        CannotJudgeError: It did.
    """
    found = re.search(r'\b(role|schema) "([^"]+)" does not exist', failed.message)
    _explain_part(revision, failed, is_made_by)
    if not found or not failed.sqlstate or is_made_by(found[1], found[2]):
        return
    kind, name = found[1], found[2]
    place = f"{revision.path}:{failed.line}"
    if name.startswith("pg_"):
        raise CannotJudgeError(
            f"{place} uses the predefined {kind} `{name}`, which {_this(server)} does not have\n"
            "point `--database-url` at a server of the version that production has"
        )
    raise CannotJudgeError(
        f"{place} uses the {kind} `{name}`, which no revision creates\n"
        f'if production has it before the first revision, write {kind}s = ["{name}"] in the'
        " settings, and the throwaway has it too; else create it in a revision"
    )


_EXISTS = ("42P07", "42710", "42701", "42P06", "42723", "42P16")
"""SQLSTATEs of something that exists already."""


def describe_found(environment: Environment, tables: Iterable[str]) -> str:
    """Return that tables existed before the first revision ran, and why."""
    names = sorted(tables)
    return (
        f"{count(len(names), 'table')} existed before the first revision ran, {quoted(names)}:"
        f" {environment.script_location}/env.py, or what it imports, creates such tables itself"
    )


def explain_found(
    revision: Revision, failed: Failed, environment: Environment, tables: Collection[str]
) -> None:
    """Raise if a step failed because env.py had created tables before the first revision.

    Raises:
        CannotJudgeError: It did.
    """
    if failed.sqlstate not in _EXISTS or not tables:
        return
    raise CannotJudgeError(
        f"{revision.path}:{failed.line} cannot run: {failed.message}\n"
        f"{describe_found(environment, tables)}\n"
        "let it neither create tables nor run migrations while Alembic runs it: put that behind a"
        " setting of the application, and switch it off with a variable in [tool.revgate.env]"
    )


def explain_prepared(revision: Revision, failed: Failed, prepared: Preparation) -> None:
    """Raise if a step failed because the file of `prepare` creates the same object.

    Raises:
        CannotJudgeError: It did.
    """
    named = re.search(r'"([^"]+)" already exists', failed.message)
    if failed.sqlstate not in _EXISTS or not prepared.sql or not named:
        return
    creates = rf'(?i)\bCREATE\b[^;(]*(?<![\w"]){re.escape(named[1])}(?![\w"])'
    if re.search(creates, prepared.sql.replace('"', "")):
        raise CannotJudgeError(
            f"{revision.path}:{failed.line} cannot run: {failed.message}\n"
            f"{prepared.sql_file}, which `prepare` names in the settings, creates it as well: write"
            " that file as the state before the first revision"
        )


_EXTENSION_OF = {
    **dict.fromkeys(("geometry", "geography", "raster"), "postgis"),
    **dict.fromkeys(("gin_trgm_ops", "gist_trgm_ops", "similarity"), "pg_trgm"),
    **dict.fromkeys(("uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"), "uuid-ossp"),
    **dict.fromkeys(("crypt", "gen_salt", "digest", "pgp_sym_encrypt"), "pgcrypto"),
    **{name: name for name in ("citext", "hstore", "ltree", "vector", "unaccent", "cube")},
}
"""The extension of types, functions and operator classes that histories often use."""


def _explain_part(
    revision: Revision, failed: Failed, is_made_by: Callable[[str, str], bool]
) -> None:
    """Raise if a step failed only because of an extension that no revision creates."""
    found = re.search(r'\b(type|function|operator class) "?([\w.]+)', failed.message)
    if not found or not failed.sqlstate:
        return
    name = _EXTENSION_OF.get(found[2].rpartition(".")[2])
    if name is None or "does not exist" not in failed.message or is_made_by("extension", name):
        return
    raise CannotJudgeError(
        f"{revision.path}:{failed.line} uses the {found[1]} `{found[2]}` of the extension `{name}`,"
        " which no revision creates\n"
        f'if production has it before the first revision, write extensions = ["{name}"] in the'
        " settings, and the throwaway has it too; else write"
        f" `op.execute('CREATE EXTENSION IF NOT EXISTS \"{name}\"')` in the first revision"
    )


# Images that have the extension; the tag names a PostgreSQL version.
_IMAGES = {
    "vector": "pgvector/pgvector:pg17",
    "postgis": "postgis/postgis:17-3.5",
    "postgis_raster": "postgis/postgis:17-3.5",
    "postgis_tiger_geocoder": "postgis/postgis:17-3.5",
    "postgis_topology": "postgis/postgis:17-3.5",
    "timescaledb": "timescale/timescaledb:latest-pg17",
}
_NOT_LOADED = re.compile(r'(?:extension )?"?(\w+)"? (?:must|can only) be (?:pre)?loaded')


def explain_missing_extension(revision: Revision, failed: Failed, server: ServerFacts) -> None:
    """Raise if a step failed only because the server lacks an extension.

    Raises:
        CannotJudgeError: It did.
    """
    not_loaded = _NOT_LOADED.match(failed.message)
    if not_loaded:
        name = not_loaded[1]
        raise CannotJudgeError(
            f"{revision.path}:{failed.line} uses `{name}`, which {_this(server)} would have to load"
            " when it starts\n"
            f"point `--database-url` at a server with shared_preload_libraries = '{name}'"
        )
    name = _missing_extension(failed)
    if name:
        image = f", such as one from the image {_IMAGES[name]}" if name in _IMAGES else ""
        raise CannotJudgeError(
            f"{revision.path}:{failed.line} creates the extension `{name}`, which {_this(server)}"
            " does not have\n"
            f"point `--database-url` at a server that has it{image}, or install it here"
        )


def _missing_extension(failed: Failed) -> str:
    found = re.match(r'extension "([^"]+)" is not available', failed.message)
    if not found and "could not open extension control file" in failed.message:
        found = re.search(r"/([^/]+)\.control", failed.message)
    if not found and failed.statement.upper().startswith("CREATE EXTENSION"):
        found = re.match(
            r'could not (?:load library|access file) "[^"]*?([^/"]+?)(?:\.so)?"', failed.message
        )
    return found[1] if found else ""


def _this(server: ServerFacts) -> str:
    return f"this server ({server.kind}, PostgreSQL {server.version})"


_AGAIN = "this says nothing about the revisions: run it again"
_FAULTS = {
    "disk": (
        "the disk is full",
        "free disk space, or set TMPDIR to a folder with more, and run it again",
    ),
    "memory": ("the server is out of memory", "give the server more memory, and run it again"),
    "resources": ("the server is out of resources", _AGAIN),
    "connections": (
        "the server has no connections left",
        "raise its `max_connections`, or end other sessions, and run it again",
    ),
    "files": ("the server could not read or write its files", _AGAIN),
    "ended": ("the server ended the session", _AGAIN),
    "crashed": ("the server crashed", _AGAIN),
    "starting": ("the server does not accept connections", _AGAIN),
    "lost": ("the connection to the server was lost", _AGAIN),
}


def explain_fault(failed: Failed | Broken, doing: str) -> str:
    """Return why a failure of the server or the machine leaves no verdict.

    Args:
        failed: The failure; its `fault` is one of `failures.py`.
        doing: What failed.
    """
    what, advice = _FAULTS.get(failed.fault, _FAULTS["lost"])
    return f"{what} during {doing}: {' '.join(failed.message.split())}\n{advice}"


# -- env.py --------------------------------------------------------------------------------------


def explain_unusable(
    unusable: Unusable, python: str, env: str, folders: Sequence[str], root: str
) -> str:
    """Return why an environment cannot be run at all, and what to do.

    Args:
        unusable: What the agent found.
        python: The interpreter that it runs in.
        env: The path of env.py.
        folders: As `run_folders` returns them.
        root: The repository root.
    """
    message = unusable.message
    match unusable.kind:
        case "no-alembic":
            return (
                f"{python} has no Alembic ({message})\n"
                f"install it with `{python} -m pip install alembic`, or name the Python of your"
                " project with `--python`"
            )
        case "old-alembic":
            return (
                f"{python} has {message}; revgate needs Alembic 1.9 and SQLAlchemy 1.4 or newer\n"
                f"upgrade with `{python} -m pip install --upgrade alembic`"
            )
        case "dialect":
            return (
                f"{env} uses the dialect {message!r}; the round trip supports PostgreSQL only\n"
                "use `revgate check` for this history"
            )
        case "online":
            return (
                f"{env} runs its migrations online although it is in offline mode\n"
                "call `context.is_offline_mode()` first, as Alembic's own template does"
            )
        case "offline":
            return (
                f"{env} runs its migrations in offline mode (`as_sql`), which changes no database\n"
                "run them online unless `context.is_offline_mode()` is true"
            )
        case "flask":
            named = assignments(root, [f'FLASK_APP = "{flask_app(root, folders[0])}"'])
            return f"{env} needs a Flask application: {message}\nname it in {named}"
    return message


def explain_no_migrations(env: str) -> str:
    """Return what to do about an env.py that runs no migrations."""
    return (
        f"{env} ran to its end without calling `context.run_migrations()`\n"
        "call it in online mode, as Alembic's own template does"
    )


def explain_raised(
    broken: Broken, env: str, output: str, folders: Sequence[str], root: str, python: str
) -> str:
    """Return what env.py raised before its migrations began, and what to do.

    Args:
        broken: The exception; its path is relative to the repository root.
        env: The path of env.py.
        output: The end of what env.py printed.
        folders: As `run_folders` returns them.
        root: The repository root.
        python: The interpreter that it ran in.
    """
    place = f"{env}:{broken.line}" if broken.line else env
    if broken.path:
        place = f"{broken.path}:{broken.path_line}, called from {place},"
    advice = advise(broken, env, folders, root, python)
    return f"{place} raised {broken.error}: {broken.message}{output}\n{advice}"
