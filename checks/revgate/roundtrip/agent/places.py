"""Places of PostgreSQL databases, as URLs and libpq's `host=... dbname=...` keywords name them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

_SCHEME = r"(?:postgresql|postgres)(?:\+\w+)?"
WHOLE_URL = re.compile(rf"\s*['\"]?({_SCHEME})://(.*)", re.DOTALL)
URL_WITHIN = re.compile(rf"({_SCHEME})://([^\s'\"<>\\,;|]*)")
_PARTS = re.compile(
    r"(?:(?P<user>[^:/?]*)(?::[^@]*)?@)?(?P<hosts>[^/?]*)(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']*))")


class Place(NamedTuple):
    """Where user code tries to connect."""

    host: str
    port: str
    database: str

    @classmethod
    def of(cls, host: Any, port: Any, database: Any) -> Place:
        """Return the place; the names of one host give the same place."""
        name = str(host or "localhost").lower().rstrip(".")
        if name in ("127.0.0.1", "::1") or name.startswith("/"):
            name = "localhost"
        return cls(name, str(port or 5432), str(database or ""))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def places(value: str) -> list[Place]:
    """Return the places that a text names by URLs or by libpq's keywords."""
    whole = WHOLE_URL.fullmatch(value)
    if whole:
        return [place_of(whole[2])]
    keywords = parse_keywords(value)
    if keywords:
        return [place_of_keywords(keywords)]
    return [place_of(found[2]) for found in URL_WITHIN.finditer(value)]


def query_of(rest: str) -> list[str]:
    """Return the parameters of a URL, which is given without its scheme."""
    found = _PARTS.fullmatch(rest)
    return [part for part in ((found and found["query"]) or "").split("&") if part]


def place_of(rest: str) -> Place:
    """Return the place that a URL names, which is given without its scheme."""
    found: Any = _PARTS.fullmatch(rest)
    if found is None:
        return Place.of(rest, None, None)
    query = {
        key: unquote(value)
        for key, _, value in (part.partition("=") for part in query_of(rest))
    }  # fmt: skip
    host, port = found["hosts"], ""
    port_found = re.fullmatch(r"(.*?):(\d*)", host)
    if port_found and "," not in host:
        host, port = port_found[1], port_found[2]
    return Place.of(
        unquote(host.strip("[]")) or query.get("hostaddr") or query.get("host"),
        port or query.get("port"),
        unquote(found["database"] or "") or query.get("dbname") or unquote(found["user"] or ""),
    )


def parse_keywords(value: str) -> dict[str, str]:
    """Parse libpq's keywords, such as `host=h dbname=d`; empty if the text has another form."""
    found, position = {}, 0
    while position < len(value.rstrip()):
        match = _KEYWORD.match(value, position)
        if not match:
            return {}
        found[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
    names_host = {"host", "hostaddr", "service"} & set(found)
    return found if names_host and {"dbname", "user", "service"} & set(found) else {}


def place_of_keywords(keywords: dict[str, str]) -> Place:
    """Return the place that libpq's keywords name."""
    host = keywords.get("hostaddr") or keywords.get("host") or keywords.get("service")
    return Place.of(host, keywords.get("port"), keywords.get("dbname") or keywords.get("user"))
