"""Work that is spread over processes comes back whole and in order."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from revgate.history import parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def each(work: Callable[[int], Any]) -> Callable[[Sequence[int]], list[Any]]:
    return lambda share: [work(thing) for thing in share]


def test_order_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "SMALLEST_SHARE", 3)
    things = list(range(100))
    assert parallel.spread(things, each(lambda thing: (thing, str(thing)))) == [
        (thing, str(thing)) for thing in things
    ]


def test_nothing_takes_no_work() -> None:
    assert parallel.spread([], each(lambda thing: thing)) == []


def test_a_child_that_dies_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "SMALLEST_SHARE", 3)
    monkeypatch.setattr(parallel, "_cores", lambda: 2)
    parent = os.getpid()

    def work(thing: int) -> int:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return -thing

    assert parallel.spread(list(range(50)), each(work)) == [-thing for thing in range(50)]


def test_a_child_that_raises_lets_the_parent_raise(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parallel, "SMALLEST_SHARE", 3)
    monkeypatch.setattr(parallel, "_cores", lambda: 2)

    def work(thing: int) -> int:
        if thing == 40:
            raise LookupError(thing)
        return thing

    with pytest.raises(LookupError, match="40"):
        parallel.spread(list(range(50)), each(work))
    assert capfd.readouterr().err == ""
