"""Writes reports, diffs and messages to files and the terminal."""

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
    """Yield each requested report and its file; the last is the one for `--output`.

    Raises:
        UsageError: A `--report` without a format or file.
        CannotJudgeError: The revisions, which some formats show, no longer exist.
    """
    from revgate.reports import DETAILED, WITH_SOURCES, Style, render

    if os.environ.get("GITHUB_ACTIONS") == "true":
        # Code scanning also opens alerts for SARIF results marked as suppressed:
        # https://github.com/github/codeql-action/issues/1230
        result = result._replace(suppressed=False)
    others = [parse_report(written) for written in arguments.report]
    forms = [arguments.form, *(form for form, _ in others)]
    details = _details(arguments, result, source, forms)
    plain = Style(
        show_all=getattr(arguments, "show", None) == "all",
        statistics=getattr(arguments, "statistics", False),
    )
    if not WITH_SOURCES.isdisjoint(forms):
        show_all = plain.show_all or not DETAILED.isdisjoint(forms)
        plain = plain._replace(sources=_sources(result, source, show_all=show_all))
    if "html" in forms:
        from revgate.reports.about import find

        plain = plain._replace(about=find(source))
    for form, path in others:
        yield render(result, form, plain, details), path
    style = _styled(plain, arguments, source.root)
    yield render(result, arguments.form, style, details), arguments.output


def text_of(result: Result, root: str, commit: str) -> str:
    """Write the result for a commit as text, with the code of its findings."""
    from revgate.history.tree import GitTree
    from revgate.reports import Style, render

    sources = _sources(result, GitTree.at(root, commit), show_all=False)
    return render(result, "text", Style(sources=sources))


def parse_report(written: str) -> tuple[str, str]:
    """Parse `--report FORMAT=FILE`.

    Raises:
        UsageError: It has another form.
    """
    form, _, path = written.partition("=")
    if form not in FORMATS or not path:
        formats = ", ".join(FORMATS)
        raise UsageError(
            f"--report {written!r}: expected FORMAT=FILE, where FORMAT is one of {formats}"
        )
    return form, path


def _details(
    arguments: argparse.Namespace, result: Result, source: Source, forms: Sequence[str]
) -> Sequence[Detail]:
    """Read the revisions again if a format shows them; those of hooks do not."""
    from revgate.reports import DETAILED, WITH_OPERATIONS

    if DETAILED.isdisjoint(forms):
        return ()
    from revgate.history.tree import GitTree
    from revgate.reports.detail import read_details

    against = getattr(arguments, "against", None)
    if result.command == "check" and against and not isinstance(source, GitTree):
        source = GitTree.at(source.root, "HEAD")  # which was checked
    operations = not WITH_OPERATIONS.isdisjoint(forms)
    return read_details(source, result, operations=operations, cached=not arguments.no_cache)


def _sources(result: Result, source: Source, *, show_all: bool) -> dict[str, list[str]]:
    """Return the lines of the files that findings are about, as far as they are shown."""
    from revgate.errors import RevgateError
    from revgate.reports import worth_showing

    paths: dict[str, None] = {}
    for finding in worth_showing(result, show_all=show_all):
        paths |= dict.fromkeys([finding.path, *(each.path for each in finding.related)])
    paths.pop("", None)
    try:
        contents = source.read([*paths]) if paths else ()
        return {each.path: each.data.decode(errors="replace").splitlines() for each in contents}
    except RevgateError:  # one is in conflict, or no longer there
        return {}


def _styled(plain: Style, arguments: argparse.Namespace, root: str) -> Style:
    """Add what the terminal can show."""
    color = arguments.output is None and _has_color(arguments.color)
    style = plain._replace(color=color, quiet=arguments.quiet)
    if arguments.output is not None or not sys.stdout.isatty():
        return style
    from revgate.reports.terminal import follows_links

    links_to = root if color and follows_links(os.environ) else None
    return style._replace(links_to=links_to, width=terminal_width())


def terminal_width() -> int | None:
    """Return the columns of the terminal; None if the output goes elsewhere."""
    if not sys.stdout.isatty():
        return None
    from revgate.reports.terminal import width

    return width(sys.stdout)


def _has_color(choice: str) -> bool:
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def unwritten(error: OSError) -> int:
    """Return the exit code when output cannot be written; 0 if the reader closed the pipe.

    `revgate rules | head` is not an error, and `revgate check | head` keeps its exit code.
    """
    # Otherwise Python reports the error again when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    complain(f"cannot write the output: {error.strerror}")
    return UsageError.exit_code


def complain(message: str) -> None:
    """Print a message to standard error."""
    for number, line in enumerate(message.splitlines() or [""]):
        print("revgate:" if number == 0 else "        ", printable(line), file=sys.stderr)


def show(diff: str) -> None:
    """Print a diff."""
    if diff and sys.stdout.isatty():
        # File contents must not control a terminal; a diff in a pipe is for `git apply`.
        for line in diff.splitlines():
            write("\t".join(map(printable, line.split("\t"))) + "\n", None)
    else:
        write(diff, None, is_diff=not diff.isascii())


def write(text: str, path: str | None = None, *, is_diff: bool = False) -> None:
    """Write text to a file or to standard output; a diff as the bytes of the files that it is of.

    Raises:
        UsageError: It cannot be written.
    """
    if path is None:
        encoding = sys.stdout.encoding or "utf-8"
        try:
            if is_diff:
                sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
            else:
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
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
