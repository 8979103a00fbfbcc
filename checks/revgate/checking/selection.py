"""Which rules a run reports, which it only counts, and how severe each is.

`--select` and `--ignore` choose what is reported, never what is seen. Rules are loaded on demand,
since a run that finds nothing changed needs none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.rules import Group, Rule
    from revgate.settings import Settings


ON_GRAPH = ("chain", "published")
"""Groups of the rules that read the graph; as text, since the rules are loaded on demand."""

HIDERS = ("duplicate-revision", "missing-parent", "revision-cycle", "unreadable-revision")
"""Defects that hide others: rules that read the graph say less where one of these is present."""


def unknown_rules(names: Sequence[str], or_groups: Sequence[str] = ()) -> list[str]:
    """Return a problem for each name that does not exist, with the nearest one that does.

    Args:
        names: Names of rules.
        or_groups: Names of rules or of groups.
    """
    from revgate.rules import Group, all_rules

    known, groups = list(all_rules()), list(map(str, Group))
    return [
        *_unknown("rule", names, known),
        *_unknown("rule or group", or_groups, [*known, *groups]),
    ]


def _unknown(what: str, names: Iterable[str], known: list[str]) -> Iterator[str]:
    from revgate.text import nearest

    for name in names:
        if name not in known:
            yield f"unknown {what} {name!r}{nearest(name, known)}"


class Request(NamedTuple):
    """What the command line asks for, whatever the settings say."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    groups: tuple[Group, ...] | None = None
    config: str | None = None
    """A file of settings or an Alembic configuration, relative to the repository root."""
    environment: str | None = None
    """The name of the only environment; None for all."""
    allowed: tuple[str, ...] = ()
    """Ids of published revisions that may change, or `all`."""

    def choose(self, settings: Settings) -> Choice:
        """Return the rules that this asks for under some settings."""
        return Choice(settings, self.select, self.ignore, groups=self.groups)


class Choice:
    """The rules that the settings and the command line select."""

    def __init__(
        self,
        settings: Settings,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        *,
        groups: tuple[Group, ...] | None = None,
    ) -> None:
        """Select rules.

        Args:
            settings: Those of the repository, with ignored rules and changed severities.
            select: Names of the only rules to run, whether they are off or not; empty for all.
            ignore: Names of rules not to run.
            groups: The only groups to run; None for all.
        """
        self.key = (
            settings.ignore, settings.enable, settings.severity, (*select,), (*ignore,), groups
        )  # fmt: skip
        """Everything that the selection depends on."""

    def check_names(self) -> None:
        """See that every rule asked for exists.

        Raises:
            UsageError: One does not; with the nearest.
        """
        _, _, _, select, ignore, _ = self.key
        if (select or ignore) and (problems := unknown_rules((*select, *ignore))):
            raise UsageError("\n".join(problems))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that run, with their configured severity.

        Besides those that are reported: rules that are ignored, and rules of the chain and on what
        is published that are not selected. Their findings are counted, so that a run never calls a
        history clean that it has seen to be broken.

        Raises:
            UsageError: A name is not a rule; suggests the nearest.
        """
        from revgate.rules import all_rules

        ignored, enable, severities, select, ignore, groups = self.key
        self.check_names()
        known = {
            name: rule
            for name, rule in all_rules().items()
            if rule.enabled or not {name, rule.group}.isdisjoint((*enable, *select))
        }
        left_out = {*ignore, *ignored}
        wanted = _with_hiders(select, known) if select else known.keys()
        severity = dict(severities)
        return tuple(
            rule.with_severity(severity.get(name))._replace(
                reported=name in wanted and name not in left_out
            )
            for name, rule in known.items()
            if (name in wanted or name in left_out or rule.group in ON_GRAPH)
            and (groups is None or rule.group in groups)
        )

    def stage(self, *, live: bool = False, published: bool = False) -> tuple[Rule, ...]:
        """Return the rules of one stage; every stage includes housekeeping.

        Args:
            live: Whether to return the live rules instead of the static ones.
            published: Whether to include the rules on merging into a target branch.
        """
        from revgate.rules import HOUSEKEEPING, PUBLISHED

        left_out = {PUBLISHED} if not published else set()
        return tuple(
            rule
            for rule in self.rules
            if rule.group is HOUSEKEEPING or (rule.is_live is live and rule.group not in left_out)
        )


def _with_hiders(select: Sequence[str], known: dict[str, Rule]) -> frozenset[str]:
    """Add to the selected rules those without which one of them would be blind."""
    on_graph = any(known[name].group in ON_GRAPH for name in select)
    return frozenset((*select, *HIDERS) if on_graph else select)
