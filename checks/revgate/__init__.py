"""revgate, the merge gate for Alembic migration histories.

Knows its own version and the names of its formats, and nothing else: importing it costs nothing.
"""

# A literal, as in pyproject.toml (a test compares the two): hooks run from a clone, where no
# distribution metadata exists.
from __future__ import annotations

__version__ = "0.1.0"

FORMATS = (
    *("text", "concise", "json", "github", "sarif", "junit", "gitlab"),
    *("markdown", "comment", "html"),
)
"""Each is a module of `revgate.reports`. They stand here since the command line has to know them,
and a hook waits for every import that it does not need."""
