"""Measures the budgets: `make bench`.

Every figure is the least of several runs, and what counts is the ratio of two figures of the same
run on the same machine. The tables are printed, and kept in benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# The line above finds them.
from benchmarks import roundtrip  # noqa: E402
from benchmarks.histories import write_history, write_revision  # noqa: E402

PAGE = ROOT / "benchmarks" / "README.md"
HOOK = ROOT / "hooks" / "revgate"
# Next to the interpreter that runs this, so that no version manager's shim is measured.
PYTHON = os.path.realpath(sys.executable)
SCRIPTS = Path(sys.executable).parent
REVGATE = [PYTHON, "-I", "-S", str(HOOK)]
CHAIN_AND_NAMING = (
    "unreadable-revision,duplicate-revision,missing-parent,revision-cycle,multiple-bases,"
    "multiple-heads,merge-revision,branch-label,cross-dependency,"
    "file-name,revision-id,timestamp-order,future-timestamp,stale-docstring"
)


class Figure(NamedTuple):
    """The time and memory of one command."""

    seconds: float
    megabytes: float


def measure(command: list[str], folder: Path, times: int = 5, **variables: str) -> Figure:
    """Run a command several times; return the shortest time and the peak memory.

    Raises:
        RuntimeError: It failed: what fails is not measured.
    """
    best = float("inf")
    largest = 0.0
    for _ in range(times):
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, complaint = process.communicate()
        best = min(best, time.perf_counter() - begun)
        if process.returncode:
            message = f"{command} ended with {process.returncode}: {complaint.decode()[-400:]}"
            raise RuntimeError(message)
        largest = max(largest, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    return Figure(best, largest)


def peak(command: list[str], folder: Path) -> float:
    """Return the peak memory of a command and its children, in MB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=-3, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [PYTHON, "-c", code, *command], cwd=folder, capture_output=True, check=True
    )
    return float(done.stdout)


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, without the user's settings."""
    identity = {"GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b", "GIT_COMMITTER_NAME": "b"}
    subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **identity, "GIT_COMMITTER_EMAIL": "b"},
        check=True,
        capture_output=True,
    )


def make(folder: Path, count: int) -> Path:
    """Write and commit a history, and age its files so that none counts as just written."""
    folder.mkdir()
    write_history(folder, count)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "history")
    old = time.time() - 60
    for path in (folder / "migrations" / "versions").iterdir():
        os.utime(path, (old, old))
    time.sleep(2.1)
    return folder


def static_table(work: Path, sizes: list[int], times: int) -> list[str]:
    """Measure the static rules on histories of several sizes."""
    cache = work / "cache"
    heads = [str(SCRIPTS / "alembic"), "heads"]
    pylembic = [str(SCRIPTS / "pylembic"), "validate", "migrations"]
    bare = measure([PYTHON, "-I", "-S", "-c", "pass"], work, 15).seconds
    lines = [
        "| work | " + " | ".join(f"{size:,} revisions" for size in sizes) + " |",
        "| --- |" + " --- |" * len(sizes),
    ]
    columns: list[dict[str, str]] = []
    for size in sizes:
        folder = make(work / f"history-{size}", size)
        few = 2 if size >= 10_000 else times
        column: dict[str, str] = {}
        fresh = measure(heads, folder, few, PYTHONDONTWRITEBYTECODE="1").seconds
        compiled = measure(heads, folder, few + 1, PYTHONDONTWRITEBYTECODE="").seconds

        def row(
            name: str, figure: Figure, opponent: float, column: dict[str, str] = column
        ) -> None:
            ratio = opponent / figure.seconds
            column[name] = f"{figure.seconds * 1000:,.0f} ms ({ratio:.1f}x)"

        row("`alembic heads`, nothing compiled, as in a fresh clone", Figure(fresh, 0), fresh)
        row("`alembic heads`, every file compiled", Figure(compiled, 0), compiled)
        row("`pylembic validate`", measure(pylembic, folder, few), compiled)
        shutil.rmtree(folder / "migrations" / "versions" / "__pycache__")
        cold = [*REVGATE, "check", "--no-cache"]
        row(
            "`check`, nothing cached, chain and naming rules",
            measure([*cold, "--select", CHAIN_AND_NAMING], folder, times),
            fresh,
        )
        row("`check`, nothing cached, all static rules", measure(cold, folder, few), fresh)
        kept = {"REVGATE_CACHE_DIR": str(cache)}
        warm = [*REVGATE, "check"]
        measure(warm, folder, 1, **kept)
        row("`check`, cached", measure(warm, folder, 3 * times, **kept), compiled)
        row(
            "`check --staged`, nothing changed",
            measure([*warm, "--staged"], folder, 3 * times, **kept),
            compiled,
        )
        one_more = staged_one_more(folder, size, times, kept)
        row("`check --staged`, one revision more", one_more, compiled)
        against = [*REVGATE, "check", "--against", "published"]
        one_more_committed(folder, size)
        row(
            "`check --against`, one new revision, nothing cached",
            measure([*against, "--no-cache"], folder, times),
            fresh,
        )
        measure(against, folder, 1, **kept)
        row("`check --against`, cached", measure(against, folder, 3 * times, **kept), compiled)
        column["peak memory of `check`, nothing cached"] = f"{peak(cold, folder):.0f} MB"
        columns.append(column)
    lines += [
        f"| {name} | " + " | ".join(column[name] for column in columns) + " |"
        for name in columns[0]
    ]
    start = f"A bare interpreter start took {bare * 1000:.0f} ms."
    lines += [
        "",
        f"{start} In brackets: how many times faster than `alembic heads`; where nothing is",
        "cached, than in a fresh clone, and else than with every file compiled.",
    ]
    return lines


def staged_one_more(folder: Path, size: int, times: int, kept: dict[str, str]) -> Figure:
    """Measure the hook on one new revision, a different one each time."""
    best = Figure(float("inf"), 0)
    versions = folder / "migrations" / "versions"
    parent = max(versions.glob("*.py")).name[:14]
    for attempt in range(times):
        name = write_revision(versions, size + attempt, parent)
        git(folder, "add", "-A")
        best = min(best, measure([*REVGATE, "check", "--staged"], folder, 1, **kept))
        git(folder, "rm", "-qf", "--", *[str(path) for path in versions.glob(f"{name}_*")])
    return best


def one_more_committed(folder: Path, size: int) -> None:
    """Commit one revision that the branch `published` lacks."""
    git(folder, "branch", "--force", "published")
    versions = folder / "migrations" / "versions"
    write_revision(versions, size, max(versions.glob("*.py")).name[:14])
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one more")


def pulls_line(work: Path, size: int) -> str:
    """Measure 100 open pull requests, each with one revision, half of them stale."""
    from revgate.checking.selection import Request
    from revgate.pulls.judge import Base, with_rivals
    from revgate.pulls.pull import Pull, PullsOptions

    folder = work / f"history-{size}"
    wanted = PullsOptions(str(folder), Request(), cached=False)
    base = revisions(folder, "HEAD")[0]
    pulls = [Pull(number, head) for number, head in enumerate(import_heads(folder, base, size))]
    begun = time.perf_counter()
    verdicts = with_rivals(Base(wanted, base).judge(pulls))
    took = time.perf_counter() - begun
    failed = sum(verdict.state == "failure" for verdict in verdicts)
    return (
        f"`pulls`, the network apart: {took:.1f} s for 100 open pull requests over {size:,}"
        f" revisions, nothing cached; {failed} of them stale."
    )


def import_heads(folder: Path, base: str, size: int) -> list[str]:
    """Make 100 commits on a base, each with one revision behind its head or the head's parent."""
    versions = folder / "migrations" / "versions"
    last = [path.name[:14] for path in sorted(versions.glob("*.py"))[-2:]]
    stream = ""
    for number in range(100):
        key = write_revision(versions, size + 1000 + number, last[number % 2 - 1])
        (path,) = versions.glob(f"{key}_*")
        text = path.read_text()
        path.unlink()
        stream += (
            f"commit refs/pull/{number}/head\ncommitter b <b> 0 +0000\ndata 1\nx\nfrom {base}\n"
            f"M 100644 inline migrations/versions/{path.name}\ndata {len(text)}\n{text}\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], input=stream.encode(), cwd=folder, check=True)
    return revisions(folder, *(f"refs/pull/{number}/head" for number in range(100)))


def revisions(folder: Path, *names: str) -> list[str]:
    """Return the commits that names point to."""
    done = subprocess.run(
        ["git", "rev-parse", *names], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def import_line() -> str:
    """Measure `import revgate.cli`."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'checks')!r}); import revgate.cli"
    bare = measure([PYTHON, "-I", "-S", "-c", "pass"], ROOT, 15).seconds
    whole = measure([PYTHON, "-I", "-S", "-c", code], ROOT, 15).seconds
    return f"`import revgate.cli`: {(whole - bare) * 1000:.0f} ms over a bare interpreter start."


def write_page(lines: list[str]) -> None:
    """Write the tables between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- measured -->\n", "<!-- end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


def main() -> int:
    """Measure everything, print it, and write it to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--roundtrips", default="50,200,1000")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", choices=("static", "roundtrip"), help="print one part of it")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    lengths = [int(length) for length in arguments.roundtrips.split(",")]
    work = Path(tempfile.mkdtemp(prefix="revgate-bench-"))
    steps: list[Callable[[], list[str]]] = [
        lambda: static_table(work, sizes, arguments.times),
        lambda: ["", import_line()],
        lambda: ["", pulls_line(work, sizes[-1])],
        lambda: ["", *roundtrip.table(work, lengths, measure, [sys.executable, "-m", "revgate"])],
        lambda: ["", *roundtrip.others(work, measure, git, [sys.executable, "-m", "revgate"])],
        lambda: ["", roundtrip.memory(work, [sys.executable, "-m", "revgate"], lengths[-1])],
    ]
    if arguments.only:
        steps = steps[:3] if arguments.only == "static" else steps[3:]
    # Otherwise every process compiles what it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        lines = [
            f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}.",
            "",
        ]
        for step in steps:
            found = step()
            print("\n".join(found), flush=True)
            lines += found
    finally:
        shutil.rmtree(work)
    if not arguments.only:
        write_page(lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
