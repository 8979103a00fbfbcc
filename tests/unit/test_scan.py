"""The quick way of reading a head says what the parser says, or says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.history.scan import scan

CASES = sorted((Path(__file__).parent.parent / "cases").rglob("*.py"))
TEMPLATE = '''\
"""add {slug}

Revision ID: {id}
Revises: {parent}
Create Date: 2025-11-18 12:00:00.000000

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '{id}'
down_revision: Union[str, Sequence[str], None] = '{parent}'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    pass


def downgrade() -> None:
    """Downgrade schema."""
    pass
'''
GOOD = TEMPLATE.format(id="20251118120000", parent="20251117000000", slug="invoices")


def agree(data: bytes) -> bool:
    """Whether the scanner was sure; when it was, it must agree with the parser."""
    scanned = scan("versions/x.py", data)
    if scanned is None:
        return False
    parsed = parse("versions/x.py", data)
    if isinstance(parsed, Script):  # the scanner does not see an error further down
        assert scanned == (parsed.revision._replace(imports=()), parsed.header)
    return True


def test_the_template_of_alembic_is_read_quickly() -> None:
    assert agree(GOOD.encode())


@pytest.mark.parametrize(
    "assignment",
    [
        'revision = "a1"\ndown_revision = None',
        "revision: str = 'a1'\ndown_revision: str | None = 'b2'",
        'revision = "a1"  # ours\ndown_revision = ("b2", "c3")',
        'revision = "a1"\ndown_revision = ["b2"]',
        'revision = "a1"\ndown_revision = ()',
        'revision = "a1"\ndown_revision = None\ndepends_on = "z"\nbranch_labels = ("x",)',
    ],
)
def test_common_forms_are_read_quickly(assignment: str) -> None:
    assert agree(f'"""Title."""\n\n{assignment}\n\n\ndef upgrade():\n    pass\n'.encode())


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "\nrevision = 'other'\n",
        GOOD.replace("def upgrade", "if x:\n    revision = 'y'\n\n\ndef upgrade"),
        GOOD.replace("def upgrade", "revision, other = 1, 2\n\n\ndef upgrade"),
        GOOD.replace("def upgrade", "del revision\n\n\ndef upgrade"),
        GOOD.replace("from typing", "from ids import revision\nfrom typing"),
        GOOD.replace("from typing", "'''\nrevision = 'inside'\n'''\nfrom typing"),
        GOOD.replace("'20251117000000'", "'20251117' '000000'"),
        GOOD.replace("'20251117000000'", "(\n    '20251117000000'\n)"),
        GOOD.replace("'20251118120000'", "'2025' + '1118120000'"),
        GOOD.replace("= '20251117000000'", "= ('20251117' '000000')"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace('"""add', '""""""\'a\'\n"""add'),
        "# -*- coding: latin-1 -*-\n" + GOOD,
        GOOD.replace("invoices", "invoïces"),
        GOOD.replace("    pass\n", "    # revgate: allow[x] y\n    pass\n"),
    ],
)
def test_what_looks_different_is_left_to_the_parser(text: str) -> None:
    assert scan("versions/x.py", text.encode()) is None


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case_files(case: Path) -> None:
    agree(case.read_bytes())


fragments = st.sampled_from(
    [
        *("revision", "down_revision", "branch_labels", "depends_on", " = ", ": str = ", "None"),
        *("'a1'", '"b2"', "('c3',)", "['d4', 'e5']", "\n", "\n\n", "    ", "# ", '"""', "'''"),
        *("def upgrade():\n    pass\n", "if x:\n", "import ", "\\\n", ",", "(", ")", "\t", "f'x'"),
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(fragments, max_size=24).map("".join), st.integers(0, len(GOOD)))
def test_a_template_with_something_put_in(inserted: str, at: int) -> None:
    agree((GOOD[:at] + inserted + GOOD[at:]).encode())


@settings(max_examples=600, deadline=None)
@given(st.lists(fragments, max_size=30).map("".join))
def test_loose_fragments(text: str) -> None:
    agree(text.encode())


def test_an_argument_that_looks_like_an_assignment_is_left_to_the_parser() -> None:
    text = GOOD.replace("revision: str =", "names = dict(\nrevision =", 1)
    text = text.replace("'20251118120000'\ndown", "'20251118120000'\n)\ndown")
    assert scan("versions/x.py", text.encode()) is None
    assert not isinstance(parse("versions/x.py", text.encode()), Script)


def test_an_annotation_that_is_not_python_is_found_out() -> None:
    text = GOOD.replace("revision: str =", "revision: str, int =", 1)
    assert not isinstance(parse("versions/x.py", text.encode()), Script)
