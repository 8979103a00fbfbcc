"""What an exception says: the driver's message, and the line that it came from."""

from __future__ import annotations

import inspect
import os
import traceback
from typing import Any


def line_of(module: Any, name: str) -> int:
    """Return the line of a function in a revision file; 1 if it has none."""
    function = inspect.unwrap(getattr(module, name, None) or line_of)
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code and function is not line_of else 1


def line_in(error: BaseException, path: str) -> tuple[int, str]:
    """Return the deepest line of a file in the traceback; for a syntax error, its file as well."""
    found, elsewhere = 0, ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if os.path.realpath(name) == os.path.realpath(path):
            found = line
        elif isinstance(error, SyntaxError):
            elsewhere = name
    return found, elsewhere


def missing_function(module: Any, name: str) -> dict[str, Any]:
    """Describe the failure of a revision that lacks a function; empty if it has it."""
    if hasattr(module, name):
        return {}
    return {"error": "AttributeError", "message": f"the file has no `{name}()`"}


def describe(error: BaseException) -> dict[str, Any]:
    """Return what the driver reports about an error, for any driver."""
    statement = getattr(error, "statement", None) or ""
    original = getattr(error, "orig", None) or error
    names = {"error": type(original).__name__}
    cause = original.__cause__ if hasattr(original.__cause__, "sqlstate") else None
    diagnostics = getattr(original, "diag", None)
    if diagnostics is not None and getattr(diagnostics, "message_primary", None):
        facts = [diagnostics.message_primary, diagnostics.message_detail,
                 diagnostics.message_hint, diagnostics.sqlstate]  # fmt: skip
    elif original.args and isinstance(original.args[0], dict):  # pg8000
        facts = [original.args[0].get(key) for key in "MDHC"]
        names["error"] = type(original).__name__
    elif cause is not None or hasattr(original, "sqlstate"):  # asyncpg
        source: Any = cause or original
        names["error"] = type(source).__name__
        facts = [getattr(source, "message", None) or str(source), getattr(source, "detail", None),
                 getattr(source, "hint", None), source.sqlstate]  # fmt: skip
    else:
        facts = [str(original), None, None, None]
    message, detail, hint, sqlstate = [str(fact or "").strip() for fact in facts]
    lines = [line.strip() for line in str(statement).splitlines() if line.strip()]
    return dict(names, statement=lines[0] if lines else "", message=message, detail=detail,
                hint=hint, sqlstate=sqlstate)  # fmt: skip
