"""Points environment variables that name a PostgreSQL database at the throwaway.

It recognizes libpq's own variables, URLs, and libpq's keywords (`host=... dbname=...`), in the
environment and in the `.env` files of the project. Any other form is not found.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .places import URL_WITHIN, WHOLE_URL, parse_keywords, place_of, place_of_keywords, query_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping

    from .target import Target

# Keywords for host, user and security; all others are behavior and are kept.
_TARGET_KEYWORDS = (
    "channel_binding", "database", "dbname", "gssencmode", "host", "hostaddr", "krbsrvname",
    "load_balance_hosts", "passfile", "password", "port", "require_auth", "service", "ssl",
    "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert",
    "target_session_attrs", "unix_sock", "user",
)  # fmt: skip
_ENV_FILES = (".env", ".env.local", ".flaskenv")


def point_at(target: Target, environ: MutableMapping[str, str]) -> None:
    """Point every variable that names a PostgreSQL database at a throwaway one.

    DATABASE_URL comes first: it most likely names the database that env.py migrates.
    """
    ours = libpq(target)
    for name in [name for name in environ if name.startswith("PG") and name not in ours]:
        if name not in _HARMLESS:
            del environ[name]
    environ.update({name: value for name, value in ours.items() if environ.get(name) != value})
    for name in sorted(environ, key=lambda name: (name != "DATABASE_URL", name)):
        if not name.startswith("PG"):
            value = environ[name]
            pointed = rewritten(target, value)
            if pointed != value:
                environ[name] = pointed


# They control behavior of libpq and its programs, not where these connect to.
_HARMLESS = ("PGAPPNAME", "PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGGEQO")


def libpq(target: Target) -> dict[str, str]:
    """Return libpq's variables. PGHOSTADDR is empty so that a `.env` file cannot set it."""
    return {
        "PGHOST": target.host,
        "PGHOSTADDR": "",
        "PGPORT": str(target.port),
        "PGUSER": target.user,
        "PGPASSWORD": target.password,
        "PGDATABASE": target.database,
        "PGSERVICEFILE": os.devnull,
        # libpq warns of one that exists but is not a file, such as the null device.
        "PGPASSFILE": os.path.join(os.devnull, "none"),
        "PGSYSCONFDIR": os.devnull,
        **{f"PG{name.upper()}": value for name, value in target.parameters.items()},
    }


def provide(target: Target, environ: MutableMapping[str, str]) -> None:
    """Set DATABASE_URL if it is missing, for an env.py that requires it."""
    if "DATABASE_URL" not in environ:
        environ["DATABASE_URL"] = _own_url(target, "postgresql", target.database, [])


def provide_url(target: Target, config: Any) -> None:
    """Set `sqlalchemy.url` where code sets it, or where it still is that of Alembic's template."""
    section = config.config_ini_section
    # Raw, since env.py may set later what the URL refers to.
    written = config.file_config.get(section, "sqlalchemy.url", raw=True, fallback="")
    if not written or written.startswith("driver://"):
        url = _own_url(target, "postgresql", target.database, [])
        config.set_section_option(section, "sqlalchemy.url", url)


class Attributes(dict[str, Any]):
    """`config.attributes`, with the connection that code passes in where a project runs Alembic."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def __missing__(self, key: str) -> Any:
        """Return a connection or an engine if that is asked for; `get` still returns None."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        if key not in ("connection", "connectable", "engine"):
            raise KeyError(key)
        engine = create_engine(self._target.url(), poolclass=NullPool)
        self[key] = engine.connect() if key == "connection" else engine
        return self[key]


def add_from_files(
    target: Target, folders: Iterable[str], environ: MutableMapping[str, str]
) -> None:
    """Set the variables of `.env` files that name a database, before these files are read.

    Readers of such files keep what is set already.
    """
    for folder in folders:
        for file in _ENV_FILES:
            for name, value in assignments_in(os.path.join(folder, file)):
                pointed = rewritten(target, value)
                if pointed != value and name not in environ:
                    environ[name] = pointed


def assignments_in(path: str, most: int = -1) -> Iterator[tuple[str, str]]:
    """Yield the variables that a `.env` file sets, in its first `most` characters."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(most)
    except OSError:
        return
    for line in text.splitlines():
        found = re.match(r"\s*(?:export\s+)?(\w+)\s*[=:]\s*(.*?)\s*$", line)
        if found:
            yield found[1], _unquoted(found[2])


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()


def rewritten(target: Target, value: str) -> str:
    """Return a value with every database that it names replaced by a throwaway one."""
    if "://" in value:
        whole = WHOLE_URL.fullmatch(value)
        if whole:
            return _url(target, whole[1], whole[2].strip().strip("'\""))
        return URL_WITHIN.sub(lambda found: _url(target, found[1], found[2]), value)
    keywords = parse_keywords(value)
    return _rewritten_keywords(target, keywords) if keywords else value


def _url(target: Target, scheme: str, rest: str) -> str:
    name = target.stand_in(place_of(rest))
    return _own_url(target, scheme, name, [part for part in query_of(rest) if _is_behaviour(part)])


def _own_url(target: Target, scheme: str, name: str, query: list[str]) -> str:
    """Return the URL of a throwaway database, in a form that every reader of URLs accepts.

    A socket has a host too, since pydantic requires one; libpq and SQLAlchemy prefer that of the
    query, and the guards take it for the same place. There is no % in it, which configparser would
    interpolate.
    """
    driver = scheme.partition("+")[2]
    secured = dict(target.parameters)
    if driver in ("asyncpg", "pg8000"):
        secured = {"ssl": secured["sslmode"]} if "sslmode" in secured else {}
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{target.port}"
    if target.host.startswith("/"):
        place, secured = f"localhost:{target.port}", dict(secured, host=target.host)
    query = query + [f"{key}={quote(value, safe='/')}" for key, value in secured.items()]
    user = f"{quote(target.user, safe='')}:{quote(target.password, safe='')}"
    return f"{scheme}://{user}@{place}/{name}" + ("?" + "&".join(query) if query else "")


def _is_behaviour(part: str) -> bool:
    name, equals, _ = part.partition("=")
    return bool(equals) and re.fullmatch(r"\w+", name) is not None and name not in _TARGET_KEYWORDS


def _rewritten_keywords(target: Target, keywords: dict[str, str]) -> str:
    ours = {
        "host": target.host,
        "port": str(target.port),
        "user": target.user,
        "password": target.password,
        "dbname": target.stand_in(place_of_keywords(keywords)),
    }
    kept = {key: value for key, value in keywords.items() if key not in _TARGET_KEYWORDS}
    every = {**kept, **ours, **target.parameters}
    return " ".join(f"{key}={_quoted(value)}" for key, value in every.items())


def _quoted(value: str) -> str:
    if re.fullmatch(r"[^\s'\\]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
