"""The relay's process: forwards clients of a Unix socket to the server.

Started by `relay.Relay`, which sends its configuration as lines of JSON on standard input. The end
of that input ends the process.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from revgate.postgres.relay.frames import (
    CANCEL,
    GSS,
    SSL,
    Answers,
    ProtocolError,
    Refusals,
    Requests,
    Startup,
    error,
    objection,
    startup_length,
)
from revgate.postgres.relay.refusals import Own, refused
from revgate.postgres.relay.upstream import Stream, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16


class Relay:
    """The configuration that all connections share."""

    def __init__(self, upstream: Upstream, own: Own) -> None:
        self.upstream = upstream
        self.own = own

    def look(self, text: str) -> str | None:
        """Return what in a statement is refused."""
        return refused(text, self.own)

    def converse(self, client: socket.socket) -> None:
        """Serve one client until it or the server disconnects."""
        try:
            with client:
                startup = _startup(client)
                if startup and startup.code == CANCEL:
                    self._cancel(startup)
                elif startup:
                    self._pass_on(client, startup)
        except (OSError, ProtocolError):
            return

    def _cancel(self, startup: Startup) -> None:
        server = self.upstream.connect()
        server.sendall(startup.body)
        server.recv(1)  # the server closes when it is done
        server.close()

    def _pass_on(self, client: socket.socket, startup: Startup) -> None:
        why = objection(startup, self.own.has_database)
        if why:
            client.sendall(error(why, severity="FATAL"))
            return
        try:
            server = self.upstream.connect()
        except OSError as failure:
            message = f"no connection to the server: {failure}"
            client.sendall(error(message, severity="FATAL", code="08006"))
            return
        server.sendall(startup.body)
        refusals = Refusals()
        back = threading.Thread(
            target=_pump, args=(server, client, Answers(refusals).feed), daemon=True
        )
        back.start()
        _pump(client, server, Requests(self.look, refusals).feed)
        back.join()
        server.close()


def _startup(client: socket.socket) -> Startup | None:
    """Read the first message; requests for encryption are declined."""
    while True:
        head = _exactly(client, 4)
        if not head:
            return None
        body = head + _exactly(client, startup_length(head) - 4)
        startup = Startup(int.from_bytes(body[4:8], "big"), body)
        if startup.code not in (SSL, GSS):
            return startup
        client.sendall(b"N")


def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            return b""
        data += more
    return data


def _pump(source: Stream, target: Stream, feed: Callable[[bytes], bytes]) -> None:
    """Forward data until either side closes, then close both."""
    try:
        while data := source.recv(_CHUNK):
            passed = feed(data)
            if passed:
                target.sendall(passed)
    except (OSError, ProtocolError, ValueError):
        pass
    finally:
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, relay: Relay) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # too many open files, for a moment
            time.sleep(0.1)
            continue
        threading.Thread(target=relay.converse, args=(client,), daemon=True).start()


def _own(told: dict[str, Any]) -> Own:
    return Own(told["prefix"], frozenset(told["roles"]))


def main() -> None:
    """Relay until standard input ends."""
    told = json.loads(sys.stdin.readline())
    upstream = Upstream(told["host"], told["port"], told["tls"], dict(told["parameters"]))
    relay = Relay(upstream, _own(told))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(told["path"])
    listener.listen(64)
    threading.Thread(target=_accept, args=(listener, relay), daemon=True).start()
    while told:
        print("ready", flush=True)
        line = sys.stdin.readline()
        told = json.loads(line) if line else None
        if told:
            relay.own = _own(told)
    os._exit(0)  # the run that its connections belong to is over
