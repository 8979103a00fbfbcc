"""One revision file, whatever stands in it: read as Python reads it, and never run."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revgate.history.parse import LARGEST, parse
from revgate.history.revision import Revision, Script, Unreadable

PATH = "migrations/versions/x.py"
PLAIN = 'revision = "a"\ndown_revision = "b"\n\n\ndef upgrade():\n    pass\n'


def read(text: str | bytes) -> Revision:
    data = text.encode() if isinstance(text, str) else text
    found = parse(PATH, data)
    assert isinstance(found, Script), found
    return found.revision


def unreadable(text: str | bytes, path: str = PATH) -> Unreadable:
    data = text.encode() if isinstance(text, str) else text
    found = parse(path, data)
    assert isinstance(found, Unreadable), found
    assert found.problems
    return found


IDS = {
    "plain": 'revision = "abc"',
    "single quotes": "revision = 'abc'",
    "long quotes": 'revision = """abc"""',
    "raw": 'revision = r"abc"',
    "unicode": 'revision = u"abc"',
    "escape": r'revision = "a\x62c"',
    "in two parts": 'revision = "a" "bc"',
    "in brackets": 'revision = ("abc")',
    "over lines": 'revision = (\n    "a"\n    "bc"\n)',
    "backslash": 'revision = \\\n    "abc"',
    "annotated": 'revision: str = "abc"',
    "annotated in words": "revision: 'str' = 'abc'",
    "no spaces": 'revision="abc"',
    "semicolon": 'x = 1; revision = "abc"; y = 2',
    "chained": 'key = revision = "abc"',
    "unpacked": 'revision, x = "abc", 1',
    "unpacked deeper": '[x, (revision, y)] = 1, ("abc", 2)',
    "twice": 'revision = "zzz"\nrevision = "abc"',
    "after a computed one": 'revision = make()\nrevision = "abc"',
    "comment": 'revision = "abc"  # not "zzz"',
    "tabs": 'revision\t=\t"abc"',
    "form feed": '\x0crevision = "abc"',
    "declared before": 'revision: str\nrevision = "abc"',
    "lookalikes": 'revision_ = "z"\nx.revision = "z"\nx["revision"] = "z"\nrevision = "abc"',
    "in a string": 'revision = "abc"\n"""\nrevision = "zzz"\n"""',
    "in a function": 'revision = "abc"\ndef f():\n    revision = "zzz"',
    "in a class": 'revision = "abc"\nclass C:\n    revision = "zzz"',
}


@pytest.mark.parametrize("case", IDS)
def test_an_id_in_every_form(case: str) -> None:
    found = read(f"down_revision = None\n{IDS[case]}\n")
    assert found.id == "abc"
    namespace: dict[str, Any] = {"make": str, "x": _Anything()}
    exec(f"down_revision = None\n{IDS[case]}\n", namespace)  # noqa: S102 - our own text: the oracle
    assert namespace["revision"] == "abc"


class _Anything(dict[str, object]):
    revision: object


PARENTS: dict[str, tuple[str, ...]] = {
    "None": (),
    '""': ("",),  # for Alembic too: a parent that does not exist
    "()": (),
    "[]": (),
    '"b"': ("b",),
    '("b")': ("b",),
    '("b",)': ("b",),
    '"b",': ("b",),
    '["b"]': ("b",),
    '{"b"}': ("b",),
    '("b", "c")': ("b", "c"),
    '"b", "c"': ("b", "c"),
    '["b", "c",]': ("b", "c"),
    '("b", "b")': ("b",),
    '(\n    "b",  # one\n    "c",\n)': ("b", "c"),
    '("b" "c")': ("bc",),
    '("b" "c",)': ("bc",),
    '["b" "c", "d"]': ("bc", "d"),
}


@pytest.mark.parametrize("written", PARENTS)
@pytest.mark.parametrize("name", ["down_revision", "depends_on", "branch_labels"])
def test_parents_in_every_form(name: str, written: str) -> None:
    other = "" if name == "down_revision" else "down_revision = None\n"
    found = read(f'revision = "a"\n{other}{name} = {written}\n')
    fields = {"down_revision": found.parents, "depends_on": found.depends_on}
    assert fields.get(name, found.labels) == PARENTS[written]


COMPUTED = [
    *("make()", "f'b'", "'b' + 'c'", "'b' % 1", "PARENT", "'b' if x else 'c'", "['b'][0]", "5"),
    *("b'b'", "True", "{'b': 1}", "('b', 1)", "('b', None)", "*x, 'b'", "lambda: 'b'", "..."),
    *("'b'.lower()", "[x for x in 'b']", "-1", "('b', *x)", "(('b',),)"),
]


@pytest.mark.parametrize("written", COMPUTED)
def test_what_is_computed_is_said_to_be(written: str) -> None:
    found = unreadable(f"revision = 'a'\ndown_revision = {written}\n")
    assert [problem.message for problem in found.problems] == ["`down_revision` is not a literal"]
    assert found.problems[0].position == (2, 1)
    assert found.id == "a"
    labelled = read(f"revision = 'a'\ndown_revision = None\nbranch_labels = {written}\n")
    assert labelled.labels == ()
    assert labelled.computed == ("branch_labels",)


BOUND = [
    "revision += 'x'",
    "del revision",
    "import revision",
    "from x import a as revision",
    "def revision(): pass",
    "class revision: pass",
    "if x:\n    revision = 'z'",
    "for revision in x: pass",
    "with x as revision: pass",
    "try:\n    revision = 'z'\nexcept E: pass",
    "*revision, x = 'a', 'b'",
]


@pytest.mark.parametrize("statement", BOUND)
def test_every_way_to_bind_the_name_is_seen(statement: str) -> None:
    found = unreadable(f"down_revision = None\nrevision = 'a'\n{statement}\n")
    assert [each.message for each in found.problems] == ["`revision` is not a literal string"]


def test_a_legacy_file_is_named_by_its_id() -> None:
    found = parse("versions/1a2b3c.py", b"down_revision = None\n")
    assert isinstance(found, Script)
    assert found.revision.id == "1a2b3c"
    assert unreadable("down_revision = None\n", "versions/1a2b3z.py").id is None


def test_both_problems_at_once() -> None:
    assert len(unreadable("x = 1\n").problems) == 2
    assert len(unreadable("revision = 5\ndown_revision = 5\n").problems) == 2


# Bytes.

PLAIN_BYTES: dict[str, bytes] = {
    "crlf": PLAIN.replace("\n", "\r\n").encode(),
    "cr": PLAIN.replace("\n", "\r").encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "latin-1 cookie": b"# -*- coding: latin-1 -*-\n# \xe9\n" + PLAIN.encode(),
    "cookie on line two": b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n#\x80\n"
    + PLAIN.encode(),
    "utf-8": "# é ünï 日本\n".encode() + PLAIN.encode(),
    "no newline at the end": PLAIN.encode().rstrip(),
    "form feed": b"\x0c\n" + PLAIN.encode(),
    "odd escape": b'x = "\\d"\n' + PLAIN.encode(),
    "long": PLAIN.encode() + b"# x\n" * 100_000,
}


@pytest.mark.parametrize("case", PLAIN_BYTES)
def test_text_in_every_encoding(case: str) -> None:
    found = read(PLAIN_BYTES[case])
    assert (found.id, found.parents) == ("a", ("b",))


BROKEN_BYTES: dict[str, bytes] = {
    "null byte": PLAIN.encode() + b"\0",
    "null byte in a string": b'x = "\0"\n' + PLAIN.encode(),
    "latin-1 without a cookie": PLAIN.encode() + b"# \xe9\n",
    "unknown cookie": b"# coding: no-such\n" + PLAIN.encode(),
    "cookie of another kind": b"# coding: hex\n" + PLAIN.encode(),
    "cookie against the mark": b"\xef\xbb\xbf# coding: latin-1\n" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "utf-32": PLAIN.encode("utf-32"),
    "conflict markers": b"<<<<<<< HEAD\n" + PLAIN.encode(),
    "mixed tabs": PLAIN.encode() + b"def f():\n\tif x:\n        pass\n",
    "python 2": PLAIN.encode() + b"print 'x'\n",
    "half": PLAIN.encode() + b"x = (",
    "unclosed string": PLAIN.encode() + b'"""x',
    "brackets": PLAIN.encode() + b"(" * 100_000,
    "balanced brackets": PLAIN.encode() + b"(" * 5_000 + b")" * 5_000,
    "operators": PLAIN.encode() + b"x = " + b"-" * 50_000 + b"1",
    "attributes": PLAIN.encode() + b"x" + b".a" * 50_000,
    "sums": PLAIN.encode() + b"x = " + b"1+" * 50_000 + b"1",
    "indents": PLAIN.encode()
    + b"".join(b" " * depth + b"if x:\n" for depth in range(200))
    + b" " * 200
    + b"pass\n",
    "too many digits": PLAIN.encode() + b"x = " + b"9" * 10_000,
    "empty": b"",
    "huge": PLAIN.encode() + b"#" * LARGEST,
    "50 MB": PLAIN.encode() + b"x = 1\n" * 8_400_000,
}
MAY_BE_READ = {
    "latin-1 without a cookie",
    "attributes",
    "sums",
    "operators",
    "balanced brackets",
    "too many digits",
}


@pytest.mark.parametrize("case", BROKEN_BYTES)
def test_any_bytes_end_in_a_sentence(case: str) -> None:
    found = parse(PATH, BROKEN_BYTES[case])
    if isinstance(found, Script):  # what bears it is a matter of Python's version
        assert case in MAY_BE_READ
        assert found.revision.id == "a"
        return
    for problem in found.problems:
        assert problem.message.isprintable()
        assert problem.help
        assert min(problem.position) >= 1
    # Its children are not blamed for it, where the id can be made out.
    assert found.id == (None if case in {"empty", "utf-16", "utf-32"} else "a")


def test_positions() -> None:
    found = read(f"# one\n{PLAIN}branch_labels = None\n  \ndepends_on = ()\n")
    assert (found.id_at, found.parents_at) == ((2, 1), (3, 1))
    assert (found.labels_at, found.depends_on_at) == ((8, 1), (10, 1))


def test_positions_of_lines_that_end_otherwise() -> None:
    for end in ("\r\n", "\r"):
        found = read(f"# one{end}{end}" + PLAIN.replace("\n", end))
        assert (found.id_at, found.parents_at) == ((3, 1), (4, 1))


# Never raises, never runs.


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    assert isinstance(parse(PATH, data), Script | Unreadable)


SNIPPETS = st.sampled_from(
    [
        *("revision", "down_revision", "branch_labels", "depends_on", " = ", ": str = ", "'a'"),
        *('"b"', "None", "(", ")", "[", "]", ",", "\n", "\n    ", '"""', "'", "\\", "#", ";", "="),
        *("def upgrade():", "def downgrade():", "pass", "raise X", "return", "if x:", "\0", "\f"),
        *("# revgate: allow[empty-downgrade] x", "Revision ID: a", "Revises: b", "\r", "\t", "é"),
        *(
            "# coding: latin-1",
            "f'{",
            "}",
            "lambda:",
            "import ",
            "async ",
            "class C:",
            "...",
            "\\N",
        ),
    ]
)
MARKER = "revgate_was_tricked"


@settings(deadline=None, max_examples=300)
@given(st.lists(SNIPPETS, max_size=25), st.integers(0, 200))
def test_mutated_revisions_never_raise_and_never_run(pieces: list[str], at: int) -> None:
    effect = f"import builtins; builtins.{MARKER} = 1\n"
    text = effect + 'revision = "a"\ndown_revision = setattr(builtins, "x", 1) or None\n' + PLAIN
    whole = (text[:at] + "".join(pieces) + text[at:]).encode()
    assert isinstance(parse(PATH, whole), Script | Unreadable)
    assert not hasattr(builtins, MARKER)


LITERALS = st.recursive(
    st.sampled_from(["'a'", '"b"', "None", "''", "'c' 'd'", "5", "make()", "r'e'", "f'g'"]),
    lambda inner: st.lists(inner, max_size=3).flatmap(
        lambda items: st.sampled_from(
            [
                f"({', '.join(items)})",
                f"[{', '.join(items)}]",
                f"({''.join(f'{i},' for i in items)})",
            ]
        )
    ),
    max_leaves=4,
)
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(["revision", "down_revision", "x"]), LITERALS),
    st.builds("{}: object = {}".format, st.sampled_from(["revision", "depends_on"]), LITERALS),
    st.builds("revision, x = {}, {}".format, LITERALS, LITERALS),
    st.builds("x = down_revision = {}".format, LITERALS),
    st.builds("if True:\n    {} = {}".format, st.sampled_from(["revision", "x"]), LITERALS),
    st.builds("def f():\n    revision = {}".format, LITERALS),
    st.builds("# revision = {}".format, LITERALS),
)


def as_tuple(value: object) -> tuple[object, ...]:
    """Return what Alembic makes of a value: `util.to_tuple`, each once."""
    if value is None:
        return ()
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple | list) else (value,)


@settings(deadline=None, max_examples=300)
@given(st.lists(STATEMENTS, max_size=6))
def test_what_is_read_is_what_python_makes_of_it(statements: list[str]) -> None:
    text = "\n".join(["revision = 'r'", "down_revision = 'd'", *statements, ""])
    found = parse(PATH, text.encode())
    namespace: dict[str, object] = {"make": lambda: "made"}
    exec(text, namespace)  # noqa: S102 - text of this very test: the oracle
    if isinstance(found, Script):
        assert found.revision.id == namespace["revision"]
        assert found.revision.parents == as_tuple(namespace["down_revision"])
        if "depends_on" not in found.revision.computed:
            assert found.revision.depends_on == as_tuple(namespace.get("depends_on"))


def test_columns_count_characters() -> None:
    parsed = parse("x.py", "é = 'ü'; revision = 'a'\ndown_revision = None\n".encode())
    assert isinstance(parsed, Script)
    assert parsed.revision.id_at == (1, 10)


@pytest.mark.parametrize("text", ["# \xff\n", "# revgate: allow[x] \xff\n"])
def test_a_comment_may_hold_bytes_that_are_not_text(text: str) -> None:
    data = text.encode("latin-1") + b"revision = 'a'\ndown_revision = None\n"
    parsed = parse("x.py", data)
    assert isinstance(parsed, Script)
    assert parsed.revision.id == "a"
