"""What a person reads is plain English: phrases that were once common here do not come back."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

# Patterns, whatever the case of their letters, and what to write instead.
STALE_PHRASES = {
    r"(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|\d)": "is not a …",
    r"\bthat (?:is|are) (?-i:none)\b": "say what it lacks: does nothing, is not valid",
    r"\btold\b|\bunless told\b": "reported, listed, named; `default …`",
    r"\b(?:some|any|every)body\b": "you, the user, another session; or the passive",
    r"\banew\b": "again; `rewrites the table`",
    r"\bmend(?:s|ed|ing)?\b": "fix, repair",
    r"\bfor ever\b": "forever; `with no lock_timeout`",
    r"\bbeside\b": "next to, in addition to, other than",
    r"\bto be had\b": "found, available",
    r"\bstood\b": "was, existed; `an existing table`",
    r"\bmay not\b": "must not, or cannot",
    r"\bwants\b": "needs, requires",
    r"\bwithout end\b": "with no `lock_timeout`, indefinitely",
    r"\b(?:in )?a circle\b": "a cycle",
    r"\bas good as\b": "like, the same as",
    r"\bwhoever\b": "a user who",
    r"\bby the shortest way\b|\bturn the screw\b|\btakes nothing back\b": "say what happens",
}
PATTERNS = {
    re.compile(phrase.replace(" ", r"\s"), re.IGNORECASE): instead
    for phrase, instead in STALE_PHRASES.items()
}
# A phrase may continue on the next line, whatever its indentation, in a comment too.
LINE_BREAK = re.compile(r"[ \t]*\n[ \t#]*")

# Case files and projects are other people's; this module quotes the phrases.
NOT_OURS = {"cases", "projects", Path(__file__).name}
CODE = [
    path
    for folder in ("checks", "benchmarks", "docs", "migrations", "models", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if NOT_OURS.isdisjoint(path.parts)
]
TEXT = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs" / "pages").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    *sorted((ROOT / "docs" / "workflows").glob("*.yml")),
    *sorted((ROOT / "docs" / "gitlab").glob("*.yml")),
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "checks").rglob("*.json")),
    *sorted((ROOT / "checks").rglob("*.js")),
    *sorted((ROOT / "checks").rglob("*.css")),
    *sorted((ROOT / "checks").rglob("*.yml")),
    *sorted((ROOT / "hooks").iterdir()),
    ROOT / "action.yml",
    ROOT / "pyproject.toml",
    ROOT / ".ci" / "run",
    ROOT / ".env.example",
    ROOT / ".pre-commit-hooks.yaml",
    ROOT / "Makefile",
]


class Text(NamedTuple):
    """Text that a person reads, and the line on which it starts."""

    line: int
    text: str


def literals_in(source: str) -> list[Text]:
    """Return the string literals of a module, docstrings among them."""
    tree = ast.parse(source)
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (
                part.value if isinstance(part, ast.Constant) else "`…`" for part in node.values
            )
            found.append(Text(node.lineno, "".join(map(str, parts))))
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            found += [Text(node.lineno, node.value)] if isinstance(node.value, str) else []
    return found


def names_in(source: str) -> list[Text]:
    """Return the names of a module's functions, as words."""
    functions = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.FunctionDef)]
    return [Text(each.lineno, each.name.replace("_", " ")) for each in functions]


def comments_in(source: str) -> list[Text]:
    """Return the comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [Text(each.start[0], each.string) for each in tokens if each.type == tokenize.COMMENT]


def stale_phrases(path: Path) -> list[str]:
    """Name each phrase of a file with its line, and what to write instead."""
    source = path.read_text("utf-8")
    is_code = path.suffix == ".py"
    parts = (literals_in, comments_in, names_in) if is_code else ()
    texts = [text for part in parts for text in part(source)] or [Text(1, source)]
    return [
        f"{path.relative_to(ROOT)}:{line + text.count(chr(10), 0, match.start())}:"
        f" {' '.join(match[0].split())!r}: {instead}"
        for line, text in ((each.line, LINE_BREAK.sub("\n", each.text)) for each in texts)
        for pattern, instead in PATTERNS.items()
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize("path", [*CODE, *TEXT], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_stale_phrase(path: Path) -> None:
    found = stale_phrases(path)
    assert not found, "\n".join(["plain English, please:", *found])


def test_a_phrase_is_found_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a docstring, in a message with a value, across lines, in a comment and in Markdown."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module, page = tmp_path / "module.py", tmp_path / "page.md"
    module.write_text(
        '"""Fine.\n\nIs told.\n"""\nx = f"`{y}` is no line"  # for\nz = "to\\nbe had"\n'
    )
    page.write_text("Fine.\nIt goes in\na circle, and there is no lock.\n")
    assert [each.split(":")[1] for each in stale_phrases(module)] == ["3", "5", "6"]
    assert [each.split(":")[1] for each in stale_phrases(page)] == ["2"]
