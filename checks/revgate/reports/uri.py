"""Encodes paths as URIs."""

from __future__ import annotations

from urllib.parse import quote


def quoted(path: str) -> str:
    """Percent-encode a path with any bytes."""
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # synthetic: no file has such a name
        data = path.encode("utf-8", "surrogatepass")
    return quote(data)
