"""The books of BigQuery's tables: which commits made them, and the stamps that commits carry.

Each table has a table of commits of its own, in nba_orchestration: one row per commit, and one per
stamp that it carries. A commit is one transaction with the rows. It updates the row of the commit
before it, so that of two transactions on a table BigQuery itself lets one through.

A version is read by time travel: the moment at which a commit began, which it notes, is one at which
the version before it stood. BigQuery keeps seven days of them; a version that is needed longer is kept
in a snapshot of its own.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import google.api_core.exceptions as api
import ibis
import pyarrow as pa

from nba_pipeline.warehouse.bigquery_jobs import Jobs, Overtaken
from nba_pipeline.warehouse.protocol import Stamp, VersionGone, Written, stamps_from_json

DATASET = "nba_orchestration"
_SUFFIX = "__commits"
_VERSION = "__version_"
_KEPT = timedelta(days=7)
_STAMP = "partition_date, run_id, content, stamp"
_HEAD = "version, commit_id, relation, table_columns, appends"


@dataclass(frozen=True)
class Head:
    """A version of a table, the stored table that holds its rows, and a moment at which it stood.

    Without a moment the stored table is a snapshot, which holds that version alone.
    """

    version: int
    commit_id: str
    relation: str
    columns: Mapping[str, str]
    appends: bool
    moment: datetime | None

    @property
    def schema(self) -> ibis.Schema:
        """The columns as ibis knows them."""
        return ibis.schema(dict(self.columns))


def instant_sql(moment: datetime) -> str:
    """The moment in BigQuery's SQL."""
    return f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"


def quoted(place: str) -> str:
    """A project.dataset.table in BigQuery's SQL."""
    return ".".join(f"`{part}`" for part in place.split("."))


def text_sql(value: str) -> str:
    """The text in BigQuery's SQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


class Commits:
    """The commits of every table of a project."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._project = jobs.client.project
        self._there: set[str] = set()

    def table(self, name: str) -> str:
        """The table of the table's commits, in SQL."""
        return quoted(f"{self._project}.{DATASET}.{name}{_SUFFIX}")

    def names(self) -> list[str]:
        """The tables that exist."""
        try:
            listed = [t.table_id for t in self._jobs.client.list_tables(DATASET)]
        except api.NotFound:
            return []
        return sorted(n.removesuffix(_SUFFIX) for n in listed if n.endswith(_SUFFIX))

    # --- reading

    def head(self, name: str) -> Head | None:
        """The table's newest version; None where it was never written."""
        if name not in self._there:
            # A query of a dataset that is not there may be told as one that is forbidden.
            try:
                self._jobs.client.get_table(f"{self._project}.{DATASET}.{name}{_SUFFIX}")
            except api.NotFound:
                return None
            self._there.add(name)
        return self._heads([name], "CURRENT_TIMESTAMP()").get(name)

    def heads(self) -> dict[str, Head]:
        """Every table's newest version, as they stood together at one moment."""
        names = self.names()
        if not names:
            return {}
        # Later than the list, so that every table of it was there.
        (now,) = self._jobs.answer("SELECT CURRENT_TIMESTAMP() AS moment")["moment"].to_pylist()
        return self._heads(names, instant_sql(now))

    def _heads(self, names: Sequence[str], moment: str) -> dict[str, Head]:
        query = "\nUNION ALL ".join(
            f"SELECT '{name}' AS name, {_HEAD}, {moment} AS moment FROM {self.table(name)} "
            f"FOR SYSTEM_TIME AS OF {moment} WHERE is_newest"
            for name in names
        )
        return {line.pop("name"): _head(line) for line in self._jobs.answer(query).to_pylist()}

    def at(self, name: str, version: int) -> Head:
        """An older version.

        Raises:
            VersionGone: there is no such version, or BigQuery no longer has it.
        """
        query = (
            f"SELECT made.version, made.commit_id, made.relation, made.table_columns, made.appends, "
            f"later.began_at AS moment FROM {self.table(name)} AS made "
            f"INNER JOIN {self.table(name)} AS later ON later.version = made.version + 1 "
            f"WHERE made.version = {version} AND made.partition_date IS NULL "
            "AND later.partition_date IS NULL"
        )
        lines = self._jobs.answer(query).to_pylist()
        if not lines:
            raise VersionGone(f"{name} has no version {version}")
        older = _head(lines[0])
        if older.moment is None or datetime.now(UTC) - older.moment <= _KEPT:
            return older
        kept = self._snapshot(name, version)
        if kept not in self._snapshots(name):
            raise VersionGone(
                f"{name}'s version {version} was replaced at {older.moment:%Y-%m-%d %H:%M}, and "
                f"BigQuery keeps {_KEPT.days} days"
            )
        return replace(older, relation=kept, moment=None)

    def keep(self, name: str, versions: Collection[int]) -> int:
        """Keeps just those of the older versions for longer; returns how many are kept no more.

        Raises:
            VersionGone: one of them is no longer there.
        """
        there = self._snapshots(name)
        wanted = {self._snapshot(name, version): version for version in versions}
        for kept in wanted.keys() - there:
            older = self.at(name, wanted[kept])
            if older.moment is not None:
                self._jobs.run(
                    f"CREATE SNAPSHOT TABLE {quoted(kept)} CLONE {quoted(older.relation)} "
                    f"FOR SYSTEM_TIME AS OF {instant_sql(older.moment)}"
                )
        for kept in there - wanted.keys():
            self._jobs.client.delete_table(kept, not_found_ok=True)
        return len(there - wanted.keys())

    def _snapshot(self, name: str, version: int) -> str:
        return f"{self._project}.{DATASET}.{name}{_VERSION}{version}"

    def _snapshots(self, name: str) -> set[str]:
        """The snapshots of the table's older versions."""
        listed = self._jobs.client.list_tables(DATASET)
        own = (t.table_id for t in listed if t.table_id.startswith(f"{name}{_VERSION}"))
        return {f"{self._project}.{DATASET}.{table_id}" for table_id in own}

    def stamps(self, name: str, version: int) -> dict[date, Stamp]:
        """The newest stamp of every partition as of the version."""
        query = (
            f"SELECT stamp FROM {self.table(name)} "
            f"WHERE partition_date IS NOT NULL AND version <= {version} "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY partition_date ORDER BY version DESC) = 1"
        )
        texts = self._jobs.answer(query)["stamp"].to_pylist()
        stamps = stamps_from_json(f"[{','.join(texts)}]")
        return {stamp.partition: stamp for stamp in stamps}

    def written_by(self, run_ids: Collection[str], name: str, version: int) -> list[Written]:
        """The commits up to the version in which a stamp of the runs' differs from before."""
        if not run_ids:
            return []
        runs = ", ".join(text_sql(run) for run in run_ids)
        query = (
            "SELECT version, partition_date FROM (SELECT *, LAG(content) OVER "
            "(PARTITION BY partition_date ORDER BY version) AS content_before "
            f"FROM {self.table(name)} WHERE partition_date IS NOT NULL AND version <= {version}) "
            f"WHERE run_id IN ({runs}) AND content IS DISTINCT FROM content_before "
            "ORDER BY version, partition_date"
        )
        dates: dict[int, list[date]] = {}
        for line in self._jobs.answer(query).to_pylist():
            dates.setdefault(line["version"], []).append(line["partition_date"])
        return [Written(after - 1 if after else None, after, (*d,)) for after, d in dates.items()]

    # --- writing

    def create(
        self, name: str, relation: str, columns: Mapping[str, str], *, appends: bool
    ) -> None:
        """Version 0, without rows; a no-op where another process was first."""
        self._jobs.client.create_dataset(DATASET, exists_ok=True)
        nothing = ", ".join(
            f"CAST(NULL AS {kind}) AS {column}"
            for column, kind in (("partition_date", "DATE"), ("run_id", "STRING"))
        )
        self._jobs.run(
            f"CREATE TABLE IF NOT EXISTS {self.table(name)} CLUSTER BY partition_date AS "
            f"SELECT 0 AS version, '{uuid4().hex}' AS commit_id, CURRENT_TIMESTAMP() AS began_at, "
            f"{text_sql(relation)} AS relation, {text_sql(json.dumps(dict(columns)))} AS "
            f"table_columns, {appends} AS appends, TRUE AS is_newest, {nothing}, "
            "CAST(NULL AS STRING) AS content, CAST(NULL AS STRING) AS stamp"
        )

    def commit(
        self,
        name: str,
        head: Head,
        changes: Sequence[str],
        *,
        stamps: Sequence[Stamp] = (),
        relation: str | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """The version after the head: the changes and the stamps in one transaction.

        Raises:
            Overtaken: the head is no longer the newest version; nothing was changed.
        """
        commits, commit_id = self.table(name), uuid4().hex
        kept = text_sql(json.dumps(dict(columns or head.columns)))
        statements = [
            "DECLARE began TIMESTAMP",
            "BEGIN TRANSACTION",
            "SET began = CURRENT_TIMESTAMP()",
            (
                f"SELECT IF((SELECT commit_id FROM {commits} WHERE is_newest) = '{head.commit_id}', "
                "TRUE, ERROR('overtaken'))"
            ),
            f"UPDATE {commits} SET is_newest = FALSE WHERE is_newest",
            *changes,
            (
                f"INSERT INTO {commits} (began_at, is_newest, {_HEAD}) SELECT began, TRUE, "
                f"{head.version + 1}, '{commit_id}', {text_sql(relation or head.relation)}, {kept}, "
                f"{head.appends}"
            ),
        ]
        if stamps:
            # As many as there are dates in a backfill: too long for a query's text.
            self._jobs.load(_stamp_rows(stamps), f"{name}__stamps")
            statements.append(
                f"INSERT INTO {commits} (version, {_STAMP}) "
                f"SELECT {head.version + 1}, {_STAMP} FROM `{name}__stamps`"
            )
        try:
            self._jobs.run(";\n".join([*statements, "COMMIT TRANSACTION"]))
        except Overtaken:
            # A job that was sent again after its answer was lost meets its own commit.
            newest = self.head(name)
            if newest is None or newest.commit_id != commit_id:
                raise


def _head(line: Mapping[str, Any]) -> Head:
    columns = json.loads(line["table_columns"])
    return Head(**{k: v for k, v in line.items() if k != "table_columns"}, columns=columns)


def _stamp_rows(stamps: Sequence[Stamp]) -> pa.Table:
    """The stamps as rows of a table of commits."""
    return pa.table(
        {
            "partition_date": pa.array([stamp.partition for stamp in stamps], pa.date32()),
            "run_id": pa.array([stamp.run_id for stamp in stamps], pa.string()),
            "content": pa.array([stamp.content for stamp in stamps], pa.string()),
            "stamp": pa.array([json.dumps(stamp.as_json()) for stamp in stamps], pa.string()),
        }
    )
