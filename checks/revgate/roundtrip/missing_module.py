"""Advice for an env.py that imports what is not there: a package, or a module of the repository."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from revgate.source import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEPTH = 4
_MOST_FOLDERS = 5000
_SKIPPED = ("node_modules", "site-packages", "__pycache__", "build", "dist")
_PACKAGES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "distutils": "setuptools",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "geoalchemy2": "GeoAlchemy2",
    "gi": "PyGObject",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "yaml": "PyYAML",
}
"""Packages whose name is not that of their module."""


def missing_module(message: str, folders: Sequence[str], root: str, python: str) -> str:
    """Return what to do about an ImportError.

    Args:
        message: Its text.
        folders: As `run_folders` returns them.
        root: The repository root.
        python: The interpreter that env.py ran in.
    """
    if told := re.search(r"\bpip3? install +([^`'\"\n]+)", message):
        return f"install what it asks for: `{python} -m pip install {told[1].strip()}`"
    found = re.search(r"No module named '([^'.]+)", message)
    if found is None:
        return (
            "name the Python that has the project's packages, in the versions that it requires,"
            " with `--python`"
        )
    name = found[1]
    if inside := next(_folders_with(name, root), None):
        return _path_advice(name, inside, folders[0], root)
    return (
        f"install it with `{python} -m pip install {_PACKAGES.get(name, name)}`, or with the"
        " package of the project's requirements that has it; or name the Python that has the"
        " project's packages with `--python`"
    )


def _path_advice(name: str, inside: str, folder: str, root: str) -> str:
    path = os.path.relpath(inside, folder).replace(os.sep, "/")
    shown = os.path.relpath(inside, root).replace(os.sep, "/")
    where = "the repository root" if shown == "." else f"`{shown}`"
    return (
        f"{where} has the module `{name}`: write `prepend_sys_path = {path}` in the configuration"
        f' of Alembic, or PYTHONPATH = "{path}" in [tool.revgate.env]'
    )


def _folders_with(name: str, root: str) -> Iterator[str]:
    """Yield the folders of the repository that have a module, the nearest to the root first."""
    level, seen = [root], 0
    for _ in range(_DEPTH + 1):
        below: list[str] = []
        for folder in level:
            seen += 1
            if seen > _MOST_FOLDERS:
                return
            entries = listed(folder)
            if f"{name}.py" in entries or _is_package(os.path.join(folder, name)):
                yield folder
            below += [os.path.join(folder, each) for each in entries if _is_source(folder, each)]
        level = below


def _is_package(path: str) -> bool:
    return any(each.endswith(".py") for each in listed(path))


def _is_source(folder: str, name: str) -> bool:
    path = os.path.join(folder, name)
    if name.startswith(".") or name in _SKIPPED or os.path.islink(path):
        return False
    return os.path.isdir(path) and not os.path.isfile(os.path.join(path, "pyvenv.cfg"))
