"""The two ways in which revgate ends without a verdict."""

from __future__ import annotations


class RevgateError(Exception):
    """Ends the run with one message for the reader, never with a traceback."""

    exit_code = 2


class UsageError(RevgateError):
    """The command line or the settings are wrong (exit code 2)."""


class CannotJudgeError(RevgateError):
    """There was nothing to check, or it could not be reached (exit code 3).

    Nothing checked is never "clean".
    """

    exit_code = 3
