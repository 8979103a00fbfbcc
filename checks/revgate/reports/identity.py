"""What a finding is recognised by in the next run, when lines have moved.

Knows findings; nothing of formats.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.findings import Finding


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return 32 hexadecimal digits for each finding, all of them different.

    Made of the rule, the environment, the revision (of what is none, the path) and the message:
    neither a line that moves nor a file that is renamed makes another finding. Findings that are
    the same in all of these are numbered in their order.
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
