"""`revgate init`: settings that today's history passes, a hook and a CI job, each where it belongs.

Knows a repository's own files; nothing of rules. What is edited keeps its comments and its form.
"""

from __future__ import annotations

from revgate.setup.run import Outcome, Wanted, apply, propose

__all__ = ["Outcome", "Wanted", "apply", "propose"]
