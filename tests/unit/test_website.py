"""The documentation site: every link leads somewhere, and nothing is promised that is not there."""

from __future__ import annotations

import importlib.util
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from revgate.cli.parser import parser
from revgate.reports import SITE
from revgate.rules import all_rules

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs" / "pages").glob("*.md"))
OURS = "https://github.com/revgate/revgate/"


@pytest.fixture(scope="module")
def website() -> ModuleType:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        spec = importlib.util.spec_from_file_location("website", ROOT / "docs" / "website.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


@pytest.fixture(scope="module")
def site(website: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("website")
    website.gather(place)
    assert website.build(place) == 0
    return place / "site"


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for key, value in attributes:
            if key == "id" and value:
                self.names.add(value)
            if key == "src" or (key == "href" and tag in ("a", "link")):
                self.targets.append(value or "")


def target_of(page: Path, url: str) -> Path:
    found = (page.parent / unquote(urlsplit(url).path)).resolve() if urlsplit(url).path else page
    return found / "index.html" if found.is_dir() else found


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    pages = {path: Links(path) for path in site.rglob("index.html")}
    assert len(pages) > len(all_rules()) + len(PAGES)
    for page, links in pages.items():
        for url in links.targets:
            if urlsplit(url).scheme:
                continue
            found = target_of(page, url)
            assert found.is_file(), f"{page.relative_to(site)}: {url}"
            if (name := urlsplit(url).fragment) and found in pages:
                assert unquote(name) in pages[found].names, f"{page.relative_to(site)}: {url}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("index.html"):
        loaded = re.findall(
            r'<(?:script|link rel="stylesheet"|img)[^>]*https?://[^>]*>', page.read_text()
        )
        assert loaded == []


@pytest.mark.parametrize("rule", all_rules())
def test_a_rule_has_its_page(site: Path, rule: str) -> None:
    assert (site / "rules" / rule / "index.html").is_file()


def test_a_link_that_leads_nowhere_ends_the_build(website: ModuleType, tmp_path: Path) -> None:
    website.gather(tmp_path)
    with (tmp_path / "pages" / "adopt.md").open("a") as page:
        page.write("\n[nowhere](nowhere.md)\n")
    assert website.build(tmp_path) != 0


def test_blocks_are_filled(site: Path) -> None:
    for page in site.glob("*/index.html"):
        assert not re.search(r"<!-- \w+ -->\s*<!-- end -->", page.read_text()), page


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_to_the_repository_and_the_site(page: Path, site: Path) -> None:
    text = page.read_text()
    for path in re.findall(re.escape(OURS) + r"(?:blob|tree)/main/([^)#\s]*)", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(re.escape(SITE) + r"/([^)#\s]*)", text):
        assert (site / path / "index.html").is_file(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_promises_no_command_and_no_option_that_is_not_there(page: Path) -> None:
    text = page.read_text()
    commands = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert isinstance(commands, dict)
    for line in re.findall(r"(?:`|^\$ )revgate ([^`\n#]+)", text, re.MULTILINE):
        command, *words = line.split()
        assert command in commands, f"{page.name} speaks of `revgate {command}`"
        known = commands[command].format_help()
        for option in (each for each in words if each.startswith("--")):
            assert option in known, f"{page.name} speaks of `revgate {command} {option}`"
