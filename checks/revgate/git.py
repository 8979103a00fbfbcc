"""Runs the user's git, and nothing but reads from it.

Knows how to ask git and what its refusals mean; what is asked belongs to the callers.
"""

import os

from revgate.errors import CannotJudgeError


def git(root: str, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Return what a git command prints.

    `GIT_INDEX_FILE` and its like stay as they are: during `git commit -a` they name the very
    index that is about to be committed.

    Raises:
        CannotJudgeError: git is missing, or says no; with git's own words.
    """
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise CannotJudgeError("git was not found on PATH: install git") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CannotJudgeError(
            f"`git {' '.join(arguments)}` failed: {said[-1] if said else 'no message'}"
        )
    return done.stdout


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
