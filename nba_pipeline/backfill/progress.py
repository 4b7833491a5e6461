"""How far a backfill is and how long it will still take, from what its tables took before."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.coordination.database import NOW, begin, create_tables, patiently

_STEPS = sa.Table(
    "backfill_steps",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("backfill_id", sa.String(64), nullable=False, index=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("table_name", sa.String(128), nullable=False, index=True),
    sa.Column("dates", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("queued_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("seconds", sa.Float),
    sa.Column("detail", sa.Text),
)
_QUEUED, _RUNNING, _LEFT = "queued", "running", "left"
_ENDED = ("done", audit.FAILED, _LEFT)
_COMPUTED = re.compile(r"(\d+) written, (\d+) unchanged, ")
_NOTHING = "0 written, 0 unchanged, %"
_LIKE = 100
"""So many past steps of like size are looked at."""
_GUESS_SECONDS = 1.0
_GUESS_SECONDS_PER_DATE = 0.01


@dataclass(frozen=True)
class Step:
    """One table of a backfill: queued, running, done, failed, or left by a run that is over.

    Seconds so far, and expected in all: those of one that has ended are what it took.
    """

    table: str
    run_id: str
    dates: int
    state: str
    seconds: float
    expected_seconds: float
    detail: str | None

    @property
    def remaining_seconds(self) -> float:
        """What is probably left."""
        return 0.0 if self.state in _ENDED else max(self.expected_seconds - self.seconds, 0.0)


class Progress:
    """The steps of backfills, written as they go and read from any terminal."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create_tables(engine, METADATA)

    def queue(self, backfill_id: str, run_id: str, tables: dict[str, int]) -> None:
        """Announces the tables of a run, in order, with their numbers of dates."""
        announced = {"backfill_id": backfill_id, "run_id": run_id, "state": _QUEUED}
        with begin(self._engine) as connection:
            now = connection.scalar(sa.select(NOW))
            lines = [
                {"table_name": table, "dates": dates, "queued_at": now, **announced}
                for table, dates in tables.items()
            ]
            connection.execute(sa.insert(_STEPS), lines)

    def start(self, run_id: str, table: str, dates: int) -> None:
        """The table's work begins."""
        self._set(run_id, table, state=_RUNNING, dates=dates, started_at=NOW)

    def finish(self, run_id: str, table: str, seconds: float, detail: str) -> None:
        """The table is done; detail is what `counts` says of it."""
        self._set(run_id, table, state="done", seconds=seconds, detail=detail)

    @staticmethod
    def counts(written: int, unchanged: int, current: int, refused: int) -> str:
        """What a step came to, from which later ones are estimated."""
        return f"{written} written, {unchanged} unchanged, {current} current, {refused} refused"

    def fail(self, run_id: str, table: str, seconds: float, detail: str | None = None) -> None:
        """The table's work ended with an error; without detail the audit has a line on it."""
        self._set(run_id, table, state=audit.FAILED, seconds=seconds, detail=detail)

    def leave(self, run_id: str) -> None:
        """The run is over: the tables that it has not come to are left."""
        self._write(_leaving(run_id))

    def _set(self, run_id: str, table: str, **values: object) -> None:
        of_step = _STEPS.c.run_id == run_id, _STEPS.c.table_name == table
        self._write(sa.update(_STEPS).where(*of_step).values(**values))

    def _write(self, update: sa.Update) -> None:
        def write() -> None:
            with begin(self._engine) as connection:
                connection.execute(update)

        # The rows stand by then, and no hiccup makes a failure of them.
        patiently(write)

    def latest(self) -> str | None:
        """The id of the backfill that was announced last."""
        newest = sa.select(_STEPS.c.backfill_id).order_by(_STEPS.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(newest)

    def at_an_end_since(self, when: datetime) -> list[str]:
        """The ids of backfills whose last step so far ended after that."""
        begun = sa.func.coalesce(_STEPS.c.started_at, _STEPS.c.queued_at)
        end = begun + sa.func.coalesce(_STEPS.c.seconds, 0.0)
        lately = sa.select(_STEPS.c.backfill_id).where(end > when.timestamp()).distinct()
        with self._engine.connect() as connection:
            return list(connection.scalars(lately))

    def expected(self, tables: dict[str, int]) -> float:
        """Seconds that so many partitions of the tables will probably take."""
        with self._engine.connect() as connection:
            return sum(_expected(connection, name, dates) for name, dates in tables.items())

    def steps(self, backfill_id: str) -> list[Step]:
        """The backfill's tables in order."""
        with self._engine.connect() as connection:
            return _steps(connection, _STEPS.c.backfill_id == backfill_id)

    def ended(self, backfill_id: str) -> list[Step]:
        """Those of the backfill's tables that are done or have failed."""
        is_ended = _STEPS.c.state.in_(("done", audit.FAILED))
        with self._engine.connect() as connection:
            return _steps(connection, sa.and_(_STEPS.c.backfill_id == backfill_id, is_ended))


def lose(connection: sa.Connection, run_id: str, last_heard: float, reason: str) -> None:
    """The run is not heard of since that moment: the table that it was at fails, what it left is left.

    A run that lives on all the same writes over it how its tables end.
    """
    of_run, since = _STEPS.c.run_id == run_id, _STEPS.c.started_at
    seconds = sa.case((since < last_heard, last_heard - since), else_=0.0)
    failed = {"state": audit.FAILED, "seconds": seconds, "detail": reason}
    running = sa.update(_STEPS).where(of_run, _STEPS.c.state == _RUNNING)
    connection.execute(running.values(**failed))
    connection.execute(_leaving(run_id))


def _leaving(run_id: str) -> sa.Update:
    """Marks what the run has not come to."""
    queued = sa.update(_STEPS).where(_STEPS.c.run_id == run_id, _STEPS.c.state == _QUEUED)
    return queued.values(state=_LEFT, seconds=0.0)


def run_description(connection: sa.Connection, run_id: str) -> str | None:
    """How far a run or backfill is, and how long what it has announced will take; None for nothing."""
    of_it = sa.or_(_STEPS.c.run_id == run_id, _STEPS.c.backfill_id == run_id)
    steps = _steps(connection, of_it)
    if not steps:
        return None
    ended = sum(step.state in _ENDED for step in steps)
    left = sum(step.remaining_seconds for step in steps)
    return f"{ended} of {len(steps)} tables done, about {left:.0f} s left"


def _steps(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Step]:
    so_far = sa.func.coalesce(_STEPS.c.seconds, NOW - _STEPS.c.started_at, 0.0)
    query = sa.select(_STEPS, so_far.label("so_far")).where(where).order_by(_STEPS.c.id)
    return [
        Step(
            row.table_name,
            row.run_id,
            row.dates,
            row.state,
            row.so_far,
            row.so_far if row.state in _ENDED else _expected(connection, row.table_name, row.dates),
            row.detail or _reason(connection, row),
        )
        for row in connection.execute(query).all()
    ]


def _reason(connection: sa.Connection, row: sa.Row[Any]) -> str | None:
    """Why the step failed; None where it did not."""
    if row.state != audit.FAILED:
        return None
    return audit.failure(connection, row.backfill_id, row.run_id, row.table_name)


def _expected(connection: sa.Connection, table: str, dates: int) -> float:
    """Seconds for so many dates, from the past step that computed the most similar number."""
    past = connection.execute(
        sa.select(_STEPS.c.dates, _STEPS.c.seconds, _STEPS.c.detail)
        .where(_STEPS.c.table_name == table, _STEPS.c.state == "done", _STEPS.c.dates > 0)
        .where(_STEPS.c.detail.not_like(_NOTHING))
        .order_by(sa.func.abs(_STEPS.c.dates - dates), _STEPS.c.id.desc())
        .limit(_LIKE)
    )
    computed = [(_computed(row.dates, row.detail), float(row.seconds)) for row in past]
    if not computed:
        return _GUESS_SECONDS + dates * _GUESS_SECONDS_PER_DATE
    count, seconds = min(computed, key=lambda step: abs(step[0] - dates))
    # A part of the time is there for any number of dates.
    return seconds * (dates / count if dates > count else 1.0)


def _computed(dates: int, detail: str) -> int:
    """How many of its dates a step has computed: those that it found current took no time."""
    told = _COMPUTED.match(detail)
    return sum(map(int, told.groups())) if told else dates
