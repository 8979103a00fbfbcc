"""The two ways in which a run ends without a verdict."""

from __future__ import annotations


class RevgateError(Exception):
    """Ends the run with one message to the user, never with a traceback."""

    exit_code = 2


class UsageError(RevgateError):
    """The command line or the settings are wrong (exit code 2)."""


class CannotJudgeError(RevgateError):
    """There was nothing to check, or it was out of reach (exit code 3).

    A run that checked nothing is never "clean".
    """

    exit_code = 3
