"""Photographs an html report in Chromium, and keeps the text of the page inside the picture."""

from __future__ import annotations

import re
import shutil
import struct
import zlib
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = {"width": 1100, "height": 1120}
KEYWORD = b"Page text"

# What differs from run to run, or from machine to machine.
_VOLATILE = (
    (re.compile(r"PostgreSQL \d\S* \(\w+\)"), "PostgreSQL"),
    (re.compile(r"\d+(?:\.\d+)? m?s\b"), "some time"),
    (re.compile(r"^checked [\d-]+$", re.MULTILINE), "checked some day"),
)


def take(page: Path, picture: Path) -> None:
    """Open the page, and photograph its beginning."""
    # Only drawing needs a browser; checking does not.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        shown = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]  # a plain dict
        shown.goto(page.as_uri())
        png = shown.screenshot()
        browser.close()
    picture.write_bytes(_with_text(png, text_of(page)))


# The text of a page.


class _Text(HTMLParser):
    """Collects the text of a page up to the first drawing, which the picture shows."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.hidden = ""
        self.complete = False

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title", "select"):
            self.hidden = tag
        self.complete = self.complete or tag == "figure"

    def handle_endtag(self, tag: str) -> None:
        if tag == self.hidden:
            self.hidden = ""

    def handle_data(self, data: str) -> None:
        if not (self.hidden or self.complete) and data.strip():
            self.lines.append(" ".join(data.split()))


def text_of(page: Path) -> str:
    """Return the text of a page, without times and versions."""
    parser = _Text()
    parser.feed(page.read_text("utf-8"))
    text = "\n".join(parser.lines)
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


# The text in a picture: an iTXt chunk, https://www.w3.org/TR/png-3/#11iTXt.


def text_in(picture: Path) -> str:
    """Return the text that a picture carries; empty if it carries none."""
    for kind, data in _chunks(picture.read_bytes()):
        keyword, _, rest = data.partition(b"\0")
        if kind == b"iTXt" and keyword == KEYWORD:
            # Two flags for compression, then two empty strings for the language.
            return rest[4:].decode()
    return ""


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length


def _with_text(png: bytes, text: str) -> bytes:
    """Put the text before the last chunk, which is always the 12 bytes of IEND."""
    body = b"iTXt" + KEYWORD + b"\0" + b"\0\0" + b"\0\0" + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:-12] + chunk + png[-12:]
