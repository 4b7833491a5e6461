"""What is stored, for tests that ask nothing else of a warehouse: stamps, and what was changed since."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import SimpleNamespace

from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp


class StampsAlone:
    """Stands for a warehouse of which only stamps are asked; no attempt has failed."""

    def __init__(self, stamps: Mapping[str, Mapping[date, Stamp]]) -> None:
        self._stamps = stamps
        self.failures = SimpleNamespace(
            of=lambda _name: {}, refused=lambda _name: frozenset(), marks=list
        )

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The table's stamps by partition."""
        return self._stamps.get(name, {})


class Changed(Survey):
    """What is stored, with inputs of some tables' dates that have changed since."""

    changed: Mapping[str, Iterable[date]] = {}

    def stale(self, table: Table, partitions: Iterable[date]) -> dict[date, str]:
        """Also those whose inputs have changed."""
        partitions = list(partitions)
        more = {*self.changed.get(table.name, ())} & {*partitions}
        return super().stale(table, partitions) | dict.fromkeys(more, "inputs changed")
