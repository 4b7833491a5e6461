"""The production warehouse: tables in BigQuery, where all that is computed is computed.

A table's rows are in a stored table partitioned by date and clustered by the grain, which must be
asked by date; a view under the table's own name shows it. Where columns change, the rows move to
another stored table, so that every version keeps the columns that it had. Datasets are those of the
platform before this one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import sqlalchemy as sa
from google.cloud import bigquery
from ibis.backends.bigquery.datatypes import BigQueryType

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.warehouse import fingerprint
from nba_pipeline.warehouse.bigquery_commits import Head, quoted
from nba_pipeline.warehouse.bigquery_jobs import Jobs, Overtaken, as_stored
from nba_pipeline.warehouse.bigquery_reader import BigQueryReader
from nba_pipeline.warehouse.protocol import NoSuchTable, Storage
from nba_pipeline.warehouse.refusals import dates_sql
from nba_pipeline.warehouse.replacing import Change, Replacing

_DATASETS = {2: "nba_raw", 3: "nba_analytics", 4: "nba_precompute", 5: "nba_predictions"}
_CLUSTERED_BY_AT_MOST = 4


class BigQueryWarehouse(BigQueryReader, Replacing[Head]):
    """Tables of one project; safe for many processes.

    Args:
        client: BigQuery's.
        engine: the coordination store.
        phases: the phase of each table, which tells its dataset.
        maximum_bytes: what one query may read at most.
    """

    dialect = fingerprint.BIGQUERY
    overtaken = (Overtaken,)

    def __init__(
        self,
        client: bigquery.Client,
        engine: sa.Engine,
        phases: Mapping[str, int],
        maximum_bytes: int,
    ) -> None:
        super().__init__(Jobs(client, maximum_bytes))
        self.failures = Failures(engine)
        self._phases = phases

    def advance(self, name: str) -> None:
        """Makes a new version with the same rows: writers that checked an older one must re-check."""
        while (head := self._commits.head(name)) is not None:
            try:
                self._commits.commit(name, head, [])
            except Overtaken:
                continue
            return

    def maintain(self, name: str, *, keep: Sequence[int] = ()) -> int:
        """Keeps versions beyond BigQuery's seven days; returns how many are kept no more.

        BigQuery compacts its tables itself. The newest version needs no keeping yet.

        Raises:
            NoSuchTable: the table has never been written.
        """
        newest = self._known_head(name).version
        return self._commits.keep(name, [version for version in keep if version != newest])

    # --- writing

    def _newest(self, storage: Storage, schema: ibis.Schema) -> Head:
        head = self._commits.head(storage.name)
        if head is None:
            columns = self._columns_of(schema)
            relation = self._create(storage, columns)
            self._commits.create(storage.name, relation, columns, appends=storage.appends)
            head = self._commits.head(storage.name)
            if head is None:
                raise NoSuchTable(f"{storage.name} vanished while it was created")
            self._show(storage.name, head.relation, head.columns)
        return head

    def _columns(self, head: Head) -> Mapping[str, str]:
        return head.columns

    def _columns_of(self, schema: ibis.Schema) -> Mapping[str, str]:
        # In the types that BigQuery stores: it has one kind of whole number.
        return {name: str(as_stored(kind)) for name, kind in schema.items()}

    def _appends(self, head: Head) -> bool:
        return head.appends

    def _rows_at(self, name: str, head: Head) -> ir.Table:
        del name
        return self._rows(head)

    def _stands_at(self, name: str, head: Head) -> bool:
        newest = self._commits.head(name)
        return newest is not None and newest.commit_id == head.commit_id

    def _moved_on(self, name: str, head: Head) -> None:
        if self._pins is None:
            return
        newest = self._commits.head(name)
        own = head.version + 1
        if newest is not None:
            self._pins[name] = newest if newest.version == own else self._commits.at(name, own)

    def _contents(self, storage: Storage, rows: ir.Table) -> Mapping[date, str]:
        columns = self._counted(storage, rows)
        query = fingerprint.sums_sql(
            rows.op().name, rows.schema(), storage.date_column, columns, self.dialect
        )
        return {
            line["day"]: fingerprint.fingerprint(
                columns,
                fingerprint.whole(line["head_high"], line["head_low"]),
                fingerprint.whole(line["tail_high"], line["tail_low"]),
                line["row_count"],
            )
            for line in self.answer(query).to_pylist()
        }

    def _commit(self, head: Head, change: Change) -> None:
        """One transaction: the rows of the replaced dates in place of the old, and all stamps."""
        storage, given = change.storage, self._columns_of(change.rows.schema())
        columns = given if change.new_columns else {**head.columns, **given}
        relation = head.relation
        if columns != head.columns:
            relation = self._with_columns(head, change, columns)
        names = ", ".join(f"`{name}`" for name in given)
        day, staged = f"`{storage.date_column}`", f"`{change.rows.op().name}`"
        if head.appends:
            same = " AND ".join(f"old.`{key}` = new.`{key}`" for key in storage.grain)
            changes = [
                (
                    f"INSERT INTO {quoted(relation)} ({names}) SELECT {names} FROM {staged} AS new "
                    f"WHERE NOT EXISTS (SELECT 1 FROM {quoted(relation)} AS old WHERE {same} "
                    f"AND old.{day} IN {dates_sql(change.partitions)})"
                )
            ]
        elif change.replaced:
            listed = dates_sql(change.replaced)
            changes = [
                f"DELETE FROM {quoted(relation)} WHERE {day} IN {listed}",
                (
                    f"INSERT INTO {quoted(relation)} ({names}) "
                    f"SELECT {names} FROM {staged} WHERE {day} IN {listed}"
                ),
            ]
        else:
            changes = []
        try:
            self._commits.commit(
                storage.name,
                head,
                changes,
                stamps=change.stamps,
                relation=relation,
                columns=columns,
            )
        except Overtaken:
            if relation != head.relation:
                self._jobs.client.delete_table(relation, not_found_ok=True)
            raise
        if relation != head.relation:
            self._show(storage.name, relation, columns)

    # --- stored tables

    def _dataset(self, name: str) -> str:
        return f"{self._jobs.client.project}.{_DATASETS[self._phases[name]]}"

    def _create(self, storage: Storage, columns: Mapping[str, str]) -> str:
        """A stored table of the columns, without rows."""
        dataset = self._dataset(storage.name)
        self._jobs.client.create_dataset(dataset, exists_ok=True)
        relation = f"{dataset}.{storage.name}__{uuid4().hex[:12]}"
        kinds = ibis.schema(dict(columns))
        listed = ", ".join(f"`{n}` {BigQueryType.to_string(kind)}" for n, kind in kinds.items())
        # Floats cannot be clustered by.
        keys = [
            f"`{key}`"
            for key in storage.grain
            if key != storage.date_column and not kinds[key].is_floating()
        ][:_CLUSTERED_BY_AT_MOST]
        clustered = f" CLUSTER BY {', '.join(keys)}" if keys else ""
        self._jobs.run(
            f"CREATE TABLE {quoted(relation)} ({listed}) PARTITION BY `{storage.date_column}`{clustered} "
            "OPTIONS (require_partition_filter = TRUE)"
        )
        return relation

    def _with_columns(self, head: Head, change: Change, columns: Mapping[str, str]) -> str:
        """A stored table of other columns: with the rows that are there, unless all are replaced."""
        if change.new_columns:
            return self._create(change.storage, columns)
        relation = f"{self._dataset(change.storage.name)}.{change.storage.name}__{uuid4().hex[:12]}"
        # A clone shares what it is made of, and costs nothing.
        self._jobs.run(f"CREATE TABLE {quoted(relation)} CLONE {quoted(head.relation)}")
        added = ", ".join(
            f"ADD COLUMN `{name}` {BigQueryType.to_string(kind)}"
            for name, kind in ibis.schema(dict(columns)).items()
            if name not in head.columns
        )
        self._jobs.run(f"ALTER TABLE {quoted(relation)} {added}")
        return relation

    def _show(self, name: str, relation: str, columns: Mapping[str, str]) -> None:
        """Lets the view under the table's own name show the stored table."""
        listed = ", ".join(f"`{column}`" for column in columns)
        self._jobs.run(
            f"CREATE OR REPLACE VIEW {quoted(f'{self._dataset(name)}.{name}')} AS "
            f"SELECT {listed} FROM {quoted(relation)}"
        )
