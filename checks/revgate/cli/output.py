"""The reports that a command line asks for, each with the place that it goes to.

Knows formats, files and terminals; not what stands in a report, and not how a result came about.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from revgate import FORMATS
from revgate.errors import UsageError
from revgate.text import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from revgate.reports import Style
    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.source import Source


def reports(
    arguments: argparse.Namespace, result: Result, source: Source
) -> Iterator[tuple[str, str | None]]:
    """Yield each report that was asked for, and its file; the last is the one for `--output`.

    Raises:
        UsageError: A `--report` that says no format, or no file.
        CannotJudgeError: The revisions, which some formats show, are not there any more.
    """
    from revgate.reports import render

    if os.environ.get("GITHUB_ACTIONS") == "true":
        # Code scanning opens an alert for a result in SARIF that is marked as suppressed, too:
        # https://github.com/github/codeql-action/issues/1230
        result = result._replace(suppressed=False)
    others = [wanted(written) for written in arguments.report]
    forms = [arguments.form, *(form for form, _ in others)]
    details = _details(arguments, result, source, forms)
    for form, path in others:
        yield render(result, form, details=details), path
    style = _style(arguments, source.root)
    yield render(result, arguments.form, style, details), arguments.output


def wanted(written: str) -> tuple[str, str]:
    """Take a `--report FORMAT=FILE` apart.

    Raises:
        UsageError: It is none.
    """
    form, _, path = written.partition("=")
    if form not in FORMATS or not path:
        raise UsageError(
            f"--report {written!r}: expected FORMAT=FILE with a format of {', '.join(FORMATS)}"
        )
    return form, path


def _details(
    arguments: argparse.Namespace, result: Result, source: Source, forms: Sequence[str]
) -> Sequence[Detail]:
    """Read the revisions again where a format shows them; a hook's do not."""
    from revgate.reports import DETAILED, WITH_OPERATIONS

    if DETAILED.isdisjoint(forms):
        return ()
    from revgate.history.tree import GitTree
    from revgate.reports.detail import read_details

    against = getattr(arguments, "against", None)
    if result.command == "check" and against and not isinstance(source, GitTree):
        source = GitTree.at(source.root, "HEAD")  # which is what was judged
    operations = not WITH_OPERATIONS.isdisjoint(forms)
    return read_details(source, result, operations=operations, cached=not arguments.no_cache)


def _style(arguments: argparse.Namespace, root: str) -> Style:
    from revgate.reports import Style

    is_terminal = arguments.output is None and sys.stdout.isatty()
    color = arguments.output is None and _wants_color(arguments.color)
    if not is_terminal:
        return Style(color=color, quiet=arguments.quiet)
    from revgate.reports.terminal import follows_links, width

    links_to = root if color and follows_links(os.environ) else None
    return Style(color, arguments.quiet, links_to, width(sys.stdout))


def _wants_color(choice: str) -> bool:
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


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
    for number, line in enumerate(message.splitlines() or [""]):
        print("revgate:" if number == 0 else "        ", printable(line), file=sys.stderr)


def show(diff: str) -> None:
    """Print a diff."""
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
