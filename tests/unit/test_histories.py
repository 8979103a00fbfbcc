"""Real histories, as their projects have them, come out as Alembic sees them.

`tests/data/histories/histories.json` holds facts of 69 public environments: of each revision its
file, id, parents, `depends_on` and labels (a tuple as `{"tuple": [...]}`), and of the whole what
Alembic 1.20.1 says of it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.checking.selection import Choice
from revgate.history.read import read
from revgate.history.source import WorkTree
from revgate.rules import CHAIN, all_rules
from revgate.settings import Settings

FACTS = Path(__file__).parent.parent / "data" / "histories" / "histories.json"
HISTORIES: dict[str, Any] = {each["name"]: each for each in json.loads(FACTS.read_bytes())}
ANYTHING = Settings()
CHAIN_RULES = [rule.name for rule in all_rules().values() if rule.group is CHAIN]


def literal(value: Any) -> str:
    return repr(tuple(value["tuple"]) if isinstance(value, dict) else value)


def source_text(row: list[Any]) -> str:
    _, key, parents, depends_on, labels = [*row, None, None][:5]
    return (
        '"""A revision."""\n\nfrom alembic import op\n\n'
        f"revision = {key!r}\n"
        f"down_revision = {literal(parents)}\n"
        f"branch_labels = {literal(labels)}\n"
        f"depends_on = {literal(depends_on)}\n"
        "\n\ndef upgrade():\n    op.execute('SELECT 1')\n"
        "\n\ndef downgrade():\n    op.execute('SELECT 1')\n"
    )


def build(root: Path, facts: dict[str, Any]) -> WorkTree:
    folders = sorted({row[0].rpartition("/")[0] for row in facts["revisions"]})
    for folder in folders:
        (root / "versions" / folder).mkdir(parents=True, exist_ok=True)
    for row in facts["revisions"]:
        (root / "versions" / row[0]).write_text(source_text(row))
    (root / "alembic.ini").write_text(
        "[alembic]\nscript_location = .\npath_separator = newline\nversion_locations =\n"
        + "".join(f"    %(here)s/versions/{folder}\n" for folder in folders)
    )
    return WorkTree(str(root), is_repository=False)


@pytest.mark.parametrize("name", HISTORIES)
def test_a_real_history(name: str, tmp_path: Path) -> None:
    facts = HISTORIES[name]
    source = build(tmp_path, facts)
    (environment,) = environments.find(source, ANYTHING)
    found = read(source, environment, judge_file, whole=True, cached=False)
    graph = found.history.graph
    assert found.history.unreadable == []
    assert len(found.history.revisions) == found.files == len(facts["revisions"])
    assert list(graph.heads) == sorted(facts["heads"])
    assert list(graph.bases) == sorted(facts["bases"])
    assert list(graph.branch_points) == sorted(facts["branch_points"])
    assert list(graph.merge_points) == sorted(facts["merge_points"])
    assert len(graph.order) == len(graph.by_id)
    assert not graph.missing_dependencies
    assert not graph.dependency_cycles
    assert not graph.ambiguous_labels
    # The chain's rules read the top of each file alone, and must see the same.
    choice = Choice(ANYTHING, select=CHAIN_RULES)
    result, _ = history_checks.check(source, ANYTHING, choice, cached=False)
    assert Counter(finding.rule for finding in result.findings) == Counter(defects(facts))
    assert result.environments[0].heads == graph.heads
    assert result.environments[0].bases == graph.bases
    named = {each.message for finding in result.findings for each in finding.related}
    if len(graph.heads) > 1:
        assert {f"`{head}` is a head" for head in graph.heads} <= named


def defects(facts: dict[str, Any]) -> dict[str, int]:
    """Count the defects of linearity in the facts."""
    rows = [[*row, None, None][:5] for row in facts["revisions"]]
    return {
        "multiple-heads": int(len(facts["heads"]) > 1),
        "multiple-bases": len(facts["bases"]) - 1,
        "merge-revision": len(facts["merge_points"]),
        "branch-label": sum(count(row[4]) for row in rows),
        "cross-dependency": sum(count(row[3]) > 0 for row in rows),
    }


def count(value: Any) -> int:
    return len(value["tuple"]) if isinstance(value, dict) else int(value is not None)
