"""The drivers of engines: one that is installed and fits, whatever the URL names.

A URL that names no driver means another one in each version of SQLAlchemy, and the variable or the
template that it comes from may be that of another machine.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SYNC = ("psycopg2", "psycopg", "pg8000")
_ASYNC = ("asyncpg", "psycopg")
_NAMES = ("psycopg2", "psycopg", "psycopg_async", "asyncpg", "pg8000")


STAND_INS: dict[str, str] = {}
"""The driver that was used instead of one that is not installed, or does not fit."""


def register_drivers(connect: Callable[[Any, Any, Any, Any], Any]) -> None:
    """Choose the driver of every PostgreSQL engine from now on.

    Args:
        connect: Opens a connection, as a listener for `do_connect` does.
    """
    from sqlalchemy.dialects import registry

    Driver.connect = staticmethod(connect)
    # SQLAlchemy also asks it for what all dialects of PostgreSQL have in common.
    globals()["Dialect"] = type("Dialect", (Driver, _default()), {})
    # `driver` is what the template of alembic.ini has.
    for name in ("driver", "postgresql", *(f"postgresql.{each}" for each in _NAMES)):
        registry.register(name, __name__, "Dialect")


class Driver:
    """What SQLAlchemy asks for the dialect of a URL."""

    connect: Callable[[Any, Any, Any, Any], Any]

    @classmethod
    def get_dialect_cls(cls, url: Any) -> Any:
        """Return the dialect of a URL."""
        named = _named(url)
        return _dialect(named, (_default().driver, *_SYNC, *_ASYNC), named or _default().driver)

    @classmethod
    def get_async_dialect_cls(cls, url: Any) -> Any:
        """Return the dialect of a URL for an asynchronous engine."""
        named = _named(url)
        found = _dialect(named if named.partition("_")[0] in _ASYNC else "", _ASYNC, named)
        return found.get_async_dialect_cls(url)

    @classmethod
    def engine_created(cls, engine: Any) -> None:
        """Replace what an engine has instead of a URL: a `creator` of its own."""
        creator = engine.pool._creator
        if getattr(creator, "__module__", "") == "sqlalchemy.engine.create":
            return
        dialect = engine.dialect
        arguments, parameters = dialect.create_connect_args(engine.url)

        def connect(record: Any = None) -> Any:
            return cls.connect(dialect, record, list(arguments), dict(parameters))

        engine.pool._creator = connect


def _named(url: Any) -> str:
    """Return the driver that a URL names; empty if it names none."""
    name: str = url.drivername.partition("+")[2]
    return name


def _default() -> Any:
    """Return SQLAlchemy's dialect for a URL that names no driver."""
    return importlib.import_module("sqlalchemy.dialects.postgresql").dialect


def _dialect(named: str, others: tuple[str, ...], wanted: str) -> Any:
    """Return the dialect of a driver, or of the first of some others that is installed.

    Args:
        named: The driver; empty for none.
        others: Those that may stand in for it.
        wanted: What SQLAlchemy would use; empty if that is not known.
    """
    for driver in (named, *others):
        name, _, kind = driver.partition("_")
        place = f"sqlalchemy.dialects.postgresql.{name}"
        if name and importlib.util.find_spec(name) and importlib.util.find_spec(place):
            if wanted and name != wanted.partition("_")[0]:
                STAND_INS[wanted] = name
            return getattr(importlib.import_module(place), f"dialect_{kind}" if kind else "dialect")
    return _default()
