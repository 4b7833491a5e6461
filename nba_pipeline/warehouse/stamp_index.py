"""The newest stamp of every partition, indexed from the commits that carry them.

The commit is the truth; this index only saves reading the whole history. It can be deleted at any
time and is rebuilt from the commits.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from nba_pipeline.coordination.database import begin, create_tables, lock
from nba_pipeline.warehouse.protocol import Stamp

_METADATA = sa.MetaData()
_STAMPS = sa.Table(
    "partition_stamps",
    _METADATA,
    sa.Column("table_id", sa.String(64), primary_key=True),
    sa.Column("partition", sa.String(10), primary_key=True),
    sa.Column("stamp", sa.Text, nullable=False),
)
_VERSIONS = sa.Table(
    "indexed_versions",
    _METADATA,
    sa.Column("table_id", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)


class StampIndex:
    """Stamps by table id and partition, with the table version up to which they are indexed."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._cache: dict[str, tuple[int, dict[date, Stamp]]] = {}
        create_tables(engine, _METADATA)

    def indexed_version(self, table_id: str) -> int:
        """The newest version whose stamps are in; -1 when none is."""
        with self._engine.connect() as connection:
            found = connection.scalar(
                sa.select(_VERSIONS.c.version).where(_VERSIONS.c.table_id == table_id)
            )
        return -1 if found is None else int(found)

    def add(self, table_id: str, version: int, stamps: Sequence[Stamp]) -> None:
        """Takes in the stamps of commits up to the version, later ones last.

        Commits arrive in order, so a process that is behind another adds nothing.
        """
        newest = {stamp.partition: stamp for stamp in stamps}
        with begin(self._engine) as connection:
            lock(connection)
            known = connection.scalar(
                sa.select(_VERSIONS.c.version).where(_VERSIONS.c.table_id == table_id)
            )
            if known is not None and known >= version:
                return
            keys = [day.isoformat() for day in newest]
            for start in range(0, len(keys), 500):
                connection.execute(
                    sa.delete(_STAMPS).where(
                        _STAMPS.c.table_id == table_id,
                        _STAMPS.c.partition.in_(keys[start : start + 500]),
                    )
                )
            if newest:
                connection.execute(
                    sa.insert(_STAMPS),
                    [
                        {
                            "table_id": table_id,
                            "partition": day.isoformat(),
                            "stamp": json.dumps(stamp.as_json()),
                        }
                        for day, stamp in newest.items()
                    ],
                )
            connection.execute(sa.delete(_VERSIONS).where(_VERSIONS.c.table_id == table_id))
            connection.execute(sa.insert(_VERSIONS).values(table_id=table_id, version=version))

    def read(self, table_id: str, version: int) -> Mapping[date, Stamp]:
        """The stamps as of the indexed version, which must be the one given or newer."""
        cached = self._cache.get(table_id)
        if cached and cached[0] == version:
            return cached[1]
        with self._engine.connect() as connection:
            rows = connection.scalars(
                sa.select(_STAMPS.c.stamp).where(_STAMPS.c.table_id == table_id)
            )
            stamps = [Stamp.from_json(json.loads(text)) for text in rows]
        found = {stamp.partition: stamp for stamp in stamps}
        self._cache[table_id] = (version, found)
        return found
