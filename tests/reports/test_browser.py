"""The page in a real Chromium: it works, by keyboard too, and reaches for nothing."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from revgate.findings import WARNING
from revgate.reports import render

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


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Return a function that opens the page of a result; nothing may go wrong on it."""
    said: list[str] = []
    asked: list[str] = []
    pages: list[Page] = []

    def show(made: Any, **options: Any) -> Page:
        path = tmp_path / "report.html"
        path.write_text(render(made.result, "html", details=made.details))
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
    assert page.title() == "revgate: ✗ 1 error, 1 warning"
    assert page.text_content("#count") == "5 of 5"
    page.fill("#words", "R3_STEP Create")
    assert rows(page) == ["e0-3"]
    assert page.text_content("#count") == "1 of 5"
    page.press("#words", "Escape")
    page.select_option("#kind", "error")
    assert rows(page) == ["e0-1"]
    page.select_option("#kind", "head")
    assert rows(page) == ["e0-4"]


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


def test_a_finding_leads_to_its_revision_even_when_that_is_filtered_away(
    make: Any, show: Show
) -> None:
    page = show(make([make.finding(1)], 5))
    page.fill("#words", "r3")
    page.click(".findings a[href='#e0-1']")
    page.wait_for_function("document.querySelector('#e0-1').open")
    assert len(rows(page)) == 5
    assert page.is_visible("#e0-1 .finding")


def test_light_and_dark(make: Any, show: Show) -> None:
    made = make([make.finding(1)])
    colors = []
    for scheme in ("light", "dark"):
        page = show(made, color_scheme=scheme)
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colors == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


def contrast(page: Page, selector: str) -> float:
    """Contrast of a text with the page, by WCAG 2.2."""
    script = "at => getComputedStyle(document.querySelector(at))"
    front = page.evaluate(f"at => ({script})(at).color", selector)
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")

    def luminance(color: str) -> float:
        parts = [int(part) / 255 for part in color[4:-1].split(",")]
        linear = [
            each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(make: Any, trip_of: Any, show: Show, scheme: str) -> None:
    findings = [make.finding(1), make.finding(0, severity=WARNING)]
    page = show(make(findings, roundtrips=trip_of(r0={})), color_scheme=scheme)
    for selector in ("body", ".ms", "b.error", "b.warning", "a[href]", ".keys", "h4"):
        assert contrast(page, selector) >= 4.5, selector


def test_what_a_screen_reader_needs(make: Any, trip_of: Any, show: Show) -> None:
    page = show(make([make.finding(1)], roundtrips=trip_of(r0={})))
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator("h1").count() == 1
    for name in ("Search", "Show"):
        assert page.get_by_label(name).count() == 1
    assert page.locator("svg:not([aria-hidden=true])").count() == 0
    for region in ("Findings", "Round trip", "The chain"):
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
