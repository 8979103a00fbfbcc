"""Connections that drivers open by themselves: ours, or refused.

Knows where each driver comes to its connection; nothing of Alembic. Programs that are started are
looked at in `programs`.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import inspect
import os
import sys
from typing import Any

from .programs import watch
from .target import DRIVERS, Target, answer_connections
from .variables import point_at

OTHER_DRIVERS = ("pymysql", "MySQLdb", "mysql", "aiomysql", "pymssql", "pytds", "oracledb",
                 "postgresql")  # fmt: skip


def _module(name: str) -> Any:
    """Import a driver's module, of which a type checker knows nothing here."""
    return importlib.import_module(name)


def _place(host: Any, port: Any, database: Any) -> str:
    return f"{host or 'localhost'}:{port or 5432}/{database or ''}"


def guard_psycopg2(module: Any, target: Target) -> None:
    """Check what psycopg2.connect and its connection class are told."""
    extensions = _module("psycopg2.extensions")
    original, base = module._connect, extensions.connection

    def check(dsn: Any) -> None:
        told = extensions.parse_dsn(dsn or "")
        _check_libpq(told, target)

    def initialise(self: Any, dsn: str = "", *arguments: Any, **keywords: Any) -> None:
        check(dsn)
        base.__init__(self, dsn, *arguments, **keywords)

    # A class statement would ask what the compiled class is; this is the same.
    guarded = type("connection", (base,), {"__init__": initialise})

    def connect(dsn: Any, connection_factory: Any = None, **keywords: Any) -> Any:
        check(dsn)
        return original(dsn, connection_factory=connection_factory or guarded, **keywords)

    inner = _module("psycopg2._psycopg")
    module._connect = inner._connect = connect
    extensions.connection = inner.connection = guarded


def _check_libpq(told: Any, target: Target) -> None:
    """Check libpq's keywords. A service would bring its own host, so it is refused too."""
    point_at(target, os.environ)  # which says what is left out
    place = _place(told.get("host") or told.get("hostaddr"), told.get("port"), told.get("dbname"))
    if told.get("service"):
        target.refuse(f"the service {told['service']}")
    if told.get("hostaddr") not in (None, "", target.host):
        target.refuse(place)
    if not target.is_meant(told.get("host"), told.get("port"), told.get("dbname")):
        target.refuse(place)


def guard_psycopg(_driver: Any, target: Target) -> None:
    """Check the connection string that psycopg hands to libpq, whichever class was asked."""
    generators = _module("psycopg.generators")
    conninfo = _module("psycopg.conninfo")
    pq = _module("psycopg.pq")

    def checked(original: Any) -> Any:
        def connect(told: Any, *arguments: Any, **keywords: Any) -> Any:
            text = told.decode() if isinstance(told, bytes) else told
            _check_libpq(conninfo.conninfo_to_dict(text), target)
            return original(told, *arguments, **keywords)

        return connect

    generators.connect = checked(generators.connect)
    base = pq.PGconn

    # Instances that libpq's own functions made pass for the guarded class too.
    meta = type(
        "Meta", (type(base),), {"__instancecheck__": lambda _, made: isinstance(made, base)}
    )
    members = {
        name: staticmethod(checked(getattr(base, name))) for name in ("connect", "connect_start")
    }
    guarded = meta("PGconn", (base,), members)
    pq.PGconn = guarded
    for name in ("psycopg_binary", "psycopg_c"):  # where the compiled class comes from
        if name in sys.modules:
            sys.modules[name].pq.PGconn = guarded


def guard_asyncpg(_driver: Any, target: Target) -> None:
    """Check each address that asyncpg is about to connect to."""
    utils = _module("asyncpg.connect_utils")
    original = utils._connect_addr

    async def connect(*, addr: Any, params: Any, **keywords: Any) -> Any:
        host, port = addr if isinstance(addr, tuple) else (addr, None)
        if isinstance(addr, str) and target.is_peer(addr):  # a socket, which has no port
            host, port = target.host, target.port
        if not target.is_meant(host, port, params.database):
            target.refuse(_place(host, port, params.database))
        return await original(addr=addr, params=params, **keywords)

    utils._connect_addr = connect


def guard_pg8000(_driver: Any, target: Target) -> None:
    """Check what pg8000's connection is told."""
    core = _module("pg8000.core").CoreConnection
    original = core.__init__
    signature = inspect.signature(original)

    def initialise(self: Any, *arguments: Any, **keywords: Any) -> None:
        told = signature.bind(self, *arguments, **keywords)
        told.apply_defaults()
        host, port, database = (told.arguments[key] for key in ("host", "port", "database"))
        if told.arguments.get("sock"):
            target.refuse("a socket of its own")
        if told.arguments.get("unix_sock"):
            if not target.is_peer(told.arguments["unix_sock"]):
                target.refuse(str(told.arguments["unix_sock"]))
            host, port = target.host, target.port
        if not target.is_meant(host, port, database):
            target.refuse(_place(host, port, database))
        original(self, *arguments, **keywords)

    setattr(core, "__init__", initialise)  # noqa: B010 - a type checker forbids assigning it


GUARDS = {
    "psycopg2": guard_psycopg2,
    "psycopg": guard_psycopg,
    "asyncpg": guard_asyncpg,
    "pg8000": guard_pg8000,
}


class GuardingFinder(importlib.abc.MetaPathFinder):
    """Guards a driver the moment it is imported; drivers that nobody imports cost nothing."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pending = {name: guard for name, guard in GUARDS.items() if name not in sys.modules}

    def find_spec(self, name: str, _path: Any = None, _wanted: Any = None) -> Any:
        """Find a driver as others would, and put its guard behind its loading."""
        guard = self._pending.pop(name, None)
        if guard is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self._pending[name] = guard
            return None
        load, target = spec.loader.exec_module, self._target

        def load_and_guard(module: Any) -> None:
            load(module)
            guard(module, target)

        loader: Any = spec.loader
        loader.exec_module = load_and_guard
        return spec


def guard_child(facts: dict[str, Any]) -> None:
    """Guard a Python that user code has started; what it may need has been made before."""
    target = Target(facts, lambda name: target.refuse(f"the database {name}"))
    known = {name for _, name in facts["names"]}
    target.have(known)
    point_at(target, os.environ)

    def answer(_module: Any, target: Target) -> None:
        answer_connections(target, lambda: point_at(target, os.environ), None)

    GUARDS["sqlalchemy.engine"] = answer
    guard_drivers(target)


def guard_drivers(target: Target) -> None:
    """Guard every driver, sockets as a second belt, and programs."""
    finder = GuardingFinder(target)
    for name in DRIVERS:
        if name in sys.modules:
            GUARDS[name](sys.modules[name], target)
    sys.meta_path.insert(0, finder)

    def audit(event: str, arguments: Any) -> None:
        if event == "socket.connect":
            _check_socket(arguments[1], target)
        elif event == "ctypes.dlopen" and "libpq" in str(arguments[0]) and not _called("psycopg"):
            target.refuse("a server by libpq itself")

    sys.addaudithook(audit)
    sys.addaudithook(watch(target))


def _check_socket(address: Any, target: Target) -> None:
    """Refuse a database driver's own socket; whatever else user code talks to is its affair."""
    if _called(*DRIVERS, *OTHER_DRIVERS) and not target.is_peer(address):
        target.refuse(address if isinstance(address, str) else ":".join(map(str, address)))


def _called(*packages: str) -> bool:
    """Tell whether a module of one of these packages is among the callers."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages:
            return True
        frame = frame.f_back
    return False
