"""The one book of failed partitions: whose last attempt failed, until one succeeds or is not needed.

What status shows, what is refused downstream and what Dagster is told all come from here; how a run
went that has ended is a line of the audit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import sqlalchemy as sa

from nba_pipeline.coordination.database import begin, create_tables, patiently

_METADATA = sa.MetaData()
_FAILED = sa.Table(
    "failed_partitions",
    _METADATA,
    sa.Column("table_name", sa.String(128), primary_key=True),
    sa.Column("partition", sa.String(10), primary_key=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # What the attempt was to be made from, and by; null where that is not known.
    sa.Column("made_from", sa.String(64)),
)
_AT_ONCE = 500
_FEW = 7
"""Of as many dates that failed as one set each is tried by itself."""
_ONE_OF_FEW = " one of few"
"""How what such a date was to be made from ends."""


@dataclass(frozen=True)
class Mark:
    """One failed partition: of which table, by which run, why, and what it was to be made from."""

    table: str
    partition: date
    run_id: str
    reason: str
    made_from: str | None

    @property
    def is_one_of_few(self) -> bool:
        """Whether it failed with a few others as one set."""
        return bool(self.made_from) and str(self.made_from).endswith(_ONE_OF_FEW)

    @property
    def tried_with(self) -> str | None:
        """What another attempt would have to be made from to come to the same."""
        return self.made_from and self.made_from.removesuffix(_ONE_OF_FEW)


class Failures:
    """Marks by table and partition, in the coordination database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create_tables(engine, _METADATA)

    def of(self, table: str) -> Mapping[date, str]:
        """The table's failed partitions, each with why."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_FAILED).where(_FAILED.c.table_name == table))
            return {
                date.fromisoformat(row.partition): f"{row.reason} (run {row.run_id})"
                for row in rows
            }

    def refused(self, table: str) -> frozenset[date]:
        """Those of them that were not tried: what they would have been made from was not ready."""
        of_table = _FAILED.c.table_name == table, _FAILED.c.made_from.is_(None)
        with self._engine.connect() as connection:
            days = connection.scalars(sa.select(_FAILED.c.partition).where(*of_table))
            return frozenset(map(date.fromisoformat, days))

    def marks(self) -> list[Mark]:
        """Every mark of every table, in order."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_FAILED).order_by(_FAILED.c.table_name, _FAILED.c.partition)
            )
            return [
                Mark(
                    row.table_name,
                    date.fromisoformat(row.partition),
                    row.run_id,
                    row.reason,
                    row.made_from,
                )
                for row in rows
            ]

    def mark(
        self,
        table: str,
        reasons: Mapping[date, str],
        run_id: str,
        made_from: Mapping[date, str] = MappingProxyType({}),
        *,
        is_one_set: bool = False,
    ) -> None:
        """Notes that the partitions failed, instead of what was noted of them before.

        Args:
            table: whose partitions they are.
            reasons: why each failed.
            run_id: the run that tried.
            made_from: what each was to be made from, where that is known.
            is_one_set: whether those of which it is known failed together, any of which may be to blame.
        """
        ending = _ONE_OF_FEW if is_one_set and 1 < len(made_from) <= _FEW else ""
        lines = [
            {
                "table_name": table,
                "partition": str(day),
                "run_id": run_id,
                "reason": reason,
                "made_from": made_from[day] + ending if day in made_from else None,
            }
            for day, reason in reasons.items()
        ]
        self._replace(table, reasons, lines)

    def clear(self, table: str, days: Iterable[date]) -> None:
        """Forgets the partitions' failures."""
        self._replace(table, days, [])

    def _replace(
        self, table: str, days: Iterable[date], lines: Sequence[Mapping[str, object]]
    ) -> None:
        """Makes the lines all that is noted of the days, also where the database hiccups."""
        keys = [str(day) for day in days]
        if not keys:
            return

        def write() -> None:
            with begin(self._engine) as connection:
                _delete(connection, table, keys)
                if lines:
                    connection.execute(sa.insert(_FAILED), lines)

        patiently(write)


def _delete(connection: sa.Connection, table: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        some = _FAILED.c.partition.in_(keys[start : start + _AT_ONCE])
        connection.execute(sa.delete(_FAILED).where(_FAILED.c.table_name == table, some))
