"""Which Python runs env.py: the one that has the project's packages."""

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
    environments = [os.environ.get("VIRTUAL_ENV", "")]
    environments += [os.path.join(folder, ".venv") for folder in folders]
    for environment in filter(None, environments):
        found = os.path.join(environment, "bin", "python")
        if os.access(found, os.X_OK):
            return found
    return sys.executable


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
