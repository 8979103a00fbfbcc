"""One difference between two snapshots of a catalog."""

from __future__ import annotations

from typing import NamedTuple


class CatalogueChange(NamedTuple):
    """One difference between two snapshots; objects that belong to it are not listed separately."""

    how: str
    """`left` (only in the later one), `gone` (only in the earlier one) or `changed`."""
    kind: str
    """`table`, `column`, `type`, `enum label`, ..."""
    name: str
    """Quoted as SQL requires, with the schema unless that is `public`."""
    before: str = ""
    after: str = ""
