"""What Python's parser warns of: an odd escape in somebody's SQL is not our subject.

Knows how to silence warnings once for many files; setting filters takes longer than some rules.
"""

import warnings
from contextlib import AbstractContextManager, nullcontext

_NOTHING = nullcontext()


def quietly() -> AbstractContextManager[object]:
    """Silence all warnings within; costs nothing where they are silenced already."""
    first = warnings.filters[0] if warnings.filters else None
    if first == ("ignore", None, Warning, None, 0):
        return _NOTHING
    return warnings.catch_warnings(action="ignore")
