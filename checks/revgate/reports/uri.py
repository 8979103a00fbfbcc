"""Paths as URIs have them."""

from __future__ import annotations

from urllib.parse import quote


def quoted(path: str) -> str:
    """Percent-encode a path, whatever bytes the file system has in it."""
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # made up: no file has such a name
        data = path.encode("utf-8", "surrogatepass")
    return quote(data)
