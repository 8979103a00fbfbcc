"""Edits by position: the tokens concerned change, and no other byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from revgate.errors import UsageError
from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.repair.edits import FileEdit, Step, change

BODY = "\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


def edited(data: bytes, parent: str, **restamp: Any) -> FileEdit:
    script = parse("v/old.py", data)
    assert isinstance(script, Script), script
    key = restamp.pop("id", script.revision.id)
    ids = restamp.pop("ids", {})
    step = Step(script.revision, parent, key, "v/old.py", **restamp)
    return change(step, data, ids)


UNCHANGED = 'revision = "b"\nX = "a"  # a\n'

# What is written, and what it becomes when `a` is replaced by `new`.
FORMS = {
    "double quotes": ('down_revision = "a"', 'down_revision = "new"'),
    "single quotes": ("down_revision = 'a'", "down_revision = 'new'"),
    "triple quotes": ("down_revision = '''a'''", "down_revision = '''new'''"),
    "a prefix": ("down_revision = r'a'", "down_revision = r'new'"),
    "annotated": (
        "down_revision: Union[str, None] = 'a'",
        "down_revision: Union[str, None] = 'new'",
    ),
    "a tuple": ("down_revision = ('a',)", "down_revision = ('new',)"),
    "a list": ("down_revision = [ 'a' ]  # a", "down_revision = [ 'new' ]  # a"),
    "a set": ("down_revision = {'a'}", "down_revision = {'new'}"),
    "a bare tuple": ("down_revision = 'a',", "down_revision = 'new',"),
    "several parents": ("down_revision = ('a', 'c')", 'down_revision = "new"'),
    "several lines": ("down_revision = (\n 'a', \n 'c'\n)", 'down_revision = "new"'),
    "no parent": ("down_revision = None", 'down_revision = "new"'),
    "an empty tuple": ("down_revision = ()", 'down_revision = "new"'),
    "parentheses": ("down_revision = (\n    'a'  # a\n)", "down_revision = (\n    'new'  # a\n)"),
    "non-ASCII before": ("名 = 'é'; down_revision = 'a'", "名 = 'é'; down_revision = 'new'"),
    "an escape": ("down_revision = '\\x61'", "down_revision = 'new'"),
    "annotated without a value": (
        "down_revision: str\ndown_revision = 'a'",
        "down_revision: str\ndown_revision = 'new'",
    ),
    "continued": ("down_revision = \\\n  'a'", "down_revision = \\\n  'new'"),
    "a form feed": ("\fdown_revision = 'a'", "\fdown_revision = 'new'"),
    "tabs": ("down_revision\t=\t'a'\t", "down_revision\t=\t'new'\t"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(("before", "after"), FORMS.values(), ids=FORMS)
def test_forms(before: str, after: str, end: str) -> None:
    def data(line: str) -> bytes:
        return (UNCHANGED + line + BODY).replace("\n", end).encode()

    assert edited(data(before), "new").after == data(after)


HEADERS = {
    "plain": ("Revises: a", "Revises: new"),
    "empty": ("Revises:", "Revises: new"),
    "empty with a space": ("Revises: ", "Revises: new"),
    "without a space": ("Revises:a", "Revises:new"),
    "several": ("  Revises: a, c  ", "  Revises: new  "),
    "absent": ("Reviser: a", "Reviser: a"),
    "a tab": ("Revises:\ta", "Revises:\tnew"),
    "the second is text": ("Revises: a\nRevises: a", "Revises: new\nRevises: a"),
}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("quotes", ['"""', "'''"])
@pytest.mark.parametrize(("before", "after"), HEADERS.values(), ids=HEADERS)
def test_headers(before: str, after: str, quotes: str, bom: bytes) -> None:
    def data(line: str, parent: str) -> bytes:
        text = f"{quotes}é\n{line}\n{quotes}\nrevision = 'b'\ndown_revision = '{parent}'\n{BODY}"
        return bom + text.replace("\n", "\r\n").encode()

    assert edited(data(before, "a"), "new").after == data(after, "new")


def test_the_first_line_of_a_file_with_a_mark() -> None:
    text = "\ufeffname = 'é'; revision = 'é'; down_revision = 'a'\n" + BODY
    assert edited(text.encode(), "new").after == text.replace("'a'", "'new'").encode()


def test_another_encoding() -> None:
    text = "# coding: latin-1\n'''é\nRevises: a'''\nrevision = 'b'; é = 'é'; down_revision = 'a'\n"
    data = (text + BODY).encode("latin-1")
    after = text.replace("'a'", "'new'").replace(": a", ": new") + BODY
    assert edited(data, "new").after == after.encode("latin-1")


def test_an_id_that_the_encoding_has_not() -> None:
    text = "# coding: latin-1\nrevision = 'b'\ndown_revision = 'a'\n" + BODY
    assert b"down_revision = '\\u8868'\n" in edited(text.encode(), "表").after


@pytest.mark.parametrize(
    "key", ['x"; import os #', "it's", "back\\slash", "a\nb", "\x1b[2J", "\\N"]
)
def test_hostile_ids_stay_ids(key: str) -> None:
    data = b"revision = 'b'\ndown_revision = 'a'\n" + BODY.encode()
    script = parse("x.py", edited(data, key).after)
    assert isinstance(script, Script)
    assert script.revision.parents == (key,)


def test_a_hostile_id_is_kept_out_of_the_docstring() -> None:
    data = b'"""\nRevises: a\n"""\nrevision = "b"\ndown_revision = "a"\n' + BODY.encode()
    with pytest.raises(UsageError, match=r"v/old\.py:2: the docstring cannot hold"):
        edited(data, '"""\nimport os\n"""')


REFUSED = {
    "assigned twice": ("down_revision = 'x'\ndown_revision = 'a'", 3),
    "assigned in an if as well": ("if 1:\n    down_revision = 'x'\ndown_revision = 'a'", 4),
    "chained": ("other = down_revision = 'a'", 2),
    "two names at once": ("other, down_revision = 'x', 'a'", 2),
    "in pieces": ("down_revision = 'a' ''", 2),
    "a comment within": ("down_revision = ('a',  # one\n 'c')", 2),
}


@pytest.mark.parametrize(("written", "line"), REFUSED.values(), ids=REFUSED)
def test_refused_with_file_and_line(written: str, line: int) -> None:
    with pytest.raises(UsageError, match=rf"v/old\.py:{line}: "):
        edited(f"revision = 'b'\n{written}\n{BODY}".encode(), "new")


def test_bytes_that_are_not_text_are_refused() -> None:
    data = b"revision = 'b'\ndown_revision = 'a'  # \xff\n" + BODY.encode()
    script = parse("v/old.py", data)
    if isinstance(script, Script):
        with pytest.raises(UsageError, match=r"is not valid utf-8"):
            edited(data, "new")


CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATES = {
    "2025-01-01 00:00:00.123456": "2026-01-02 03:04:05",
    "2025-01-01 00:00:00": "2026-01-02 03:04:05",
    "2025-01-01T00:00:00+02:00": "2026-01-02T03:04:05+00:00",
    "2025-01-01 00:00:00Z": "2026-01-02 03:04:05Z",
    "yesterday": "2026-01-02 03:04:05",
    "": "",
}


@pytest.mark.parametrize(("before", "after"), DATES.items())
def test_restamped(before: str, after: str) -> None:
    def data(key: str, parent: str, date: str, needs: str) -> bytes:
        head = f"'''x\n\nRevision ID: {key}\nRevises: {parent}\nCreate Date: {date}\n'''\n"
        names = f"revision = '{key}'\ndown_revision = '{parent}'\ndepends_on = {needs}\n"
        return f"{head}{names}TEXT = 'b c'  # b, a, c\n{BODY}".encode()

    made = edited(
        data("b", "a", before, "('a', 'c')"),
        "new",
        id="20260102030405",
        created=CREATED,
        ids={"b": "20260102030405", "c": "20260102030404"},
    )
    assert made.after == data("20260102030405", "new", after, "('a', '20260102030404')")


def test_a_computed_dependency_is_refused_where_ids_change() -> None:
    data = f"revision = 'b'\ndown_revision = 'a'\ndepends_on = X\n{BODY}".encode()
    edited(data, "new")
    with pytest.raises(UsageError, match=r"v/old\.py:3: `depends_on` is computed"):
        edited(data, "new", id="x", created=CREATED, ids={"b": "x"})
