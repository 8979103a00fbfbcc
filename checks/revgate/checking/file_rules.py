"""Runs the rules that judge a single revision file, so that their findings can be cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import rules_that_judge

if TYPE_CHECKING:
    from revgate.findings import Finding
    from revgate.history.revision import Head, Script


def judge_file(head: Head, script: Script | None) -> tuple[list[Finding], bool]:
    """Return the findings of one file, and whether they stay valid as long as it is unchanged.

    Args:
        head: The name and the top of the file.
        script: The whole file; None if only the top was read.
    """
    subjects: list[tuple[str, object]] = [("head", head)]
    if script is not None:
        subjects += [("script", each) for each in script.by_engine()]
    findings = []
    lasting = True
    for kind, subject in subjects:
        for rule in rules_that_judge(kind):
            found = [each._replace(rule=rule.name) for each in rule.check(subject)]
            lasting = lasting and (rule.lasting or not found)
            findings += found
    return findings, lasting
