"""The two ways in which a run ends without a verdict."""

from __future__ import annotations

import errno


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


_LACKING = {
    errno.ENOSPC: "free disk space",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`)",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`)",
    errno.ENFILE: "raise the system's limit on open files",
    errno.ENOMEM: "free memory",
    errno.EAGAIN: "raise the limit on processes (`ulimit -u`)",
    errno.EIO: "check the disk",
}
if hasattr(errno, "EDQUOT"):
    _LACKING[errno.EDQUOT] = "free disk space, or raise the quota"


def machine_fault(error: Exception) -> str:
    """Return what the machine lacks, if that is what an exception says; else an empty text."""
    if isinstance(error, MemoryError):
        return "out of memory, so nothing was checked"
    if not isinstance(error, OSError) or error.errno not in _LACKING:
        return ""
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    lacking = _LACKING[error.errno]
    return f"{error.strerror}{where}, so nothing was checked\n{lacking}, and run it again"
