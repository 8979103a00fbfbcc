"""An orderly end on SIGTERM, SIGHUP and Ctrl-C: context managers clean up first."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = ("SIGTERM", "SIGHUP")


class Interrupted(BaseException):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    hold_signals()  # a second signal must not interrupt the cleanup
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Interrupted(number)


def hold_signals() -> None:
    """Ignore further signals during the cleanup."""
    if threading.current_thread() is threading.main_thread():
        for name in (*_SIGNALS, "SIGINT"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn the first signal into an exception, and end the process by that signal afterwards.

    Context managers inside the block clean up in between. SIGINT becomes KeyboardInterrupt. Outside
    the main thread, where Python cannot handle signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in (*_SIGNALS, "SIGINT") if hasattr(signal, name)]
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    before = {n: signal.signal(n, _interrupt) for n in numbers if n not in ignored}
    try:
        yield
    except Interrupted as interrupted:
        _restore(before)
        signal.raise_signal(interrupted.number)
        raise
    finally:
        _restore(before)


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)
