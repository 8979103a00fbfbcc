"""Our own connections to PostgreSQL, and where a server is.

The only module that imports psycopg2, and only when a connection is made.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from revgate.errors import CannotJudgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Address(NamedTuple):
    """A database on a server. `str()` of it has no password."""

    host: str
    port: int
    user: str
    password: str
    database: str
    parameters: tuple[tuple[str, str], ...] = ()
    """Such as sslmode, as libpq takes them."""

    def url(self, scheme: str = "postgresql") -> str:
        """Return a URL for SQLAlchemy or libpq, with the password."""
        return (
            f"{scheme}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{self._rest()}"
        )

    def _rest(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        query = f"?{urlencode(self.parameters)}" if self.parameters else ""
        return f"{host}:{self.port}/{quote(self.database, safe='')}{query}"

    def __str__(self) -> str:
        return f"postgresql://{self._rest()}"

    def __repr__(self) -> str:
        return f"Address({self})"


def parse_address(url: str) -> Address:
    """Read the URL of a server: postgresql://, postgres:// or postgresql+driver://.

    Raises:
        UsageError: It is none; told without the password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(
            "`--database-url` is no PostgreSQL URL: write postgresql://user:password@host:5432/name"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("`--database-url` has no usable host or port") from None
    parameters = dict(parse_qsl(parts.query))
    return Address(
        host=unquote(parts.hostname or "") or parameters.pop("host", "localhost"),
        port=port or int(parameters.pop("port", "5432")),
        user=unquote(parts.username or "") or parameters.pop("user", "postgres"),
        password=unquote(parts.password or "") or parameters.pop("password", ""),
        database=unquote(parts.path.lstrip("/")) or "postgres",
        parameters=tuple((key, value) for key, value in parameters.items() if key in _KEPT),
    )


_KEPT = ("sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "gssencmode")


THROWAWAY = "check `--database-url`, or leave it out to have a throwaway server started here"


def connect(address: Address, advice: str = THROWAWAY) -> Any:
    """Open an autocommit connection.

    Args:
        address: Where to.
        advice: What to do where that fails.

    Raises:
        CannotJudgeError: The server does not let us in, or psycopg2 is not installed.
    """
    driver = _psycopg2()
    try:
        with _without_variables():
            connection = driver.connect(**_arguments(address))
    except driver.Error as error:
        said = " ".join(str(error).split()).replace(address.password or "\0", "***")
        raise CannotJudgeError(f"no connection to {address}: {said}\n{advice}") from None
    connection.autocommit = True
    return connection


def try_connect(address: Address) -> Any | None:
    """Open a connection; None where there is no server ready yet."""
    driver = _psycopg2()
    try:
        with _without_variables():
            return driver.connect(**_arguments(address))
    except driver.OperationalError:
        return None


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide PG* from libpq: PGHOSTADDR alone would take a connection to another server."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    try:
        yield
    finally:
        os.environ.update(kept)


def _arguments(address: Address) -> dict[str, Any]:
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "dbname": address.database,
        "connect_timeout": 10,
        "application_name": "revgate",
        "passfile": os.devnull,
        "keepalives_idle": 30,
        **dict(address.parameters),
    }


def _psycopg2() -> Any:
    try:
        import psycopg2
    except ImportError:
        raise CannotJudgeError(
            "the round trip needs psycopg2, which is not installed here\n"
            'install it with `pip install "revgate[live]"`'
        ) from None
    return psycopg2


_FORMS = (
    # postgresql://user:password@host
    (re.compile(r"(://[^:/@\s]*):[^@\s]*@"), r"\1:***@"),
    # password=x, as libpq and Python have it; what SQL computes is no password.
    (re.compile(r"(?i)\b((?:ssl|pg)?passw(?:or)?d=)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)]+)"), r"\1***"),
    (re.compile(r"(?i)\b(passw(?:or)?d\s*=\s*)E?'(?:[^']|'')*'"), r"\1'***'"),
    # {"password": "x"}
    (re.compile(r"(?i)(['\"](?:ssl)?passw(?:or)?d['\"]\s*:\s*)(['\"]).*?\2"), r"\1\2***\2"),
    # CREATE ROLE x PASSWORD 'y'
    (re.compile(r"(?i)\b(password\s+)E?'(?:[^']|'')*'"), r"\1'***'"),
)
_URL_PASSWORD = re.compile(r"://[^:/@\s]*:([^@\s]+)@")
_NAME = re.compile(r"(?i)passw(or)?d$|_pwd$|^pgpassword$")
_SHORTEST = 6
_NO_SECRETS = ("password", "postgres", "postgresql", "revgate", "database")


class Mask:
    """Puts *** in the place of passwords."""

    def __init__(self, *environments: Mapping[str, str], known: Iterable[str] = ()) -> None:
        """Learn the passwords in use.

        Args:
            environments: Variables, whose names and URLs tell which values are passwords.
            known: Passwords.
        """
        found = set(known)
        for environment in environments:
            for name, value in environment.items():
                passwords = _URL_PASSWORD.findall(value)
                found.update(passwords, map(unquote, passwords))
                if _NAME.search(name):
                    found.add(value)
        kept = [each for each in found if len(each) >= _SHORTEST and each not in _NO_SECRETS]
        words = "|".join(map(re.escape, sorted(kept, key=len, reverse=True)))
        self._known = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def __call__(self, text: str) -> str:
        """Return a text without passwords."""
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return self._known.sub("***", text) if self._known else text

    def every(self, told: Any) -> Any:
        """Return what was told, lists and dictionaries of it too, without passwords."""
        if isinstance(told, str):
            return self(told)
        if isinstance(told, list):
            return [self.every(each) for each in told]
        if isinstance(told, dict):
            return {key: self.every(value) for key, value in told.items()}
        return told
