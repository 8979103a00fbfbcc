"""The page, as a file: what it holds, what it may load, how large it gets."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.reports.conftest import lock_of

from revgate.findings import WARNING
from revgate.reports import render
from revgate.roundtrip.observed import Rows

if TYPE_CHECKING:
    from pathlib import Path


def write(made: Any) -> str:
    return render(made.result, "html", details=made.details)


def row(page: str, key: str) -> str:
    rows = page.split('<details class="r"')
    (found,) = [each for each in rows if f'<code>{key}</code><span class="t">' in each]
    return found


def test_a_revision_shows_what_it_did(make: Any, trip_of: Any) -> None:
    statement = lock_of("public.users", "AccessExclusiveLock", 24, rewrites=("public.users",))
    trip = trip_of(
        r0={},
        r1={"statements": (statement,), "rows": Rows(2, 3)},
    )
    shown = row(write(make([make.finding(1)], roundtrips=trip)), "r1")
    for text in (
        *(
            "create index ix_t on t (a)",
            "drop table t",
            "and more that cannot be read from the text",
        ),
        *("AccessExclusiveLock on <code>public.users</code>, line 24", "2 of 3 tables had rows"),
        *("<h4>rewrites</h4><p><code>public.users</code></p>", "↑ 12.1 ms", "↓ 8.0 ms"),
        *("ALTER TABLE users", "does nothing", '<b class="error">1 error</b>'),
    ):
        assert text in shown, text
    assert 'data-k="error lock rewrite"' in shown


def test_the_newest_comes_first_and_links_lead_to_rows(make: Any) -> None:
    page = write(make([make.finding(0)], 3))
    assert re.findall(r'class="r" id="(e0-\d)"', page) == ["e0-2", "e0-1", "e0-0"]
    ids = set(re.findall(r' id="([^"]+)"', page))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= ids
    assert {"chain", "e0-0", "e0-1"} <= targets


def test_the_drawing_leads_from_each_revision_to_its_parents(make: Any) -> None:
    fork = [make.revision(0), make.revision(1), make.revision(2, parent="r0")]
    page = write(make(revisions=fork))
    drawn = re.findall(r'<svg class="g".*?<path d="([^"]*)"', page)
    # Two heads, each in a lane of its own, which meet at the base.
    assert drawn[0].startswith("M10 18V36")
    assert "M24 18" in drawn[1]
    assert page.count("<circle") == 3


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


def test_what_has_no_row_is_listed_in_full(make: Any) -> None:
    lost = [make.finding(at, path=f"broken{at}.py", revision=None) for at in range(250)]
    page = write(make([*lost, *(make.finding(0, severity=WARNING) for _ in range(250))]))
    listed = page.partition('class="findings">')[2].partition("</ul></section>")[0]
    assert all(f"broken{at}.py" in page for at in range(250))
    assert "250 findings more, each at its revision" in page
    assert listed


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


def test_heads_in_great_number_do_not_widen_the_drawing(make: Any) -> None:
    revisions = [make.revision(0), *(make.revision(at, parent="r0") for at in range(1, 300))]
    page = write(make(revisions=revisions))
    assert max(int(width) for width in re.findall(r'svg class="g" width="(\d+)"', page)) < 400
    assert len(page) < 1_000_000
