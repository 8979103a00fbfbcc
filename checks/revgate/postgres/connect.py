"""Addresses of databases, connections to them, and the masking of passwords in output.

psycopg2 is imported only when a connection is made.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from revgate.errors import CannotJudgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


RELAY_PORT = 5432
"""Only part of the name of the relay's socket."""


class Address(NamedTuple):
    """A database on a server; its `str()` omits the password."""

    host: str
    port: int
    user: str
    password: str
    database: str
    parameters: tuple[tuple[str, str], ...] = ()
    """Such as sslmode, as libpq accepts them."""
    relay: str = ""
    """The folder of the relay's socket, through which migrations connect; empty without a relay."""
    owner: str = ""
    """The user that migrations connect as; empty for the same one."""
    owner_password: str = ""

    def for_migrations(self) -> Address:
        """Return the address that migrations connect to."""
        found = self
        if self.owner:
            found = found._replace(user=self.owner, password=self.owner_password)
        if self.relay:
            found = Address(self.relay, RELAY_PORT, found.user, found.password, self.database)
        return found._replace(owner="", owner_password="")

    def url(self, scheme: str = "postgresql") -> str:
        """Return a URL for SQLAlchemy or libpq, including the password."""
        return (
            f"{scheme}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{self._rest()}"
        )

    def public_url(self) -> str:
        """Return a URL for libpq, with the user and without the password."""
        return f"postgresql://{quote(self.user, safe='')}@{self._rest()}"

    def _rest(self) -> str:
        if self.host.startswith("/"):
            where = (("host", self.host), ("port", str(self.port)), *self.parameters)
            return f"/{quote(self.database, safe='')}?{urlencode(where, safe='/')}"
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
        UsageError: It is not such a URL; the message omits the password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(
            "`--database-url` is not a PostgreSQL URL: write postgresql://user:password@host:5432/name"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("`--database-url` has no valid host or port") from None
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


THROWAWAY = "check `--database-url`, or omit it to start a throwaway server here"


def connect(address: Address, advice: str = THROWAWAY) -> Any:
    """Open an autocommit connection.

    Args:
        address: The database.
        advice: What to do if that fails.

    Raises:
        CannotJudgeError: The server refuses the connection, or psycopg2 is not installed.
    """
    driver = _psycopg2()
    try:
        with _without_variables():
            connection = driver.connect(**_arguments(address))
    except driver.Error as error:
        said = " ".join(str(error).split()).replace(address.password or "\0", "***")
        raise CannotJudgeError(f"cannot connect to {address}: {said}\n{advice}") from None
    connection.autocommit = True
    return connection


def try_connect(address: Address) -> Any | None:
    """Open a connection; None if no server is ready yet."""
    driver = _psycopg2()
    try:
        with _without_variables():
            return driver.connect(**_arguments(address))
    except driver.OperationalError:
        return None


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide PG* from libpq: PGHOSTADDR alone would redirect the connection to another server."""
    with _HIDING:
        kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
        try:
            yield
        finally:
            os.environ.update(kept)


_HIDING = threading.Lock()
"""All threads have one environment."""


NO_FILE = os.path.join(os.devnull, "none")
"""A password file that does not exist, since libpq warns of one that exists but is not a file."""


def _arguments(address: Address) -> dict[str, Any]:
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "dbname": address.database,
        "connect_timeout": 10,
        "application_name": "revgate",
        "passfile": NO_FILE,
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
    # password=x, as in libpq and Python; an SQL expression is not masked.
    (re.compile(r"(?i)\b((?:ssl|pg)?passw(?:or)?d=)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)]+)"), r"\1***"),
    (re.compile(r"(?i)\b(passw(?:or)?d\s*=\s*)E?'(?:[^']|'')*(?:'|$)"), r"\1'***'"),
    # {"password": "x"}
    (re.compile(r"(?i)(['\"](?:ssl)?passw(?:or)?d['\"]\s*:\s*)(['\"]).*?\2"), r"\1\2***\2"),
    # CREATE ROLE x PASSWORD 'y', also where a truncated statement ends in it
    (re.compile(r"(?i)\b(password\s+)E?'(?:[^']|'')*(?:'|$)"), r"\1'***'"),
)
_URL_PASSWORD = re.compile(r"://[^:/@\s]*:([^@\s]+)@")
_NAME = re.compile(r"(?i)passw(or)?d$|_pwd$|^pgpassword$")
_SHORTEST = 6
_NO_SECRETS = ("password", "postgres", "postgresql", "revgate", "database")


class Mask:
    """Replaces passwords by ***."""

    def __init__(self, *environments: Mapping[str, str], known: Iterable[str] = ()) -> None:
        """Collect the passwords in use.

        Args:
            environments: Variables; their names, and URLs in their values, identify passwords.
            known: Further passwords.
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
        """Return a text with its passwords masked."""
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return self._known.sub("***", text) if self._known else text

    def every(self, value: Any) -> Any:
        """Return a value with all passwords masked, in lists and dictionaries too."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.every(each) for each in value]
        if isinstance(value, dict):
            return {key: self.every(each) for key, each in value.items()}
        return value
