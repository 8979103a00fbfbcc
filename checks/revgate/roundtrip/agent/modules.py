"""Loads a revision file again before each of its functions, as each `alembic` command does.

A function may change what its module holds: a downgrade that renames an enum object which the
upgrade has used would find what it never finds in a process of its own.
"""

from __future__ import annotations

import os
import types
from typing import Any

_FIXED = (
    type(None), bool, int, float, str, bytes, types.ModuleType, types.FunctionType,
    types.BuiltinFunctionType, type,
)  # fmt: skip


def renew(revision: Any) -> Any:
    """Return the module of a revision as nothing has used it yet; it replaces the one before."""
    if _holds_state(revision.module):
        from alembic import util

        folder, name = os.path.split(revision.path)
        revision.module = util.load_python_file(folder, name)
    return revision.module


def _holds_state(module: Any) -> bool:
    """Tell whether a module has an object that its functions could change."""
    return any(
        not (name.startswith("__") or _is_fixed(value)) for name, value in vars(module).items()
    )


def _is_fixed(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_is_fixed, value))
    return isinstance(value, _FIXED) or type(value).__module__ in ("__future__", "typing")
