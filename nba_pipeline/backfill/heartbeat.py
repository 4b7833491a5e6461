"""Keeping a lease: a thread prolongs it, and interrupts the work once that was cancelled."""

import threading
import time
from collections.abc import Callable
from typing import Self

from nba_pipeline.backfill.leases import LeaseLost, Leases
from nba_pipeline.coordination.database import HICCUPS

_LOOK_SECONDS = 1.0


class Heartbeat:
    """Beats for one lease from its start to its end."""

    def __init__(
        self,
        leases: Leases,
        lease_id: int,
        ids: tuple[str, str],
        *,
        stopped: Callable[[], str | None],
        interrupt: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes a lease that was just given.

        Args:
            leases: where it is kept.
            lease_id: the lease.
            ids: its run and backfill.
            stopped: why the run was stopped in its launcher; None while it was not.
            interrupt: interrupts the work.
            clock: seconds that only go forward.
        """
        self._leases, self._lease_id, self._ids = leases, lease_id, ids
        self._stopped, self._interrupt, self._clock = stopped, interrupt, clock
        self._last = clock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._end.wait(_LOOK_SECONDS):
            if not self.look():
                return

    def look(self) -> bool:
        """Prolongs the lease when it is time to; whether there is anything left to look after.

        A database that does not answer ends nothing while the lease has not expired.
        """
        now = self._clock()
        try:
            is_kept = now - self._last < self._leases.seconds / 3 or self._prolong(now)
            self.note_stopped()
            if self._leases.is_cancelled(*self._ids):
                self._interrupt()
                return False
        except HICCUPS:
            return now - self._last < self._leases.seconds
        return is_kept

    def _prolong(self, now: float) -> bool:
        try:
            self._leases.heartbeat(self._lease_id)
        except LeaseLost:
            # The fence refuses the next commit and says why.
            return False
        self._last = now
        return True

    def note_stopped(self) -> None:
        """Takes a run that was stopped in its launcher for a cancelled backfill."""
        reason = self._stopped()
        if reason and not self._leases.is_cancelled(*self._ids):
            self._leases.cancel(self._ids[1], reason)
