"""Reading the production warehouse: BigQuery's tables as they stood at one moment, by time travel.

Every expression names the moment that it reads, so none changes what it reads.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from uuid import uuid4

import google.api_core.exceptions as api
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.bigquery.datatypes import BigQueryType

from nba_pipeline.warehouse.bigquery_commits import Commits, Head, instant_sql, quoted
from nba_pipeline.warehouse.bigquery_jobs import Jobs, StagingBackend
from nba_pipeline.warehouse.bigquery_query import over_tables
from nba_pipeline.warehouse.protocol import (
    NoSuchTable,
    Query,
    QueryRefused,
    Rows,
    Stamp,
    Written,
    date_column,
)
from nba_pipeline.warehouse.refusals import dates_sql
from nba_pipeline.warehouse.snapshots import Snapshots

# Every table requires a filter on its partitions; of NULL there are none.
_FIRST_DAY = date(1900, 1, 1)


class BigQueryReader(Snapshots[Head]):
    """The tables of one project, and what this process stages beside them."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._commits = Commits(jobs)
        self._ibis = StagingBackend()
        self._ibis.do_connect(jobs)
        self._known_stamps: dict[tuple[str, str], dict[date, Stamp]] = {}

    def names(self) -> list[str]:
        """The tables that exist, by name."""
        return self._commits.names() if self._pins is None else sorted(self._pins)

    def version(self, name: str) -> int | None:
        """The version that reads of the table come from; None while there is no such table."""
        head = self._head(name)
        return None if head is None else head.version

    def table(
        self,
        name: str,
        first: date | None = None,
        last: date | None = None,
        *,
        version: int | None = None,
    ) -> ir.Table:
        """The rows of the version that reads come from, or of the one given.

        Raises:
            NoSuchTable: the table has never been written.
            VersionGone: it has no such version, or no longer.
        """
        head = self._known_head(name)
        if version is not None and version != head.version:
            # One query cannot read a table at two moments, and versions are asked for to compare.
            older = self._commits.at(name, version)
            return self.stage(_selection(older, first or _FIRST_DAY, last or date.max))
        return self._rows(head, first, last)

    def _rows(self, head: Head, first: date | None = None, last: date | None = None) -> ir.Table:
        query = _selection(head, first or _FIRST_DAY, last or date.max)
        return self._ibis.sql(query.sql, schema=query.schema)

    def query(self, query: str, computed: Mapping[str, Callable[[], pa.Table]]) -> pa.Table:
        """The rows of one SELECT in BigQuery's SQL.

        Raises:
            QueryRefused: see the protocol.
        """

        def place(name: str) -> str:
            if name not in computed:
                return self.selection(name, _FIRST_DAY, date.max).sql
            held = f"computed_{uuid4().hex}"
            self._jobs.load(computed[name](), held)
            return f"SELECT * FROM `{held}`"

        with self.snapshot():
            told = over_tables(query, [*self.names(), *computed], place)
            try:
                return self.answer(told)
            except (api.BadRequest, api.NotFound) as error:
                raise QueryRefused(str(error.message)) from error

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The stamps of the version that reads come from; empty for a table never written."""
        head = self._head(name)
        return {} if head is None else self._stamps_at(name, head)

    def _stamps_at(self, name: str, head: Head) -> Mapping[date, Stamp]:
        key = (name, head.commit_id)
        if key not in self._known_stamps:
            self._known_stamps[key] = self._commits.stamps(name, head.version)
        return self._known_stamps[key]

    def written_by(self, run_ids: Collection[str], name: str) -> Sequence[Written]:
        """The commits of runs; none of a table never written."""
        head = self._head(name)
        return [] if head is None else self._commits.written_by(run_ids, name, head.version)

    def _heads(self) -> dict[str, Head]:
        return self._commits.heads()

    def _head(self, name: str) -> Head | None:
        """The version that reads of the table come from; None while there is no such table."""
        return self._commits.head(name) if self._pins is None else self._pins.get(name)

    def _known_head(self, name: str) -> Head:
        head = self._head(name)
        if head is None:
            raise NoSuchTable(f"no table {name} in project {self._jobs.client.project}")
        return head

    # --- what this process holds

    def stage(self, rows: Rows, name: str | None = None) -> ir.Table:
        """The rows as a table of this process, computed once."""
        name = name or f"staged_{uuid4().hex}"
        if isinstance(rows, pa.Table):
            self._jobs.load(rows, name)
            return self._ibis.staged(name, ibis.Schema.from_pyarrow(rows.schema))
        if isinstance(rows, ir.Table) and isinstance(rows.op(), ops.InMemoryTable):
            return self.stage(rows.op().data.to_pyarrow(rows.schema()), name)
        query = Query(self.compile(rows), rows.schema()) if isinstance(rows, ir.Table) else rows
        self._jobs.run(f"CREATE OR REPLACE TABLE `{name}` AS {query.sql}")
        return self._ibis.staged(name, query.schema)

    def selection(
        self,
        name: str,
        first: date,
        last: date,
        *,
        only: Sequence[date] | None = None,
        without: Sequence[str] = (),
    ) -> Query:
        """The query for the rows dated first to last, and only on those dates if given."""
        return _selection(self._known_head(name), first, last, only=only, without=without)

    def compile(self, rows: ir.Table) -> str:
        """BigQuery's SQL of the rows, in the types that they are declared to have."""
        self._ibis.prepare(rows)
        columns = ", ".join(
            f"CAST(`{name}` AS {BigQueryType.to_string(kind)}) AS `{name}`"
            for name, kind in rows.schema().items()
        )
        return f"SELECT {columns} FROM ({self._ibis.compile(rows, pretty=False)})"

    def answer(self, query: str) -> pa.Table:
        """The query's rows."""
        return self._jobs.answer(query)

    def drop_staged(self, rows: ir.Table) -> None:
        """Frees what stage made."""
        place = self._jobs.staging.table(rows.op().name)
        self._jobs.client.delete_table(place, not_found_ok=True)


def _selection(
    head: Head,
    first: date,
    last: date,
    *,
    only: Sequence[date] | None = None,
    without: Sequence[str] = (),
) -> Query:
    """The query of a version's rows dated first to last."""
    day = f"`{date_column(head.columns)}`"
    schema = ibis.schema({name: kind for name, kind in head.schema.items() if name not in without})
    columns = ", ".join(f"`{column}`" for column in schema)
    dates = f" AND {day} IN {dates_sql(only)}" if only is not None else ""
    moment = f" FOR SYSTEM_TIME AS OF {instant_sql(head.moment)}" if head.moment else ""
    sql = (
        f"SELECT {columns} FROM {quoted(head.relation)}{moment} "
        f"WHERE {day} BETWEEN DATE '{first}' AND DATE '{last}'{dates}"
    )
    return Query(sql, schema)
