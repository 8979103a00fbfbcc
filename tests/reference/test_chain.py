"""The five revisions as text: their order, their headers, what they import."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import models
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN = [
    "20251117000000",
    "20251116120000",
    "20251116000000",
    "20251114120000",
    "efaa6e584823",
]
VERSIONS = sorted((Path(__file__).resolve().parents[2] / "migrations" / "versions").glob("*.py"))


def assigned(tree: ast.Module, name: str) -> object:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            assert node.value is not None
            return ast.literal_eval(node.value)
    raise AssertionError(name)


def test_history_needs_no_database(command_line: Callable[..., object]) -> None:
    done = command_line("history")
    lines = done.stdout.splitlines()  # type: ignore[attr-defined]
    assert [re.sub(r".*-> (\w+).*", r"\1", line) for line in lines] == CHAIN
    assert "(head)" in lines[0]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_name_header_and_code_agree(path: Path) -> None:
    tree = ast.parse(path.read_text())
    revision, parent = assigned(tree, "revision"), assigned(tree, "down_revision")
    title, _, header = (ast.get_docstring(tree) or "").partition("\n\n")
    stamp, _, slug = path.stem.partition("_")

    assert slug == "_".join(re.findall(r"\w+", title.lower()))
    assert revision in {stamp, "efaa6e584823"}
    assert header.splitlines() == [
        f"Revision ID: {revision}",
        f"Revises: {parent or ''}".rstrip(),
        "Create Date: " + re.sub(r"(....)(..)(..)(..)(..)(..)", r"\1-\2-\3 \4:\5:\6", stamp),
    ]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_revision_stands_on_its_own(path: Path) -> None:
    imports = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert {str(name).split(".")[0] for name in imports} == {"alembic", "sqlalchemy", "typing"}


def test_models_register_63_tables() -> None:
    assert len(models.Base.metadata.tables) == 63
