"""A comment on a pull request, that is found again and updated in place.

Knows what a comment may hold; whoever posts it looks for `MARK` in the first line of the comments
that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.reports.markdown import fit, footer, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.reports.detail import Detail
    from revgate.result import Result

MARK = "<!-- revgate -->"
"""The first line, which nobody sees."""
MOST_BYTES = 65_000
"""GitHub takes 65,536 characters."""
_MOST_FINDINGS = 30


def render(result: Result, details: Sequence[Detail]) -> str:
    """Write the comment: the summary of the job, shorter, below its mark."""
    text = "".join(f"{line}\n" for line in lines(result, details, _MOST_FINDINGS))
    last = f"{footer()}\n"
    return f"{MARK}\n{fit(text, MOST_BYTES - len(MARK) - len(last) - 2)}{last}"
