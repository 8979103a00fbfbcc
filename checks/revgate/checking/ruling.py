"""Decides whose settings judge a change: the target branch's, so that none can relax its own gate.

What only describes the schema or how it runs, such as `expect-tables`, comes from the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.checking.selection import unknown_rules
from revgate.errors import UsageError
from revgate.rules import PUBLISHED, SettingsChange, all_rules
from revgate.settings import (
    EnvironmentSetting,
    Scope,
    Settings,
    has_settings_in,
    load_file,
    load_from,
    with_config,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from revgate.history.graph import Graph
    from revgate.history.merge import Sides
    from revgate.source import Source

_DESCRIBES = ("env", "roles", "schemas", "extensions", "table_sizes", "ignore_objects")
_DESCRIBES_SCOPE = ("expect_tables", "head_file", "schema_file", "prepare")


class Ruling(NamedTuple):
    """The settings that matter to one change."""

    settings: Settings
    """Those that judge it."""
    before: Settings | None
    """Those of the target branch; None if it has none."""
    after: Settings
    """Those that the target branch would have after the merge."""
    note: str = ""
    """Why the target branch's were not used."""


def relaxed_by(
    ruling: Ruling, sides: Sides, graphs: Sequence[Graph], left_out: Sequence[str]
) -> SettingsChange | None:
    """Return the change of the settings; None if there is none that a rule could judge.

    Args:
        ruling: The settings.
        sides: The trees.
        graphs: Those of all environments, before the merge and after it.
        left_out: Environments that the settings after the merge do not name.
    """
    if ruling.before is None:
        return None
    rewritten = tuple(_rewritten(ruling.before, ruling.after, sides))
    if ruling.before == ruling.after and not left_out and not rewritten:
        return None
    path = ruling.after.path or ruling.before.path or ""
    text = (_reader(sides.merged)(path) or b"").decode("utf-8", "replace")
    return SettingsChange(
        ruling.before, ruling.after, path, text, graphs, tuple(left_out), rewritten
    )


def _rewritten(before: Settings, after: Settings, sides: Sides) -> Iterator[str]:
    """Yield the files that both name in `prepare`, and whose contents differ."""
    both = {*_prepared_by(before)} & {*_prepared_by(after)}
    for path in sorted(both):
        old, new = (_reader(each)(path) for each in (sides.base, sides.merged))
        if new not in (None, old):
            yield path


def _prepared_by(settings: Settings) -> Iterator[str]:
    for scope in (settings.scope, *(each.scope for each in settings.environments)):
        if scope.prepare:
            yield scope.prepare


def settings_in(source: Source, config: str | None = None) -> Settings:
    """Read the settings of a source.

    Args:
        source: The work tree, the index, or a commit.
        config: The path given by `--config`: a file of settings, or an Alembic configuration.

    Raises:
        UsageError: As `settings.load`.
    """
    read = _reader(source)
    if config is None:
        return load_from(read, unknown_rules)
    if has_settings_in(read(config), config):
        return load_from(read, unknown_rules, (config,))
    return with_config(load_from(read, unknown_rules), config)


def rule_on(sides: Sides, root: str, config: str | None = None) -> Ruling:
    """Decide which settings judge a change.

    A target branch without settings takes the change's: that is how a project adopts revgate. They
    cannot switch off the rules that protect what is published there.

    Raises:
        UsageError: The settings of the change are wrong.
    """
    after, before, note = _of_sides(sides, root, config)
    if before is None or before.path is None:
        return Ruling(_without_published(after), None, after, note)
    return Ruling(_described_by(before, after), before, after)


def _of_sides(sides: Sides, root: str, config: str | None) -> tuple[Settings, Settings | None, str]:
    if config is not None and config.endswith(".toml"):
        if not any(_reader(side)(config) is not None for side in (sides.base, sides.merged)):
            settings = load_file(root, config, unknown_rules)  # not in git: the caller's own
            return settings, settings, ""
        if any(has_settings_in(_reader(side)(config), config) for side in sides):
            # A side without the file uses its own settings.
            after, before = (
                config if has_settings_in(_reader(side)(config), config) else None
                for side in (sides.merged, sides.base)
            )
            return (settings_in(sides.merged, after), *_before(sides, before))
    return (settings_in(sides.merged, config), *_before(sides, config))


def _before(sides: Sides, config: str | None) -> tuple[Settings | None, str]:
    try:
        return settings_in(sides.base, config), ""
    except UsageError as error:
        first = str(error).partition("\n")[0]
        return None, f"the settings of the target branch cannot be used: {first}"


def _reader(source: Source) -> Callable[[str], bytes | None]:
    def read(name: str) -> bytes | None:
        return next(iter(source.read([name]))).data if source.has_file(name) else None

    return read


def _without_published(settings: Settings) -> Settings:
    """Leave out what would switch off the rules on published history."""
    written = {*settings.ignore, *dict(settings.severity)}
    if not written:
        return settings
    kept = {name for name in written if all_rules()[name].group is not PUBLISHED}
    return settings._replace(
        ignore=tuple(name for name in settings.ignore if name in kept),
        severity=tuple(each for each in settings.severity if each[0] in kept),
    )


def _described_by(before: Settings, after: Settings) -> Settings:
    """Return the target branch's settings, with what only describes the schema as after the merge.

    Where the change takes such a value away, the target branch's stays.
    """
    fields = {
        name: getattr(after, name)
        for name in _DESCRIBES
        if name in before._fields and getattr(after, name)
    }
    twins = {(each.config, each.section): each for each in after.environments}
    return before._replace(
        **fields,
        scope=described_by(before.scope, after.scope),
        environments=tuple(
            each._replace(scope=described_by(each.scope, _twin(each, twins, after).scope))
            for each in before.environments
        ),
    )


def _twin(
    setting: EnvironmentSetting,
    twins: dict[tuple[str, str | None], EnvironmentSetting],
    after: Settings,
) -> EnvironmentSetting | Settings:
    return twins.get((setting.config, setting.section), after)


def described_by(before: Scope, after: Scope) -> Scope:
    """As `_described_by`, of the settings of one environment."""
    fields = {
        name: getattr(after, name)
        for name in _DESCRIBES_SCOPE
        if name in before._fields and getattr(after, name) is not None
    }
    return before._replace(**fields)
