"""SARIF 2.1.0, as read by GitHub code scanning and other viewers.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. What GitHub accepts of it:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revgate import __version__
from revgate.reports import HOME, most_severe_first, rule_link
from revgate.reports.identity import fingerprints
from revgate.reports.uri import quoted
from revgate.rules import all_rules
from revgate.text import count, printable

if TYPE_CHECKING:
    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Allowed, Result
    from revgate.rules import Rule

MOST = 25_000
"""Results per run that GitHub accepts; it refuses the whole file if there are more."""

_ROOT = "%SRCROOT%"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def render(result: Result, style: Style) -> str:  # noqa: ARG001 - every format's signature
    """Write one run, ASCII only; if there are too many results, the most severe ones."""
    taken_back = [each.finding for each in result.taken_back]
    identities = fingerprints([*result.findings, *taken_back])
    rules = list(all_rules().values())
    index = {rule.name: at for at, rule in enumerate(rules)}
    chosen = sorted([*most_severe_first(result)][:MOST])
    run = {
        "tool": {"driver": _driver(rules)},
        "automationDetails": {"id": f"revgate/{result.command}/"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        "results": [
            _result(result.findings[at], index[result.findings[at].rule], identities[at])
            for at in chosen
        ]
        + [
            _suppressed(allowed, index[allowed.finding.rule], identity)
            for allowed, identity in zip(
                result.taken_back[: MOST - len(chosen)] if result.suppressed else (),
                identities[len(result.findings) :],
                strict=False,
            )
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _driver(rules: list[Rule]) -> dict[str, Any]:
    return {
        "name": "revgate",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": _introduction(rule.documentation)},
        "help": {"text": rule.documentation, "markdown": _markdown(rule)},
        "helpUri": rule_link(rule.name),
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": [rule.group.value], "problem.severity": rule.severity.value},
    }


def _introduction(documentation: str) -> str:
    """Return the text before the first heading as one line."""
    return " ".join(documentation.partition("\n## ")[0].split())


def _markdown(rule: Rule) -> str:
    """Return the documentation with a title, in Markdown."""
    return f"# {rule.name}\n\n{rule.documentation}\n"


def _invocation(result: Result) -> dict[str, Any]:
    said = [printable(note) for note in result.remarks]
    if (more := len(result.findings) - MOST) > 0:
        said.append(
            f"{count(more, 'finding')} more, left out because code scanning accepts {MOST:,}"
        )
    return {
        "executionSuccessful": True,
        "exitCode": 1 if result.errors else 0,
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": _text(note)}} for note in said
        ],
    }


def _result(finding: Finding, index: int, identity: str) -> dict[str, Any]:
    told = [printable(line) for line in finding.help.splitlines()]
    text = _text("\n".join([printable(finding.message), *told]))
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [_location(finding.path, finding.line, finding.column)],
        # The second is the one that GitHub looks at; it would be made of the line otherwise.
        "partialFingerprints": {
            "revgate/v1": identity,
            "primaryLocationLineHash": f"{identity[:16]}:1",
        },
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": at, **_location(each.path, each.line), "message": {"text": _text(each.message)}}
            for at, each in enumerate(finding.related, 1)
        ]
    if finding.revision is not None:
        result["properties"] = {
            "environment": printable(finding.environment),
            "revision": printable(finding.revision),
        }
    return result


def _suppressed(allowed: Allowed, index: int, identity: str) -> dict[str, Any]:
    """Write a finding that an inline comment suppresses, with its reason."""
    suppression = {"kind": "inSource"}  # without a status it is accepted
    reason = {"justification": printable(allowed.reason)} if allowed.reason else {}
    return _result(allowed.finding, index, identity) | {"suppressions": [suppression | reason]}


def _location(path: str, line: int, column: int | None = None) -> dict[str, Any]:
    region = {"startLine": line} | ({} if column is None else {"startColumn": column})
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quoted(path), "uriBaseId": _ROOT},
            "region": region,
        }
    }


def _text(text: str) -> str:
    """Keep `[words](target)` from being a link, which section 3.11.6 makes of it in plain text."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    return shown.replace("](", "] (")
