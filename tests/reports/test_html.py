"""The page, as a file: what it holds, what it may load, how large it gets."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from revgate.findings import WARNING, Related
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.reports import Style, render
from revgate.reports.about import About
from revgate.reports.changes import sql_lines
from revgate.roundtrip.observed import Lock, Rows, Statement

if TYPE_CHECKING:
    from pathlib import Path


def write(made: Any, **style: Any) -> str:
    return render(made.result, "html", Style(**style), made.details)


def row(page: str, key: str) -> str:
    """Return everything about a revision, which is in one place."""
    rows = [
        re.split('<a class="l"|</section>', each)[0]
        for each in page.split('<details class="r"')[1:]
    ]
    (found,) = [each for each in rows if f'<code>{key}</code><span class="t">' in each]
    return found


def texts(html: str) -> str:
    """Return the text of a part of the page."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_a_revision_that_did_not_run_shows_what_its_text_does(make: Any) -> None:
    shown = row(write(make([], 3)), "r1")
    for text in ("create index ix_t on t (a)", "drop table t"):
        assert text in shown, text
    assert "and more that cannot be read from the text" in shown


def test_a_revision_shows_what_it_did(make: Any, trip_of: Any) -> None:
    lock = Lock("public.users", "AccessExclusiveLock", 8.0, False)
    sql = "CREATE TABLE t (\n\ta INTEGER\n)"
    first = Statement(24, 3.0, "ALTER TABLE users", (lock,), ("public.users",), started_ms=1.0)
    second = Statement(25, 1.5, "CREATE TABLE t ( a INTEGER )", shown=sql, started_ms=5.0)
    changes = (
        CatalogueChange("left", "table", "t"),
        CatalogueChange("gone", "column", "users.old", "text"),
        CatalogueChange("changed", "column", "users.email", "text", "varchar(9)"),
        CatalogueChange(
            "left", "index", "ix", "", "CREATE INDEX ix ON public.users USING btree (x)"
        ),
        CatalogueChange("left", "type", "mood", "", "enum"),
    )
    parts = (
        ("mood", CatalogueChange("left", "enum order", "mood", "", "'ok', 'bad'")),
        ("t", CatalogueChange("left", "column", "t.a", "", "integer")),
        ("t", CatalogueChange("left", "default", "t.a", "", "7")),
    )
    observed = {"statements": (first, second), "rows": Rows(2, 3)}
    trip = trip_of(r0={}, r1={**observed, "changes": changes, "new_parts": parts})
    shown = row(write(make([make.finding(1)], roundtrips=trip)), "r1")
    text = texts(shown)
    lines = [texts(each) for each in re.findall(r"<p class=\"(?:add|gone|ch|sa).*?</p>", shown)]
    assert lines == [
        "+table t",
        "+column a integer DEFAULT 7",
        " table users",
        "~column email text → varchar(9)",
        "-column old text",
        "+index ix btree (x)",
        "+type mood enum ('ok', 'bad')",
    ]
    for part in (
        "line 24, 3.0 ms; AccessExclusiveLock on public.users for 8 ms; rewrites public.users",
        "CREATE TABLE t (\n    a INTEGER\n)",
        "test rows in 2 of 3 tables",
        "↑ 12.1 ms",
        "↓ 8.0 ms",
        "1 error",
    ):
        assert part in text, part
    assert 'data-k="error new lock rewrite"' in shown
    # What the round trip saw replaces what was read from the text.
    assert "create index ix_t" not in shown


def test_of_a_large_change_tables_are_folded(make: Any, trip_of: Any) -> None:
    tables = tuple(CatalogueChange("left", "table", f"t{at}") for at in range(6))
    kinds = ("column",) * 8 + ("index",)
    parts = tuple(
        (table.name, CatalogueChange("left", kind, f"{table.name}.c{at}", "", "integer"))
        for table in tables
        for at, kind in enumerate(kinds)
    )
    ran = {"changes": tables, "new_parts": parts, "statements": (Statement(3, 1.0, "x"),)}
    made = make([], roundtrips=trip_of(r0=ran))
    shown = row(write(made), "r0")
    assert shown.count('<summary class="add"><span>+</span><code>table t') == 6
    assert shown.count("<i>8 columns, 1 index</i>") == 6
    assert shown.count("column c7 integer") == 6
    summary = render(made.result, "markdown", Style(), made.details)
    assert "+ table t1 (8 columns, 1 index)\n" in summary
    few = trip_of(r0={**ran, "changes": tables[:1], "new_parts": parts[:9]})
    assert "<summary class=" not in row(write(make([], roundtrips=few)), "r0")


def test_columns_are_in_the_order_in_which_they_are_written(make: Any, trip_of: Any) -> None:
    names = ("zip", "id", "user")
    changes = (CatalogueChange("left", "table", "t"), CatalogueChange("left", "table", "u"))
    parts = tuple(
        (table, CatalogueChange("left", "column", f"{table}.{name}", "", "text"))
        for table in ("t", "u")
        for name in sorted(names)
    )
    written = (
        Statement(3, 1.0, "CREATE TABLE u (user text, zip text, id text)"),
        Statement(4, 1.0, "CREATE TABLE public.t (zip text, id text, user text)"),
    )
    trip = trip_of(r0={"changes": changes, "new_parts": parts, "statements": written})
    text = texts(row(write(make([], roundtrips=trip)), "r0"))
    assert re.findall(r"column (\w+)", text) == [*names, "user", "zip", "id"]


def test_the_picture_has_each_statement_and_lock_on_one_time_axis(make: Any, trip_of: Any) -> None:
    locks = [
        Lock("public.a", "ShareLock", 4.0, False),
        Lock("public.b", "AccessExclusiveLock", 5.0, False),
    ]
    statements = (
        Statement(3, 2.0, "x", started_ms=0.0),
        Statement(4, 1.0, "y", (locks[0],), started_ms=6.0),
        Statement(5, 1.0, "z", (locks[1],), started_ms=5.0),
    )
    trip = trip_of(r0={"statements": statements, "upgrade_ms": 10.0})
    shown = row(write(make([], roundtrips=trip)), "r0")
    bars = re.findall(r'<rect class="(\w+)[^"]*" x="([\d.]+)%" y="1" width="([\d.]+)%"', shown)
    assert bars == [
        ("run", "0.00", "20.00"),
        ("run", "60.00", "10.00"),
        ("run", "50.00", "10.00"),
        ("reads", "50.00", "50.00"),
        ("writes", "60.00", "40.00"),
    ]
    lanes = [texts(each) for each in re.findall(r'<p class="lane">.*?</p>', shown)]
    assert lanes == [
        "statements",
        "public.b AccessExclusiveLock, 5.0 ms, since statement 3",
        "public.a ShareLock, 4.0 ms, since statement 2",
    ]


def test_it_begins_with_what_is_checked_the_verdict_and_what_to_do(make: Any) -> None:
    about = About("acme/shop", "feature/x", "0123456789ab", "2026-01-02 10:00 UTC", "2026-01-03")
    findings = [make.finding(1, severity=WARNING), make.finding(2), make.finding(0)]
    page = write(make(findings), about=about)
    head = texts(page.partition("<header")[2].partition("</header>")[0])
    parts = (
        *about.words,
        "✗ 2 errors, 1 warning",
        "Fix the 2 errors",
        "Begin with",
        "r2_step.py:12",
    )
    assert [head.index(each) for each in parts] == sorted(head.index(each) for each in parts)
    assert "<title>revgate: ✗ 2 errors, 1 warning · acme/shop · feature/x" in page
    assert "There is nothing to do." in write(make())


def test_the_worst_comes_first_then_what_is_new(make: Any, trip_of: Any) -> None:
    findings = [make.finding(1, severity=WARNING), make.finding(3)]
    trip = trip_of(r0={"new": False}, r2={}, r4={})
    page = write(make(findings, 6, roundtrips=trip))
    review = page.partition('id="review"')[2].partition("</section>")[0]
    assert re.findall(r'class="r" id="e0-(\d)"', review) == ["3", "1", "2", "4"]
    chain = page.partition('class="chain">')[2].partition("</section>")[0]
    listed = re.findall(r'class="(r|l)" (?:id="|href="#)e0-(\d)"', chain)
    assert listed == [("r", "5"), ("l", "4"), ("l", "3"), ("l", "2"), ("l", "1"), ("r", "0")]


def test_a_finding_is_shown_once_with_its_code_and_the_code_to_write(make: Any) -> None:
    help_ = 'add to `downgrade()`, at its end: `op.execute("DROP TYPE mood")`; or allow it'
    found = make.finding(1, line=2, column=5, help=help_, message="a <fact>")
    found = found._replace(
        related=(Related(found.path, 1, "here"), Related("other.py", 1, "there"))
    )
    sources = {found.path: ["def upgrade():", "    op.execute(1)  # why"], "other.py": ["x < 1"]}
    page = write(make([found, found._replace(message="another")]), sources=sources)
    assert page.count("a &lt;fact&gt;") == 1
    shown = row(page, "r1")
    assert shown.count("<mark>op.execute(1)</mark>") == 1
    assert "<pre> 1 | def upgrade():\n 2 |     <mark>" in shown
    assert "<li>line 1: here<pre> 1 | def upgrade():</pre></li>" in shown
    assert "<code>other.py:1</code>: there<pre> 1 | x &lt; 1</pre>" in shown
    assert (
        "<p>add to <code>downgrade()</code>, at its end:</p>"
        "<pre>op.execute(&quot;DROP TYPE mood&quot;)</pre><p>or allow it</p>"
    ) in shown


def test_what_is_marked_is_what_the_text_report_underlines(make: Any) -> None:
    lines = {
        '"""Add users.': '"""Add users.',
        "x = 'データ', y": "x = 'データ', y",
        'down_revision = "a"  # b': 'down_revision = "a"',
        "    'データ', 1": "'データ'",
    }
    for line, marked in lines.items():
        found = make.finding(1, line=1, column=1)
        page = write(make([found]), sources={found.path: [line]})
        assert f"<mark>{escape(marked)}</mark>" in page


def test_a_revision_is_not_named_twice(make: Any) -> None:
    page = write(make(revisions=[make.revision(0, name="r0.py"), make.revision(1)]))
    assert '<code>r0</code><span class="t"></span>' in page
    assert '<code>r1</code><span class="t">step</span>' in page


def test_further_databases_show_what_else_they_ran(make: Any, trip_of: Any) -> None:
    def ran(sql: str) -> dict[str, dict[str, Any]]:
        return {"r0": {"statements": (Statement(3, 1.0, sql),)}}

    (first,), (same,), (other,) = (trip_of(**ran(sql)) for sql in ("ONE", "ONE", "TWO"))
    further = (same._replace(context="the schema `b`"), other._replace(context="the schema `c`"))
    made = make([], roundtrips=(first._replace(other_contexts=further),))
    shown = row(write(made), "r0")
    assert [shown.count(each) for each in ("ONE", "TWO", "In the schema")] == [1, 1, 1]
    assert "<h4>In the schema <code>c</code></h4>" in shown
    summary = render(made.result, "markdown", Style(), made.details)
    assert [summary.count(each) for each in ("ONE", "TWO", " in the schema c: ")] == [1, 1, 1]


def test_sql_loses_the_indentation_of_the_code_around_it() -> None:
    def lines(text: str) -> list[str]:
        return sql_lines(Statement(1, 1.0, "x", shown=text))

    assert lines("    SELECT\n        1\n    FROM t") == ["SELECT", "    1", "FROM t"]
    assert lines("SELECT 1\n            FROM t") == ["SELECT 1", "    FROM t"]
    assert lines("CREATE TABLE t (\n\ta int\n)") == ["CREATE TABLE t (", "    a int", ")"]
    assert sql_lines(Statement(1, 1.0, "")) == [""]


def test_a_long_statement_is_folded(make: Any, trip_of: Any) -> None:
    sql = "SELECT 1\n" + "    , 2\n" * 30
    statements = (Statement(3, 1.0, "x", shown=sql), Statement(4, 1.0, "SELECT 2"))
    shown = row(write(make([], roundtrips=trip_of(r0={"statements": statements}))), "r0")
    assert '<details class="sql"><summary><code>SELECT 1</code> <i>… 31 lines</i>' in shown
    assert shown.count('<details class="sql">') == 1


def test_the_newest_comes_first_and_links_lead_to_rows(make: Any) -> None:
    page = write(make([make.finding(0)], 3))
    chain = page.partition('class="chain">')[2]
    assert re.findall(r'class="[rl]" (?:id="|href="#)(e0-\d)"', chain) == ["e0-2", "e0-1", "e0-0"]
    ids = re.findall(r' id="([^"]+)"', page)
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert len(ids) == len({*ids})
    assert targets <= {*ids}
    assert {"chain", "e0-0", "e0-1"} <= targets


def test_the_drawing_leads_from_each_revision_to_its_parents(make: Any) -> None:
    fork = [make.revision(0), make.revision(1), make.revision(2, parent="r0")]
    page = write(make(revisions=fork))
    drawn = re.findall(r'<svg class="g".*?<path d="([^"]*)"', page)
    # Two heads, each in a lane of its own, which meet at the base.
    assert drawn[0].startswith("M10 18V36")
    assert "M24 18" in drawn[1]
    assert page.count('<svg class="g"') == 3


def test_the_overview_draws_a_line_for_each_branch(make: Any) -> None:
    merged = [make.revision(0), make.revision(1), make.revision(2, parent="r0")]
    merged.append(make.revision(3)._replace(parents=("r1", "r2")))
    page = write(make([make.finding(1)], merged))
    drawn = page.partition('<svg class="map"')[2].partition("</svg>")[0]
    assert len(re.findall(r'<circle class="(?:plain|head|error)"', drawn)) == 4
    assert len({*re.findall(r'cy="(\d+)"', drawn)}) == 2
    assert '<circle class="error"' in drawn
    assert "<svg" not in write(make(revisions=1)).partition('id="chain"')[2].partition("<div")[0]


def test_a_long_stretch_without_anything_remarkable_is_folded(make: Any) -> None:
    page = write(make([make.finding(50)], 100))
    folded = re.findall(r'class="run"><summary>.*?<span>(.*?)</span>', page)
    assert [texts(each) for each in folded] == [
        "44 revisions, r53 to r96",
        "45 revisions, r3 to r47",
    ]
    assert '<details class="run"' not in write(make([], 9))


def test_the_page_may_load_nothing(make: Any) -> None:
    page = write(make([make.finding()]))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        text = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert not re.search(r"\ssrc=|@import|url\(|\sstyle=", page)


def test_findings_without_a_row_and_those_of_one_revision_are_all_there(make: Any) -> None:
    lost = [make.finding(at, path=f"broken{at}.py", revision=None) for at in range(250)]
    many = [make.finding(0, severity=WARNING, message=f"m{at}.") for at in range(250)]
    page = write(make([*lost, *many]))
    # The first is also the one to begin with.
    assert all(page.count(f"broken{at}.py") == 1 for at in range(1, 250))
    assert all(page.count(f" m{at}. ") == 1 for at in range(250))


def test_more_revisions_with_findings_are_in_their_place(make: Any) -> None:
    page = write(make([make.finding(at) for at in range(40)], 60))
    assert page.count('<details class="r"') == 60
    assert "10 more revisions with findings, each in its place in the chain." in page


def test_several_environments_each_have_a_chain(repository: Path, run: Any) -> None:
    (repository / "other" / "versions").mkdir(parents=True)
    (repository / "other" / "env.py").write_text("")
    text = 'revision = "x1"\ndown_revision = None\n\n'
    text += "def upgrade():\n    pass\n\ndef downgrade():\n    pass\n"
    (repository / "other" / "versions" / "20250101000000_x.py").write_text(text)
    (repository / "services").mkdir()
    (repository / "services" / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/../other\n"
    )
    page = run("check", "--format", "html")[1]
    assert page.count('<div class="chain">') == 2
    assert 'id="e1-0"' in page


def test_ten_thousand_revisions_fit(make: Any) -> None:
    page = write(make([make.finding(at) for at in range(0, 10_000, 10)], 10_000))
    assert len(page) < 16_000_000
    assert page.count('<details class="r"') == 10_000


def test_a_history_that_ran_whole_fits(make: Any, trip_of: Any) -> None:
    """500 new revisions, each of which sends far too much."""
    statement = Statement(3, 1.0, "x" * 300, shown="SELECT 1\n" + "y" * 4000)
    seen = {"statements": (statement,) * 15}
    page = write(make([], 500, roundtrips=trip_of(**{f"r{at}": seen for at in range(500)})))
    assert len(page) < 8_000_000
    assert "left out here, where there is too much to show" in page


def test_heads_in_great_number_do_not_widen_the_drawing(make: Any) -> None:
    revisions = [make.revision(0), *(make.revision(at, parent="r0") for at in range(1, 300))]
    page = write(make(revisions=revisions))
    assert max(int(width) for width in re.findall(r'svg class="g" width="(\d+)"', page)) < 400
    assert len(page) < 1_000_000
