"""A digest of the files that decide what a history builds, as a key for cached databases."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision


def key_of(root: str, environment: Environment, chain: Sequence[Revision], *more: object) -> str:
    """Return a digest of everything that decides what a history builds, as far as files show.

    It covers the folder of the environment, but not what is imported from elsewhere.

    Args:
        root: The repository root.
        environment: The environment.
        chain: The revisions, in upgrade order.
        more: Other inputs: the version of the server, the variables of env.py.
    """
    digest = hashlib.sha256(f"{more!r}\n{environment!r}\n".encode())
    for path in sorted({*_files(os.path.join(root, environment.script_location))}):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + _content(path))
    for revision in chain:
        path = os.path.join(root, revision.path)
        digest.update(revision.id.encode("utf-8", "surrogatepass") + b"\0" + _content(path))
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(parent, name) for name in names)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()
