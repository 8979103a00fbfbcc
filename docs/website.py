"""Builds the documentation site in build/website/site: `make site`.

The parts of a page that come from the code are filled in at each build, so they cannot go stale.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import generate

from revgate.reports import catalogue
from revgate.rules import CHAIN, HOUSEKEEPING, Rule, all_rules

if TYPE_CHECKING:
    from pathlib import Path

DOCS = generate.ROOT / "docs"
PLACE = generate.ROOT / "build" / "website"
_ALL_RULES = '"rules/index.md"'


def gather(place: Path) -> None:
    """Collect the configuration and every page in one folder."""
    shutil.rmtree(place, ignore_errors=True)
    pages = place / "pages"
    shutil.copytree(DOCS / "pages", pages)
    shutil.copytree(DOCS / "pictures", pages / "pictures")
    _write(pages / "changelog.md", (generate.ROOT / "CHANGELOG.md").read_text("utf-8"))
    blocks = {
        "settings": generate.settings_table(),
        "inputs": generate.action_table("inputs"),
        "outputs": generate.action_table("outputs"),
        "measured": _block("README.md", "measured"),
        "defects": _block("DEFECTS.md", "defects"),
    }
    for page in pages.glob("*.md"):
        _write(page, _filled(page.read_text("utf-8"), blocks))
    for path, text in rule_pages().items():
        _write(pages / path, text)
    nav = (DOCS / "zensical.toml").read_text("utf-8").replace(_ALL_RULES, _rules_in_nav())
    _write(place / "zensical.toml", nav)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _filled(text: str, blocks: dict[str, str]) -> str:
    for name, content in blocks.items():
        if f"<!-- {name} -->" in text:
            text = generate.fill(text, name, content)
    return text


def _block(page: str, name: str) -> str:
    """Return the block that a benchmark has written to its page."""
    text = (generate.ROOT / "benchmarks" / page).read_text("utf-8")
    return text.partition(f"<!-- {name} -->\n")[2].partition("<!-- end -->")[0]


def rule_pages() -> dict[str, str]:
    """Return a page for each rule, and the one that lists them."""
    rules = all_rules().values()
    listed = catalogue.render("markdown")
    for each in rules:
        listed = listed.replace(f"| `{each.name}` |", f"| [`{each.name}`]({each.name}.md) |")
    index = f"# Rules\n\n{listed}\n{_HOW_TO_CHOOSE}"
    return {
        "rules/index.md": index,
        **{f"rules/{each.name}.md": _rule_page(each) for each in rules},
    }


_HOW_TO_CHOOSE = """\
`revgate explain RULE` prints the same in a terminal. `ignore`, `enable` and `severity` in
the [settings](../settings.md) apply to a whole repository, `--select` and `--ignore` to one run.
"""


def _rule_page(rule: Rule) -> str:
    return (
        f"# `{rule.name}`\n\n*{rule.traits}*\n\n{_fenced(rule.documentation)}\n\n"
        f"## Suppress it\n{_exception(rule)}\n"
    )


def _exception(rule: Rule) -> str:
    if rule.group in (CHAIN, HOUSEKEEPING):
        return "This rule cannot be suppressed, because a finding concerns more than one line."
    return (
        "On the reported line, or on the line above, with a reason:\n\n"
        f"```python\n# revgate: allow[{rule.name}] why this is correct here\n```"
    )


def _fenced(text: str) -> str:
    """Fence indented code, in which the site generator would look for links."""
    return re.sub(r"(?:^    .*\n|^\n(?=    ))+", _fence, f"{text}\n", flags=re.MULTILINE)


def _fence(block: re.Match[str]) -> str:
    code = textwrap.dedent(block[0]).strip("\n")
    return f"\n```{_language(code)}\n{code}\n```\n"


def _language(code: str) -> str:
    try:
        ast.parse(code)
    except SyntaxError:
        return "toml" if code.startswith("[") else "text"
    return "toml" if code.startswith("[tool.") else "python"


def _rules_in_nav() -> str:
    groups: dict[str, list[str]] = {}
    for rule in all_rules().values():
        groups.setdefault(rule.group.value, []).append(f'"rules/{rule.name}.md"')
    listed = (f'{{ "{group}" = [{", ".join(pages)}] }}' for group, pages in groups.items())
    return ", ".join([_ALL_RULES, *listed])


def build(place: Path) -> int:
    """Build the site from the collected pages; a broken link fails the build."""
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    return subprocess.run(command, cwd=place).returncode


def main() -> int:
    """Build the site."""
    gather(PLACE)
    code = build(PLACE)
    if code == 0:
        print(f"{PLACE.relative_to(generate.ROOT)}/site/index.html")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
