"""Pull requests that are clean alone and fork the history together.

Knows what each adds, and behind which revision; nothing of git.
"""

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.pulls.pull import Verdict


def with_rivals(verdicts: "Sequence[Verdict]") -> "list[Verdict]":
    """Name to each that is clean the clean ones that it cannot be merged together with.

    Two fork when both add something behind the same revision, unless one contains all that the
    other adds: a branch that is built upon another one.
    """
    rivals: dict[int, list[int]] = {}
    clean = [each for each in verdicts if each.state == "success" and each.added]
    for one, other in combinations(clean, 2):
        if one.anchors & other.anchors and not (
            one.added <= other.added or other.added <= one.added
        ):
            rivals.setdefault(one.pull.number, []).append(other.pull.number)
            rivals.setdefault(other.pull.number, []).append(one.pull.number)
    return [
        each._replace(rivals=tuple(sorted(rivals.get(each.pull.number, ())))) for each in verdicts
    ]
