"""Alembic environments: which there are in a repository, and where their revision files lie.

Knows `alembic.ini` and `[tool.alembic]`; neither git nor what stands in a revision file. Nothing
is imported or evaluated: a location given as `package:folder` is looked for as a path.
"""

import os
import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.settings import EnvironmentSetting, Scope, Settings, nearest, parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.source import Source

_SEPARATORS = {"space": None, "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


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
    section: str = "alembic"
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
        CannotJudgeError: There is none at all, or one whose folder is missing.
    """
    if settings.environments:
        found = [_configured(source, setting) for setting in settings.environments]
    else:
        found = _named_apart(
            [
                environment
                for path in source.configurations()
                for environment in _of_file(source, path, settings.scope)
            ]
        )
    if not found:
        raise CannotJudgeError(
            f"no Alembic environment in {source.name}: neither an alembic.ini nor a [tool.alembic]"
            " in a pyproject.toml; name one with [[tool.revgate.environment]]"
        )
    if name is None:
        return found
    chosen = [environment for environment in found if environment.name == name]
    if not chosen:
        names = [environment.name for environment in found]
        raise UsageError(
            f"no environment {name!r}{nearest(name, names)}; there are: {', '.join(names)}"
        )
    return chosen


def _configured(source: "Source", setting: EnvironmentSetting) -> Environment:
    """Find the environment that the settings name."""
    path = posixpath.normpath(setting.config)
    sections = _sections(source, path)
    if setting.section not in sections:
        raise UsageError(
            f"environment {setting.name!r}: {path} has no section [{setting.section}] with a"
            " script_location"
        )
    options = sections[setting.section]
    return _environment(source, path, setting.section, options, setting.scope)._replace(
        name=setting.name
    )


def _of_file(source: "Source", path: str, scope: Scope) -> "Iterator[Environment]":
    """Yield the environments of one configuration file: one a section that names a location."""
    seen = set()
    for section, options in _sections(source, path).items():
        environment = _environment(source, path, section, options, scope)
        place = (environment.script_location, environment.version_locations)
        if place not in seen:
            seen.add(place)
            yield environment


def _named_apart(found: list[Environment]) -> list[Environment]:
    """Give environments of one script location different names, and drop exact twins."""
    by_place: dict[tuple[str, tuple[str, ...]], Environment] = {}
    for environment in found:
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


def _sections(source: "Source", path: str) -> dict[str, dict[str, Any]]:
    """Return the options of each section that describes an environment."""
    content = next(iter(source.read([path])))
    if content.error is not None:
        raise UsageError(f"{path} cannot be read: {content.error}")
    folder = posixpath.dirname(path)
    if path.endswith(".toml"):
        if b"alembic" not in content.data:
            return {}
        table = parse_toml(content.data, path).get("tool", {}).get("alembic")
        # With an alembic.ini beside it, Alembic reads both; what the ini says goes first.
        has_ini = posixpath.join(folder, "alembic.ini") in source.configurations()
        if not isinstance(table, dict) or "script_location" not in table or has_ini:
            return {}
        return {"alembic": _expanded(table, {}, folder)}
    return _ini_sections(source, content.data, path)


def _ini_sections(source: "Source", data: bytes, path: str) -> dict[str, dict[str, Any]]:
    folder = posixpath.dirname(path)
    parser = _parse_ini(data, path)
    beside = _toml_beside(source, folder)
    found: dict[str, dict[str, Any]] = {}
    for section in parser.sections():
        options = dict(parser.items(section))
        if section == "alembic":
            options = {**beside, **options}
        if section != "alembic" and not ({"script_location", "version_locations"} & {*options}):
            continue
        found[section] = _expanded(options, options, folder)
    if "alembic" in found and "script_location" not in found["alembic"]:
        # Flask-Migrate names the location at run time: it is the folder of the ini itself.
        if posixpath.join(folder, "env.py") in source.files(folder or ".", recursive=False):
            found["alembic"]["script_location"] = folder or "."
        elif len(found) > 1:
            del found["alembic"]
    return found


def _toml_beside(source: "Source", folder: str) -> dict[str, Any]:
    """Return `[tool.alembic]` of the pyproject.toml in the same folder."""
    path = posixpath.join(folder, "pyproject.toml")
    if path not in source.configurations():
        return {}
    content = next(iter(source.read([path])))
    if content.error is not None or b"alembic" not in content.data:
        return {}
    table = parse_toml(content.data, path).get("tool", {}).get("alembic")
    return table if isinstance(table, dict) else {}


def _parse_ini(data: bytes, path: str) -> Any:
    import configparser

    # Not strict: an option given twice stops Alembic's own parser, and need not stop ours.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(data.decode("utf-8-sig", "replace"), path)
    except configparser.Error as error:
        raise UsageError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    return parser


def _expanded(options: dict[str, Any], others: dict[str, Any], folder: str) -> dict[str, Any]:
    """Replace `%(here)s` and `%(option)s`; what cannot be resolved stays as it is written."""
    names = {**others, "here": folder or "."}
    return {key: _interpolate(value, names) for key, value in options.items()}


def _interpolate(value: Any, names: dict[str, Any], depth: int = 5) -> Any:
    if isinstance(value, list):
        return [_interpolate(item, names) for item in value]
    if not isinstance(value, str) or "%" not in value:
        return value
    import re

    def resolve(match: "re.Match[str]") -> str:
        if match[0] == "%%":
            return "%"
        known = names.get(match[1].lower())
        if not isinstance(known, str) or depth == 0:
            return match[0]
        return str(_interpolate(known, names, depth - 1))

    return re.sub(r"%%|%\(([^)]*)\)s", resolve, value)


def _environment(
    source: "Source", path: str, section: str, options: dict[str, Any], scope: Scope
) -> Environment:
    folder = posixpath.dirname(path)
    written = options.get("script_location")
    if not isinstance(written, str) or not written.strip():
        raise CannotJudgeError(
            f"{path}: [{section}] has no script_location, and env.py does not lie beside it; where"
            " it is set at run time, write the location into the file, or name another file with"
            " [[tool.revgate.environment]]"
        )
    script_location = _place(source, folder, written, options)
    listed = _version_locations(path, options)
    locations = tuple(_place(source, folder, location, options) for location in listed)
    return Environment(
        name=script_location,
        config=path,
        script_location=script_location,
        version_locations=locations or (posixpath.join(script_location, "versions"),),
        recursive=options.get("recursive_version_locations") in ("true", True),
        section=section,
        scope=scope,
    )


def _version_locations(path: str, options: dict[str, Any]) -> list[str]:
    """Split `version_locations` as Alembic does.

    Source: `get_version_locations_list` of Alembic 1.20; without a separator it falls back to
    spaces and commas.
    """
    written = options.get("version_locations")
    if isinstance(written, list):
        return [item for item in written if isinstance(item, str)]
    if not isinstance(written, str) or not written.strip():
        return []
    separator = options.get("path_separator", options.get("version_path_separator"))
    if separator is None:
        return written.replace(",", " ").split()
    if separator not in _SEPARATORS:
        raise UsageError(
            f"{path}: {separator!r} is no path separator, expected one of"
            f" {', '.join(repr(word) for word in _SEPARATORS)}; a comment needs a line of its own"
        )
    return [part.strip() for part in written.split(_SEPARATORS[separator]) if part.strip()]


def _place(source: "Source", folder: str, written: str, options: dict[str, Any]) -> str:
    """Return the path of a location relative to the root, wherever it is found."""
    written = written.strip().replace("\\", "/")
    candidates = list(_candidates(folder, written, options))
    for candidate in candidates:
        if source.has_folder(candidate):
            return candidate
    return candidates[0]


def _candidates(folder: str, written: str, options: dict[str, Any]) -> "Iterator[str]":
    if ":" in written and not posixpath.isabs(written) and written[1:3] != ":/":
        package, _, rest = written.partition(":")
        written = "/".join([package.replace(".", "/"), *rest.split(":")])
        roots = [folder, *_prepended(folder, options), posixpath.join(folder, "src"), "", "src"]
    elif written.startswith(f"{folder or '.'}/"):
        roots = ["", folder]  # `%(here)s` has been put in
    else:
        # Relative to where Alembic is run: beside the file mostly, else at the root.
        roots = [folder, ""]
    for root in roots:
        yield posixpath.normpath(posixpath.join(root, written))


def _prepended(folder: str, options: dict[str, Any]) -> "Iterator[str]":
    written = options.get("prepend_sys_path", ".")
    parts = written if isinstance(written, list) else str(written).replace(":", " ").split()
    for part in parts:
        yield posixpath.join(folder, str(part))
