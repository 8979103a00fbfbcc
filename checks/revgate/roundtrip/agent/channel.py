"""What is said between this process and the one that started it.

Knows lines of JSON; nothing of what they mean.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any


class Unusable(Exception):  # noqa: N818 - as above
    """The environment cannot be run at all; `kind` says why, for the other side to explain."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Channel:
    """Lines of JSON to and from the process that started us, out of reach of user code."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._asking = threading.Lock()
        os.dup2(2, 1)  # what user code prints must not end up between our lines

    def have_database(self, name: str) -> None:
        """Have the other side make a database, between two answers.

        Raises:
            Unusable: It could not.
        """
        with self._asking:
            self.send("database", name=name)
            answer = self.receive()
        if answer["error"]:
            raise Unusable("database", answer["error"])

    def send(self, event: str, **facts: Any) -> None:
        """Tell the other side something."""
        self._out.write(json.dumps({"event": event, **facts}).encode() + b"\n")
        self._out.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the next request; ends the process when the other side is gone."""
        line = self._in.readline()
        if not line:
            os._exit(1)
        request: dict[str, Any] = json.loads(line)
        return request
