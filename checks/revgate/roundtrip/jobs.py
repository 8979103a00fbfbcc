"""Runs parts of a round trip side by side, each in a thread that drives agents of its own.

What a round trip finds does not depend on how many there are: with one, each part runs when its
result is asked for.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def default_jobs() -> int:
    """Return how many processors this process can use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Jobs:
    """The threads of one round trip."""

    def __init__(self, number: int, stop: Callable[[], None]) -> None:
        """Start none yet.

        Args:
            number: How many run at the same time.
            stop: Makes all of them end early.
        """
        self._stop = stop
        self._threads = ThreadPoolExecutor(number) if number > 1 else None

    @property
    def is_serial(self) -> bool:
        """Whether nothing runs at the same time."""
        return self._threads is None

    def start(self, work: Callable[[], Result]) -> Callable[[], Result]:
        """Start some work as soon as a thread is free; return what waits for its result."""
        if self._threads is None:
            return cache(work)
        future: Future[Result] = self._threads.submit(work)
        return future.result

    def close(self) -> None:
        """Make all end that still run, and wait for that."""
        if self._threads is not None:
            self._stop()
            self._threads.shutdown(cancel_futures=True)
