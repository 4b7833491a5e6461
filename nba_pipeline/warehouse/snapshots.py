"""Reading tables as they stood together at one moment."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Head = TypeVar("Head")


class Snapshots(ABC, Generic[Head]):
    """Which version of each table reads come from: those of a snapshot, or else the newest."""

    _pins: dict[str, Head] | None = None

    @abstractmethod
    def _heads(self) -> dict[str, Head]:
        """Every table's newest version, as they stood together at one moment."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Until left, all reads come from the tables as they stood together at the entry."""
        if self._pins is not None:
            yield
            return
        self._pins = self._heads()
        try:
            yield
        finally:
            self._pins = None

    @contextmanager
    def unpinned(self) -> Iterator[None]:
        """Until left, all reads come from the tables as they stand now, also within a snapshot."""
        pins, self._pins = self._pins, None
        try:
            yield
        finally:
            self._pins = pins
