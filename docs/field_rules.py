"""Renders the page that compares the rules of other tools with ours, from field.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parent / "field.toml"
TOOLS = {
    "squawk": "squawk",
    "strong_migrations": "strong_migrations",
    "eugene": "eugene",
    "atlas": "Atlas",
    "django": "django-migration-linter",
    "alembic": "for Alembic",
}
"""The keys of a case, with the name of each column. The last one stands for several tools."""
HEAD = """\
# The field's rules

What the linters for migrations warn of, and which rule of revgate finds it. The linters read the
text of a migration; revgate runs it, and reports what it saw. Each row with a rule is
[a case](https://github.com/revgate/revgate/blob/main/docs/field.toml) that a test runs on a real
PostgreSQL: a migration that is reported, and one that does the same, or nearly so, and is not. The
rules about new objects, and `missing-statement-timeout`, are off unless enabled. Where revgate has
no rule, the row says so.

The codes come from what the tools and their documentation list. For Alembic they are those of
alembic-guard (AG), lockcheck (LC), zdm (R), oneport-migrate (OPM) and migsafe. Rules about MySQL,
SQLite, Rails or Django alone are left out.
"""


def cases() -> dict[str, Any]:
    """Return the cases, as the file has them."""
    return tomllib.loads(CASES.read_text(encoding="utf-8"))


def page() -> str:
    """Return the page."""
    lines = [HEAD]
    everything = [case for group in cases()["group"] for case in group["case"]]
    found = sum(1 for each in everything if each["ours"])
    lines.append(f"revgate finds {found} of these {len(everything)}.\n")
    for group in cases()["group"]:
        lines += [
            f"## {group['title']}\n",
            f"| the migration | revgate | {' | '.join(TOOLS.values())} |",
        ]
        lines.append("| --- " * (len(TOOLS) + 2) + "|")
        lines += [_row(case) for case in group["case"]]
        lines.append("")
    return "\n".join(lines)


def _row(case: dict[str, Any]) -> str:
    rule = case["ours"]
    ours = f"[`{rule}`](rules/{rule}.md)" if rule else "no rule"
    if case.get("note"):
        ours = f"{ours}: {case['note']}"
    cells = [case["what"], ours, *(_codes(case.get(tool, "")) for tool in TOOLS)]
    return f"| {' | '.join(cells)} |"


def _codes(listed: str) -> str:
    """Return the names of rules as code, and other words as they are."""
    names = [each for each in listed.split(", ") if each]
    return ", ".join(each if " " in each or each == "migsafe" else f"`{each}`" for each in names)
