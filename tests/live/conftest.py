"""A real server in the place of production, for what must never reach it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from revgate.postgres.connect import connect
from revgate.postgres.server import Server, throwaway

if TYPE_CHECKING:
    from collections.abc import Iterator


class Production:
    """A real server that must never be reached; its log says who came."""

    def __init__(self, server: Server) -> None:
        self.address = server.address
        connection = connect(server.address)
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self._log = Path(cursor.fetchone()[0]).parent / "log"
            cursor.execute("ALTER SYSTEM SET log_connections = on")
            cursor.execute("SELECT pg_reload_conf()")
        connection.close()
        time.sleep(0.5)
        self._before = 0
        self._before = self.visits()

    def visits(self) -> int:
        """Count the connections since the start, also those that were turned away."""
        return self._log.read_text().count("connection received") - self._before

    def url(self, driver: str) -> str:
        return self.address.url(f"postgresql+{driver}")


@pytest.fixture(scope="module")
def production_server() -> Iterator[Server]:
    with throwaway(None) as running:
        yield running
