"""The page in a real Chromium: it works, by keyboard too, and reaches for nothing."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from revgate.findings import WARNING, Related
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.reports import Style, render
from revgate.reports.about import About
from revgate.roundtrip.observed import Lock, Rows, Statement

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a Chromium: this machine's, or else the one that playwright installed."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        # Not tried first: a launch that fails leaves temporary folders behind.
        path = found or playwright.chromium.executable_path
        if not os.path.exists(path) and not os.environ.get("CI"):
            pytest.skip("no browser found")
        # Chromium's sandbox does not run as root; the page is of our own making.
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


Show = Callable[..., Page]
ABOUT = About("acme/shop", "feature/x", "0123456789ab", "2026-01-02 10:00 UTC", "2026-01-03")
SOURCE = ["def upgrade():  # " + "why " * 40] * 20
WIDTHS = (390, 800, 1400)
SCHEMES = ("light", "dark")


def rich(make: Any, trip_of: Any, **fields: Any) -> Any:
    """A result with something in every part of the page, and words that do not break."""
    long = "a_name_that_goes_on_" * 12
    help_ = f'add to `downgrade()`: `op.execute("DROP TYPE {long}")`; or allow `{long}`'
    related = (Related("migrations/versions/r0_step.py", 3, f"`{long}` is here"),)
    findings = [
        make.finding(1, message=f"`{long}` is left", help=help_, related=related),
        make.finding(2, severity=WARNING),
        make.finding(3, path=f"{long}.ini", revision=None),
    ]
    modes = ("AccessExclusiveLock", "ShareLock", "AccessShareLock")
    locks = tuple(Lock(f"public.{long}", mode, 5.0, False) for mode in modes)
    changes = tuple(
        CatalogueChange(how, kind, f"{long}.{long}", "integer", f"text DEFAULT '{long}'")
        for how in ("left", "gone", "changed")
        for kind in ("column", "type")
    )
    statements = (
        Statement(3, 4.0, f"ALTER TABLE {long}", locks, (long,), (long,), started_ms=1.0),
        Statement(4, 2.0, "x", shown=f"SELECT {long}\n" + "    , 1\n" * 20, started_ms=6.0),
    )
    ran = {"statements": statements, "changes": changes, "rows": Rows(1, 2)}
    trip = trip_of(r0={"new": False}, r1=ran, r2={}, r3={})
    revisions = fields.pop("revisions", 4)
    return make(findings, revisions, roundtrips=trip, notes=(f"`{long}` is dynamic",), **fields)


def branched(make: Any, number: int) -> list[Any]:
    """A long history from which branches leave, some of which are merged."""
    found = [make.revision(0)]
    for at in range(1, number):
        parent = f"r{at - 20}" if at % 60 == 30 else f"r{at - 1}"
        found.append(make.revision(at, parent=parent))
        if at % 60 == 45 and at > 45:
            found[-1] = found[-1]._replace(parents=(parent, f"r{at - 16}"))
    return found


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Return a function that opens the page of a result; nothing may go wrong on it."""
    said: list[str] = []
    asked: list[str] = []
    pages: list[Page] = []

    def show(made: Any, **options: Any) -> Page:
        path = tmp_path / "report.html"
        sources = {each.path: SOURCE for each in made.result.findings}
        style = Style(sources=sources, about=ABOUT)
        path.write_text(render(made.result, "html", style, made.details))
        page = browser.new_page(**options)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(error.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield show
    for page in pages:
        page.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked} == {(tmp_path / "report.html").as_uri()}


def rows(page: Page) -> list[str]:
    script = "all => all.map(each => each.id)"
    found: list[str] = page.eval_on_selector_all("details.r:not([hidden])", script)
    return found


def test_search_and_filter(make: Any, show: Show) -> None:
    page = show(make([make.finding(1), make.finding(2, severity=WARNING)], 5))
    assert page.title().startswith("revgate: ✗ 1 error, 1 warning · acme/shop · feature/x")
    assert page.text_content("#count") == "5 of 5"
    page.fill("#words", "R3_STEP Create")
    assert rows(page) == ["e0-3"]
    assert page.text_content("#count") == "1 of 5"
    page.press("#words", "Escape")
    page.select_option("#kind", "error")
    assert rows(page) == ["e0-1"]
    page.select_option("#kind", "head")
    assert rows(page) == ["e0-4"]


def test_only_the_new_revisions_are_shown(make: Any, trip_of: Any, show: Show) -> None:
    page = show(make([], 30, roundtrips=trip_of(r3={}, r4={"new": False})))
    page.select_option("#kind", "new")
    assert rows(page) == ["e0-3"]
    assert page.locator("a.l:visible").count() == 1
    assert page.text_content("#count") == "1 of 30"


def test_by_keyboard_alone(make: Any, show: Show) -> None:
    page = show(make(revisions=4))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert page.get_attribute("#e0-2", "open") == ""
    assert page.is_visible("#e0-2 h4")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.parentElement.id") == "e0-3"
    page.keyboard.press("/")
    page.keyboard.type("r0_step")
    assert rows(page) == ["e0-0"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "kind"


def test_search_also_filters_what_has_no_revision_and_opens_what_is_folded(
    make: Any, show: Show
) -> None:
    lost = [make.finding(1, path=f"{name}.ini", revision=None) for name in ("one", "two")]
    page = show(make([*lost, make.finding(50)], 100))
    assert page.locator("details.run[open]").count() == 0
    page.fill("#words", "r7_step")
    assert page.is_visible("#e0-7 > summary")
    assert page.locator(".finding:visible").count() == 0
    page.fill("#words", "two.ini")
    assert page.locator(".finding:visible").count() == 1
    assert rows(page) == []
    page.fill("#words", "")
    page.select_option("#kind", "warning")
    assert page.locator("a.l:visible, .finding:visible").count() == 0


def test_a_link_opens_its_revision_even_when_that_is_filtered_away(make: Any, show: Show) -> None:
    page = show(make([make.finding(50)], 100))
    page.fill("#words", "r50")
    page.click("#e0-50 a[href='#e0-49']")
    page.wait_for_function("document.querySelector('#e0-49').open")
    assert len(rows(page)) == 100
    assert page.is_visible("#e0-49 .where")
    page.click("a.l[href='#e0-50']")
    assert page.is_visible("#e0-50 .finding")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(make: Any, trip_of: Any, show: Show, width: int) -> None:
    page = show(rich(make, trip_of), viewport={"width": width, "height": 900})
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = page.eval_on_selector_all(
        "body *",
        """all => all.filter(each => {
            const box = each.getBoundingClientRect();
            return box.right > innerWidth + 0.5 || (box.left < -0.5 && !each.matches(".skip"));
        }).map(each => each.outerHTML.slice(0, 100))""",
    )
    assert beyond == []


@pytest.mark.parametrize("width", WIDTHS)
def test_five_hundred_revisions_with_branches_fit_the_page(
    make: Any, show: Show, width: int
) -> None:
    found = [make.finding(480), make.finding(100, severity=WARNING)]
    made = make(found, branched(make, 500))
    page = show(made, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    overview = page.locator("svg.map").bounding_box()
    assert overview is not None
    assert 0 <= overview["x"] <= overview["x"] + overview["width"] <= width
    dots = page.eval_on_selector_all(
        "svg.map circle",
        "all => all.map(each => [each.getBoundingClientRect().left, "
        "each.getBoundingClientRect().right])",
    )
    assert len(dots) >= 4
    assert all(0 <= left < right <= width for left, right in dots)
    # What is not remarkable is folded: the page is a tenth of its 500 rows.
    assert page.locator(".chain > details.r, .chain > a.l").count() < 200
    assert page.locator("details.r").count() == 500
    page.locator("svg.map a[href='#e0-480'] circle").click()
    assert page.evaluate("location.hash") == "#e0-480"


def test_light_and_dark(make: Any, show: Show) -> None:
    made = make([make.finding(1)])
    colors = []
    for scheme in ("light", "dark"):
        page = show(made, color_scheme=scheme)
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colors == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


CONTRASTS = """() => {
    const parse = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
    const luminance = ([r, g, b]) => {
        const linear = [r, g, b].map((part) => part / 255).map((part) =>
            part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const behind = (each) => {
        for (let at = each; at; at = at.parentElement) {
            const color = parse(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
            if (color[3] !== 0) throw new Error("a background that shines through");
        }
        throw new Error("no background");
    };
    const found = {};
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const each = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || each.closest("script, svg, option")) continue;
        const [one, other] = [parse(getComputedStyle(each).color), behind(each)].map(luminance);
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        const name = `${each.tagName.toLowerCase()}.${each.className}`;
        found[name] = Math.min(ratio, found[name] || 99);
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read(make: Any, trip_of: Any, show: Show, scheme: str) -> None:
    """By WCAG 2.2: 4.5 to 1, each text against what is really behind it."""
    page = show(rich(make, trip_of, revisions=60), color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    ratios: dict[str, float] = page.evaluate(CONTRASTS)
    seen = ("b.error", "b.warning", "mark.", "pre.", "span.", "kbd.", "figcaption.", "a.", "i.")
    assert {*seen} <= ratios.keys()
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_what_a_screen_reader_needs(make: Any, trip_of: Any, show: Show) -> None:
    page = show(make([make.finding(1)], roundtrips=trip_of(r0={})))
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator("h1").count() == 1
    for name in ("Search", "Show"):
        assert page.get_by_label(name).count() == 1
    assert page.locator("svg:not([aria-hidden=true])").count() == 0
    for region in ("To review", "Round trip", "The chain"):
        assert page.get_by_role("region", name=region).count() == 1
    levels = page.eval_on_selector_all("h1,h2,h3", "all => all.map(each => +each.tagName[1])")
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_printed_it_shows_everything(make: Any, show: Show) -> None:
    page = show(make(revisions=2))
    assert not page.is_visible("#e0-0 h4")
    page.emulate_media(media="print")
    assert page.locator("#e0-0 h4").first.bounding_box()
    assert not page.is_visible("#filter")
    assert len(page.pdf()) > 5_000


def test_without_javascript_everything_is_there(make: Any, show: Show) -> None:
    page = show(make(revisions=3), java_script_enabled=False)
    assert page.locator("details.r").count() == 3
    assert not page.is_visible("#filter")
    page.click("#e0-1 summary")
    assert page.is_visible("#e0-1 h4")


def test_without_javascript_what_is_to_review_is_open(make: Any, trip_of: Any, show: Show) -> None:
    made = rich(make, trip_of, revisions=60)
    page = show(made, java_script_enabled=False, viewport={"width": 390, "height": 900})
    for part in (".finding.error", ".help pre", ".diff", "figure rect", ".sql summary"):
        assert page.locator(f"#e0-1 {part} >> visible=true").count(), part
    page.click("details.run summary")
    assert page.is_visible("#e0-30 > summary")


@pytest.mark.parametrize(
    "text",
    [
        "<script>window.pwned = 1</script>",
        "<img src=x onerror='window.pwned = 1'>",
        "\"><svg onload='window.pwned = 1'>",
        "</script></style><script>window.pwned = 1</script>",
    ],
)
def test_nothing_of_a_repository_runs(make: Any, show: Show, text: str) -> None:
    revisions = [make.revision(0, key=text, name=f"{text}.py")]
    found = make.finding(message=text, help=text, path=f"migrations/versions/{text}.py")
    page = show(make([found], revisions, notes=(text,)))
    assert page.evaluate("window.pwned") is None
    assert page.text_content("#e0-0 summary code") == text


def test_ten_thousand_revisions_are_searched(make: Any, show: Show) -> None:
    page = show(make([make.finding(7)], 10_000))
    page.fill("#words", "r1234_")
    assert rows(page) == ["e0-1234"]
    page.select_option("#kind", "error")
    assert rows(page) == []
