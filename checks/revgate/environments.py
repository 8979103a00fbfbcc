"""Finds the Alembic environments of a repository, and the folders of their revision files.

Nothing is imported or evaluated: a location such as `package:folder` is looked up as a path.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.alembic_config import MAIN, Options, sections
from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.settings import EnvironmentSetting, Scope, Settings
from revgate.settings_types import shown
from revgate.source import missing
from revgate.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.source import Source

# Without a separator Alembic falls back to these; `get_version_locations_list` and
# `get_prepend_sys_paths_list` of Alembic 1.20.
_OLD_LOCATIONS = re.compile(r", *|(?: +)")
_OLD_SYS_PATH = re.compile(r", *|(?: +)|\:")


class Environment(NamedTuple):
    """One Alembic environment."""

    name: str
    """Unique in the repository; the script location, unless the settings give a name."""
    config: str
    """Path of its alembic.ini or pyproject.toml, relative to the repository root.

    That of env.py, if there is none.
    """
    script_location: str
    """The folder of env.py, relative to the repository root."""
    version_locations: tuple[str, ...]
    """The folders of the revision files, relative to the repository root."""
    recursive: bool = False
    section: str = MAIN
    scope: Scope = Scope()
    """The settings that apply to this environment."""
    sourceless: bool = False
    """Whether Alembic also loads compiled files, which revgate cannot read."""
    file_template: str = ""
    """How Alembic names new files, such as `%(year)d/%(rev)s_%(slug)s`; empty for its default."""
    import_roots: tuple[str, ...] = ()
    """The folders of `prepend_sys_path`, relative to the repository root, each with a slash."""
    folder: str = ""
    """Where Alembic runs, relative to the repository root; empty for the root itself."""

    @property
    def module_folders(self) -> list[str]:
        """The usual places for modules of the project, each with a slash; empty for the root."""
        beside = self.config.rpartition("/")[0]
        within = f"{beside}/" if beside else ""
        return list(dict.fromkeys(("", "src/", within, f"{within}src/", *self.import_roots)))

    def is_at(self, path: str) -> bool:
        """Whether a path, relative to the repository root, leads to it or lies in it."""
        if path == ".":
            return True
        folder = posixpath.dirname(self.config)
        places = [self.script_location, *self.version_locations, *([folder] if folder else [])]
        return (
            path == self.config
            or any(path == each or path.startswith(f"{each}/") for each in places)
            or any(each.startswith(f"{path}/") for each in (self.config, self.script_location))
        )

    @property
    def is_in_code(self) -> bool:
        """Whether there is no configuration file, so that code configures Alembic."""
        return posixpath.basename(self.config) == ENV


ENV = "env.py"


def find(source: Source, settings: Settings, name: str | None = None) -> list[Environment]:
    """Find the environments of a repository.

    Args:
        source: Where to read the configuration files.
        settings: If they list environments, only these count.
        name: Only the environment with this name.

    Raises:
        UsageError: A configuration in the settings, or the requested name, does not exist.
        CannotJudgeError: There is no environment, or one that cannot be located; a broken one
            is skipped only if another is requested by name.
    """
    found, problems = survey(source, settings)
    if problems and settings.environments:
        raise problems[0]
    chosen = [environment for environment in found if name in (None, environment.name)]
    if problems and (name is None or not chosen):
        raise CannotJudgeError("\n".join([*map(str, problems), _LEAVE_OUT]))
    if not found:
        raise CannotJudgeError(nothing_found(source))
    _need_own_files(found)
    if not chosen:
        names = [environment.name for environment in found]
        raise UsageError(
            f"no environment {name!r}{nearest(name or '', names)}; choose from: {', '.join(names)}"
        )
    return chosen


def _need_own_files(found: Iterable[Environment]) -> None:
    """See that no two environments have the same head file or schema file."""
    users: dict[tuple[str, str], list[str]] = {}
    for each in found:
        for key, path in (
            ("head-file", each.scope.head_file),
            ("schema-file", each.scope.schema_file),
        ):
            if path is not None:
                users.setdefault((key, path), []).append(each.name)
    for (key, path), names in users.items():
        if len(names) > 1:
            raise UsageError(
                f"`{key}` is {path!r} for {', '.join(names)}: each environment needs a file of its"
                " own, set under [[tool.revgate.environment]]"
            )


def nothing_found(source: Source) -> str:
    """Return the message that a source has no environment, with files that might be one."""
    message = (
        f"no Alembic environment in {source.name}: neither an alembic.ini nor a [tool.alembic] in a"
        " pyproject.toml; "
    )
    found = _lookalikes(source.names())
    if not found:
        return message + "name one with [[tool.revgate.environment]]"
    return message + (
        f"found {', '.join(found[:3])}: copy it to alembic.ini, or list it in the settings as"
        f' `[[tool.revgate.environment]]` with `name = "main"` and `config = "{found[0]}"`'
    )


_LOOKALIKE = re.compile(r"alembic.*\bini\b|\bini\b.*alembic")


def _lookalikes(paths: Iterable[str]) -> list[str]:
    """Return the paths whose names contain both `alembic` and `ini`, sorted; not alembic.ini."""
    names = {path: posixpath.basename(path) for path in paths}
    return sorted(
        path for path, name in names.items() if name != "alembic.ini" and _LOOKALIKE.search(name)
    )


_LEAVE_OUT = (
    "fix it, or exclude it: list the environments to check, each in its own"
    " [[tool.revgate.environment]]"
)


class Survey(NamedTuple):
    """All environments of a source, and why others cannot be located."""

    found: list[Environment]
    problems: list[RevgateError]


def survey(source: Source, settings: Settings) -> Survey:
    """Find the environments of a repository as `find` does, without stopping at a problem."""
    problems: list[RevgateError] = []
    if settings.environments:
        return Survey(_named_apart(_named(source, settings, problems)), problems)
    return Survey(_named_apart(_discovered(source, settings.scope, problems)), problems)


def _named(
    source: Source, settings: Settings, problems: list[RevgateError]
) -> Iterator[Environment]:
    """Yield what the settings name; what is not there becomes one of the problems."""
    for setting in settings.environments:
        try:
            yield from _configured(source, setting)
        except RevgateError as error:
            problems.append(error)


def _discovered(
    source: Source, scope: Scope, problems: list[RevgateError]
) -> Iterator[Environment]:
    """Yield the environments in the repository; add the broken ones to the problems."""
    configurations = source.configurations()
    found = False
    for folder in dict.fromkeys(map(posixpath.dirname, configurations)):
        ini, toml = (
            path if path in configurations else None
            for path in (
                posixpath.join(folder, "alembic.ini"),
                posixpath.join(folder, "pyproject.toml"),
            )
        )
        try:
            for options in sections(source, ini, toml):
                found = True
                yield _environment(source, options, scope)
        except RevgateError as error:
            found = True
            problems.append(error)
    if not found:
        yield from _in_code(source, scope)


def _in_code(source: Source, scope: Scope) -> Iterator[Environment]:
    """Yield the folders of migrations in a source without any configuration file."""
    names = set(source.names())
    if _lookalikes(names):
        return
    for path in sorted(names):
        folder, _, name = path.rpartition("/")
        if name == ENV and f"{folder}/script.py.mako" in names:
            yield _of_env(path, scope)


def _of_env(path: str, scope: Scope) -> Environment:
    """Return the environment of an env.py that code runs, in the repository root."""
    folder = posixpath.dirname(path) or "."
    versions = tuple(posixpath.normpath(each) for each in scope.version_locations)
    return Environment(
        folder,
        path,
        folder,
        versions or (posixpath.normpath(posixpath.join(folder, "versions")),),
        scope=scope,
    )


def _configured(source: Source, setting: EnvironmentSetting) -> Iterator[Environment]:
    """Yield the environment that a setting names; all of its file if it names no section."""
    path = posixpath.normpath(setting.config)
    if posixpath.basename(path) == ENV:
        if not source.has_file(path):
            raise UsageError(f"environment {setting.name!r}: there is no file {path}")
        environment = _of_env(path, setting.scope)
        yield environment._replace(name=setting.name or environment.name)
        return
    beside = posixpath.join(
        posixpath.dirname(path), "alembic.ini" if path.endswith(".toml") else "pyproject.toml"
    )
    other = beside if source.has_file(beside) else None
    found = sections(source, *((other, path) if path.endswith(".toml") else (path, other)))
    chosen = [options for options in found if setting.section in (None, options.section)]
    if not chosen:
        section = setting.section or MAIN
        raise UsageError(
            f"environment {setting.name!r}: {path} has no section [{section}] with a"
            " script_location"
        )
    for options in chosen:
        environment = _environment(source, options, setting.scope)
        yield environment._replace(name=setting.name or environment.name)


def _named_apart(every: Iterable[Environment]) -> list[Environment]:
    """Give environments that share a script location different names, and drop duplicates."""
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


def _environment(source: Source, options: Options, scope: Scope) -> Environment:
    """Locate one environment.

    Raises:
        CannotJudgeError: The folder does not exist.
    """
    written = options.text("script_location") or ""
    listed = options.texts(
        "version_locations", _OLD_LOCATIONS, "path_separator", "version_path_separator"
    )
    folder = _run_folder(source, options, written, listed)
    script_location = _place(source, options, folder, written)
    if not source.has_folder(script_location):
        raise CannotJudgeError(
            f"{options.path}: {missing(source, script_location)}, so nothing"
            f" could be checked; correct script_location of [{options.section}]"
        )
    locations = [posixpath.normpath(each) for each in scope.version_locations]
    locations = locations or [_place(source, options, folder, location) for location in listed]
    return Environment(
        name=script_location,
        config=options.path,
        script_location=script_location,
        version_locations=tuple(dict.fromkeys(locations))
        or (posixpath.normpath(posixpath.join(script_location, "versions")),),
        recursive=options.flag("recursive_version_locations"),
        section=options.section,
        scope=scope,
        sourceless=options.flag("sourceless"),
        file_template=_file_template(options),
        import_roots=tuple(_import_roots(source.root, options)),
        folder=_relative(source.root, folder).removeprefix("."),
    )


def _file_template(options: Options) -> str:
    try:
        return options.text("file_template") or ""
    except UsageError:  # only `revgate new` needs it
        return ""


def _import_roots(root: str, options: Options) -> Iterator[str]:
    """Yield the folders inside the repository that Alembic adds to `sys.path`."""
    for written in _prepended(options):
        for folder in (options.here, root):
            relative = _relative(root, os.path.join(folder, written))
            if relative not in ("", ".") and not relative.startswith(os.pardir):
                yield f"{relative}/"


def _prepended(options: Options) -> list[str]:
    listed = options.texts("prepend_sys_path", _OLD_SYS_PATH, "path_separator")
    return [each.replace("\\", "/") for each in listed if "\0" not in each]


def _run_folder(source: Source, options: Options, script: str, versions: Sequence[str]) -> str:
    """Return the absolute path of the folder that Alembic runs in.

    Relative locations exist from there: mostly that of the configuration file, else one above it.
    """
    above = list(_above(source.root, options.here))
    if options.is_located:  # Flask-Migrate runs in the folder above that of the migrations
        above = above[1:] or above
    relative = [
        each
        for each in (script, *versions)
        if not (os.path.isabs(each) and source.has_folder(_relative(source.root, each)))
    ]
    # A folder of revisions may be missing, since git keeps no empty folder.
    for needed in (relative, [each for each in relative if each == script]):
        for folder in above:
            if all(_found(source, options, folder, each) for each in needed):
                return folder
    return above[0]


def _place(source: Source, options: Options, folder: str, written: str) -> str:
    """Return the path of a location relative to the root: the first candidate that exists."""
    for each in dict.fromkeys((folder, *_above(source.root, options.here))):
        found = _found(source, options, each, written)
        if found:
            return found
    return _relative(source.root, next(_candidates(options, options.here, written)))


def _found(source: Source, options: Options, folder: str, written: str) -> str | None:
    """Return the path of a location as seen from a folder; None if it does not exist."""
    for candidate in _candidates(options, folder, written):
        relative = _relative(source.root, candidate)
        if source.has_folder(relative):
            return relative
    return None


def _relative(root: str, path: str) -> str:
    """Return an absolute path relative to the root, even if one of them contains links."""
    path = os.path.normpath(path)
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):
        real = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        relative = relative if real.startswith(os.pardir) else real
    return relative.replace(os.sep, "/")


def _candidates(options: Options, folder: str, written: str) -> Iterator[str]:
    """Yield the absolute paths that a location may mean to Alembic if it runs in a folder.

    A package is looked up where Python would find it from there. An absolute path may be that of a
    container, which has the folders of the repository somewhere else.

    Raises:
        UsageError: It is not a valid path.
    """
    if "\0" in written:
        raise UsageError(f"{options.path}: {shown(written)} is not a valid path")
    written = written.replace("\\", "/")
    if ":" not in written or os.path.isabs(written):
        yield os.path.join(folder, written)
        parts = written.split("/")[1:] if os.path.isabs(written) else []
        for at in range(1, len(parts)):
            yield os.path.join(folder, *parts[at:])
        return
    package, *rest = written.split(":")
    written = "/".join([package.replace(".", "/"), *rest])
    for each in ("", *_prepended(options), "src"):
        yield os.path.join(folder, each, written)


def _above(root: str, here: str) -> Iterator[str]:
    """Yield a folder and those above it, up to the root."""
    root = root.replace(os.sep, "/").rstrip("/")
    yield here
    while here.startswith(f"{root}/") and here != root:
        here = posixpath.dirname(here)
        yield here
