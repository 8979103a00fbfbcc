"""Judges the open pull requests of a GitHub repository against the current base.

A pull request is untrusted: its objects are fetched and read, never checked out or executed.
"""

from __future__ import annotations

from revgate.pulls.pull import Outcome, PullsOptions, Repository, Verdict
from revgate.pulls.report import render
from revgate.pulls.run import from_variables, run

__all__ = ["Outcome", "PullsOptions", "Repository", "Verdict", "from_variables", "render", "run"]
