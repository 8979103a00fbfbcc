"""Runs the user's git, and nothing but reads from it.

Knows how to ask git and what its refusals mean; what is asked belongs to the callers.
"""

from __future__ import annotations

import os

from revgate.errors import CannotJudgeError

# Variables that change what a path means; what we ask has its own notation for each path.
_NOT_OURS = {
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
}


class GitRefusedError(CannotJudgeError):
    """git says no, in its own words."""

    def __init__(self, arguments: tuple[str, ...], said: str) -> None:
        self.said = said
        """What git printed; empty where it kept silent, as `rev-parse --quiet` does."""
        super().__init__(f"`git {' '.join(arguments[:2])}` failed: {said or 'no message'}")


def git(
    root: str, *arguments: str, stdin: bytes | None = None, accept: tuple[int, ...] = (0,)
) -> bytes:
    """Return what a git command prints.

    `GIT_INDEX_FILE` and its like stay as they are: during `git commit -a` they name the very
    index that is about to be committed. Where such a variable is relative it means the root, as
    it does for a hook.

    Args:
        root: The repository root.
        arguments: The command and its words.
        stdin: What the command reads.
        accept: Exit codes that are an answer: `merge-tree` ends with 1 where there are conflicts.

    Raises:
        CannotJudgeError: git is missing, or says no; with git's own words.
    """
    import subprocess

    # A monitor of the file system is a program named by configuration: nothing to run here.
    command = ["git", "-C", root, "-c", "core.fsmonitor=false", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in _NOT_OURS}
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=environment
        )
    except FileNotFoundError:
        raise CannotJudgeError("git was not found on PATH: install git") from None
    except (OSError, ValueError) as error:  # not executable; a path with a null byte
        raise CannotJudgeError(f"git cannot be run: {error}") from None
    if done.returncode not in accept:
        raise GitRefusedError(arguments, _words(done.stderr))
    return done.stdout


def _words(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    return "\n".join(line for line in lines if line)


def find_root(start: str) -> tuple[str, bool]:
    """Find the repository root: the nearest parent with `.git` (a folder, or a linked file).

    Returns:
        The absolute path, and whether it is a git repository; the start itself where it is none.
    """
    folder = os.path.abspath(start)
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.abspath(start), False
        folder = parent
    return folder, True
