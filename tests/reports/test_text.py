"""The report for people, in terminals of different kinds."""

from __future__ import annotations

import os
from typing import Any

import pytest
from tests.reports.conftest import lock_of

from revgate.findings import Related
from revgate.reports import Style, render
from revgate.reports.excerpt import excerpt
from revgate.reports.terminal import follows_links, width
from revgate.roundtrip.observed import PRODUCTION, Pass


def test_it_stays_as_scripts_know_it(make: Any) -> None:
    found = make.finding(related=(Related("b.py", 3, "`r1` is a head"),))
    assert render(make([found], notes=("x",)).result, "text") == (
        "error[empty-downgrade] `downgrade()` of `r0` does nothing\n"
        "  --> migrations/versions/r0_step.py:12:5\n"
        "  b.py:3: `r1` is a head\n"
        "  help: drop what `upgrade()` makes\n"
        "\n"
        "note: x\n"
        "migrations: 3 revisions, head r2\n"
        "✗ 1 error, 0 warnings\n"
    )


def test_links_lead_to_the_file_and_are_off_without_a_terminal(make: Any) -> None:
    found = make.finding(path="migrations/a b.py")
    text = render(make([found]).result, "text", Style(color=True, links_to="/home/me"))
    link = "\x1b]8;;file:///home/me/migrations/a%20b.py\x1b\\migrations/a b.py\x1b]8;;\x1b\\:12:5"
    assert link in text
    assert "\x1b]8" not in render(make([found]).result, "text", Style(color=True))


@pytest.mark.parametrize(
    ("environ", "follows"),
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4900"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "new"}, False),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "dumb", "VTE_VERSION": "7600"}, False),
        ({"VTE_VERSION": "7600"}, False),
        ({"TERM": "xterm-kitty", "CI": "true"}, False),
        ({"TERM": "xterm-kitty", "TMUX": "x"}, False),
        ({}, False),
    ],
)
def test_only_known_terminals_get_links(environ: dict[str, str], follows: bool) -> None:
    assert follows_links(environ) is follows


def test_a_pipe_has_no_width() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as stream:
        assert width(stream) is None


def test_a_terminal_has_the_width_that_it_says() -> None:
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "w") as stream:
        for columns, expected in ((80, 80), (10, None)):
            size = struct.pack("HHHH", 24, columns, 0, 0)
            fcntl.ioctl(stream.fileno(), termios.TIOCSWINSZ, size)
            assert width(stream) == expected


def test_help_is_wrapped_at_words_and_longer_code_can_be_copied(make: Any) -> None:
    said = (
        "put the second branch behind the first, and write `down_revision = '20250101000000'`"
        " in the file, or `git rm` it."
    )
    found = make.finding(help=said)
    lines = render(make([found]).result, "text", Style(width=40)).splitlines()
    assert lines[3:7] == [
        "  help: put the second branch behind the",
        "        first, and write",
        "            down_revision = '20250101000000'",
        "        in the file, or `git rm` it",
    ]


def test_a_line_under_wide_characters_is_as_wide(make: Any) -> None:
    found = make.finding(column=len("x = '日本'; ") + 1)
    style = Style(sources={found.path: ["x = '日本'; op.f('日本')"] * found.line})
    shown = render(make([found]).result, "text", style).splitlines()
    (under,) = (line for line in shown if set(line.partition("|")[2]) == {" ", "^"})
    assert under.partition("| ")[2] == " " * 12 + "^" * 12


def test_slow_revisions_are_named_with_what_they_held(make: Any, trip_of: Any) -> None:
    lock = lock_of("public.users", "AccessExclusiveLock", 4, rewrites=("public.users",))
    slow = {"upgrade_ms": 2500.0, "statements": (lock, lock)}
    trip = trip_of(r0={}, r1=slow, r2={"upgrade_ms": None})
    text = render(make(roundtrips=trip).result, "text")
    assert text.startswith("PostgreSQL 15.18 (local)\n  upgrade          63 tables     0.40 s\n")
    assert (
        "  slow: r1 took 2.50 s up and 0.01 s down, AccessExclusiveLock on public.users, rewrites"
        " public.users\n" in text
    )
    assert text.count("slow:") == 1


def test_time_outside_of_the_passes_is_shown(make: Any, trip_of: Any) -> None:
    spent = (("setup", 1.25), ("models", 0.001), ("rows", 2.0), ("total", 1.4))
    (trip,) = trip_of(r0={})
    text = render(make(roundtrips=(trip._replace(durations=spent),)).result, "text")
    assert (
        "  setup                          1.25 s\n  rows                           2.00 s\n"
        "  total                          1.40 s  (passes ran side by side)\n" in text
    )
    assert "models" not in text


def test_many_slow_ones_are_counted(make: Any, trip_of: Any) -> None:
    trip = trip_of(**{f"r{at}": {"upgrade_ms": 1000.0 + at} for at in range(9)})
    text = render(make(revisions=9, roundtrips=trip).result, "text")
    assert [line.split()[1] for line in text.splitlines() if "slow:" in line] == [
        *("r8", "r7", "r6", "r5", "r4"),
    ]
    assert "  4 more took over a second\n" in text


def test_a_revision_that_did_not_run_is_not_an_error(make: Any, trip_of: Any) -> None:
    trip = trip_of(r0={"upgrade_ms": None, "downgrade_ms": None})
    for form in ("text", "markdown", "comment", "junit", "html"):
        made = make(roundtrips=trip)
        assert render(made.result, form, details=made.details)


SOURCE = ["import x", "", "def downgrade():", "\tpass  # nothing", 'down_revision = "a"  # why']


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (4, 2, [" 3 | def downgrade():", " 4 |     pass  # nothing", "   |     ^^^^"]),
        (5, 17, [" 4 |     pass  # nothing", f" 5 | {SOURCE[4]}", f"   | {' ' * 16}^^^"]),
        (3, 1, [" 3 | def downgrade():", "   | ^^^^^^^^^^^^^^^^"]),
        (3, None, [" 3 | def downgrade():"]),
        (2, 1, []),
        (9, 1, []),
        (1, 99, [" 1 | import x"]),
    ],
)
def test_an_excerpt_underlines_the_place(
    line: int, column: int | None, expected: list[str]
) -> None:
    assert [*excerpt(SOURCE, line, column, 80)] == expected


def test_hostile_source_stays_text(make: Any) -> None:
    found = make.finding(path="a.py", line=1, column=1)
    hostile = "\x1b[2J::error::x " + "y" * 500
    text = render(make([found]).result, "text", Style(sources={"a.py": [hostile]}, width=60))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines()[:4])) <= 62


def test_only_some_findings_of_a_rule_are_shown(make: Any) -> None:
    many = [make.finding(path=f"{number}.py", rule="file-name") for number in range(30)]
    result = make([*many, make.finding(rule="multiple-heads")]).result
    text = render(result, "text")
    assert text.startswith("error[multiple-heads]")
    assert text.count("error[file-name]") == 20
    assert "... and 10 more of file-name; `--show all` shows them" in text
    assert "    30  error    file-name" in text
    assert render(result, "text", Style(show_all=True)).count("error[file-name]") == 30
    assert "error[" not in render(result, "text", Style(statistics=True))


def test_a_pass_that_failed_says_so_and_production_is_explained(make: Any, trip_of: Any) -> None:
    (trip,) = trip_of(r0={})
    ran = (Pass("upgrade", 0.4, 63, False), Pass(PRODUCTION, 0.4, 63, True))
    lines = render(make(roundtrips=(trip._replace(passes=ran),)).result, "text").splitlines()
    assert lines[1] == "  upgrade          63 tables     0.40 s  failed"
    assert lines[2].endswith("0.40 s  (all at once, as a deployment runs it)")
