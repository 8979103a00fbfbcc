"""What env.py and the code that it imports read from outside, and did not find.

Variables of the environment, fields of pydantic's settings, and `-x` arguments.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from .failures import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Place = tuple[str, int]
_UNSET: dict[str, set[_Place]] = {}
"""Variables that are unset, with the file and line of each read."""
_OPTIONAL: dict[str, set[_Place]] = {}
_NOT_GIVEN: dict[str, None] = {}
_LOOKUPS = ("os", "_collections_abc", "collections.abc", __name__)


def record_reads(is_of_project: Callable[[str], bool]) -> None:
    """Record every variable that code of the project reads without a default and that is unset.

    Args:
        is_of_project: Tells whether a file belongs to the project.
    """
    environ: Any = type(os.environ)
    original = environ.__getitem__

    def get(self: Any, key: Any) -> Any:
        try:
            return original(self, key)
        except KeyError:
            if isinstance(key, str):
                _record(key, is_of_project)
            raise

    environ.__getitem__ = get


def _record(key: str, is_of_project: Callable[[str], bool]) -> None:
    """Record that a variable is unset, if code of the project asks for it."""
    frame: Any = sys._getframe(2)
    reads = _UNSET
    while frame is not None and frame.f_globals.get("__name__") in _LOOKUPS:
        if frame.f_code.co_name == "__contains__" or frame.f_locals.get("default") is not None:
            reads = _OPTIONAL  # the project has an answer of its own
        frame = frame.f_back
    if frame is not None and is_of_project(frame.f_code.co_filename):
        place = (os.path.realpath(frame.f_code.co_filename), frame.f_lineno)
        reads.setdefault(key, set()).add(place)


class XArguments(dict[str, Any]):
    """The `-x` arguments; it records which were asked for and not given."""

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        if not found:
            _NOT_GIVEN[str(key)] = None
        return found

    def __missing__(self, key: str) -> Any:
        _NOT_GIVEN[key] = None
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an argument."""
        if default is None and key not in self:
            return None
        return super().get(key, default)


def recorded(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Return Alembic's `get_x_argument` such that it records what is asked for."""

    def get_x_argument(as_dictionary: bool = False) -> Any:  # noqa: FBT001, FBT002 - its signature
        found = ask(as_dictionary=as_dictionary)
        return XArguments(found) if as_dictionary else found

    return get_x_argument


def missing_reads(error: BaseException) -> dict[str, Any]:
    """Return what was read and not found, for the message about an exception.

    `needed` are the variables that the exception is about, `unset` others that may be its cause,
    and `optional` those that have a default.
    """
    needed = dict.fromkeys(_settings_fields(error))
    if isinstance(error, KeyError) and error.args and error.args[0] in _UNSET:
        needed[error.args[0]] = None
    unset = [name for name in _suspects(error) if name not in needed]
    return {
        "needed": list(needed),
        "unset": unset,
        "optional": [name for name in _OPTIONAL if name not in _UNSET],
        "not_given": list(_NOT_GIVEN),
        "import_error": _import_error(error),
    }


def _import_error(error: BaseException) -> str:
    """Return the text of the ImportError that an exception is, or was raised from."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None or issubclass(type(current), ImportError):
            break
        cause, context = (
            BaseException.__getattribute__(current, each) for each in ("__cause__", "__context__")
        )
        current = cause or context
    return text_of(current) if issubclass(type(current), ImportError) else ""


_OF_A_VALUE = re.compile(
    r"\bNone(?:Type)?\b|''|\"\"|\b(?:not set|unset|missing|required|variables?|was refused)\b"
)


def _suspects(error: BaseException) -> list[str]:
    """Return the variables that may be the cause of an exception, by where they were read.

    Those that were read on a line of the traceback, or else in the file that raised. An exception
    of a library may come from any of them, if it is about a value that is not there.
    """
    frames = traceback.walk_tb(BaseException.__getattribute__(error, "__traceback__"))
    lines = {(os.path.realpath(frame.f_code.co_filename), line) for frame, line in frames}
    if on_them := [name for name, places in _UNSET.items() if places & lines]:
        return on_them
    raised_in = _last_file(error)
    near = [name for name, places in _UNSET.items() if raised_in in {file for file, _ in places}]
    return near or (list(_UNSET) if _OF_A_VALUE.search(text_of(error)) else [])


def _last_file(error: BaseException) -> str:
    found = ""
    for frame, _ in traceback.walk_tb(BaseException.__getattribute__(error, "__traceback__")):
        found = frame.f_code.co_filename
    return os.path.realpath(found)


def _settings_fields(error: BaseException) -> Iterator[str]:
    """Yield the variables of the fields that an exception of pydantic says are missing."""
    if type(error).__name__ != "ValidationError" or not hasattr(error, "errors"):
        return
    made = _settings_class(error)
    for each in error.errors():
        # A field whose default is `os.getenv(...)` is there, but has no value.
        absent = "missing" in each["type"] or each.get("input", "") is None
        if made is not None and absent:
            yield _variable(made, tuple(map(str, each["loc"])))


def _settings_class(error: BaseException) -> Any:
    """Return the class of settings that was being created."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in list(frame.f_locals.values()):
            if any(each.__name__ == "BaseSettings" for each in type(value).__mro__):
                return type(value)
    return None


def _variable(made: Any, path: tuple[str, ...]) -> str:
    """Return the full name of the variable that fills a field."""
    old = getattr(made, "__config__", None)
    fields = getattr(made, "model_fields", None)
    if fields is None:  # pydantic 1
        names = made.__fields__[path[0]].field_info.extra.get("env_names", {path[0]})
        return str(min(names)).upper()
    settings: dict[str, Any] = getattr(made, "model_config", None) or vars(old)
    delimiter = settings.get("env_nested_delimiter")
    name = delimiter.join(path) if delimiter else path[0]
    if path[0] in fields:  # an alias has no prefix
        name = f"{settings.get('env_prefix', '')}{name}"
    return name if settings.get("case_sensitive") else name.upper()
