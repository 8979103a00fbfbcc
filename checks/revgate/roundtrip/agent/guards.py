"""Guards on connections that drivers open on their own: to a throwaway database, or refused.

Programs that user code starts are prepared in `programs`.
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
from .target import DRIVERS, Target
from .variables import point_at

OTHER_DRIVERS = ("pymysql", "MySQLdb", "mysql", "aiomysql", "pymssql", "pytds", "oracledb",
                 "postgresql")  # fmt: skip


def _module(name: str) -> Any:
    """Import a driver's module, untyped."""
    return importlib.import_module(name)


def _place(host: Any, port: Any, database: Any) -> str:
    return f"{host or 'localhost'}:{port or 5432}/{database or ''}"


def guard_psycopg2(module: Any, target: Target) -> None:
    """Check the arguments of psycopg2.connect and of its connection class."""
    extensions = _module("psycopg2.extensions")
    original, base = module._connect, extensions.connection

    def checked(dsn: Any) -> Any:
        written = extensions.parse_dsn(dsn or "")
        if _is_alias(written, target):
            return extensions.make_dsn(dsn, host=target.host, hostaddr="")
        _check_libpq(written, target)
        return dsn

    def initialise(self: Any, dsn: str = "", *arguments: Any, **keywords: Any) -> None:
        base.__init__(self, checked(dsn), *arguments, **keywords)

    # A class statement would need the type of the compiled class.
    guarded = type("connection", (base,), {"__init__": initialise})

    def connect(dsn: Any, connection_factory: Any = None, **keywords: Any) -> Any:
        dsn = checked(dsn)
        return original(dsn, connection_factory=connection_factory or guarded, **keywords)

    inner = _module("psycopg2._psycopg")
    module._connect = inner._connect = connect
    extensions.connection = inner.connection = guarded


def _is_alias(keywords: Any, target: Target) -> bool:
    """Tell whether libpq's keywords name a throwaway database by the host of its URL."""
    if keywords.get("service"):
        return False
    # psycopg resolves the host itself where it is asynchronous.
    host = keywords.get("hostaddr") or keywords.get("host")
    return target.is_alias(host, keywords.get("port"), keywords.get("dbname"))


def _check_libpq(keywords: Any, target: Target) -> None:
    """Check the keywords of libpq. A service has a host of its own, so it is refused as well."""
    point_at(target, os.environ)  # libpq takes what is left out from variables
    host, address = keywords.get("host"), keywords.get("hostaddr")
    port, database = keywords.get("port"), keywords.get("dbname")
    if keywords.get("service"):
        target.refuse(f"the service {keywords['service']}")
    at_target = address in (None, "", target.host) and target.is_meant(host, port, database)
    if not at_target:
        target.refuse(_place(host or address, port, database))


def guard_psycopg(_driver: Any, target: Target) -> None:
    """Check the connection string that psycopg passes to libpq, for every class of psycopg."""
    generators = _module("psycopg.generators")
    conninfo = _module("psycopg.conninfo")
    pq = _module("psycopg.pq")

    def checked(original: Any) -> Any:
        def connect(written: Any, *arguments: Any, **keywords: Any) -> Any:
            text = written.decode() if isinstance(written, bytes) else written
            parsed = conninfo.conninfo_to_dict(text)
            if _is_alias(parsed, target):
                pointed = conninfo.make_conninfo(text, host=target.host, hostaddr="")
                written = pointed.encode() if isinstance(written, bytes) else pointed
            else:
                _check_libpq(parsed, target)
            return original(written, *arguments, **keywords)

        return connect

    generators.connect = checked(generators.connect)
    base = pq.PGconn

    # Instances created by libpq's own functions are accepted as the guarded class.
    meta = type(
        "Meta", (type(base),), {"__instancecheck__": lambda _, made: isinstance(made, base)}
    )
    members = {
        name: staticmethod(checked(getattr(base, name))) for name in ("connect", "connect_start")
    }
    guarded = meta("PGconn", (base,), members)
    pq.PGconn = guarded
    for name in ("psycopg_binary", "psycopg_c"):  # which have the compiled class
        if name in sys.modules:
            sys.modules[name].pq.PGconn = guarded


def guard_asyncpg(_driver: Any, target: Target) -> None:
    """Check each address that asyncpg is about to connect to."""
    utils = _module("asyncpg.connect_utils")
    original = utils._connect_addr

    async def connect(*, addr: Any, params: Any, **keywords: Any) -> Any:
        host, port = addr if isinstance(addr, tuple) else (addr, None)
        if target.is_alias(host, port, params.database):
            host = addr = target.socket
        if isinstance(addr, str) and target.is_peer(addr):  # a socket, which has no port
            host, port = target.host, target.port
        if not target.is_meant(host, port, params.database):
            target.refuse(_place(host, port, params.database))
        return await original(addr=addr, params=params, **keywords)

    utils._connect_addr = connect


def guard_pg8000(_driver: Any, target: Target) -> None:
    """Check the arguments of pg8000's connection."""
    core = _module("pg8000.core").CoreConnection
    original = core.__init__
    signature = inspect.signature(original)

    def initialise(self: Any, *arguments: Any, **keywords: Any) -> None:
        bound = signature.bind(self, *arguments, **keywords)
        bound.apply_defaults()
        given = bound.arguments
        host, port, database = (given[key] for key in ("host", "port", "database"))
        if given.get("sock"):
            target.refuse("a socket of its own")
        if target.is_alias(host, port, database) and not given.get("unix_sock"):
            given["unix_sock"] = target.socket
        if given.get("unix_sock"):
            if not target.is_peer(given["unix_sock"]):
                target.refuse(str(given["unix_sock"]))
            host, port = target.host, target.port
        if not target.is_meant(host, port, database):
            target.refuse(_place(host, port, database))
        original(*bound.args, **bound.kwargs)

    setattr(core, "__init__", initialise)  # noqa: B010 - a type checker forbids assigning it


GUARDS = {
    "psycopg2": guard_psycopg2,
    "psycopg": guard_psycopg,
    "asyncpg": guard_asyncpg,
    "pg8000": guard_pg8000,
}


class GuardingFinder(importlib.abc.MetaPathFinder):
    """Guards a driver when it is imported, so that unused drivers cost nothing."""

    def __init__(self, target: Target) -> None:
        self._target = target
        # Until they are loaded: code may look for a driver and import it later.
        self._pending = {name: guard for name, guard in GUARDS.items() if name not in sys.modules}

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
        """Find a driver like the other finders, and install its guard after it is loaded."""
        guard = self._pending.pop(name, None)
        if guard is None:
            return None
        spec = importlib.util.find_spec(name)
        self._pending[name] = guard
        if spec is None or spec.loader is None:
            return None
        load, target = spec.loader.exec_module, self._target

        def load_and_guard(module: Any) -> None:
            self._pending.pop(name, None)
            load(module)
            guard(module, target)

        loader: Any = spec.loader
        loader.exec_module = load_and_guard
        return spec


def guard_drivers(target: Target) -> None:
    """Guard every driver, sockets as a second line of defense, and programs."""
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
    """Refuse other sockets of database drivers; user code can open any other socket."""
    if _called(*DRIVERS, *OTHER_DRIVERS) and not target.is_peer(address):
        target.refuse(address if isinstance(address, str) else ":".join(map(str, address)))


def _called(*packages: str) -> bool:
    """Tell whether a module of one of these packages is on the stack."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages:
            return True
        frame = frame.f_back
    return False
