"""Which Python runs env.py: the one that has the project's packages."""

from __future__ import annotations

import os
import sys

from revgate.errors import CannotJudgeError


def find_python(python: str | None, folders: tuple[str, ...]) -> str:
    """Return the interpreter for the agent.

    Args:
        python: What the user named, if anything.
        folders: Where a `.venv` of the project may lie, the nearest first.

    Raises:
        CannotJudgeError: The named interpreter is not there.
    """
    if python is not None:
        return _named(python)
    own = [os.path.join(folder, ".venv") for folder in folders]
    active = os.environ.get("VIRTUAL_ENV", "")
    environments = [*own, *_left_on_path()] if _is_hooks(active) else [active, *own]
    for environment in filter(None, environments):
        found = os.path.join(environment, "bin", "python")
        if os.access(found, os.X_OK):
            return found
    return sys.executable


def _is_hooks(active: str) -> bool:
    """Whether an environment is the one that pre-commit or prek made for this hook.

    They activate it, and it has nothing of the project.
    """
    return "PRE_COMMIT" in os.environ and os.path.realpath(active) == os.path.realpath(sys.prefix)


def _left_on_path() -> list[str]:
    """Return the other environments on PATH that have Alembic: the user's own, if one was active.

    The one that pre-commit itself is installed in may stand there too.
    """
    import glob

    folders = map(os.path.dirname, os.environ.get("PATH", "").split(os.pathsep))
    packages = os.path.join("lib", "python*", "site-packages", "alembic")
    return [
        each
        for each in folders
        if os.path.isfile(os.path.join(each, "pyvenv.cfg"))
        and glob.glob(os.path.join(glob.escape(each), packages))
        and not _is_hooks(each)
    ]


def _named(python: str) -> str:
    import shutil

    found = shutil.which(os.path.expanduser(python))
    if found is None:
        raise CannotJudgeError(
            f"`--python` names {python!r}, which is no program\n"
            "name the interpreter of the environment that has your project's packages,"
            " such as .venv/bin/python"
        )
    return os.path.abspath(found)
