"""Runs git, and explains its refusals."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Variables that change what a pathspec means; ours carry their own magic words.
_PATHSPEC_VARIABLES = {
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
}
_RESOLVE = ("rev-parse", "--verify", "--quiet", "--end-of-options")
_IDENTITY = ("-c", "user.name=revgate", "-c", "user.email=revgate@localhost")


class GitRefusedError(CannotJudgeError):
    """git refused, with its own message."""

    def __init__(self, arguments: tuple[str, ...], said: str) -> None:
        self.said = said
        """What git printed; empty where it printed nothing, as `rev-parse --quiet` does."""
        super().__init__(f"`git {' '.join(arguments[:2])}` failed: {said or 'no message'}")


def git(
    root: str,
    *arguments: str,
    stdin: bytes | None = None,
    accept: tuple[int, ...] = (0,),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Return the output of a git command.

    `GIT_INDEX_FILE` and similar variables are passed on: during `git commit -a` they name the
    index that is about to be committed. A relative one is relative to the root, as in a hook.

    Args:
        root: The repository root.
        arguments: The command and its arguments.
        stdin: Its input.
        accept: Exit codes that are an answer: `merge-tree` exits with 1 if there are conflicts.
        variables: Environment variables to set, besides those of this process.

    Raises:
        CannotJudgeError: git is missing, or refuses; with git's own message.
    """
    import subprocess

    # The file system monitor is a program that the configuration names: it must not run.
    command = ["git", "-C", root, "-c", "core.fsmonitor=false", *arguments]
    environment = {
        key: value for key, value in os.environ.items() if key not in _PATHSPEC_VARIABLES
    } | {**variables}
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=environment
        )
    except FileNotFoundError:
        raise CannotJudgeError("git was not found on PATH: install git") from None
    except (OSError, ValueError) as error:  # not executable; a path with a null byte
        raise CannotJudgeError(f"git cannot be run: {error}") from None
    if done.returncode not in accept:
        raise GitRefusedError(arguments, _message(done.stderr))
    return done.stdout


def _message(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    return "\n".join(line for line in lines if line)


def resolve(root: str, name: str) -> str | None:
    """Return the id of the commit that a name stands for; None where git knows no such commit.

    Raises:
        CannotJudgeError: git refuses to answer, with its own message.
    """
    try:
        found = git(root, *_RESOLVE, f"{name}^{{commit}}")
    except GitRefusedError as error:
        if error.said:
            raise
        return None
    return found.decode().strip()


def is_shallow(root: str) -> bool:
    """Whether the clone lacks part of its history."""
    return git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def commit_tree(root: str, tree: str, parents: Iterable[str], message: str) -> str:
    """Create a commit that no reference points to, and return its id.

    Its time is the last that git knows, so that no parent is newer, and the commit is the same each
    time.
    """
    named = [word for parent in parents for word in ("-p", parent)]
    words = (*_IDENTITY, "commit-tree", tree, *named, "-m", message)
    times = {f"GIT_{who}_DATE": "@2147483647 +0000" for who in ("AUTHOR", "COMMITTER")}
    return git(root, *words, variables=times).decode().strip()


def check_out(root: str, commit: str, folder: str) -> None:
    """Write the files of a commit into a new folder, with links to what git ignores here.

    What is ignored, such as `.env` or a generated module, can be what the project needs to run.

    Raises:
        CannotJudgeError: git refuses, or a file cannot be written.
    """
    index = {"GIT_INDEX_FILE": f"{folder}.index"}
    git(root, "read-tree", commit, variables=index)
    git(root, "checkout-index", "--all", f"--prefix={folder}/", variables=index)
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    for path in os.fsdecode(git(root, *words)).split("\0")[:-1]:
        try:
            _link(os.path.abspath(root), os.path.realpath(folder), path.rstrip("/"))
        except OSError as error:
            raise CannotJudgeError(f"{path} cannot be linked: {error.strerror}") from None


def _link(root: str, folder: str, path: str) -> None:
    """Make a link to a file or folder, unless the place is taken or leads out of the folder."""
    place = os.path.join(folder, path)
    parent, name = os.path.split(place)
    is_inside = os.path.isdir(parent) and os.path.realpath(parent) == parent
    if name != "__pycache__" and is_inside and not os.path.lexists(place):
        os.symlink(os.path.join(root, path), place)


def find_root(start: str) -> tuple[str, bool]:
    """Find the repository root: the nearest folder upwards with a `.git` folder or file.

    Returns:
        Its absolute path, and True; or the start itself, and False, outside of a repository.
    """
    folder = os.path.abspath(start)
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.abspath(start), False
        folder = parent
    return folder, True
