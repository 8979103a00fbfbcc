"""Which revisions a round trip steps one by one, and which it runs in one go."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.revision import Revision


class Plan(NamedTuple):
    """The slice of the chain that is stepped."""

    start: int
    """How many revisions run in one go before the first step."""
    stop: int
    """The place after the last step."""
    length: int
    """Of the whole chain."""
    production: bool = True
    """Whether this run includes the production pass."""

    @property
    def from_base(self) -> bool:
        """Whether the steps start at the first revision."""
        return self.start == 0

    @property
    def to_head(self) -> bool:
        """Whether the steps end at the head."""
        return self.stop == self.length


def make_plan(
    chain: Sequence[Revision], new: frozenset[str] | None, shard: tuple[int, int] | None
) -> Plan:
    """Choose which revisions to step.

    Args:
        chain: All revisions in upgrade order.
        new: Ids that the target branch lacks; None if there is no target branch. All revisions
            from the first of them on are stepped.
        shard: The number of this job, from 1, and how many jobs share the steps; None for one job.
            The first and the last one include the production pass: one starts where production
            does, the other ends at the head.
    """
    first = 0
    if new is not None:
        first = next((at for at, each in enumerate(chain) if each.id in new), len(chain))
    if shard is None:
        return Plan(first, len(chain), len(chain))
    number, count = shard
    steps = len(chain) - first
    start, stop = (first + steps * edge // count for edge in (number - 1, number))
    return Plan(start, stop, len(chain), number in (1, count))


_DIVIDED = (60, 500, 1500)
"""Numbers of revisions from which on a history has one part more."""


def divide(length: int) -> list[tuple[int, int]]:
    """Divide revisions into parts that can be stepped side by side.

    It depends on the history alone: what is found must not depend on the machine.

    Returns:
        The place of the first revision of each part, and the place after the last.
    """
    parts = 1 + sum(length >= each for each in _DIVIDED)
    edges = [length * number // parts for number in range(parts + 1)]
    return list(pairwise(edges))


def parse_shard(text: str) -> tuple[int, int]:
    """Parse `I/N`: job I of N, from 1.

    Raises:
        UsageError: The text has another form.
    """
    number, slash, count = text.partition("/")
    if slash and number.isascii() and count.isascii() and number.isdigit() and count.isdigit():
        shard = int(number), int(count)
        if 1 <= shard[0] <= shard[1]:
            return shard
    raise UsageError(f"--shard {text!r}: write I/N, such as 1/4 for the first of four jobs")
