"""Which revisions a round trip steps: all, new ones only, and the share of a job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revgate.errors import UsageError
from revgate.history.revision import Revision
from revgate.roundtrip.plan import Plan, make_plan, parse_shard

CHAIN = [Revision(f"r{number}.py", f"r{number}", ()) for number in range(5)]


def test_without_a_base_everything_is_stepped() -> None:
    assert make_plan(CHAIN, None, None) == Plan(0, 5, 5)


@pytest.mark.parametrize(
    ("new", "start"), [({"r4"}, 4), ({"r2", "r4"}, 2), ({"r0"}, 0), (set(), 5), ({"other"}, 5)]
)
def test_stepped_is_what_follows_the_first_new_revision(new: set[str], start: int) -> None:
    plan = make_plan(CHAIN, frozenset(new), None)

    assert plan == Plan(start, 5, 5)
    assert plan.from_base == (start == 0)
    assert plan.to_head


@given(
    st.integers(0, 40),
    st.integers(1, 12),
    st.none() | st.frozensets(st.integers(0, 40), max_size=3),
)
def test_shards_step_each_revision_once(
    length: int, count: int, new: frozenset[int] | None
) -> None:
    chain = [Revision(f"{number}.py", str(number), ()) for number in range(length)]
    ids = None if new is None else frozenset(map(str, new))
    alone = make_plan(chain, ids, None)
    plans = [make_plan(chain, ids, (number, count)) for number in range(1, count + 1)]

    stepped = [place for plan in plans for place in range(plan.start, plan.stop)]
    assert stepped == list(range(alone.start, alone.stop))
    assert plans[0].start == alone.start
    assert plans[0].production
    assert plans[-1].production
    assert plans[-1].to_head
    assert sum(plan.production for plan in plans) == min(count, 2)


@pytest.mark.parametrize("written", ["1/1", "2/4", "4/4"])
def test_a_shard_is_read(written: str) -> None:
    number, count = map(int, written.split("/"))
    assert parse_shard(written) == (number, count)


@pytest.mark.parametrize("written", ["", "1", "/", "0/2", "3/2", "a/b", "-1/2", "1/2/3", "²/3"])
def test_an_invalid_shard_is_a_usage_error(written: str) -> None:
    with pytest.raises(UsageError, match="write I/N"):
        parse_shard(written)
