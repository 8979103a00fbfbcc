"""Weighs findings by the size that their table has in production, as a file in git says.

What blocks a large table is an error; what blocks a small one passes before anyone notices.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError
from revgate.findings import ERROR
from revgate.postgres.sizes import Sizes, TableSize, parse
from revgate.source import read_regular
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.findings import Finding
    from revgate.settings import Settings

RATE = 100
"""Megabytes that are assumed to be read or written per second."""
_MB = 1_000_000


class Scale(NamedTuple):
    """The sizes of tables, and from which on they matter."""

    path: str
    sizes: Sizes
    large: int
    """Megabytes."""

    def weigh(self, findings: Iterable[Finding]) -> tuple[list[Finding], str]:
        """Make findings about large tables errors, and leave out those about small ones.

        Returns:
            The findings to report, and a note on the others; empty if there are none.
        """
        found = list(findings)
        kept = []
        for each in found:
            size = self.sizes.get(each.table)
            if size is None:
                kept.append(each)
            elif size.bytes >= self.large * _MB:
                help_ = f"{each.help}\n{self._cost(each.table, size)}"
                kept.append(each._replace(severity=ERROR, help=help_))
        left_out = len(found) - len(kept)
        if not left_out:
            return kept, ""
        what = f"{count(left_out, 'finding')} about tables of less than {self.large} MB"
        return kept, f"not shown: {what}, by {self.path}"

    def _cost(self, table: str, size: TableSize) -> str:
        rows = "" if size.rows is None else f"about {size.rows:,} rows and "
        seconds = size.bytes / _MB / RATE
        return (
            f"`{table.removeprefix('public.')}` has {rows}{_shown(size.bytes)}, by {self.path}:"
            f" to read or write all of it takes about {_duration(seconds)} at {RATE} MB/s"
        )


def _shown(size: int) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000  # type: ignore[assignment]  # a float from here on
    return f"{size:.3g} TB"


def _duration(seconds: float) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return count(round(seconds / length), unit)
    return f"{seconds:.2g} s" if seconds < 1 else count(round(seconds), "second")


def load(root: str, settings: Settings) -> Scale | None:
    """Read the file that the settings name; None if they name none.

    Raises:
        UsageError: It is missing, or has another form.
    """
    name = settings.table_sizes
    if name is None:
        return None
    try:
        data = read_regular(os.path.join(root, name))
    except OSError as error:
        raise UsageError(
            f"`table-sizes`: {name} cannot be read: {error.strerror};"
            f" `revgate doctor --sizes {name}` writes it"
        ) from None
    return Scale(name, parse(data, name), settings.large_table)
