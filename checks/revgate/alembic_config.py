"""Reads `alembic.ini` and `pyproject.toml` as Alembic does: options, precedence, interpolation.

Nothing is evaluated.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.settings import parse_toml, shown

if TYPE_CHECKING:
    import configparser
    from collections.abc import Iterable

    from revgate.source import Source

MAIN = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_REFERENCE = re.compile(r"%%|%\(([^)]*)\)s")
_DEEPEST_REFERENCE = 10
_LONGEST_VALUE = 4096
_LARGEST_INI = 1024 * 1024


class Options(NamedTuple):
    """The options of one section: those of the ini come first, then `[tool.alembic]`."""

    path: str
    section: str
    here: str
    """The value of `%(here)s`: the absolute path of the folder."""
    ini: dict[str, str]
    toml: dict[str, Any]

    def text(self, name: str) -> str | None:
        """Return one option, interpolated; None if it is absent or empty.

        Raises:
            UsageError: It refers to an option that is not set, or it is not a string.
        """
        written = self.ini.get(name) or self.toml.get(name)
        if written is not None and not isinstance(written, str):
            raise UsageError(f"{self.place(name)} is {shown(written)}, expected a string")
        return self.resolved(name, written) if written else None

    def resolved(self, name: str, written: str) -> str:
        """Interpolate `%(here)s` and other references in a value."""
        names = {"here": self.here, **self.ini} if name in self.ini else {"here": self.here}
        try:
            return _interpolated(written, names, {})
        except _UnresolvedError as error:
            raise UsageError(f"{self.place(name)} {error}") from None

    def texts(self, name: str, old: re.Pattern[str], *separators: str) -> list[str]:
        """Return an option that lists paths.

        Args:
            name: The name of the option.
            old: Separates the paths in an ini that does not set a separator.
            separators: The options that may set one, in order of precedence.

        Raises:
            UsageError: As for `text`, or the separator is unknown.
        """
        if not self.ini.get(name):
            return self._listed(name)
        whole = self.text(name) or ""
        for option in separators:
            if option in self.ini:
                return _parts(whole.split(self._separator(option)))
        return _parts(old.split(whole))

    def _listed(self, name: str) -> list[str]:
        written = self.toml.get(name, [])
        if not isinstance(written, list) or not all(isinstance(each, str) for each in written):
            raise UsageError(
                f"{self.place(name)} is {shown(written)}, expected an array of strings"
            )
        return _parts(self.resolved(name, each) for each in written)

    def _separator(self, option: str) -> str:
        word = self.text(option) or ""
        if word not in _SEPARATORS:
            raise UsageError(
                f"{self.place(option)} is {word!r}, expected one of"
                f" {', '.join(repr(known) for known in _SEPARATORS)}; put a comment on a"
                " separate line"
            )
        return _SEPARATORS[word]

    def flag(self, name: str) -> bool:
        """Return a boolean option; in an ini, Alembic accepts only `true` as true."""
        if name in self.ini:
            return self.text(name) == "true"
        value = self.toml.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self.place(name)} is {shown(value)}, expected true or false")
        return value

    def place(self, name: str) -> str:
        """Name an option, for a message."""
        return f"{self.path}: [{self.section}] {name}"


class _UnresolvedError(Exception):
    """A reference cannot be resolved."""


def _parts(written: Iterable[str]) -> list[str]:
    return [part.strip() for part in written if part.strip()]


def _interpolated(text: str, names: dict[str, str], known: dict[str, str], depth: int = 0) -> str:
    """Replace references; `known` caches results, so that no file makes this exponential."""
    if depth > _DEEPEST_REFERENCE:
        raise _UnresolvedError("refers to itself")

    def resolve(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if match[0] == "%%":
            return "%"
        if name not in names:
            raise _UnresolvedError(
                f"refers to {match[0]}, which is not set in the file; write the path out"
            )
        if name not in known:
            known[name] = _interpolated(names[name], names, known, depth + 1)
        return known[name]

    whole = _REFERENCE.sub(resolve, text)
    if len(whole) > _LONGEST_VALUE:
        raise _UnresolvedError("is too long for a path")
    return whole


def sections(source: Source, ini: str | None, toml: str | None) -> list[Options]:
    """Return the options of each section that describes an environment.

    Args:
        source: Where to read the files.
        ini: An alembic.ini, if there is one.
        toml: The pyproject.toml in the same folder, if there is one.

    Raises:
        UsageError: One of the files cannot be read.
        CannotJudgeError: No section of the ini sets the location of an environment.
    """
    table = _tool_alembic(source, toml, alone=ini is None) if toml else {}
    folder = posixpath.dirname(ini or toml or "")
    here = os.path.join(source.root, folder).rstrip("/\\").replace(os.sep, "/")
    own, default = _ini_sections(source, ini) if ini else ({}, {})
    found = [
        Options(ini or "", name, here, {**default, **values}, table)
        for name, values in own.items()
        if name == MAIN or {"script_location", "version_locations"} & values.keys()
    ]
    if toml and MAIN not in own and "script_location" in table:
        found.append(Options(toml, MAIN, here, {}, table))
    located = [_located(source, options, folder) for options in found]
    described = [options for options in located if options.text("script_location")]
    if ini and not described:
        raise CannotJudgeError(
            f"{ini}: [{MAIN}] has no script_location, and there is no env.py in its folder; if it"
            " is set at run time, write it in the file, or name another file with"
            " [[tool.revgate.environment]]"
        )
    return described


def _located(source: Source, options: Options, folder: str) -> Options:
    """Add the location that Flask-Migrate sets at run time: the folder of the ini itself."""
    if options.section != MAIN or options.text("script_location"):
        return options
    if not source.has_file(posixpath.join(folder, "env.py")):
        return options
    return options._replace(ini={**options.ini, "script_location": "%(here)s"})


def _content(source: Source, path: str) -> bytes:
    content = next(iter(source.read([path])))
    if content.error is not None:
        raise UsageError(f"{path} cannot be read: {content.error}")
    return content.data


def _tool_alembic(source: Source, path: str, *, alone: bool) -> dict[str, Any]:
    """Return `[tool.alembic]` of a pyproject.toml; most have none and are not parsed."""
    data = _content(source, path)
    if b"alembic" not in data or (alone and b"script_location" not in data):
        return {}
    tool = parse_toml(data, path).get("tool")
    table = tool.get("alembic") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}


def _ini_sections(source: Source, path: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return the options of each section, and those of `[DEFAULT]`."""
    import configparser

    data = _content(source, path)
    if len(data) > _LARGEST_INI:
        raise UsageError(f"{path} cannot be read: it has {len(data):,} bytes")
    text = _ini_text(data, path)
    # No default section, since its options do not turn the section of a logger into an environment.
    parser = configparser.ConfigParser(interpolation=None, strict=False, default_section="")
    try:
        # Alembic's parser: it refuses a repeated section or option, which a merge may leave.
        configparser.ConfigParser(interpolation=None).read_string(text, path)
        parser.read_string(text, path)
    except configparser.Error as error:
        raise UsageError(_why_unreadable(error, path)) from None
    own = {name: dict(parser.items(name)) for name in parser.sections()}
    return own, own.pop("DEFAULT", {})


def _ini_text(data: bytes, path: str) -> str:
    """Decode an ini as Alembic does where the locale is UTF-8.

    Raises:
        UsageError: It is not UTF-8, or begins with a byte order mark.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path} cannot be read: line {line} is unreadable to Alembic, since byte"
            f" 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise UsageError(
            f"{path} cannot be read: line 1 is unreadable to Alembic, since it begins with a byte"
            " order mark; save the file as UTF-8 without BOM"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _why_unreadable(error: configparser.Error, path: str) -> str:
    """Say what is wrong with an ini that Python's parser refuses, and in which line."""
    import configparser

    line = getattr(error, "lineno", None)
    match error:
        case configparser.DuplicateOptionError(section=section, option=option):
            what = f"the option `{option:.60}` of [{section:.60}] is repeated"
        case configparser.DuplicateSectionError(section=section):
            what = f"the section [{section:.60}] is repeated"
        case configparser.MissingSectionHeaderError():
            what = "text before the first section"
        case configparser.ParsingError(errors=[(first, text), *_]):
            line, what = first, f"{text:.60} is not an option"
        case _:
            what = f"{' '.join(str(error).split()):.200}"
    place = f"line {line} is" if line else "the file is"
    return f"{path} cannot be read: {place} unreadable to Alembic: {what}"
