"""Connections to the server behind the relay, with the TLS settings of its URL."""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from revgate.postgres.relay.frames import SSL

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10.0


class Stream(Protocol):
    """What the relay needs of a connection."""

    def recv(self, size: int, /) -> bytes:
        """Return received data; empty after the other side has closed."""

    def sendall(self, data: bytes, /) -> None:
        """Send all data."""

    def shutdown(self, how: int, /) -> None:
        """End the connection, also for a thread that is receiving."""

    def close(self) -> None:
        """Release its resources."""


class Upstream(NamedTuple):
    """The server, in the terms of libpq."""

    host: str
    port: int
    tls: bool
    """Whether to encrypt connections; revgate's own connection is the model."""
    parameters: Mapping[str, str]

    def connect(self) -> Stream:
        """Open a connection.

        Raises:
            OSError: The server cannot be reached, or its certificate is not trusted.
        """
        raw = self._socket()
        try:
            return self._secured(raw) if self.tls else raw
        except BaseException:
            raw.close()
            raise

    def _socket(self) -> socket.socket:
        if self.host.startswith("/"):
            found = socket.socket(socket.AF_UNIX)
            found.connect(f"{self.host}/.s.PGSQL.{self.port}")
            return found
        found = socket.create_connection((self.host, self.port), _SECONDS)
        found.settimeout(None)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return found

    def _secured(self, raw: socket.socket) -> Stream:
        raw.sendall(struct.pack(">II", 8, SSL))
        if raw.recv(1) != b"S":
            raise ConnectionError("the server does not offer TLS")
        return _Secured(self._context().wrap_socket(raw, server_hostname=self.host))

    def _context(self) -> ssl.SSLContext:
        """Return the context for libpq's sslmode, sslrootcert, sslcert and sslkey."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        mode = self.parameters.get("sslmode", "prefer")
        root = self.parameters.get("sslrootcert") or _default("root.crt")
        if root == "system":
            context.load_default_certs()
            mode = "verify-full"
        elif root and (mode != "prefer" or os.path.exists(root)):
            context.load_verify_locations(root)
        verified = mode in ("verify-ca", "verify-full") or (mode == "require" and bool(root))
        context.check_hostname = mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
        certificate = self.parameters.get("sslcert") or _default("postgresql.crt")
        if certificate:
            key = self.parameters.get("sslkey") or _default("postgresql.key") or None
            context.load_cert_chain(certificate, key)
        return context


def _default(name: str) -> str:
    """Return libpq's default path of a file; empty if it does not exist."""
    path = os.path.join(os.path.expanduser("~"), ".postgresql", name)
    return path if os.path.exists(path) else ""


class _Secured:
    """A TLS connection that one thread reads and another writes: OpenSSL allows one at a time."""

    def __init__(self, wrapped: ssl.SSLSocket) -> None:
        self._wrapped = wrapped
        self._lock = threading.Lock()
        wrapped.setblocking(False)  # noqa: FBT003 - its only parameter

    def recv(self, size: int, /) -> bytes:
        while True:
            try:
                with self._lock:
                    return self._wrapped.recv(size)
            except ssl.SSLWantReadError:
                select.select([self._wrapped], [], [])
            except ssl.SSLWantWriteError:
                select.select([], [self._wrapped], [])
            except ssl.SSLEOFError:
                return b""

    def sendall(self, data: bytes, /) -> None:
        view = memoryview(data)
        while view:
            try:
                with self._lock:
                    view = view[self._wrapped.send(view) :]
            except ssl.SSLWantWriteError:
                select.select([], [self._wrapped], [])
            except ssl.SSLWantReadError:
                select.select([self._wrapped], [], [], 0.05)  # the reading thread may take it

    def shutdown(self, how: int, /) -> None:
        # SSLSocket.shutdown would return to plain text while another thread still reads.
        socket.socket.shutdown(self._wrapped, how)

    def close(self) -> None:
        self._wrapped.close()
