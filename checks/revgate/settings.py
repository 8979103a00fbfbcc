"""The settings: `[tool.revgate]` in pyproject.toml, or the same keys at the top of revgate.toml.

`settings_keys` describes them once; validation and the published JSON Schema both follow from it.
"""

from __future__ import annotations

import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import UsageError
from revgate.settings_keys import KEYS, SCOPE_KEYS
from revgate.settings_types import mistakes, shown
from revgate.source import read_regular

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    RuleCheck = Callable[[Sequence[str], Sequence[str]], list[str]]
    """Takes names of rules, and names of rules or groups; returns a problem for each unknown."""

FILES = ("revgate.toml", "pyproject.toml")
# The description may be in any script, as Alembic writes it; the digits are ASCII.
TIMESTAMP = r"(?P<stamp>[0-9]{14})_(?P<slug>[^\W_]\w*)\.py"


class Scope(NamedTuple):
    """The settings that may differ between environments."""

    expect_tables: int | None = None
    """Number of tables after `upgrade head`, without the version table."""
    baseline: str | None = None
    """Naming, downgrade and live rules skip the revisions up to this one."""
    file_name: str = "timestamp"
    """`timestamp`, `any`, or a regular expression with `(?P<stamp>)` and `(?P<slug>)`."""
    linear: bool = True
    branches: tuple[str, ...] = ()
    """Branch labels that may coexist, with one head each."""
    published: tuple[str, ...] = ()
    """Branches of the remote, besides the target branch, whose revisions keep their parents."""
    version_locations: tuple[str, ...] = ()
    """The folders of the revisions, for a project that sets them in code."""
    head_file: str | None = None
    """A file that holds the id of the head, relative to the repository root."""
    schema_file: str | None = None
    """A file that holds the schema at the head, likewise."""
    prepare: str | None = None
    """A file of SQL that runs on the throwaway before the first revision, likewise."""


class EnvironmentSetting(NamedTuple):
    """One `[[tool.revgate.environment]]`."""

    name: str | None
    """None: its script location is its name."""
    config: str
    """Path of the Alembic configuration, relative to the repository root."""
    section: str | None = "alembic"
    """None: every section that sets script_location."""
    scope: Scope = Scope()


class Settings(NamedTuple):
    """All settings of one repository; the defaults if it has none."""

    path: str | None = None
    """The file they come from, relative to the repository root."""
    scope: Scope = Scope()
    ignore: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    """Rules that are off by default, or groups of them, that run."""
    severity: tuple[tuple[str, str], ...] = ()
    allow_published: tuple[tuple[str, str], ...] = ()
    """Published revisions that one change may touch, each with the reason."""
    allow_squash: str | None = None
    """The last of the published revisions that one new one may replace."""
    environments: tuple[EnvironmentSetting, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    """Environment variables for env.py during the round trip."""
    network: bool = False
    """Whether env.py may open network connections during the round trip."""
    roles: tuple[str, ...] = ()
    """Created on the throwaway server before the first revision."""
    schemas: tuple[str, ...] = ()
    """Created in the throwaway database before the first revision."""
    table_sizes: str | None = None
    """A file that says how large tables are in production, relative to the repository root."""
    large_table: int = 100
    """Megabytes from which on a table is large."""
    extensions: tuple[str, ...] = ()
    """Created in the throwaway database before the first revision."""
    superuser: bool = True
    """Whether the history runs as a superuser, and not only as the owner of the database."""
    ignore_objects: tuple[str, ...] = ()
    """Patterns of objects that are not compared with the history or the models."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the settings."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of revgate: [tool.revgate] in pyproject.toml, or revgate.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {**value, "description": text} for key, (value, text) in KEYS.items()},
    }


def load(root: str, check_rules: RuleCheck | None = None) -> Settings:
    """Read the settings of a repository.

    Args:
        root: The repository root, an absolute path.
        check_rules: Checks the names of rules; None accepts any name.

    Raises:
        UsageError: The file is not valid TOML, or a setting is wrong; lists every problem, with
            the nearest valid name.
    """
    return load_from(partial(_read, root), check_rules)


def load_from(
    read: Callable[[str], bytes | None],
    check_rules: RuleCheck | None = None,
    names: Sequence[str] = FILES,
) -> Settings:
    """Read the settings of a repository whose files need not be on disk.

    Args:
        read: Returns the contents of a file in the repository root; None if there is none.
        check_rules: As for `load`.
        names: The files of which one may hold them.

    Raises:
        UsageError: As `load`; or two files have settings.
    """
    tables = ((name, _table(read(name), name)) for name in names)
    found = [(name, table) for name, table in tables if table is not None]
    if len(found) > 1:
        both = " and ".join(name for name, _ in found)
        raise UsageError(f"both {both} have settings: keep them in one of the two files")
    if not found:
        return Settings()
    ((name, table),) = found
    return from_table(table, name, check_rules)


def has_settings_in(data: bytes | None, path: str) -> bool:
    """Whether the contents of a file are settings, as `has_settings`."""
    return path.endswith(".toml") and _table(data, path) is not None


def has_settings(root: str, path: str) -> bool:
    """Whether a TOML file has settings; otherwise it may be an Alembic configuration.

    Args:
        root: The repository root, an absolute path.
        path: The file, relative to the root.

    Raises:
        UsageError: The file is not valid TOML.
    """
    return _table(_read(root, path), path) is not None


def keys_in(data: bytes | None, path: str) -> frozenset[str]:
    """Return the keys of the settings that the contents of a file state."""
    return frozenset(_table(data, path) or ())


def load_file(root: str, path: str, check_rules: RuleCheck | None = None) -> Settings:
    """Read the settings from one file.

    Args:
        root: The repository root, an absolute path.
        path: The file, relative to the root.
        check_rules: As for `load`.

    Raises:
        UsageError: As for `load`, or the file has no settings.
    """
    table = _table(_read(root, path), path)
    if table is None:
        raise UsageError(f"{path} has no settings: put them under [tool.revgate]")
    return from_table(table, path, check_rules)


def with_config(settings: Settings, config: str) -> Settings:
    """Restrict settings to the environments of one Alembic configuration.

    Args:
        settings: The settings of the repository.
        config: The path of an alembic.ini, relative to the root.
    """
    config = os.path.normpath(config)
    named = tuple(each for each in settings.environments if os.path.normpath(each.config) == config)
    if not named:
        named = (EnvironmentSetting(None, config.replace(os.sep, "/"), None, settings.scope),)
    return settings._replace(environments=named)


def _read(root: str, name: str) -> bytes | None:
    try:
        return read_regular(os.path.join(root, name))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None


def _table(data: bytes | None, name: str) -> dict[str, Any] | None:
    """Return the table of settings in the contents of a file; None if it has none.

    Raises:
        UsageError: The file is not valid TOML, or `tool.revgate` is not a table.
    """
    if data is None:
        return None
    in_tool = os.path.basename(name) == "pyproject.toml"
    if in_tool and b"revgate" not in data:
        return None  # the common case needs no TOML parser
    whole = parse_toml(data, name)
    if not in_tool:
        return whole
    tool = whole.get("tool")
    table = tool.get("revgate") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"`tool.revgate` in {name} is not a table: write [tool.revgate]")
    return table


def parse_toml(data: bytes, name: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        UsageError: It is invalid, not UTF-8, or nested too deeply for Python's parser.
    """
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise UsageError(f"{name} is not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # invalid TOML or UTF-8, or a number with too many digits
        raise UsageError(f"{name} is not valid TOML: {error}") from None


def from_table(table: dict[str, Any], path: str, check_rules: RuleCheck | None = None) -> Settings:
    """Build settings from a parsed table.

    Args:
        table: The table of settings.
        path: The file it comes from, as messages name it.
        check_rules: As for `load`.

    Raises:
        UsageError: Lists everything that is wrong with the table.
    """
    problems = mistakes(table, KEYS, "")
    if not problems:
        named = [*table.get("ignore", ()), *table.get("severity", {})]
        enabled = table.get("enable", ())
        if (named or enabled) and check_rules:  # loading the rules takes a while; few name any
            problems += check_rules(named, enabled)
        problems += _unusable_values(table)
        for setting in table.get("environment", ()):
            problems += _unusable_values(setting)
        problems += _repeated_names(table)
    if problems:
        raise UsageError(
            "\n".join(f"{path}: {problem}" for problem in problems)
            + "\nsee the settings in the README, or `revgate rules` for the rules"
        )
    return Settings(
        path=path,
        scope=_scope(table, Scope()),
        ignore=tuple(table.get("ignore", ())),
        enable=tuple(table.get("enable", ())),
        severity=tuple(table.get("severity", {}).items()),
        allow_published=tuple(table.get("allow-published", {}).items()),
        allow_squash=table.get("allow-squash"),
        environments=tuple(
            EnvironmentSetting(
                each["name"],
                each["config"],
                each.get("section", "alembic"),
                _scope(each, _scope(table, Scope())),
            )
            for each in table.get("environment", ())
        ),
        env=tuple(table.get("env", {}).items()),
        network=table.get("network", False),
        roles=tuple(table.get("roles", ())),
        schemas=tuple(table.get("schemas", ())),
        table_sizes=_normalized(table.get("table-sizes")),
        large_table=table.get("large-table", 100),
        extensions=tuple(table.get("extensions", ())),
        superuser=table.get("superuser", True),
        ignore_objects=tuple(table.get("ignore-objects", ())),
    )


@cache
def file_name_pattern(file_name: str) -> re.Pattern[str] | None:
    """Return the pattern that a `file-name` setting stands for; None for `any`.

    Raises:
        re.error: It is not a valid regular expression.
        ValueError: It sets flags that conflict with `re.ASCII`.
    """
    import re
    import warnings

    if file_name == "any":
        return None
    if file_name == "timestamp":
        return re.compile(TIMESTAMP)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `[[a]` keeps the meaning that it has today
        return re.compile(file_name, re.ASCII)


def _scope(table: dict[str, Any], default: Scope) -> Scope:
    values = {key.replace("-", "_"): table[key] for key in SCOPE_KEYS if key in table}
    for key in ("branches", "published", "version_locations"):
        if key in values:
            values[key] = tuple(values[key])
    for key in ("head_file", "schema_file", "prepare"):
        if key in values:
            values[key] = _normalized(values[key])
    return default._replace(**values)


def _normalized(path: str | None) -> str | None:
    return None if path is None else os.path.normpath(path).replace(os.sep, "/")


def _unusable_values(table: dict[str, Any]) -> list[str]:
    """Check what a schema cannot: that `file-name` is a usable pattern, and files lie inside."""
    import re

    for key in ("head-file", "schema-file", "table-sizes", "prepare"):
        path = table.get(key, key)
        if os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] in ("..", "."):
            return [f"`{key}` is {shown(path)}, expected a file in the repository"]
    written = table.get("file-name", "any")
    try:
        groups = getattr(file_name_pattern(written), "groupindex", {})
    except (re.error, ValueError, RecursionError, OverflowError) as error:
        return [f"`file-name` is not a valid regular expression: {error}"]
    if written != "any" and not {"stamp", "slug"} & {*groups}:
        expected = "a regular expression with (?P<stamp>...) and (?P<slug>...)"
        return [f"`file-name` is {shown(written)}, expected 'timestamp', 'any', or {expected}"]
    return []


def _repeated_names(table: dict[str, Any]) -> list[str]:
    names = [each["name"] for each in table.get("environment", ())]
    return [
        f"two environments have the name {name!r}"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
