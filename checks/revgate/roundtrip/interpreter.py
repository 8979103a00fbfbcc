"""Which Python runs env.py: the one that has the project's packages."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment


def run_folders(environment: Environment, root: str) -> list[str]:
    """Return the absolute paths of the folders of an environment.

    First the one that Alembic runs in, then those of the configuration file and of the repository.
    """
    beside = os.path.dirname(os.path.join(root, *environment.config.split("/")))
    return list(dict.fromkeys([os.path.join(root, environment.folder).rstrip("/"), beside, root]))


def find_python(python: str | None, folders: Sequence[str]) -> str:
    """Return the interpreter for the agent.

    Args:
        python: The interpreter that the user named, if any.
        folders: Where to look for a `.venv` of the project, the nearest first.

    Raises:
        CannotJudgeError: The named interpreter does not exist.
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
    """Tell whether pre-commit or prek created an environment for this hook.

    They activate it, and it has none of the project's packages.
    """
    return "PRE_COMMIT" in os.environ and os.path.realpath(active) == os.path.realpath(sys.prefix)


def _left_on_path() -> list[str]:
    """Return the other environments on PATH that have Alembic: the user's, if one was active.

    The environment of pre-commit itself can be on PATH as well.
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
            f"`--python` names {python!r}, which is not a program\n"
            "name the interpreter of the environment that has your project's packages,"
            " such as .venv/bin/python"
        )
    return os.path.abspath(found)
