"""What the documentation repeats of the code is what the code says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from revgate.rules import all_rules

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent.parent


def generator() -> ModuleType:
    docs = str(ROOT / "docs")
    if docs not in sys.path:  # it imports its neighbours
        sys.path.append(docs)
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_text_is_not_stale() -> None:
    for path, text in generator().generated().items():
        assert path.read_text() == text, f"{path.name} is stale: run `make docs`"


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_a_rule_documents_itself(rule: object) -> None:
    documentation = str(getattr(rule, "documentation", ""))
    first, blank, *_ = documentation.splitlines()
    assert first.endswith(".")
    assert blank == ""
    headings = re.findall(r"^## (.*)$", documentation, re.MULTILINE)
    assert headings == ["Why it hurts", "Example", "Instead"]


@pytest.mark.parametrize("rule", all_rules())
def test_a_rule_stands_in_the_changelog(rule: str) -> None:
    assert f"`{rule}`" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_no_command_is_promised_that_does_not_exist() -> None:
    from revgate.cli.parser import parser

    usage = parser().format_help()
    known = set(re.findall(r"^    ([a-z]+)\s", usage, re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md", "action.yml"):
        text = (ROOT / page).read_text()
        for command in re.findall(r"`(?:\$ )?revgate ([a-z]+)", text):
            assert command in known, f"{page} speaks of `revgate {command}`"
    for rule in all_rules().values():
        for command in re.findall(r"`revgate ([a-z]+)", rule.documentation):
            assert command in known, f"{rule.name} speaks of `revgate {command}`"


def test_the_map_names_every_package_and_module_of_the_root() -> None:
    package = ROOT / "checks" / "revgate"
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("[!_]*.py")} - {"action"}
    text = (ROOT / "CONTRIBUTING.md").read_text()
    _, _, after = text.partition("| package | what it does |\n")
    rows = after.partition("\n\n")[0].splitlines()[1:]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(folders | modules)
