"""Which revisions a round trip steps one by one, and which it only runs to get there.

Knows places in a chain; nothing of databases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.revision import Revision


class Plan(NamedTuple):
    """A slice of the chain."""

    start: int
    """How many revisions are run at once, without a look in between."""
    stop: int
    """The first place that is not stepped any more."""
    length: int
    production: bool = True
    """Whether the production pass belongs to this run."""

    @property
    def from_base(self) -> bool:
        """Whether the first revision of all is stepped."""
        return self.start == 0

    @property
    def to_head(self) -> bool:
        """Whether the last revision of all is stepped."""
        return self.stop == self.length


def make_plan(
    chain: Sequence[Revision], new: frozenset[str] | None, shard: tuple[int, int] | None
) -> Plan:
    """Choose what is stepped.

    Args:
        chain: All revisions in upgrade order.
        new: Ids that the base lacks; None where there is no base. From the first of them on, all
            are stepped.
        shard: Number, from 1, and count of the jobs that share the steps; None for one job. The
            first and the last of them make the production pass, since one begins where production
            does and the other ends at the head.
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


def parse_shard(written: str) -> tuple[int, int]:
    """Read `I/N`: the I-th of N jobs, from 1.

    Raises:
        UsageError: It is none.
    """
    number, slash, count = written.partition("/")
    if slash and number.isascii() and count.isascii() and number.isdigit() and count.isdigit():
        shard = int(number), int(count)
        if 1 <= shard[0] <= shard[1]:
            return shard
    raise UsageError(f"--shard {written!r}: write I/N, such as 1/4 for the first of four jobs")
