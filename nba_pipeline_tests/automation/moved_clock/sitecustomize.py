"""Moves the clock of every Python process that has this folder on its path, as a file says.

The file that MOVED_CLOCK names holds the seconds between the real time and the process's, and may
change while it runs. Durations, deadlines of calls, and the clocks of databases stay as they are.
"""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import grpc._channel
import grpc._common
import grpc._server
import grpc._utilities
import time_machine

_LOOKS_EVERY_SECONDS = 0.2
_PLACE = Path(os.environ["MOVED_CLOCK"])


def _moved(now: datetime, told: str) -> datetime:
    return now + timedelta(seconds=float(told))


def _follow(told: str, clock: time_machine.Traveller) -> None:
    while True:
        time.sleep(_LOOKS_EVERY_SECONDS)
        if (now_told := _PLACE.read_text()) != told:
            told = now_told
            clock.move_to(_moved(time_machine.escape_hatch.datetime.datetime.now(UTC), told))


_told = _PLACE.read_text()
_clock = time_machine.travel(_moved(datetime.now(UTC), _told), tick=True).start()
# gRPC's deadlines are moments of the machine's clock.
for _module in (grpc._channel, grpc._common, grpc._server, grpc._utilities):
    _module.time = SimpleNamespace(**vars(time) | {"time": time_machine.escape_hatch.time.time})
threading.Thread(target=_follow, args=(_told, _clock), daemon=True).start()
