"""Output and error output, and files that a report goes to.

Knows terminals and pipes that close; nothing of what is written.
"""

import os
import sys

from revgate.errors import UsageError


def unwritten(error: OSError) -> int:
    """Answer an output that cannot be written; 0 where the reader only went away.

    `revgate rules | head` is no error, and `revgate check | head` keeps its verdict.
    """
    # Python would complain once more when it closes what it could not flush.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    complain(f"the output cannot be written: {error.strerror}")
    return UsageError.exit_code


def complain(message: str) -> None:
    """Print a message to the error output, under the program's name."""
    from revgate.reports import printable

    for number, line in enumerate(message.splitlines() or [""]):
        print("revgate:" if number == 0 else "        ", printable(line), file=sys.stderr)


def show(diff: str) -> None:
    """Print a diff."""
    from revgate.reports import printable

    if diff and sys.stdout.isatty():
        # What a file holds may not steer a terminal; a diff in a pipe is for `git apply`.
        for line in diff.splitlines():
            write("\t".join(map(printable, line.split("\t"))) + "\n", None)
    else:
        write(diff, None)


def write(text: str, path: str | None = None) -> None:
    """Write text to a file, or to the output.

    Raises:
        UsageError: It cannot be written.
    """
    if path is None:
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            sys.stdout.flush()
        except OSError as error:
            if unwritten(error):
                raise UsageError("so nothing was reported") from None
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
