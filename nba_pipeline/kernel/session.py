"""What an asset needs of its run: computing a table's dates under the run's lease."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from nba_pipeline.kernel.compute import Computed
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.delta import DeltaWarehouse


class Session(Protocol):
    """The open connections of one run, and the lease under which it writes."""

    warehouse: DeltaWarehouse

    def compute(self, table: Table, days: Sequence[date]) -> Computed:
        """Computes the stale dates; see kernel.compute.compute for what it raises."""
