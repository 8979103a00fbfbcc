"""Reads the revisions of a result again, for reports that show them.

A verdict may come from the cache without any file being read, and most reports need nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.checking.file_rules import judge_file
from revgate.history.read import list_files, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.history import History
    from revgate.history.revision import Effect, Function
    from revgate.result import Result
    from revgate.source import Content, Source


class Operations(NamedTuple):
    """What one function of a revision does, as far as its text shows."""

    kind: str
    """As in `revision.Function`: `absent`, `empty`, `raises` or `code`."""
    line: int
    """The line of `def`."""
    effects: tuple[str, ...] = ()
    """Such as `create table users`, in source order."""
    complete: bool = True
    """False if it does more than could be read."""


class Detail(NamedTuple):
    """The revisions of one environment."""

    history: History
    operations: dict[str, tuple[Operations, Operations]]
    """By path: upgrade and downgrade. Empty if operations were not requested."""


def read_details(
    source: Source, result: Result, *, operations: bool, cached: bool = True
) -> list[Detail]:
    """Read the histories of a result again.

    Args:
        source: Where the result was read from.
        result: Its environments are read.
        operations: Whether to parse every file fully, to see what it does.
        cached: Whether facts of earlier runs may be used, and kept.

    Raises:
        CannotJudgeError: They no longer exist.
    """
    return [
        _detail(source, judged.environment, operations=operations, cached=cached)
        for judged in result.environments
    ]


def _detail(source: Source, environment: Environment, *, operations: bool, cached: bool) -> Detail:
    listed = list_files(source, environment)
    found = read(source, environment, judge_file, whole=False, cached=cached, listed=listed)
    if not operations:
        return Detail(found.history, {})
    plain = _parse_all(source, listed.paths)
    return Detail(
        found.history,
        {
            path: (Operations(*each[0]), Operations(*each[1]))
            for path, each in zip(listed.paths, plain, strict=True)
            if each is not None
        },
    )


def _parse_all(source: Source, paths: Sequence[str]) -> list[Any]:
    from revgate.history.parallel import spread

    return spread(paths, lambda share: [_operations(each) for each in source.read(share)])


def _operations(content: Content) -> tuple[Any, Any] | None:
    from revgate.history.parse import parse
    from revgate.history.revision import Unreadable

    if content.error is not None:
        return None
    script = parse(content.path, content.data)
    if isinstance(script, Unreadable):
        return None
    return (
        _function(script.upgrade, script.upgrade_effects.effects, script.upgrade_effects.complete),
        _function(
            script.downgrade, script.downgrade_effects.effects, script.downgrade_effects.complete
        ),
    )


def _function(
    function: Function,
    effects: Sequence[Effect],
    complete: bool,  # noqa: FBT001 - as `Effects` has it
) -> tuple[str, int, tuple[str, ...], bool]:
    return function.kind, function.position[0], tuple(map(words, effects)), complete


def words(effect: Effect) -> str:
    """Describe what was created or dropped: `create column email of users`."""
    action = "create or drop" if effect.action == "touch" else effect.action
    name = effect.name or "without a name"
    said = f"{action} {effect.kind} {name}"
    if effect.kind == "table" and effect.table:
        return f"{said}, renamed from {effect.table}"
    if effect.kind == "index" and effect.table:
        said += f" on {effect.table}"
    elif effect.table:
        said += f" of {effect.table}"
    return f"{said} ({', '.join(effect.columns)})" if effect.columns else said
