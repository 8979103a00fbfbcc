"""Fetches the heads of pull requests into the clone, leaving work tree and branches alone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.git import git, is_shallow
from revgate.target_branch import explain_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.pulls.pull import Repository

_FETCH = (
    *("fetch", "--quiet", "--stdin", "--no-tags", "--no-write-fetch-head", "--refmap="),
    *("--no-recurse-submodules", "--no-auto-maintenance"),
)
_MOST_FETCHES = 200
_HEADER = "REVGATE_FETCH_HEADER"


class Heads(NamedTuple):
    """The current commits, without pull requests whose head no longer exists."""

    base: str
    pulls: dict[int, str]


def fetch(root: str, remote: str, repository: Repository, numbers: Sequence[int]) -> Heads:
    """Fetch the base and the heads of pull requests.

    Raises:
        CannotJudgeError: The base cannot be fetched, or the clone is shallow, so that the common
            ancestor is unknown; no pull request is to blame.
    """
    if is_shallow(root):
        raise CannotJudgeError(f"this clone is shallow: {explain_missing(root)}")
    # Private to this process: another run in the same clone must not delete them.
    space = f"refs/revgate/pulls/{os.getpid()}"
    with _authorized(repository) as options:
        fetcher = _Fetcher(root, (*options, *_FETCH, "--", remote))
        try:
            fetcher.fetch([f"+refs/heads/{repository.base}:{space}/base"])
            if f"{space}/base" not in _names(root, space):
                raise CannotJudgeError(
                    f"cannot fetch the base {repository.base!r} from {remote!r}: {fetcher.said}"
                )
            fetcher.fetch([f"+refs/pull/{each}/head:{space}/{each}" for each in numbers])
            found = _names(root, space)
        finally:
            _forget(root, space)
    base = found.pop(f"{space}/base")
    return Heads(base, {int(name.rpartition("/")[2]): commit for name, commit in found.items()})


class _Fetcher:
    """Fetches references; a missing one must not fail the others."""

    def __init__(self, root: str, command: tuple[str, ...]) -> None:
        self.root = root
        self.command = command
        self.left = _MOST_FETCHES
        self.said = ""

    def fetch(self, specs: list[str]) -> None:
        """Fetch all at once; if git refuses, fetch each half, until only the missing ones fail."""
        if not specs:
            return
        self.left -= 1
        if self.left < 0:
            raise CannotJudgeError(f"the heads of pull requests cannot be fetched: {self.said}")
        try:
            git(self.root, *self.command, stdin="".join(f"{each}\n" for each in specs).encode())
        except CannotJudgeError as error:
            self.said = getattr(error, "said", str(error))
            if len(specs) > 1:
                half = len(specs) // 2
                self.fetch(specs[:half])
                self.fetch(specs[half:])


@contextmanager
def _authorized(repository: Repository) -> Iterator[tuple[str, ...]]:
    """Let git send the token to the server, without writing it anywhere.

    It is passed in a variable, because any process on the machine can read a command line. An
    existing header is cleared first: GitHub refuses two.
    """
    if repository.server is None:
        yield ()
        return
    from base64 import b64encode

    key = f"http.{repository.server.rstrip('/')}/.extraheader"
    word = b64encode(f"x-access-token:{repository.token}".encode()).decode()
    os.environ[_HEADER] = f"AUTHORIZATION: basic {word}"
    try:
        yield "-c", f"{key}=", f"--config-env={key}={_HEADER}"
    finally:
        del os.environ[_HEADER]


def _names(root: str, space: str) -> dict[str, str]:
    """Return the commits of the references below a name, by reference."""
    words = ("for-each-ref", "--format=%(objectname) %(refname)", f"{space}/")
    lines = git(root, *words).decode().splitlines()
    return {line.partition(" ")[2]: line.partition(" ")[0] for line in lines}


def _forget(root: str, space: str) -> None:
    deletions = "".join(f"delete {name}\n" for name in _names(root, space))
    git(root, "update-ref", "--stdin", stdin=deletions.encode())
