"""Random branches on random histories: afterwards one line, and only the tokens have changed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from alembic.script.revision import Revision, RevisionMap
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

VERSIONS = "migrations/versions"
# Each new revision: which earlier one of the branch is its parent (0: the branch point), and form.
BRANCHES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5)
FORMS = (
    '"""x\n\nRevises: {parent}\n"""\nrevision = "{id}"\ndown_revision = "{parent}"\n',
    "revision = '{id}'\r\ndown_revision: str | None = '{parent}'  # {parent}\r\n",
    (
        "\ufeff'''é {parent}\nRevision ID: {id}\nRevises:{parent}\nCreate Date: x\n'''\n"
        "revision = '{id}'\ndown_revision = ('{parent}',)\n"
    ),
    "é = 'é{parent}'; down_revision = \\\n  r'{parent}'; revision = (\n '{id}' # é\n)\n",
    '# coding: latin-1\ndown_revision = ["{parent}"]\nrevision = "{id}"  # \xe9{parent}\n',
    "revision\t=\t'{id}'\fdown_revision".replace("\f", "\n") + "={{'{parent}'}}\n",
)
BODY = "\n\ndef upgrade():\n    op('{id}')\n\n\ndef downgrade():\n    op('no')\n"


def content(number: int, key: str, parent: str) -> bytes:
    text = (FORMS[number] + BODY).format(id=key, parent=parent)
    return text.encode("latin-1" if "latin-1" in text else "utf-8")


def skeleton(data: bytes, keys: list[str]) -> bytes:
    """Return a file without any id."""
    return re.sub("|".join(keys).encode(), b"<id>", data)


@pytest.fixture
def make(repository: Any) -> Any:
    return type(repository)


@hypothesis_settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(1, 3), st.integers(0, 3), BRANCHES, st.booleans(), st.booleans())
def test_one_line_afterwards(
    make: Any, shared: int, theirs: int, branch: Any, merged: bool, restamp: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = make(Path(folder) / "root")
        main = [f"202401{number:02}000000" for number in range(1, shared + theirs + 1)]
        for at, key in enumerate(main[:shared]):
            repository.add(key, main[at - 1] if at else None)
        repository.commit()
        repository.switch("feature")
        new = [f"202402{number:02}000000" for number in range(1, len(branch) + 1)]
        parents: dict[str, str] = {}
        for at, (which, form) in enumerate(branch):
            parents[new[at]] = new[which % at] if which and at else main[shared - 1]
            data = content(form, new[at], parents[new[at]])
            repository.put(f"{VERSIONS}/{new[at]}_r.py", data)
        repository.commit()
        repository.switch("main")
        for at, key in enumerate(main[shared:], shared):
            repository.add(key, main[at - 1])
        repository.put("more", "x")
        repository.commit()
        repository.switch("feature")
        if merged:
            repository.git("merge", "-q", "--no-commit", "main")
        before = repository.files()
        repository.rebase(onto="main", restamp=restamp)
        after = repository.files()
        if not restamp:
            assert "nothing to do" in repository.rebase(onto="main").lines[1]
        repository.commit()
        if not merged:
            repository.git("merge", "-q", "main")
        line = repository.line()
        assert line[: len(main)] == main
        ordered = line[len(main) :]
        old = dict(zip(ordered, new if restamp else ordered, strict=True))
        _check_order(parents, [old[key] for key in ordered] if not restamp else new)
        keys = [*main, *new, *ordered]
        for key, was in old.items():
            one, other = before[f"{VERSIONS}/{was}_r.py"], after[f"{VERSIONS}/{key}_r.py"]
            one, other = (
                each.replace(b"Create Date: x", b"Create Date: ?") for each in (one, other)
            )
            other = re.sub(rb"Create Date: [\d: -]+", b"Create Date: ?", other)
            assert skeleton(one, keys) == skeleton(other, keys)
        untouched = {path for path in before if not path.startswith(f"{VERSIONS}/202402")}
        assert all(before[path] == after[path] for path in untouched)


def _check_order(parents: dict[str, str], ordered: list[str]) -> None:
    """Every revision comes behind the parent that it had; by Alembic's own map, one line."""
    seen = {parent for parent in parents.values() if parent not in parents}
    for key in ordered:
        assert parents[key] in seen
        seen.add(key)
    chain = [Revision(key, before) for key, before in zip(ordered, [None, *ordered], strict=False)]
    assert RevisionMap(lambda: chain).heads == (ordered[-1],)
