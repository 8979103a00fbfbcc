"""Work on many things, spread over the processor's cores.

Knows processes; nothing of the work. Children are forked, so that nothing has to be sent to
them, and send plain values back.
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
"""Fewer things than this are done before another process is up."""


def spread(things: Sequence[T], work: Callable[[T], Any]) -> list[Any]:
    """Apply a function that returns plain values (as `marshal` takes them) to each thing, in order.

    A child that dies costs time only: its share is done here.
    """
    return spread_shares(things, lambda share: [work(thing) for thing in share])


def spread_shares(things: Sequence[T], work: Callable[[Sequence[T]], list[Any]]) -> list[Any]:
    """Do as `spread`, with a function that takes many things at once and answers with a list."""
    # Syntax trees hold no cycles: looking for some triples the time of parsing.
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
    """Begin a share in a child; return its process id and the pipe to read from."""
    reader, writer = os.pipe()
    # What is still buffered would otherwise be written twice.
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
        # Whatever happened, the child must not go on with what the parent was doing.
        os._exit(0)


def _finish(child: tuple[int, int]) -> list[Any] | None:
    process, reader = child
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(process, 0)
    try:
        part = marshal.loads(data)  # noqa: S302 - our own child's
    except (ValueError, EOFError, TypeError):
        return None
    return part if isinstance(part, list) else None
