"""Asks the rules that judge one revision file alone, so that their findings can be cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import rules_that_judge

if TYPE_CHECKING:
    from revgate.findings import Finding
    from revgate.history.revision import Head, Script


def judge_file(head: Head, script: Script | None) -> tuple[list[Finding], bool]:
    """Return the findings of one file, and whether the same bytes will give the same tomorrow.

    Args:
        head: The top of the file, and its name.
        script: The whole file; None where only its top was read.
    """
    subjects = [("head", head)] if script is None else [("head", head), ("script", script)]
    findings = []
    lasting = True
    for kind, subject in subjects:
        for rule in rules_that_judge(kind):
            found = [each._replace(rule=rule.name) for each in rule.check(subject)]
            lasting = lasting and (rule.lasting or not found)
            findings += found
    return findings, lasting
