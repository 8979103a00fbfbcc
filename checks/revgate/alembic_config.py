"""Reads `alembic.ini` and `pyproject.toml` as Alembic does: options, precedence, interpolation.

Nothing is evaluated.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.interpolation import LONGEST, FaultError, formatted, interpolated
from revgate.settings import parse_toml
from revgate.settings_types import shown

if TYPE_CHECKING:
    import configparser
    import re
    from collections.abc import Iterable, Iterator

    from revgate.source import Source

MAIN = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_LARGEST_INI = 1024 * 1024
_HOOKS = "post_write_hooks"
# What `ScriptDirectory.from_config` reads in Alembic 1.20, apart from separators and hooks.
_LISTS = ("prepend_sys_path", "version_locations")
_FLAGS = ("recursive_version_locations", "sourceless")
_TEXTS = ("script_location", "truncate_slug_length", "file_template", "output_encoding", "timezone")


class Options(NamedTuple):
    """The options of one section: those of the ini come first, then `[tool.alembic]`."""

    path: str
    section: str
    here: str
    """The value of `%(here)s`: the absolute path of the folder."""
    ini: dict[str, str]
    toml: dict[str, Any]
    is_located: bool = False
    """Whether the location is that of Flask-Migrate, which sets it at run time."""

    @property
    def has_location(self) -> bool:
        """Whether it says where the environment is, valid or not."""
        return bool(self.ini.get("script_location") or self.toml.get("script_location"))

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
        """Interpolate `%(here)s` and, in an ini, other references in a value."""
        try:
            if name not in self.ini:
                whole = formatted(written, self.here)
            else:
                whole = interpolated(name, {"here": self.here, **self.ini, name: written}, {})
        except FaultError as fault:
            raise UsageError(f"{self.place(name)} {fault.what}") from None
        if len(whole) > LONGEST:
            raise UsageError(f"{self.place(name)} is too long for a path")
        return whole

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


def _parts(written: Iterable[str]) -> list[str]:
    return [part.strip() for part in written if part.strip()]


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
    parsed = _ini_sections(source, ini) if ini else _Ini("", "", {}, {})
    own, default = parsed.own, parsed.default
    found = [
        Options(ini or "", name, here, {**default, **values}, table)
        for name, values in own.items()
        if name == MAIN or {"script_location", "version_locations"} & values.keys()
    ]
    if toml and MAIN not in own and "script_location" in table:
        found.append(Options(toml, MAIN, here, {}, table))
    located = [_located(source, options, folder) for options in found]
    described = [options for options in located if options.has_location]
    if ini and not described:
        raise CannotJudgeError(
            f"{ini}: [{MAIN}] has no script_location, and there is no env.py in its folder; if it"
            " is set at run time, write it in the file, or name another file with"
            " [[tool.revgate.environment]]"
        )
    for options in described:
        _need_valid_percents(parsed, options, toml or "")
    return [options for options in described if options.text("script_location")]


def _located(source: Source, options: Options, folder: str) -> Options:
    """Add the location that Flask-Migrate sets at run time: the folder of the ini itself."""
    if options.section != MAIN or options.has_location:
        return options
    if not source.has_file(posixpath.join(folder, "env.py")):
        return options
    ini = {**options.ini, "script_location": "%(here)s"}
    return options._replace(ini=ini, is_located=True)


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


class _Ini(NamedTuple):
    """An ini as it is written."""

    path: str
    text: str
    own: dict[str, dict[str, str]]
    """The options of each section, without those of `[DEFAULT]`."""
    default: dict[str, str]


def _ini_sections(source: Source, path: str) -> _Ini:
    import configparser

    data = _content(source, path)
    if len(data) > _LARGEST_INI:
        raise UsageError(f"{path} cannot be read: it has {len(data):,} bytes")
    text = _ini_text(data, path)
    try:
        return _parsed(path, text)
    except configparser.Error as error:
        raise UsageError(_why_unreadable(error, path)) from None


def _parsed(path: str, text: str) -> _Ini:
    """Parse an ini as Alembic does, which refuses a repeated option, as a merge may leave it.

    Raises:
        configparser.Error: It is not valid.
    """
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text, path)
    default = dict(parser.defaults())
    # Kept apart, since its options do not turn the section of a logger into an environment.
    for name in default:
        parser.remove_option(parser.default_section, name)
    return _Ini(path, text, {name: dict(parser.items(name)) for name in parser.sections()}, default)


def _need_valid_percents(ini: _Ini, options: Options, toml: str) -> None:
    """Require that Alembic can interpolate each value it reads to load the history.

    Raises:
        UsageError: It cannot; other values may be anything.
    """
    known: dict[str, tuple[str, int]] = {}
    values = {"here": options.here, **options.ini}
    for name in _read_options(options):
        _need_valid_percent(ini, options.section, name, values, known)
        if name == "truncate_slug_length":
            _need_number(ini, options)
    if _HOOKS in ini.own:
        values = {"here": options.here, **ini.default, **ini.own[_HOOKS]}
        known = {}
        for name in values:
            _need_valid_percent(ini, _HOOKS, name, values, known)
    for name, written in _read_from_toml(options, hooks=_HOOKS not in ini.own):
        try:
            formatted(written, options.here)
        except FaultError as fault:
            raise UsageError(
                f"{toml} cannot be read: [tool.alembic] {name} is unreadable to Alembic, since it"
                f" {fault.what}"
            ) from None


def _need_valid_percent(
    ini: _Ini, section: str, name: str, values: dict[str, str], known: dict[str, tuple[str, int]]
) -> None:
    try:
        interpolated(name, values, known)
    except FaultError as fault:
        what, option, at = fault.what, fault.option or name, fault.at
        if option == "here" and "here" not in {**ini.default, **ini.own.get(section, {})}:
            what, option, at = "uses the path of its folder, which has a `%`", name, 0
        raise UsageError(
            f"{ini.path} cannot be read: {_place_in(ini, section, option, at)} unreadable to"
            f" Alembic: [{section:.60}] {name:.60} {what}"
        ) from None


def _need_number(ini: _Ini, options: Options) -> None:
    name = "truncate_slug_length"
    text = options.text(name) or ""
    try:
        int(text)
    except ValueError:
        raise UsageError(
            f"{ini.path} cannot be read: {_place_in(ini, options.section, name, 0)} unreadable to"
            f" Alembic: [{options.section:.60}] {name} is {shown(text)}, expected a number; put a"
            " comment on a separate line"
        ) from None


def _read_options(options: Options) -> Iterator[str]:
    """Yield the options of the ini that Alembic interpolates whatever the command."""
    yield from (name for name in (*_TEXTS, *_FLAGS, *_LISTS) if name in options.ini)
    if any(options.ini.get(name) for name in _LISTS):
        if "path_separator" in options.ini:
            yield "path_separator"
        elif options.ini.get("version_locations") and "version_path_separator" in options.ini:
            yield "version_path_separator"


def _read_from_toml(options: Options, *, hooks: bool) -> Iterator[tuple[str, str]]:
    """Yield the names and values of `[tool.alembic]` that Alembic formats."""
    for name in _TEXTS:
        written = options.toml.get(name)
        if name not in options.ini and isinstance(written, str):
            yield name, written
    for name in _LISTS:
        listed = options.toml.get(name)
        if not options.ini.get(name) and isinstance(listed, list):
            yield from ((name, each) for each in listed if isinstance(each, str))
    for table in options.toml.get(_HOOKS, ()) if hooks else ():
        if isinstance(table, dict):
            yield from ((_HOOKS, each) for each in table.values() if isinstance(each, str))


def _place_in(ini: _Ini, section: str, name: str, at: int) -> str:
    """Return the line of a character of a value, as the start of a sentence.

    It is the first line with which the parser has seen the character.
    """
    from bisect import bisect_left

    section = section if name in ini.own.get(section, {}) else ""
    lines = ini.text.split("\n")

    def seen(count: int) -> bool:
        part = _parsed(ini.path, "\n".join(lines[:count]))
        value = part.own.get(section, {}).get(name) if section else part.default.get(name)
        return value is not None and len(value) >= at

    line = bisect_left(range(len(lines) + 1), x=True, key=seen)
    return f"line {line} is" if line <= len(lines) else "the file is"


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
