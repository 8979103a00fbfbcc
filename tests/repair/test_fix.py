"""`revgate check --fix` fixes what it can by position, and nothing that is published."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from revgate.cli import main

VERSIONS = "migrations/versions"
FIRST, SECOND, THIRD = "20250101000000", "20250102000000", "20250103000000"
FORM = '''\
"""add invoices

Revision ID: {said}
Revises: {revises}
Create Date: 2025-01-03 00:00:00

"""
from alembic import op
import sqlalchemy as sa

revision = "{id}"
down_revision = "{parent}"


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
'''
TABLE = '    op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True))'
TWO = f"""{TABLE}
    op.create_table(
        "lines",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Enum("a", "b", name="line_kind")),
    )
    op.create_index("ix_lines_kind", "lines", ["kind"])
    op.add_column("users", sa.Column("vip", sa.Boolean))"""


class Case(NamedTuple):
    name: str = f"{THIRD}_add_invoices.py"
    id: str = THIRD
    said: str = THIRD
    parent: str = SECOND
    revises: str = SECOND
    up: str = TABLE
    down: str = '    op.drop_table("invoices")'
    expected: str = ""
    """A line, or several, of the file afterwards."""
    renamed: str = ""


def text(case: Case) -> str:
    return FORM.format(**{key: value for key, value in case._asdict().items() if key != "name"})


class Check:
    """`revgate check` in a repository."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, code: int) -> tuple[str, str]:
        done = main(["check", *words])
        said = self._capsys.readouterr()
        assert done == code, said
        return said.out, said.err


@pytest.fixture
def check(
    repository: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Check:
    monkeypatch.chdir(repository.root)
    return Check(capsys)


FIXED = {
    "a header line": Case(said="20240101000000", expected=f"Revision ID: {THIRD}"),
    "the parent in the header": Case(revises=FIRST, expected=f"Revises: {SECOND}"),
    "an empty downgrade": Case(down="    pass", expected='    op.drop_table("invoices")'),
    "one with a docstring": Case(
        down='    """Undo it."""', expected='    """Undo it."""\n    op.drop_table("invoices")'
    ),
    "several objects": Case(
        up=TWO,
        down="    pass",
        expected="def downgrade() -> None:\n"
        '    op.drop_column("users", "vip")\n'
        '    op.drop_table("lines")\n'
        '    op.drop_table("invoices")\n'
        '    op.execute("DROP TYPE line_kind")\n',
    ),
    "a downgrade that lacks something": Case(
        up=f'{TABLE}\n    op.add_column("users", sa.Column("vip", sa.Boolean))',
        expected='    op.drop_column("users", "vip")\n    op.drop_table("invoices")',
    ),
    "one that lacks the first": Case(
        up=f'{TABLE}\n    op.add_column("users", sa.Column("vip", sa.Boolean))',
        down='    op.drop_column("users", "vip")',
        expected='    op.drop_column("users", "vip")\n    op.drop_table("invoices")',
    ),
    "a frozen default": Case(
        up='    op.add_column("users", sa.Column("at", sa.DateTime, server_default="now()"))',
        down='    op.drop_column("users", "at")',
        expected='server_default=sa.text("now()")',
    ),
    "a name without a timestamp": Case(name=f"{THIRD}-add-invoices.py", renamed=Case().name),
    "a random id": Case(
        name="ae1027a6acf_add_invoices.py",
        id="ae1027a6acf",
        said="ae1027a6acf",
        expected=f'revision = "{THIRD}"',
        renamed=Case().name,
    ),
    "an id that is not the name's": Case(
        id="20250104000000",
        said="20250104000000",
        expected=f"Revision ID: {THIRD}\nRevises: {SECOND}",
        renamed=Case().name,
    ),
    "two at once": Case(said="1", down="    pass", expected='    op.drop_table("invoices")'),
}


@pytest.mark.parametrize("case", FIXED.values(), ids=FIXED)
def test_it_is_fixed(repository: Any, check: Check, case: Case) -> None:
    repository.switch("feature")
    repository.put(f"{VERSIONS}/{case.name}", text(case))
    before = repository.files()
    is_error = bool(case.renamed) or case.down.strip()[:1] in ("p", '"')
    diff, _ = check("--fix", "--diff", code=int(is_error))
    assert repository.files() == before
    _, said = check("--fix", "--fail-on", "warning", code=0)
    assert "fixed" in said
    after = repository.files()
    path = f"{VERSIONS}/{case.renamed or case.name}"
    assert case.expected in after[path].decode()
    assert repository.line() == [FIRST, SECOND, THIRD]

    for each in (*before, *after):
        (repository.root / each).unlink(missing_ok=True)
    for each, data in before.items():
        repository.put(each, data)
    subprocess.run(["git", "apply"], cwd=repository.root, input=diff.encode(), check=True)
    assert repository.files() == after


LEFT = {
    "an upgrade that also changes rows": Case(
        up=f'{TABLE}\n    op.execute("UPDATE users SET vip = true")', down="    pass"
    ),
    "a column that was dropped": Case(up='    op.drop_column("users", "vip")', down="    pass"),
    "a loop": Case(up='    for each in "ab":\n        op.create_table(each)', down="    pass"),
    "a changed column": Case(
        up=f'{TABLE}\n    op.alter_column("users", "vip", nullable=False)', down="    pass"
    ),
    "a downgrade that raises": Case(down='    raise RuntimeError("no way back")'),
    "one on a line with `def`": Case(down="    if True: pass"),
}


@pytest.mark.parametrize("case", LEFT.values(), ids=LEFT)
def test_what_leaves_a_doubt_is_left(repository: Any, check: Check, case: Case) -> None:
    repository.switch("feature")
    repository.put(f"{VERSIONS}/{case.name}", text(case))
    before = repository.files()
    _, said = check("--fix", code=1)
    assert "nothing can be fixed" in said
    assert repository.files() == before


def test_a_chain_of_new_revisions_gets_new_ids(repository: Any, check: Check) -> None:
    repository.switch("feature")
    parent = SECOND
    for key in ("aaaaaaaaaaa1", "bbbbbbbbbbb2"):
        case = Case(id=key, said=key, parent=parent, revises=parent, up=TABLE.replace("inv", key))
        down = case.down.replace("inv", key)
        repository.put(f"{VERSIONS}/{key}_make_it.py", text(case._replace(down=down)))
        parent = key
    check("--fix", "--fail-on", "warning", code=0)
    assert repository.line()[:3] == [FIRST, SECOND, THIRD]
    assert len(repository.line()) == 4


def test_what_is_published_stays(repository: Any, check: Check) -> None:
    case = Case(said="1", down="    pass")
    repository.put(f"{VERSIONS}/{case.name}", text(case))
    repository.commit()
    repository.switch("feature")
    before = repository.files()
    check("--fix", code=1)
    assert repository.files() == before


def test_it_moves_what_is_new_behind_the_head(fork: Any, check: Check) -> None:
    repository = fork()
    repository.git("merge", "-q", "main")
    check("--fix", "--against", "main", code=0)
    assert repository.line() == [FIRST, SECOND, THIRD, "20250110000000"]


@pytest.mark.parametrize("words", [("--diff",), ("--fix", "--staged"), ("--fix", "--at", "HEAD")])
def test_options_that_do_not_fit(check: Check, words: tuple[str, ...]) -> None:
    out, said = check(*words, code=2)
    assert not out
    assert "--fix" in said


def test_a_head_file_with_an_unknown_coding_line(repository: Any, check: Check) -> None:
    repository.put("pyproject.toml", '[tool.revgate]\nhead-file = "migrations/HEAD"\n')
    repository.put("migrations/HEAD", b"# coding: nothing\n")
    out, _ = check("--fix", "--diff", code=1)
    assert f"+{SECOND}\n" in out
    check("--fix", code=0)
    assert repository.files()["migrations/HEAD"] == f"{SECOND}\n".encode()


def test_the_diff_of_a_file_in_another_encoding_applies(repository: Any) -> None:
    repository.switch("feature")
    case = Case(down="    pass  # caf\xe9")
    data = f"# coding: latin-1\n{text(case)}".encode("latin-1")
    repository.put(f"{VERSIONS}/{case.name}", data)
    words = (sys.executable, "-m", "revgate", "check", "--fix", "--diff")
    diff = subprocess.run(words, cwd=repository.root, capture_output=True, check=False).stdout
    subprocess.run(("git", "apply"), cwd=repository.root, input=diff, check=True)
    after = repository.files()[f"{VERSIONS}/{case.name}"]
    assert after == data.replace(b"    pass ", b'    op.drop_table("invoices") ')
