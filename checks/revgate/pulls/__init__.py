"""The open pull requests of a GitHub repository, judged against the base as it stands now.

Knows GitHub, and in which order things are asked; nothing of rules. A pull request is somebody
else's: its objects are fetched and read, and nothing of it is checked out or executed.
"""

from __future__ import annotations

from revgate.pulls.pull import Outcome, PullsOptions, Repository, Verdict
from revgate.pulls.report import render
from revgate.pulls.run import from_variables, run

__all__ = ["Outcome", "PullsOptions", "Repository", "Verdict", "from_variables", "render", "run"]
