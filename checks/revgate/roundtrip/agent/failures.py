"""What an exception says: the driver's message, the line that it came from, and who is at fault.

An exception may be of a class of the user, whose methods and attributes can raise, lie, or be huge.
"""

from __future__ import annotations

import errno
import inspect
import os
import re
import sys
import traceback
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
LONGEST = 10_000
"""Characters of a message that are reported."""


def line_of(module: Any, name: str) -> int:
    """Return the line of a function in a revision file; 1 if it has none."""
    function = inspect.unwrap(getattr(module, name, None) or line_of)
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code and function is not line_of else 1


def line_in(error: BaseException, path: str) -> tuple[int, str]:
    """Return the deepest line of a file in the traceback; for a syntax error, its file as well."""
    found, elsewhere = 0, ""
    for frame, line in traceback.walk_tb(BaseException.__getattribute__(error, "__traceback__")):
        name = frame.f_code.co_filename
        if os.path.realpath(name) == os.path.realpath(path):
            found = line
        elif issubclass(type(error), SyntaxError):
            elsewhere = name
    return found, elsewhere


def missing_function(module: Any, name: str) -> dict[str, Any]:
    """Describe the failure of a revision that lacks a function; empty if it has it."""
    if hasattr(module, name):
        return {}
    return {"error": "AttributeError", "message": f"the file has no `{name}()`"}


def describe(error: BaseException) -> dict[str, Any]:
    """Return what the driver reports about an error, for any driver."""
    original = _attribute(error, "orig")
    if not issubclass(type(original), BaseException):
        original = error
    message, detail, hint, sqlstate, source = _facts(original)
    statement = text_of(_attribute(error, "statement") or _query(original))
    lines = [line.strip() for line in statement.splitlines() if line.strip()]
    described = {
        "error": class_name(source),
        "statement": lines[0] if lines else "",
        "message": message,
        "detail": detail,
        "hint": hint,
        "sqlstate": sqlstate,
    }
    return dict(described, fault=_fault(error, sqlstate, message, statement))


def _facts(original: Any) -> tuple[str, str, str, str, Any]:
    """Return message, detail, hint, SQLSTATE, and the exception that they come from."""
    diagnostics = _attribute(original, "diag")
    arguments = _attribute(original, "args")
    named = ("message_primary", "message_detail", "message_hint", "sqlstate")
    if _attribute(diagnostics, "message_primary"):
        facts = [_attribute(diagnostics, name) for name in named]
    elif isinstance(arguments, tuple) and arguments and type(arguments[0]) is dict:  # pg8000
        facts = [arguments[0].get(key) for key in "MDHC"]
    else:
        cause = BaseException.__getattribute__(original, "__cause__")
        source = cause if _attribute(cause, "sqlstate") else original
        if _attribute(source, "sqlstate"):  # asyncpg
            facts = [_attribute(source, name) for name in ("message", "detail", "hint", "sqlstate")]
            facts[0] = facts[0] or source
            original = source
        else:
            facts = [original, None, None, None]
    message, detail, hint, sqlstate = [text_of(fact).strip() for fact in facts]
    return message, detail, hint, sqlstate, original


def _attribute(owner: Any, name: str) -> Any:
    """Return an attribute; None if it is missing or raises."""
    try:
        return getattr(owner, name, None)
    except BaseException:  # noqa: BLE001 - the user's code
        return None


def text_of(value: Any) -> str:
    """Return the beginning of a value as text; a placeholder if that raises."""
    if value is None:
        return ""
    try:
        text = str(value)
    except BaseException as error:  # noqa: BLE001 - the user's code
        return f"<{class_name(value)}, whose text raises {class_name(error)}>"
    # A slice of a subclass of `str` could be anything. Addresses differ from run to run.
    return _ADDRESS.sub("", str.__getitem__(text, slice(LONGEST)))


def class_name(value: Any) -> str:
    """Return the name of a value's class, whatever its metaclass or `__class__` say."""
    return str(type.__dict__["__name__"].__get__(type(value)))


def _query(error: Any) -> Any:
    """Return the statement of psycopg2's cursor."""
    query = _attribute(_attribute(error, "cursor"), "query")
    return query.decode("utf-8", "replace") if type(query) is bytes else ""


def print_traceback(error: BaseException) -> None:
    """Write the traceback to standard error, with long messages cut."""
    try:
        frames = traceback.format_tb(BaseException.__getattribute__(error, "__traceback__"))
        sys.stderr.write(f"{''.join(frames)}{class_name(error)}: {text_of(error)}\n")
    except BaseException:  # noqa: BLE001 - the user may have replaced stderr, or a file is gone
        return


# -- faults --------------------------------------------------------------------------------------

DISK, LOST = "disk", "lost"
_STATES = {
    "53000": "resources",
    "53100": DISK,
    "53200": "memory",
    "53300": "connections",
    "57P01": "ended",
    "57P02": "crashed",
    "57P03": "starting",
    "57P05": "ended",
    "58030": "files",
}
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_BROKEN = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# What libpq and the drivers say, since a connection that is lost has no SQLSTATE.
_LOST = re.compile(
    r"server closed the connection|terminating connection|closed in the middle of operation"
    r"|SSL connection has been closed|SSL SYSCALL|could not (?:receive|send) data"
    r"|consuming input failed|connection reset by peer|broken pipe|network error"
    r"|connection is lost|unexpected connection_lost"
    r"|Is the server running|(?:to server|connect).{0,200}(?:Connection refused|No such file)"
    r"|database system is (?:starting up|shutting down|not |in recovery)|too many clients",
    re.IGNORECASE | re.DOTALL,
)
_DRIVERS = ("psycopg2", "psycopg", "psycopg_binary", "psycopg_c", "asyncpg", "pg8000", "sqlalchemy")

_lost: list[str] = []
"""Messages of connections that were lost; a revision may have caught the exception."""


_first: list[tuple[BaseException, list[tuple[str, int]]]] = []
"""The first error of the current step, with file and line of each frame; it may be caught."""
_ABORTED = "25P02"
"""What every statement after an error in the same transaction gets."""


def begin_step() -> None:
    """Forget the errors of the step before."""
    del _first[:]


def cause_of(error: BaseException, path: str) -> tuple[BaseException, int]:
    """Return the error that a failure began with, and its line in a file; 0 if it has none.

    An error that a revision catches aborts its transaction, and the next statement is refused.
    """
    if _first and describe(error)["sqlstate"] == _ABORTED:
        cause, frames = _first[0]
        lines = [line for name, line in frames if os.path.realpath(name) == os.path.realpath(path)]
        return cause, lines[0] if lines else 0
    return error, line_in(error, path)[0]


def remember_errors() -> None:
    """Remember the first error of a step, and each that says that a connection was lost."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def look(context: Any) -> None:
        message = text_of(context.original_exception)
        if not _first:
            frames = traceback.walk_stack(sys._getframe())
            places = [(frame.f_code.co_filename, line) for frame, line in frames]
            _first.append((context.original_exception, places))
        if context.is_disconnect and _LOST.search(message):
            _lost.append(message)

    event.listen(Engine, "handle_error", look)


def _fault(error: BaseException, sqlstate: str, message: str, statement: str) -> str:
    """Return the kind of fault of the server or the machine; empty if the user's code failed.

    A revision that pretends to one gets no verdict, which is never better than a finding.
    """
    if "pg_terminate_backend" in statement:
        return ""
    kind = _STATES.get(sqlstate, "") or (LOST if sqlstate.startswith("08") else "")
    if not kind:
        kind = _fault_of_files(error, sqlstate, message)
    if not kind and not sqlstate and _raised_by_driver(error):
        kind = LOST if _LOST.search(message) or _lost else ""
    return kind


def _fault_of_files(error: BaseException, sqlstate: str, message: str) -> str:
    """Recognize an error of the operating system, here or (`XX000`) on the server."""
    if issubclass(type(error), OSError) and _attribute(error, "errno") in _FULL:
        return DISK
    if sqlstate != "XX000":
        return ""
    return DISK if _names(_FULL, message) else "files" if _names(_BROKEN, message) else ""


def _names(numbers: tuple[int, ...], message: str) -> bool:
    return message.endswith(tuple(os.strerror(each) for each in numbers))


def _raised_by_driver(error: Any) -> bool:
    """Tell whether an exception, or what it was raised from, is one of a driver."""
    for _ in range(10):
        if error is None:
            return False
        for each in type.__dict__["__mro__"].__get__(type(error)):
            module = each.__dict__.get("__module__")
            if type(module) is str and module.partition(".")[0] in _DRIVERS:
                return True
        error = BaseException.__getattribute__(error, "__cause__")
    return False
