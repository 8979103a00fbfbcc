"""The messages between the agent and the process that started it: lines of JSON.

The agent sends `ready`, receives one job, and answers with events. After the job it is asked for
one step at a time (`"mode": "steps"`), or runs to the end (`"production"`, `"script"`). With
`"mode": "order"` it only reads the history, and with `"command"` it runs one of Alembic's commands.

Requests:

    {job}                        everything of `Agent._send_job`: database, config, mode, head, ...
    {"do": "upgrade" | "downgrade", "revision": id, "watch": bool}
    {"do": "attempt", "revision": id, "tables": query, "again": bool, "watch": bool}
    {"do": "interrupt", "revision": id, "statement": number}
                                 upgrade, and end as a crash would before that statement
    {"do": "models"}             compare the models with the database
    {"do": "ddl", "tables": [[schema, name], ...]}
    {"do": "end"}                let env.py run to its end

Events, by their `event`:

    ready                        versions of Python, Alembic and SQLAlchemy
    started, further-context     a migration context: database, version_table,
                                 version_table_schema, origin, schema, stand_ins,
                                 left_out
    idle                         waits for the first step
    step                         production has reached `revision`
    order                        `revisions` in upgrade order; or an `error` of Alembic
    done                         ms, lines, and, if watched: statements (see `statements.py`),
                                 commits (see `transactions.py`), settings (see `settings.py`)
    interrupted                  `latest`, the statement that ran last
    attempted                    the results of `Attempt`, and statements
    failed                       revision, line, lines, and what `failures.describe` returns
    models, no-models, ddl, mapped   see `models.py`; models-failed has a `message`
    database                     a database called `name` is needed; the reply is {"error": text},
                                 empty if it was created
    finished                     env.py has ended; `sql` is what it wrote in offline mode, or what
                                 the command printed
    broken                       env.py raised outside of a step: line, path, path_line, and what
                                 `reads.missing_reads` and `failures.describe` return
    unusable                     the environment cannot be run: kind, message

`lines` has the line numbers of `def upgrade` and `def downgrade`.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any


class Unusable(Exception):  # noqa: N818 - it is a message, not an error of this program
    """The environment cannot be run at all; the client explains the `kind`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Channel:
    """Sends and receives messages, out of reach of user code."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._asking = threading.Lock()
        os.dup2(2, 1)  # output of user code must not mix with our messages

    def request_database(self, name: str) -> None:
        """Ask the client to create a database.

        Raises:
            Unusable: It could not.
        """
        with self._asking:
            self.send("database", name=name)
            answer = self.receive()
        if answer["error"]:
            raise Unusable("database", answer["error"])

    def send(self, event: str, **facts: Any) -> None:
        """Send an event."""
        self._out.write(json.dumps({"event": event, **facts}).encode() + b"\n")
        self._out.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the next request; end the process if the client is gone."""
        line = self._in.readline()
        if not line:
            os._exit(1)
        request: dict[str, Any] = json.loads(line)
        return request
