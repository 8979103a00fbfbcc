"""Spreads work over the cores of the processor.

Child processes are forked, so that they need no input, and return plain values.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    T = TypeVar("T")

SMALLEST_SHARE = 200
"""Fewer things than this are done before another process has started."""


def spread(things: Sequence[T], work: Callable[[Sequence[T]], list[Any]]) -> list[Any]:
    """Do work on a sequence, a share of it in each process; return the results in order.

    A child process that dies costs time only: its share is done here.

    Args:
        things: What to work on.
        work: Takes a share and returns a list of plain values, as `marshal` takes them.
    """
    # Syntax trees have no cycles: searching for some would triple the time of parsing.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        shares = _shares(len(things))
        children = [_start(things[share], work) for share in shares[1:]]
        done = work(things[shares[0]])
        for share, child in zip(shares[1:], children, strict=True):
            part = _finish(child)
            done += work(things[share]) if part is None else part
        return done
    finally:
        if was_enabled:
            gc.enable()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shares(count: int) -> list[slice]:
    number = max(1, min(_cores(), 8, count // SMALLEST_SHARE)) if hasattr(os, "fork") else 1
    edges = [count * at // number for at in range(number + 1)]
    return [slice(begin, end) for begin, end in pairwise(edges)]


def _start(things: Sequence[T], work: Callable[[Sequence[T]], list[Any]]) -> tuple[int, int]:
    """Start a share in a child process; return its id and the pipe to read from."""
    reader, writer = os.pipe()
    # Otherwise, buffered output would be written twice.
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(marshal.dumps(work(things)))
    finally:
        # The child must never continue with the work of the parent.
        os._exit(0)


def _finish(child: tuple[int, int]) -> list[Any] | None:
    process, reader = child
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(process, 0)
    try:
        part = marshal.loads(data)  # noqa: S302 - written by our own child
    except (ValueError, EOFError, TypeError):
        return None
    return part if isinstance(part, list) else None
