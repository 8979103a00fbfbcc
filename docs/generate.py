"""Writes the documentation that comes from the code: `make docs`; a test finds what is stale.

That is the marked blocks of README.md, the schema, the hooks file, the page on the rules of other
tools, and the workflow to copy, which is the one that `revgate init` writes.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import field_rules

from revgate.reports import rule_link
from revgate.rules import all_rules
from revgate.settings import schema
from revgate.settings_keys import KEYS
from revgate.setup import hooks, hosts

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SCHEMA = ROOT / "checks" / "revgate" / "settings.schema.json"
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
WORKFLOW = ROOT / "docs" / "workflows" / "gate.yml"
FIELD = ROOT / "docs" / "pages" / "field.md"


def settings_table() -> str:
    """Return the settings as a Markdown table."""
    lines = ["| setting | type | what it means |", "| --- | --- | --- |"]
    for key, (value, text) in KEYS.items():
        kind = " or ".join(value["enum"]) if "enum" in value else value["type"]
        lines.append(f"| `{key}` | {kind} | {text} |")
    return "\n".join(lines) + "\n"


def rules_by_group() -> str:
    """Return the rules by group, each with a link to its page."""
    groups: dict[str, list[str]] = {}
    for rule in all_rules().values():
        link = f"[`{rule.name}`]({rule_link(rule.name)})"
        title = f"*{rule.group}*" if rule.enabled else f"*{rule.group}*, off unless enabled"
        groups.setdefault(title, []).append(link)
    return "".join(f"- {title}: {', '.join(links)}\n" for title, links in groups.items())


def action_table(part: str) -> str:
    """Return the inputs or the outputs of the action as a Markdown table."""
    import yaml

    described = yaml.safe_load(ACTION.read_text(encoding="utf-8"))[part]
    lines = [f"| {part[:-1]} | what it means |", "| --- | --- |"]
    for name, each in described.items():
        default = each.get("default", "")
        unless = f" (`{default}`)" if default and "${{" not in default else ""
        text = each["description"].strip().replace("|", "\\|")
        lines.append(f"| `{name}`{unless} | {text} |")
    return "\n".join(lines) + "\n"


def fill(text: str, block: str, content: str) -> str:
    """Replace the text between `<!-- block -->` and `<!-- end -->`."""
    pattern = rf"(<!-- {block} -->\n).*?(<!-- end -->)"
    filled, count = re.subn(
        pattern, lambda match: f"{match[1]}{content}{match[2]}", text, count=1, flags=re.DOTALL
    )
    if not count:
        message = f"README.md has no block <!-- {block} -->"
        raise LookupError(message)
    return filled


def generated() -> dict[Path, str]:
    """Return the text that each generated file should have."""
    readme = README.read_text(encoding="utf-8")
    readme = fill(readme, "rules", rules_by_group())
    readme = fill(readme, "settings", settings_table())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    copied = f"# Copy to {hosts.WORKFLOW}, or let `revgate init` write it.\n#\n"
    return {
        README: readme,
        SCHEMA: json.dumps(schema(), indent=2) + "\n",
        HOOKS: hooks.manifest(project["optional-dependencies"]["live"]),
        WORKFLOW: copied + hosts.workflow(),
        FIELD: field_rules.page(),
    }


def main() -> int:
    """Write the files; with `--check`, only list those that are stale."""
    stale = [
        path
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(generated()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
