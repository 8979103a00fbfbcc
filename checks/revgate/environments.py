"""Alembic environments: which there are in a repository, and where their revision files lie.

Knows `alembic.ini` and `[tool.alembic]`; neither git nor what stands in a revision file. Nothing
is imported or evaluated: a location given as `package:folder` is looked for as a path.
"""

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.settings import EnvironmentSetting, Scope, Settings, nearest, parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.history.source import Source

_MAIN = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
# Without a separator Alembic falls back to these; `get_version_locations_list` and
# `get_prepend_sys_paths_list` of Alembic 1.20.
_OLD_LOCATIONS = re.compile(r", *|(?: +)")
_OLD_SYS_PATH = re.compile(r", *|(?: +)|\:")
_REFERENCE = re.compile(r"%%|%\(([^)]*)\)s")
_DEEPEST_REFERENCE = 10
_LONGEST_VALUE = 4096
_LARGEST_INI = 1024 * 1024


class Environment(NamedTuple):
    """One Alembic environment."""

    name: str
    """Unique in the repository; the script location, unless the settings name it."""
    config: str
    """Path of its alembic.ini or pyproject.toml, relative to the repository root."""
    script_location: str
    """The folder of env.py, relative to the repository root."""
    version_locations: tuple[str, ...]
    """The folders of the revision files, relative to the repository root."""
    recursive: bool = False
    section: str = _MAIN
    scope: Scope = Scope()
    """The settings that apply to this environment."""


def find(source: "Source", settings: Settings, name: str | None = None) -> list[Environment]:
    """Find the environments of a repository.

    Args:
        source: Where the configuration files are read from.
        settings: Where they name environments, only these count.
        name: Only the environment of this name.

    Raises:
        UsageError: A configuration that the settings name, or the name asked for, is not there.
        CannotJudgeError: There is none at all, or one that cannot be located; one that is found
            by itself and broken is not passed over, unless another is asked for by name.
    """
    problems: list[str] = []
    if settings.environments:
        found = _named_apart(
            environment
            for setting in settings.environments
            for environment in _configured(source, setting)
        )
    else:
        found = _named_apart(_discovered(source, settings.scope, problems))
    chosen = [environment for environment in found if name in (None, environment.name)]
    if problems and (name is None or not chosen):
        raise CannotJudgeError("\n".join([*problems, _LEAVE_OUT]))
    if not found:
        raise CannotJudgeError(
            f"no Alembic environment in {source.name}: neither an alembic.ini nor a [tool.alembic]"
            " in a pyproject.toml; name one with [[tool.revgate.environment]]"
        )
    if not chosen:
        names = [environment.name for environment in found]
        raise UsageError(
            f"no environment {name!r}{nearest(name or '', names)}; there are: {', '.join(names)}"
        )
    return chosen


_LEAVE_OUT = (
    "mend it, or leave it out: name the environments that are to be judged, each with a"
    " [[tool.revgate.environment]] of its own"
)


def _discovered(source: "Source", scope: Scope, problems: list[str]) -> "Iterator[Environment]":
    """Yield what lies in the repository; what is broken becomes one of the problems."""
    configurations = source.configurations()
    for folder in dict.fromkeys(map(posixpath.dirname, configurations)):
        ini, toml = (
            path if path in configurations else None
            for path in (
                posixpath.join(folder, "alembic.ini"),
                posixpath.join(folder, "pyproject.toml"),
            )
        )
        try:
            for options in _sections(source, ini, toml):
                yield _environment(source, options, scope)
        except RevgateError as error:
            problems.append(str(error))


def _configured(source: "Source", setting: EnvironmentSetting) -> "Iterator[Environment]":
    """Yield the environment that the settings name; all of a file where they name no section."""
    path = posixpath.normpath(setting.config)
    beside = posixpath.join(
        posixpath.dirname(path), "alembic.ini" if path.endswith(".toml") else "pyproject.toml"
    )
    other = beside if beside in source.configurations() else None
    sections = _sections(source, *((other, path) if path.endswith(".toml") else (path, other)))
    chosen = [options for options in sections if setting.section in (None, options.section)]
    if not chosen:
        section = setting.section or _MAIN
        raise UsageError(
            f"environment {setting.name!r}: {path} has no section [{section}] with a"
            " script_location"
        )
    for options in chosen:
        environment = _environment(source, options, setting.scope)
        yield environment._replace(name=setting.name or environment.name)


def _named_apart(every: "Iterable[Environment]") -> list[Environment]:
    """Give environments of one script location different names, and drop exact twins."""
    by_place: dict[tuple[str, tuple[str, ...]], Environment] = {}
    for environment in every:
        place = (environment.script_location, environment.version_locations)
        by_place.setdefault(place, environment)
    unique = list(by_place.values())
    names = [environment.name for environment in unique]
    return [
        environment
        if names.count(environment.name) == 1
        else environment._replace(name=f"{environment.config}:{environment.section}")
        for environment in unique
    ]


# The two files.


class _Options(NamedTuple):
    """What Alembic would read of one section: the ini goes first, then `[tool.alembic]`."""

    path: str
    section: str
    here: str
    """What `%(here)s` stands for: the absolute path of the folder."""
    ini: dict[str, str]
    toml: dict[str, Any]

    def text(self, name: str) -> str | None:
        """Return one option, resolved; None where it is absent or empty.

        Raises:
            UsageError: It refers to what is set nowhere, or it is no text.
        """
        written = self.ini.get(name) or self.toml.get(name)
        if written is not None and not isinstance(written, str):
            raise UsageError(f"{self.place(name)} is {written!r:.60}, expected a string")
        return self.resolved(name, written) if written else None

    def resolved(self, name: str, written: str) -> str:
        """Put in what `%(here)s` and other references of a value stand for."""
        names = {"here": self.here, **self.ini} if name in self.ini else {"here": self.here}
        try:
            return _interpolated(written, names, {})
        except _UnresolvedError as error:
            raise UsageError(f"{self.place(name)} {error}") from None

    def texts(self, name: str, old: "re.Pattern[str]", *separators: str) -> list[str]:
        """Return an option that lists paths.

        Args:
            name: The option's.
            old: What separates the paths in an ini that names no separator.
            separators: The options that may name one, in their order.

        Raises:
            UsageError: As `text`, or the separator is unknown.
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
            raise UsageError(f"{self.place(name)} is {written!r:.60}, expected an array of strings")
        return _parts(self.resolved(name, each) for each in written)

    def _separator(self, option: str) -> str:
        word = self.text(option) or ""
        if word not in _SEPARATORS:
            raise UsageError(
                f"{self.place(option)} is {word!r}, expected one of"
                f" {', '.join(repr(known) for known in _SEPARATORS)}; a comment needs a line of its"
                " own"
            )
        return _SEPARATORS[word]

    def flag(self, name: str) -> bool:
        """Return a boolean option; in an ini, Alembic takes nothing but `true` for true."""
        if name in self.ini:
            return self.text(name) == "true"
        value = self.toml.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self.place(name)} is {value!r:.60}, expected true or false")
        return value

    def place(self, name: str) -> str:
        """Name an option, for a message."""
        return f"{self.path}: [{self.section}] {name}"


class _UnresolvedError(Exception):
    """A reference leads nowhere."""


def _parts(written: "Iterable[str]") -> list[str]:
    return [part.strip() for part in written if part.strip()]


def _interpolated(text: str, names: dict[str, str], known: dict[str, str], depth: int = 0) -> str:
    """Replace references; `known` keeps a file from making us resolve the same one twice."""
    if depth > _DEEPEST_REFERENCE:
        raise _UnresolvedError("refers to itself")

    def resolve(match: "re.Match[str]") -> str:
        name = (match[1] or "").lower()
        if match[0] == "%%":
            return "%"
        if name not in names:
            raise _UnresolvedError(
                f"refers to {match[0]}, which the file does not set; write the path out"
            )
        if name not in known:
            known[name] = _interpolated(names[name], names, known, depth + 1)
        return known[name]

    whole = _REFERENCE.sub(resolve, text)
    if len(whole) > _LONGEST_VALUE:
        raise _UnresolvedError("is too long for a path")
    return whole


def _sections(source: "Source", ini: str | None, toml: str | None) -> list[_Options]:
    """Return the options of each section that describes an environment.

    Args:
        source: Where the files are read from.
        ini: An alembic.ini, where there is one.
        toml: The pyproject.toml beside it, where there is one.

    Raises:
        UsageError: One of the files cannot be read.
        CannotJudgeError: The ini says of no environment where it lies.
    """
    table = _tool_alembic(source, toml, alone=ini is None) if toml else {}
    folder = posixpath.dirname(ini or toml or "")
    here = os.path.join(source.root, folder).rstrip("/\\").replace(os.sep, "/")
    own, default = _ini_sections(source, ini) if ini else ({}, {})
    found = [
        _Options(ini or "", name, here, {**default, **values}, table)
        for name, values in own.items()
        if name == _MAIN or {"script_location", "version_locations"} & values.keys()
    ]
    if toml and _MAIN not in own and "script_location" in table:
        found.append(_Options(toml, _MAIN, here, {}, table))
    located = [_located(source, options, folder) for options in found]
    described = [options for options in located if options.text("script_location")]
    if ini and not described:
        raise CannotJudgeError(
            f"{ini}: [{_MAIN}] has no script_location, and env.py does not lie beside it; where it"
            " is set at run time, write the location into the file, or name another file with"
            " [[tool.revgate.environment]]"
        )
    return described


def _located(source: "Source", options: _Options, folder: str) -> _Options:
    """Add the location that Flask-Migrate gives at run time: the folder of the ini itself."""
    if options.section != _MAIN or options.text("script_location"):
        return options
    if posixpath.join(folder, "env.py") not in source.files(folder or ".", recursive=False):
        return options
    return options._replace(ini={**options.ini, "script_location": "%(here)s"})


def _content(source: "Source", path: str) -> bytes:
    content = next(iter(source.read([path])))
    if content.error is not None:
        raise UsageError(f"{path} cannot be read: {content.error}")
    return content.data


def _tool_alembic(source: "Source", path: str, *, alone: bool) -> dict[str, Any]:
    """Return `[tool.alembic]` of a pyproject.toml; most have none, and need not be parsed."""
    data = _content(source, path)
    if b"alembic" not in data or (alone and b"script_location" not in data):
        return {}
    tool = parse_toml(data, path).get("tool")
    table = tool.get("alembic") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}


def _ini_sections(source: "Source", path: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return each section's own options, and those of `[DEFAULT]`."""
    import configparser

    data = _content(source, path)
    if len(data) > _LARGEST_INI:
        raise UsageError(f"{path} cannot be read: it has {len(data):,} bytes")
    # Not strict: an option given twice stops Alembic's own parser, and need not stop ours. No
    # default section, since what stands there makes no environment of the section of a logger.
    parser = configparser.ConfigParser(interpolation=None, strict=False, default_section="")
    try:
        parser.read_string(data.decode("utf-8-sig", "replace"), path)
    except configparser.Error as error:
        raise UsageError(f"{path} cannot be read: {' '.join(str(error).split()):.200}") from None
    own = {name: dict(parser.items(name)) for name in parser.sections()}
    return own, own.pop("DEFAULT", {})


# Locations.


def _environment(source: "Source", options: _Options, scope: Scope) -> Environment:
    """Locate one environment.

    Raises:
        CannotJudgeError: There is no such folder.
    """
    written = options.text("script_location") or ""
    script_location = _place(source, options, written)
    if not source.has_folder(script_location):
        raise CannotJudgeError(
            f"{options.path}: the folder {script_location} is missing in {source.name}, so nothing"
            f" could be checked; correct script_location of [{options.section}]"
        )
    listed = options.texts(
        "version_locations", _OLD_LOCATIONS, "path_separator", "version_path_separator"
    )
    locations = [_place(source, options, location) for location in listed]
    return Environment(
        name=script_location,
        config=options.path,
        script_location=script_location,
        version_locations=tuple(dict.fromkeys(locations))
        or (posixpath.normpath(posixpath.join(script_location, "versions")),),
        recursive=options.flag("recursive_version_locations"),
        section=options.section,
        scope=scope,
    )


def _place(source: "Source", options: _Options, written: str) -> str:
    """Return the path of a location relative to the root, wherever it is found."""
    if "\0" in written:
        raise UsageError(f"{options.path}: {written!r:.60} is no path")
    candidates = [
        _relative(source.root, candidate)
        for candidate in _candidates(source.root, options, written.replace("\\", "/"))
    ]
    for candidate in dict.fromkeys(candidates):
        if source.has_folder(candidate):
            return candidate
    return candidates[0]


def _relative(root: str, path: str) -> str:
    """Return an absolute path relative to the root, also where one of them leads over links."""
    path = os.path.normpath(path)
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):
        real = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        relative = relative if real.startswith(os.pardir) else real
    return relative.replace(os.sep, "/")


def _candidates(root: str, options: _Options, written: str) -> "Iterator[str]":
    """Yield absolute paths at which a location may lie.

    Alembic takes a path as relative to where it is run: beside the file mostly, else in one of
    the folders above it. A package is looked for where Python would find it there.
    """
    above = list(_above(root, options.here))
    if ":" in written and not os.path.isabs(written):
        package, *rest = written.split(":")
        written = "/".join([package.replace(".", "/"), *rest])
        listed = options.texts("prepend_sys_path", _OLD_SYS_PATH, "path_separator")
        prepended = [os.path.join(options.here, each.replace("\\", "/")) for each in listed]
        above = [above[0], *prepended, *(each for one in above for each in (one, f"{one}/src"))]
    for folder in above:
        yield os.path.join(folder, written)


def _above(root: str, here: str) -> "Iterator[str]":
    """Yield a folder and those above it, up to the root."""
    root = root.replace(os.sep, "/").rstrip("/")
    yield here
    while here.startswith(f"{root}/") and here != root:
        here = posixpath.dirname(here)
        yield here
