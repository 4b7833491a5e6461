"""Interrupts of this process: whether somebody has asked it to stop, whoever's handler took that.

Dagster and DuckDB each have a handler of their own while they work, and DuckDB's makes an error like
any other of it. So the signals themselves are counted, where Python writes down each that comes.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dagster._core.errors import DagsterExecutionInterruptedError

_SIGNALS = {signal.SIGINT, signal.SIGTERM}


class _Watch:
    """What has come since it was begun."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)
        self._has_come = False

    def has_come(self) -> bool:
        """Whether one of the signals has."""
        with suppress(BlockingIOError):
            self._has_come |= bool(_SIGNALS & set(os.read(self.reading, 4096)))
        return self._has_come

    def close(self) -> None:
        """Gives the pipe back."""
        os.close(self.reading)
        os.close(self.writing)


_watches: list[_Watch] = []


@contextmanager
def watched() -> Iterator[None]:
    """Until left, SIGINT and SIGTERM both interrupt the main thread, and are remembered.

    In another thread, which no signal reaches, nothing is watched.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    fd_before = signal.set_wakeup_fd(watch.writing, warn_on_full_buffer=False)
    _watches.append(watch)
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.default_int_handler)
        yield
    finally:
        _watches.remove(watch)
        signal.set_wakeup_fd(fd_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        watch.close()


def have_come() -> bool:
    """Whether this process was interrupted since it is watched."""
    return bool(_watches) and _watches[-1].has_come()


def stop_if_come() -> None:
    """Raises what Dagster takes for an interrupt where one has come, whoever has swallowed it."""
    if have_come():
        raise DagsterExecutionInterruptedError
