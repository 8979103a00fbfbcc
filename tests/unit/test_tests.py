"""Every test can fail: it asserts something, expects an exception, or calls a helper that does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Deliberately wrong revisions, and other people's repositories.
DATA = {"cases", "projects"}
MODULES = [path for path in sorted(ROOT.rglob("test_*.py")) if DATA.isdisjoint(path.parts)]
EXPECTS = {"raises", "warns", "fail"}

Functions = dict[str, ast.FunctionDef]


def called_in(function: ast.FunctionDef) -> set[str]:
    """Return the names of what a function calls, of methods too."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {each.id for each in calls if isinstance(each, ast.Name)}
    return names | {each.attr for each in calls if isinstance(each, ast.Attribute)}


def can_fail(function: ast.FunctionDef, helpers: Functions) -> bool:
    """Tell whether a function asserts, itself or by one of the module's helpers.

    What a fixture or a shared helper asserts about its own preparations does not count: it passes
    for any behaviour of the code under test.
    """
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    called = called_in(function)
    others = {name: each for name, each in helpers.items() if name != function.name}
    return bool(called & EXPECTS) or any(
        can_fail(others[name], others) for name in called & {*others}
    )


def idle_tests(source: str) -> list[str]:
    """Return the tests of a module that nothing can make fail."""
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    tests = [each for name, each in functions.items() if name.startswith("test_")]
    return [f"{each.name}, line {each.lineno}" for each in tests if not can_fail(each, functions)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_can_fail(path: Path) -> None:
    assert idle_tests(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "body",
    [
        "assert run()",
        "with pytest.raises(ValueError):\n    run()",
        "with pytest.warns(UserWarning):\n    run()",
        "for each in run():\n    assert each",
        "check(run())",
        "indirect(run())",
    ],
)
def test_what_can_fail(body: str) -> None:
    assert idle_tests(module(body)) == []


@pytest.mark.parametrize(
    "body", ["pass", "run()", "prepared.commit()", "run(check=True)", "recursive()"]
)
def test_what_cannot_fail(body: str) -> None:
    assert idle_tests(module(body)) == ["test_it, line 7"]


def module(body: str) -> str:
    """Return a test module with three helpers and one test, in line 7."""
    indented = body.replace("\n", "\n    ")
    return (
        "def check(value):\n    assert value\n"
        "def indirect(value):\n    check(value)\n"
        "def recursive():\n    recursive()\n"
        f"def test_it(prepared):\n    {indented}\n"
    )
