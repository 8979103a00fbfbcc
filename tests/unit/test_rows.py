"""Values that conditions suggest, and the order of tables, without a database."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revgate.roundtrip.rows import hints
from revgate.roundtrip.rows.catalogue import Column, ForeignKey, Table
from revgate.roundtrip.rows.order import in_order
from revgate.roundtrip.rows.values import quoted, word

PATTERNS = (
    "^[A-Z]{3}[0-9]{2}$",
    r"^\d{5}(-\d{4})?$",
    "^(draft|final)$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "^[a-z0-9]+(?:-[a-z0-9]+)*$",
    "^#[0-9a-fA-F]{6}$",
    "^.{8,64}$",
    r"^\+?[1-9]\d{1,14}$",
    "^[^a-c]x?$",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_samples_match_their_pattern_and_differ(pattern: str) -> None:
    found = [sample for number in range(4) for sample in hints.samples(pattern, number)]

    assert len(found) == 4
    assert all(re.search(pattern, each) for each in found)
    assert len(set(found)) > 1


def test_classes_of_postgresql_are_known() -> None:
    (found,) = hints.samples("^[[:upper:]][[:digit:]]+$")

    assert re.fullmatch("[A-Z][0-9]+", found)


@pytest.mark.parametrize("pattern", ["(", r"\mword", "a{100000}", "(?<x>a)", "[[:punct:]]("])
def test_an_unsupported_pattern_suggests_nothing(pattern: str) -> None:
    assert list(hints.samples(pattern)) == []


@given(st.text())
def test_any_text_is_searched_for_hints(text: str) -> None:
    for look in (hints.strings, hints.numbers, hints.dates, hints.texts, hints.objects):
        look(text)
    assert hints.strings(f"(a = {quoted(text)}::text)") == [text]


def test_literals_are_read_as_postgresql_writes_them() -> None:
    text = r"((a = ANY (ARRAY['it''s'::text, E'b\\c'::text])) AND (b >= '-5'::integer))"

    assert hints.strings(text) == ["it's", r"b\c", "-5"]
    assert {Decimal(-5), Decimal(-4), Decimal(-6)} <= set(hints.numbers(text))


def test_words_differ_as_far_as_their_length_allows() -> None:
    assert len({word(number) for number in range(2000)}) == 2000
    assert len({word(number, 2) for number in range(1000, 1026)}) == 26
    assert quoted("it's") == "'it''s'"


def table(oid: int, **targets: bool) -> Table:
    """Make a table that points at others, by name `t2`; True where it cannot do without."""
    columns = tuple(Column(name, 23, -1, hard, "", False) for name, hard in targets.items())
    keys = tuple(ForeignKey((name,), int(name[1:]), name, ("id",), False) for name in targets)
    return Table(oid, f"t{oid}", "r", columns, foreign_keys=keys)


def test_what_is_pointed_at_comes_first() -> None:
    order = in_order([table(1, t2=True), table(2, t3=False), table(3)])

    assert [[each.oid for each in unit] for unit in order] == [[3], [2], [1]]


def test_null_breaks_a_cycle_and_what_cannot_be_null_stays_together() -> None:
    order = in_order([table(1, t2=True), table(2, t1=False), table(3, t4=True), table(4, t3=True)])

    assert [[each.oid for each in unit] for unit in order] == [[3, 4], [2], [1]] or [
        [each.oid for each in unit] for unit in order
    ] == [[2], [1], [3, 4]]


def test_a_table_that_references_itself_is_not_a_cycle() -> None:
    assert in_order([table(1, t1=True)]) == [(table(1, t1=True),)]
