"""Which rules are asked in a run, and how severe each is.

Knows names and severities; rules are only loaded when somebody asks for them, since a run that
finds nothing changed needs none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.rules import Group, Rule
    from revgate.settings import Settings


def unknown_rules(names: Iterable[str]) -> list[str]:
    """Return a problem for each name that is not a rule, with the nearest one that is."""
    from revgate.rules import all_rules
    from revgate.settings import nearest

    known = list(all_rules())
    return [f"unknown rule {name!r}{nearest(name, known)}" for name in names if name not in known]


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
            select: Names of the only rules to run; empty for all.
            ignore: Names of rules not to run.
            groups: The only groups to run; None for all.
        """
        self.key = (settings.ignore, settings.severity, (*select,), (*ignore,), groups)
        """Everything that the selection depends on."""

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The selected rules, with their configured severity.

        Raises:
            UsageError: A name is not a rule; suggests the nearest.
        """
        from revgate.rules import all_rules

        ignored, severities, select, ignore, groups = self.key
        if problems := unknown_rules((*select, *ignore)):
            raise UsageError("\n".join(problems))
        known = all_rules()
        left_out = {*ignore, *ignored}
        severity = dict(severities)
        return tuple(
            rule._replace(severity=Severity(severity.get(name, rule.severity)))
            for name, rule in known.items()
            if (not select or name in select)
            and name not in left_out
            and (groups is None or rule.group in groups)
        )

    def stage(self, *, live: bool = False, published: bool = False) -> tuple[Rule, ...]:
        """Return the rules of one stage; every stage includes housekeeping.

        Args:
            live: Whether to return the live rules instead of the static ones.
            published: Whether to include the rules on merging into a target branch.
        """
        from revgate.rules import HOUSEKEEPING, LIVE, PUBLISHED

        left_out = {PUBLISHED} if not published else set()
        return tuple(
            rule
            for rule in self.rules
            if rule.group is HOUSEKEEPING
            or ((rule.group is LIVE) is live and rule.group not in left_out)
        )
