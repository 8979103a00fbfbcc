"""revgate, the merge gate for Alembic migration histories.

Knows its own version and nothing else: importing it costs nothing.
"""

# A literal, as in pyproject.toml (a test compares the two): hooks run from a clone, where no
# distribution metadata exists.
__version__ = "0.1.0"
