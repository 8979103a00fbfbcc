"""`revgate init`: settings that the current history passes, a pre-commit hook, and a CI job.

Edited files keep their comments and formatting.
"""

from __future__ import annotations

from revgate.setup.run import Outcome, SetupOptions, apply, propose

__all__ = ["Outcome", "SetupOptions", "apply", "propose"]
