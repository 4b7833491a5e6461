"""What rows are made from: the version and the content of every table upstream of their own."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date

import pyarrow as pa

from nba_pipeline import clock
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp, Warehouse

_SCHEMA = pa.schema(
    {"game_date": pa.date32(), "made_from": pa.string(), "now": pa.timestamp("us", "UTC")}
)


def made_from(table: Table, days: Iterable[date], warehouse: Warehouse) -> pa.Table:
    """One row per day to which rows can still be added: game_date, made_from, and now, in UTC.

    made_from is JSON, upstream table to its version and content: version is the warehouse's; content
    is a fingerprint of the table's partitions up to and with the day. A table read at its version has
    that content and gives the same rows again.
    """
    stamps = {name: warehouse.stamps(name) for name in table.upstream}
    versions = {name: warehouse.version(name) for name in table.upstream}
    open_days = [day for day in days if not table.is_closed(day)]
    texts = [
        json.dumps(
            {
                name: {"version": versions[name], "content": content(stamps[name], day)}
                for name in table.upstream
            }
        )
        for day in open_days
    ]
    now = [clock.now()] * len(open_days)
    return pa.table([open_days, texts, now], _SCHEMA)


def content(stamps: Mapping[date, Stamp], day: date) -> str:
    """A fingerprint of the contents of a table's partitions up to and with the day."""
    parts = [
        f"{partition}{stamps[partition].content}"
        for partition in sorted(stamps)
        # An off day adds nothing.
        if partition <= day and stamps[partition].content != "empty"
    ]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
