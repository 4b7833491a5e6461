"""Whether what a question is about has been computed at all."""

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.warehouse.protocol import Warehouse


class NothingStored(NbaPipelineError, LookupError):
    """A question about tables that were never computed; says how they are."""


def require_stored(warehouse: Warehouse, *tables: str) -> None:
    """Asks for tables before they are read.

    Raises:
        NothingStored: one of them was never written.
    """
    stored = warehouse.names()
    for name in tables:
        if name not in stored:
            raise NothingStored(
                f"{name} is not stored yet: compute it with "
                "nba-pipeline backfill --from DATE --to DATE, or try nba-pipeline demo"
            )
