"""Tables from one warehouse to another, with their stamps, so that nothing is computed again."""

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.warehouse.protocol import Fence, Replaced, Storage, Warehouse


class CopyDiffers(NbaPipelineError):
    """A copy whose rows do not have the fingerprints of those that were copied."""


def copy(storage: Storage, source: Warehouse, target: Warehouse, fence: Fence) -> Replaced:
    """Stores the table's newest version in the target as it stands in the source.

    What the target has of the table is replaced as by any writer, with the same refusals: rows of
    newer code or under a newer token stay. A table that was never written is left out.

    Raises:
        WriteRefused: the target has something that may not be replaced.
        CopyDiffers: what was stored is not what was read.
    """
    stamps = source.stamps(storage.name)
    if not stamps:
        return Replaced((), (), 0)
    rows = source.table(storage.name)
    held = target.stage(rows.to_pyarrow())
    try:
        replaced = target.replace(storage, held, [*stamps.values()], fence)
    finally:
        target.drop_staged(held)
    copied = target.stamps(storage.name)
    if differ := [day for day, stamp in stamps.items() if copied[day].content != stamp.content]:
        raise CopyDiffers(
            f"{storage.name}: {len(differ)} partitions, the first {min(differ)}, have other contents "
            "in the copy; it stands, and will be computed again"
        )
    return replaced
