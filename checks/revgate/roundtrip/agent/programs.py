"""Programs that user code starts: their environment names only the throwaway databases.

Their command lines are not read: the kernel refuses what they try to connect to, see
`postgres/isolation.py`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .variables import point_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from .target import Target

_ENVIRONMENT = {"subprocess.Popen": 3, "os.exec": 2, "os.posix_spawn": 2, "os.spawn": 3}
"""Events that start a program, and the position of its environment."""


def watch(target: Target) -> Callable[[str, Any], None]:
    """Return an audit hook that prepares every program before it starts."""

    def audit(event: str, arguments: Any) -> None:
        if event != "os.system" and event not in _ENVIRONMENT:
            return
        point_at(target, os.environ)
        target.reach_all()
        environ = None if event == "os.system" else arguments[_ENVIRONMENT[event]]
        if environ is not None and environ is not os.environ:
            _point_environment(target, environ)

    return audit


def _point_environment(target: Target, environ: Any) -> None:
    """Point the environment of a single program at the throwaway."""
    text = {os.fsdecode(name): os.fsdecode(value) for name, value in environ.items()}
    pointed = dict(text)
    point_at(target, pointed)
    if pointed == text:
        return
    as_bytes = any(isinstance(name, bytes) for name in environ)
    try:
        for name in text:
            if name not in pointed:
                del environ[os.fsencode(name) if as_bytes else name]
        for name, value in pointed.items():
            environ[os.fsencode(name) if as_bytes else name] = (
                os.fsencode(value) if as_bytes else value
            )
    except TypeError:
        target.refuse("a server named in the environment of a program")
