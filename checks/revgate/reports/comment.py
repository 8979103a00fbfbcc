"""The pull request comment, which is found again by its marker and updated in place.

The marker is the first line of the comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.reports.markdown import fit, footer, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.reports import Style
    from revgate.reports.detail import Detail
    from revgate.result import Result

MARK = "<!-- revgate -->"
"""The first line, which is not displayed."""
MOST_BYTES = 65_000
"""GitHub accepts 65,536 characters."""
_MOST_FINDINGS = 30


def render(result: Result, details: Sequence[Detail], style: Style) -> str:
    """Write the comment: a shorter job summary, below its marker."""
    text = "".join(f"{line}\n" for line in lines(result, details, style.sources, _MOST_FINDINGS))
    last = f"{footer()}\n"
    return f"{MARK}\n{fit(text, MOST_BYTES - len(MARK) - len(last) - 2)}{last}"
