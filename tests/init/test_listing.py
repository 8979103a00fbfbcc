"""A list in YAML gets one item more, and nothing else of the file changes."""

from __future__ import annotations

import difflib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from revgate.setup.listing import NotEditedError, append

ENTRY = "- repo: x\n  hooks:\n    - id: y\n"
ITEM = {"repo": "x", "hooks": [{"id": "y"}]}


def check(before: str) -> str:
    """Append, and compare what a YAML parser makes of it; lines are only added."""
    after = append(before, "repos", ENTRY)
    was = yaml.safe_load(before) or {}
    expected = {**was, "repos": [*(was.get("repos") or []), ITEM]}
    assert yaml.safe_load(after) == expected
    moves = difflib.ndiff(before.splitlines(), after.splitlines())
    assert not [each for each in moves if each.startswith("- ")]
    return after


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# nothing yet\n",
        "a: 1",
        "repos:\n",
        "repos:  # ours\n",
        "repos:\n  # none yet\nci: {}\n",
        "repos:\n- repo: a\n",
        "repos:\n- repo: a",
        "repos:\n\n  # first\n\n  - repo: a\n\n\n# of ci\nci: {}\n",
        "repos:\n    - repo: a\n      # last\nci: {}\n",
        "repos:\n-\n  repo: a\nci: {}\n",
        "'repos':\n- repo: a\n",
        '---\nx: 1\n"repos" :\n- repo: a\n...\n',
        "repos:\n- repo: a\n  entry: |\n    one\n\n    # two\n\n    - three\n",
        "repos:\n- repo: a\n  entry: >-\n    repos:\n      - b\n",
        "x:\n  repos:\n  - no\nrepos:\n- repo: a\n",
        "repos:\n- repo: a\nci:\n- repo: b\n",
        "repos:\n- - nested\n  - list\n- [flow,\n   list]\nci: {}\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_item_is_appended(before: str, newline: str) -> None:
    after = check(before.replace("\n", newline))
    if "\n" in before:
        assert after.count("\n") == after.count(newline)


@pytest.mark.parametrize(
    ("before", "items"),
    [
        ("repos: []\n", []),
        ("repos: [ ]  # none\nci: {}\n", []),
        ("repos: ~\n", []),
        ("repos: a.yml\n", ["a.yml"]),
        ("repos: '/a b.yml'   # ours\n", ["/a b.yml"]),
        ('repos: "https://x.example/a.yml"\nci: {}\n', ["https://x.example/a.yml"]),
    ],
)
def test_one_value_becomes_a_list(before: str, items: list[str]) -> None:
    after = append(before, "repos", ENTRY)
    assert yaml.safe_load(after)["repos"] == [*items, ITEM]
    assert after.count("#") == before.count("#")


@pytest.mark.parametrize(
    "before",
    [
        "repos: [{repo: a}]\n",
        "repos: [\n  ]\n",
        "repos: &all\n- repo: a\n",
        "repos: *all\n",
        "repos: !tag\n- repo: a\n",
        "repos: |\n  text\n",
        "repos: over\n  two lines\n",
        "repos:\n  local: a.yml\n",
        "repos: {local: a.yml}\n",
        "repos: a: b\n",
        "{repos: []}\n",
        "a: 1\n...\n",
        "repos:\n- a\n---\nrepos:\n- b\n",
        "spec: 1\n---\njobs: 1\n",
        "repos:\r- repo: a\r",
        "repos:\n- a\nrepos:\n- b\n",
    ],
)
def test_what_is_written_another_way_is_left(before: str) -> None:
    with pytest.raises(NotEditedError):
        append(before, "repos", ENTRY)


plain = st.text("abc", min_size=1, max_size=4)
noise = st.sampled_from(["", "\n", "  # note\n", "# note\n", "\n\n", "      # deep\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from(["", "  ", "    "]))
    dash = draw(st.sampled_from(["- ", "-   "]))
    inner = indent + " " * len(dash)
    text = draw(noise)
    for key in draw(st.permutations(["repos", "ci", "exclude"])):
        if key != "repos":
            text += f"{key}:\n  {draw(plain)}: 1\n{draw(noise)}"
            continue
        text += f"repos:\n{draw(noise)}"
        for _ in range(draw(st.integers(1, 3))):
            text += f"{indent}{dash}repo: {draw(plain)}\n{draw(noise)}"
            text += f"{inner}hooks:\n{inner}- id: {draw(plain)}\n{draw(noise)}"
    return text if draw(st.booleans()) else text.rstrip("\n")


@given(files())
def test_any_such_file(before: str) -> None:
    check(before)
