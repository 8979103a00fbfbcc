"""Fingerprints that identify a finding in later runs, even after lines have moved."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.findings import Finding


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return 32 hexadecimal digits for each finding, all of them different.

    Made from the rule, the environment, the revision (or the path) and the message: a moved line or
    a renamed file does not change it. Findings that agree in all of these are numbered in order.
    """
    met: dict[str, int] = {}
    found = []
    for finding in findings:
        whose = finding.revision if finding.revision is not None else f"file {finding.path}"
        key = "\0".join((finding.rule, finding.environment, whose, finding.message))
        met[key] = number = met.get(key, 0) + 1
        data = f"{key}\0{number}".encode("utf-8", "surrogatepass")
        found.append(hashlib.sha256(data).hexdigest()[:32])
    return found
