"""Finds what a project says its Flask application is, for the advice on `FLASK_APP`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from revgate.source import listed, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATED = re.compile(r"\bFLASK_APP\b[\"']?\s*[:=]\s*[\"']?([\w./:-]+)")
_SAY_SO = re.compile(
    r"\.flaskenv|\.env(\..*)?|Procfile|Makefile|justfile|Dockerfile.*|.*compose.*\.ya?ml|.*\.sh"
    r"|manifest.*\.yml|tox\.ini|setup\.cfg|README.*"
)
"""Files that may set the variable; those that name an application that is there count."""
_APPLICATION = re.compile(r"^(app|application)\s*=", re.MULTILINE)
_ENTRIES = ("manage.py", "wsgi.py", "run.py", "main.py", "application.py", "server.py")
_LARGEST = 1 << 16
FALLBACK = "package:create_app"


def flask_app(root: str, folder: str) -> str:
    """Return the application as the project names it, else a pattern to fill in.

    Args:
        root: The repository root.
        folder: The one that Alembic runs in.
    """
    stated = next(_stated(dict.fromkeys((folder, root)), folder), None)
    return stated or next(_entries(folder), FALLBACK)


def _stated(folders: dict[str, None], base: str) -> Iterator[str]:
    """Yield the values in files of the project that name a file or module which exists."""
    for each in folders:
        nested = [os.path.join(each, name) for name in listed(each) if "compose" in name]
        for path in (each, *filter(os.path.isdir, nested)):
            for name in filter(_SAY_SO.fullmatch, listed(path)):
                for found in _STATED.finditer(_text(os.path.join(path, name))):
                    if _exists(found[1].partition(":")[0], base):
                        yield found[1]


def _exists(named: str, base: str) -> bool:
    path = named if named.endswith(".py") else named.replace(".", "/")
    place = os.path.join(base, path)
    return os.path.isfile(place) or os.path.isfile(f"{place}.py") or os.path.isdir(place)


def _entries(folder: str) -> Iterator[str]:
    """Yield the scripts that define an application, in the folder and in its packages."""
    packages = [each for each in listed(folder) if _is_package(os.path.join(folder, each))]
    for package in ("", *packages):
        for name in _ENTRIES:
            if _APPLICATION.search(_text(os.path.join(folder, package, name))):
                yield f"{package}.{name[:-3]}" if package else name


def _is_package(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "__init__.py"))


def _text(path: str) -> str:
    try:
        return read_regular(path)[:_LARGEST].decode("utf-8", "replace")
    except OSError:
        return ""
