"""Tracks the roles that revisions create, which belong to the server and outlive every database.

A server of our own has no other users. On a server that the user named, only roles mentioned in the
revision files are attributed to them, and runs that create roles wait for each other.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.snapshot.database import setting_role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.postgres.server import Server
    from revgate.postgres.snapshot import Key

_MAKES_ROLES = re.compile(r"(?i)\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP)\b(?!\s+MAPPING)")
_IS_OF_THE_SERVER = re.compile(
    r"(?i)\bPREPARE\s+TRANSACTION\b|\bREPLICATION\b|replication_slot|\bSUBSCRIPTION\b"
    r"|\bTABLESPACE\b|\bALTER\s+SYSTEM\b"
)
_ONE_AT_A_TIME = 0x7265766761746500
_DUPLICATE = "42710"


class Roles:
    """The roles of a server: those that existed before the run, and those that revisions create."""

    def __init__(self, server: Server, root: str, paths: Iterable[str]) -> None:
        """Read which roles there are.

        Args:
            server: The server.
            root: The repository root.
            paths: The revision files, relative to the root.
        """
        self._server = server
        self._shared = server.facts.kind == "url"
        self._text = "\n".join(_text(os.path.join(root, *each.split("/"))) for each in paths)
        self._before = server.roles()
        self._expected = self._before
        self.notes: list[str] = []
        self.were_made = False
        """Whether any had to be dropped so far."""

    @property
    def stay_in_databases(self) -> bool:
        """Whether no revision changes what belongs to the whole server, by the text."""
        return not (_MAKES_ROLES.search(self._text) or _IS_OF_THE_SERVER.search(self._text))

    def wait_for_others(self, timeout: float | None) -> None:
        """Keep other runs from creating roles for as long as this one lasts.

        Raises:
            CannotJudgeError: Another run has been creating roles for more than `timeout` seconds.
        """
        if not self._shared or not _MAKES_ROLES.search(self._text):
            return
        until = None if timeout is None else time.monotonic() + timeout
        while not self._server.try_lock(_ONE_AT_A_TIME):
            if until is not None and time.monotonic() > until:
                raise CannotJudgeError(
                    f"another run has been creating roles on {self._server.address} for more than"
                    f" {timeout:g} seconds, and roles belong to the whole server\n"
                    "wait for it to end, or give this run a server of its own"
                )
            time.sleep(0.2)
        self._before = self._expected = self._server.roles()
        made = self._server.prepared.roles if self._server.prepared else frozenset[str]()
        self._server.protect_roles(self._before - made)

    def sees(self, key: Key) -> bool:
        """Return whether an object is none of others: not a role of theirs, nor the run's owner."""
        role = key[1] if key[0] == "role" else None
        if key[0] == "setting":
            role = setting_role(key[1])
        if role is None:
            return True
        name = role.strip('"')
        owner = self._server.prepared.owner if self._server.prepared else ""
        return name != owner and (not self._shared or self._is_named(name))

    def expect(self) -> None:
        """Treat the current roles as the state from which the steps start."""
        self._expected = self._server.roles()

    def forget(self, *, all_of_them: bool = False) -> None:
        """Drop the roles that revisions created, once nothing depends on them."""
        made = self._server.roles() - (self._before if all_of_them else self._expected)
        ours = frozenset(name for name in made if not self._shared or self._is_named(name))
        self.were_made = self.were_made or bool(ours)
        self._server.drop_roles(ours)
        if all_of_them:
            self._report(made & self._server.roles(), ours)

    def _report(self, left: frozenset[str], ours: frozenset[str]) -> None:
        if left and self._shared:
            why = "something depends on them" if left <= ours else "no revision names them"
            names = ", ".join(f"`{name}`" for name in sorted(left))
            self.notes.append(
                f"roles were created on the server and left there, because {why}: {names}"
            )

    def _is_named(self, name: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self._text) is not None

    def is_made_by(self, kind: str, name: str) -> bool:
        """Tell whether a revision creates or drops a role, schema or extension, by the text."""
        words = "ROLE|USER|GROUP" if kind == "role" else kind
        made = (
            rf"(?i)\b(?:CREATE|DROP)\s*(?:{words})\b[^;\n]{{0,40}}?(?<!\w){re.escape(name)}(?!\w)"
        )
        return re.search(made, self._text) is not None

    def explain(self, sqlstate: str, message: str, place: str) -> None:
        """Raise if a step failed only because its role already exists on the server.

        Raises:
            CannotJudgeError: It did; the message says what to do.
        """
        found = re.match(r'role "(.+)" already exists', message)
        if sqlstate == _DUPLICATE and found and found[1] in self._before and self._shared:
            raise CannotJudgeError(
                f"{place} creates the role `{found[1]}`, which existed on {self._server.address}"
                " before this run: roles belong to the whole server\n"
                f'drop it there (DROP ROLE "{found[1]}"), give revgate a server of its own, or'
                " create it only if it does not exist"
            )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
