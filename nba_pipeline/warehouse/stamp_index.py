"""The newest stamp of every partition, kept in the coordination database.

The table's log is the truth; this index only saves reading all of it. What it holds counts as long
as the commit that it stands at is part of the log, and is made anew otherwise, so it may be deleted
or damaged at any time and a table's folder may be put back to any state.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from nba_pipeline.coordination.database import begin, create_tables, is_read_only, lock
from nba_pipeline.warehouse.commit_log import Commit, CommitLog, HistoryLost
from nba_pipeline.warehouse.protocol import Stamp, stamps_from_json

_METADATA = sa.MetaData()
_STAMPS = sa.Table(
    "indexed_stamps",
    _METADATA,
    sa.Column("table_name", sa.String(64), primary_key=True),
    sa.Column("partition", sa.String(10), primary_key=True),
    sa.Column("stamp", sa.Text, nullable=False),
)
_COMMITS = sa.Table(
    "indexed_commits",
    _METADATA,
    sa.Column("table_name", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)
_PER_STATEMENT = 500


@dataclass(frozen=True)
class _Indexed:
    """The stamps as of a commit; commit None is before the first."""

    commit: Commit | None
    stamps: Mapping[date, Stamp]

    @property
    def version(self) -> int:
        return -1 if self.commit is None else self.commit.version


_NOTHING = _Indexed(None, {})


class StampIndex:
    """Stamps by table, of whichever commit is asked for."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._held: dict[str, _Indexed] = {}
        create_tables(engine, _METADATA)

    def stamps(self, name: str, log: CommitLog, commit: Commit) -> Mapping[date, Stamp]:
        """The stamps as of the commit, which is part of the log; what is new is indexed.

        Raises:
            HistoryLost: the log lacks a commit, or has another in its place.
        """
        held = self._held.get(name, _NOTHING)
        if held.commit == commit:
            return held.stamps
        base = self._nearest(name, held, log, commit)
        indexed = _Indexed(commit, log.stamps(commit.version, base.version, base.stamps))
        if base.commit != commit:
            if not log.holds(commit):
                told = f"its version {commit.version} is another"
                raise HistoryLost(f"{name} has been put back: {told}")
            self._store(name, base, indexed, log)
        self._held[name] = indexed
        return indexed.stamps

    def _nearest(self, name: str, held: _Indexed, log: CommitLog, commit: Commit) -> _Indexed:
        """What is known of the same history at the commit or before it."""
        with self._engine.connect() as connection:
            stored = _stored_commit(connection, name)
        candidates = [held] if held.commit == stored else [self._read(name), held]
        for candidate in candidates:
            candidate_commit = candidate.commit
            if candidate_commit == commit or (
                candidate_commit
                and candidate_commit.version <= commit.version
                and log.holds(candidate_commit)
            ):
                return candidate
        return _NOTHING

    def _read(self, name: str) -> _Indexed:
        """What the database holds, in one statement so that commit and stamps belong together.

        Nothing where a stamp of it cannot be read: all of it is made anew.
        """
        together = _COMMITS.outerjoin(_STAMPS, _COMMITS.c.table_name == _STAMPS.c.table_name)
        query = (
            sa.select(_COMMITS.c.version, _COMMITS.c.digest, _STAMPS.c.stamp)
            .select_from(together)
            .where(_COMMITS.c.table_name == name)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return _NOTHING
        # As one document: they are some 20,000 of three seasons.
        document = ",".join(row.stamp for row in rows if row.stamp is not None)
        try:
            stamps = stamps_from_json(f"[{document}]")
        except ValueError:
            self._forget(name)
            return _NOTHING
        commit = Commit(rows[0].version, rows[0].digest)
        return _Indexed(commit, {stamp.partition: stamp for stamp in stamps})

    def _forget(self, name: str) -> None:
        """Makes the database hold nothing of the table, so that it is stored in full again."""
        with begin(self._engine) as connection:
            if not is_read_only(connection):
                lock(connection)
                connection.execute(sa.delete(_COMMITS).where(_COMMITS.c.table_name == name))

    def _store(self, name: str, base: _Indexed, indexed: _Indexed, log: CommitLog) -> None:
        """Makes the database hold what was found, unless it holds later commits of the log.

        Who may only read does without: the index saves time, and says nothing of its own.
        """
        if indexed.commit is None:
            return
        with begin(self._engine) as connection:
            if is_read_only(connection):
                return
            lock(connection)
            stored = _stored_commit(connection, name)
            if stored and stored.version >= indexed.version and log.holds(stored):
                return
            base_stamps = base.stamps if stored and stored == base.commit else {}
            of_table = _STAMPS.c.table_name == name
            if base_stamps:
                gone = {
                    day for day in base_stamps if indexed.stamps.get(day) is not base_stamps[day]
                }
                keys = [day.isoformat() for day in gone]
                for start in range(0, len(keys), _PER_STATEMENT):
                    some = _STAMPS.c.partition.in_(keys[start : start + _PER_STATEMENT])
                    connection.execute(sa.delete(_STAMPS).where(of_table, some))
            else:
                connection.execute(sa.delete(_STAMPS).where(of_table))
            new = [
                {"table_name": name, "partition": day.isoformat(), "stamp": _text(stamp)}
                for day, stamp in indexed.stamps.items()
                if base_stamps.get(day) is not stamp
            ]
            if new:
                connection.execute(sa.insert(_STAMPS), new)
            connection.execute(sa.delete(_COMMITS).where(_COMMITS.c.table_name == name))
            values = {"version": indexed.version, "digest": indexed.commit.digest}
            connection.execute(sa.insert(_COMMITS).values(table_name=name, **values))


def _stored_commit(connection: sa.Connection, name: str) -> Commit | None:
    """The commit that the database's stamps are of."""
    query = sa.select(_COMMITS.c.version, _COMMITS.c.digest).where(_COMMITS.c.table_name == name)
    row = connection.execute(query).first()
    return None if row is None else Commit(row.version, row.digest)


def _text(stamp: Stamp) -> str:
    return json.dumps(stamp.as_json())
