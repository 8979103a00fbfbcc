"""The tolerant graph against Alembic's own, which stops at the first defect."""

from __future__ import annotations

import warnings
from io import StringIO
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script.revision import Revision as Oracle
from alembic.script.revision import RevisionMap
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from revgate.environments import Environment
from revgate.history.graph import Graph
from revgate.history.history import History
from revgate.history.revision import Revision
from revgate.rules import CHAIN, all_rules


class Row(NamedTuple):
    """What one file says."""

    id: str
    parents: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def revisions(*rows: Row) -> list[Revision]:
    return [
        Revision(
            f"versions/{number:03}.py",
            row.id,
            row.parents,
            labels=row.labels,
            depends_on=row.depends_on,
        )
        for number, row in enumerate(rows)
    ]


def graph(*rows: Row) -> Graph:
    return Graph(revisions(*rows))


def chain(*keys: str) -> list[Row]:
    return [Row(key, (parent,) if parent else ()) for parent, key in zip(("", *keys), keys)]  # noqa: B905 - one more on purpose


def alembic(*rows: Row) -> RevisionMap:
    """Load the rows; raises what Alembic raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = RevisionMap(
            lambda: [
                Oracle(
                    row.id,
                    row.parents or None,
                    dependencies=row.depends_on or None,
                    branch_labels=row.labels or None,
                )
                for row in rows
            ]
        )
        assert found._revision_map
    return found


def refused(*rows: Row) -> bool:
    try:
        alembic(*rows)
    except Exception:  # noqa: BLE001 - a KeyError as often as an error of its own
        return True
    return False


def chain_findings(*rows: Row) -> list[str]:
    history = History(Environment("m", "alembic.ini", "m", ("m/versions",)), revisions(*rows))
    return [
        rule.name
        for rule in all_rules().values()
        if rule.group is CHAIN and rule.judges == "history"
        for _ in rule.check(history)
    ]


@st.composite
def whole(draw: st.DrawFn) -> list[Row]:
    """Draw rows without a defect, in any order."""
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 9))):
        earlier = [row.id for row in rows]
        some = st.lists(st.sampled_from(earlier), max_size=3, unique=True) if rows else st.just([])
        labels = (f"label{number}",) if draw(st.booleans()) else ()
        parents = draw(some) or (earlier[-1:] if draw(st.booleans()) else [])
        names = [*earlier, *(label for row in rows for label in row.labels)]
        depends = draw(st.lists(st.sampled_from(names), max_size=2)) if names else []
        depends = depends if draw(st.integers(0, 3)) == 0 else []
        rows.append(Row(f"{number:x}", tuple(parents), tuple(depends), labels))
    return draw(st.permutations(rows))


IDS = st.sampled_from("abcdef")
ROWS = st.builds(
    Row,
    IDS,
    st.lists(IDS | st.just("gone"), max_size=2, unique=True).map(tuple),
    st.one_of(
        st.just(()),
        st.just(()),
        st.lists(IDS | st.sampled_from(["gone", "x"]), max_size=1).map(tuple),
    ),
    st.one_of(st.just(()), st.just(()), st.sampled_from([("x",), ("a",), ("y", "z")])),
)


@settings(deadline=None, max_examples=150)
@given(whole())
def test_a_whole_graph_is_seen_as_alembic_sees_it(rows: list[Row]) -> None:
    ours, theirs = graph(*rows), alembic(*rows)
    known = [theirs.get_revision(row.id) for row in rows]
    assert list(ours.heads) == sorted(theirs.heads)
    assert list(ours.bases) == sorted(theirs.bases)
    assert list(ours.branch_points) == sorted(
        str(each.revision) for each in known if each and each.is_branch_point
    )
    assert list(ours.merge_points) == sorted(
        str(each.revision) for each in known if each and each.is_merge_point
    )
    assert not any((ours.missing, ours.cycles, ours.duplicates, ours.missing_dependencies))
    assert not any((ours.dependency_cycles, ours.ambiguous_labels))
    at = {key: number for number, key in enumerate(ours.order)}
    assert len(at) == len(rows)
    for each in known:
        assert each is not None
        earlier = [*each._versioned_down_revisions, *each._resolved_dependencies]
        assert all(at[parent] < at[str(each.revision)] for parent in earlier)


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, min_size=1, max_size=7))
def test_what_alembic_refuses_is_reported(rows: list[Row]) -> None:
    found = chain_findings(*rows)
    if refused(*rows):
        assert found
    else:
        assert "missing-parent" not in found
        # Of two files with one id Alembic mixes the parents, and then misses some cycles.
        assert "revision-cycle" not in found or "duplicate-revision" in found


@settings(deadline=None, max_examples=200)
@given(st.lists(ROWS, min_size=1, max_size=7, unique_by=lambda row: row.id))
def test_alembic_refuses_exactly_what_the_graph_calls_a_defect(rows: list[Row]) -> None:
    ours = graph(*rows)
    assume(not any(row.id in row.depends_on for row in rows))
    defects = [
        *ours.missing,
        *ours.cycles,
        *ours.missing_dependencies,
        *ours.dependency_cycles,
        *ours.ambiguous_labels,
    ]
    assert bool(defects) is refused(*rows), defects


def applied(rows: list[Row]) -> bool:
    """Whether Alembic can apply all revisions, writing SQL instead of running it."""
    revision_map = alembic(*rows)
    options = {"as_sql": True, "output_buffer": StringIO()}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    heads = HeadMaintainer(context, ())
    plan = list(revision_map.iterate_revisions("heads", (), implicit_base=True))
    try:
        for each in reversed(plan):
            each.module = SimpleNamespace(upgrade=None)  # type: ignore[attr-defined]  # as a Script has
            heads.update_to_step(MigrationStep.upgrade_from_script(revision_map, each))  # type: ignore[arg-type]  # likewise
    except KeyError:
        return False
    return True


@settings(deadline=None, max_examples=150)
@given(whole())
@example([*chain("1", "2", "3"), Row("4", ("2",)), Row("5", ("3", "4", "2"))])
@example([*chain("1", "2"), Row("3", ("1",)), Row("4", ("3",), ("2", "1"))])
def test_what_has_no_finding_can_be_applied(rows: list[Row]) -> None:
    assert graph(*rows).unwalkable or applied(rows)


def test_a_parent_that_is_an_ancestor_of_another_cannot_be_applied() -> None:
    rows = [*chain("1", "2", "3"), Row("4", ("2",)), Row("5", ("3", "4", "2"))]
    assert not applied(rows)
    assert [(each.id, *ids) for each, *ids in graph(*rows).unwalkable] == [("5", "2", "3")]
    # With a single other parent, Alembic does not treat it as a merge.
    assert applied([*rows[:4], Row("5", ("3", "2")), Row("6", ("4",))])
    assert not graph(*rows[:4], Row("5", ("3", "2"))).unwalkable


def test_every_defect_is_found_at_once() -> None:
    rows = [
        *chain("a", "b", "c"),
        Row("d", ("gone",)),
        Row("e", ("f",)),
        Row("f", ("e",)),
        Row("g", ("g",)),
        Row("h"),
        Row("c", ("a",)),
        Row("i", ("b", "h", "lost")),
        Row("k", ("b",)),
    ]
    found = set(chain_findings(*rows))
    assert found == {
        *("missing-parent", "revision-cycle", "multiple-bases", "multiple-heads"),
        *("duplicate-revision", "merge-revision"),
    }
    ours = graph(*rows)
    assert [(each.id, parent) for each, parent in ours.missing] == [("d", "gone"), ("i", "lost")]
    assert ours.cycles == [("e", "f"), ("g",)]
    assert [*ours.duplicates] == ["c"]
    assert ours.heads == ("c", "d", "i", "k")


CYCLES = {
    "of one": ([Row("a", ("a",))], [("a",)]),
    "of three, child after parent": (
        [Row("b", ("a",)), Row("c", ("b",)), Row("a", ("c",))],
        [("a", "b", "c")],
    ),
    "behind another": (
        [Row("a", ("b",)), Row("b", ("a",)), Row("c", ("a", "d")), Row("d", ("c",))],
        [("a", "b"), ("c", "d")],
    ),
    "before another": (
        [Row("z", ("y",)), Row("y", ("z",)), Row("c", ("z", "d")), Row("d", ("c",))],
        [("c", "d"), ("y", "z")],
    ),
    "with what hangs from it": (
        [Row("a", ("b",)), Row("b", ("a",)), *[Row(f"c{n}", ("a",)) for n in range(5)]],
        [("a", "b")],
    ),
    "of a merge point, the short way around": (
        [Row("a", ("c", "b")), Row("b", ("a",)), Row("c", ("b",))],
        [("a", "b")],
    ),
    "next to a chain": ([*chain("m", "n"), Row("a", ("b",)), Row("b", ("a",))], [("a", "b")]),
    "none": (chain("a", "b", "c"), []),
}


@pytest.mark.parametrize("case", CYCLES)
def test_cycles(case: str) -> None:
    rows, expected = CYCLES[case]
    assert graph(*rows).cycles == expected
    left_out = {row.id for row in rows} - {*graph(*rows).order}
    assert bool(left_out) is bool(expected)
    assert refused(*rows) is bool(expected)


def test_a_dependency_comes_first_in_the_order() -> None:
    rows = [Row("a"), Row("b", ("a",), ("z",)), Row("y", labels=("other",)), Row("z", ("y",))]
    order = graph(*rows).order
    assert order.index("z") < order.index("b")
    by_label = [Row("b", (), ("other",)), Row("z", (), (), ("other",))]
    assert graph(*by_label).order == ("z", "b")


def test_a_cycle_that_a_dependency_closes() -> None:
    rows = [Row("a", (), ("b",)), Row("b", ("a",))]
    ours = graph(*rows)
    assert ours.cycles == []
    assert ours.dependency_cycles == [("a", "b")]
    assert refused(*rows)


def test_of_twins_the_last_counts() -> None:
    rows = [Row("a"), Row("b", ("a",)), Row("b", ("gone",))]
    ours = graph(*rows)
    assert ours.by_id["b"].parents == ("gone",)
    assert [each.path for each in ours.duplicates["b"]] == ["versions/001.py", "versions/002.py"]


def test_what_is_unread_is_not_a_missing_parent() -> None:
    ours = Graph(revisions(Row("b", ("a",)), Row("c", ("b",))), unread=["a"])
    assert ours.missing == []
    assert "c" in ours.adrift
    assert not Graph(revisions(*chain("a", "b"))).adrift


def test_a_possible_label_is_not_a_missing_dependency() -> None:
    rows = revisions(Row("a"), Row("b", ("a",), ("gone",)))
    assert [(each.id, name) for each, name in Graph(rows).missing_dependencies] == [("b", "gone")]
    assert Graph(rows, unread=["c"]).missing_dependencies == []
    computed = [rows[0]._replace(computed=("branch_labels",)), rows[1]]
    assert Graph(computed).missing_dependencies == []


def test_ancestors_and_descendants() -> None:
    ours = graph(*chain("a", "b", "c"), Row("d", ("b",)), Row("e", ("c", "d")), Row("f", ("gone",)))
    assert ours.ancestors("c") == {"a", "b", "c"}
    assert ours.ancestors("f") == {"f", "gone"}
    assert ours.descendants("b") == {"b", "c", "d", "e"}
    assert ours.common_ancestor(["c", "d"]) == "b"
    assert ours.common_ancestor(["e", "d"]) == "d"
    assert ours.common_ancestor(["e", "f"]) is None


def test_a_long_history_needs_no_deep_stack() -> None:
    keys = [f"{number:06}" for number in range(20_000)]
    straight = graph(*chain(*keys))
    assert straight.heads == (keys[-1],)
    assert straight.order == tuple(keys)
    assert len(straight.ancestors(keys[-1])) == 20_000
    around = graph(*chain(*keys)[1:], Row(keys[0], (keys[-1],)))
    assert around.cycles == [tuple(keys)]


@pytest.mark.parametrize(
    ("rows", "straight"),
    [
        ([*chain("a", "b", "c")], True),
        ([*chain("a")], True),
        ([*chain("a", "b"), Row("c", ("a",))], False),
        ([*chain("a", "b"), Row("c", ("d",)), Row("d", ("c",))], False),
        ([Row("a"), Row("b", ("a", "c")), Row("c", ("b",))], False),
        ([Row("a"), Row("b", ("a",)), Row("c", ("b", "a"))], False),
        ([Row("a", ("gone",)), Row("b", ("a",))], False),
        (
            [
                *(Row("a"), Row("b", ("a", "c")), Row("c", ("b",))),
                *(Row("d", ("gone",)), Row("e", ("gone",))),
            ],
            False,
        ),
    ],
)
def test_straight(rows: list[Row], straight: bool) -> None:
    """The walk ends, even if it reaches a cycle through a merge point."""
    assert graph(*rows).is_straight is straight


def test_a_label_of_a_revision_whose_id_stands_twice_is_there() -> None:
    rows = [Row("a", (), ("x",)), Row("c", labels=("x",)), Row("c")]
    assert graph(*rows).missing_dependencies == []
