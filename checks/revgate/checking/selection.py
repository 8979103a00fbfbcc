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
    """The rules that the settings and the command line ask for."""

    def __init__(
        self,
        settings: Settings,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        *,
        groups: tuple[Group, ...] | None = None,
    ) -> None:
        """Choose rules.

        Args:
            settings: Of the repository: what they ignore, and other severities.
            select: Names of the only rules to ask; all where empty.
            ignore: Names of rules not to ask.
            groups: The only groups to ask; all where None.
        """
        self.words = (settings.ignore, settings.severity, (*select,), (*ignore,), groups)
        """All that the choice follows from."""

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are asked, with the severity that each is to have.

        Raises:
            UsageError: A name is no rule's; with the nearest that is.
        """
        from revgate.rules import all_rules

        ignored, severities, select, ignore, groups = self.words
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
        """Return the rules that one stage asks; housekeeping belongs to each.

        Args:
            live: The rules on what a round trip saw; else the static ones.
            published: With the static ones, also those on a merge with a base.
        """
        from revgate.rules import HOUSEKEEPING, LIVE, PUBLISHED

        left_out = {PUBLISHED} if not published else set()
        return tuple(
            rule
            for rule in self.rules
            if rule.group is HOUSEKEEPING
            or ((rule.group is LIVE) is live and rule.group not in left_out)
        )
