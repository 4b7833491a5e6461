"""Jobs of BigQuery: labelled, bounded in cost, tried again where that helps; and what they stage.

One dataset of its own holds what a process stages. Jobs resolve bare names in it, so that compiled
queries are the same in every process; its tables expire within a day where a process was killed.
"""

import atexit
import io
from contextlib import suppress
from functools import cached_property
from typing import Any
from uuid import uuid4

import google.api_core.exceptions as api
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import tenacity
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from ibis.backends.bigquery import Backend as IbisBackend
from ibis.backends.bigquery.datatypes import BigQuerySchema, BigQueryType
from ibis.expr import datatypes as dt
from ibis.expr import operations as ops
from requests.exceptions import RequestException

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.warehouse.bigquery_compiler import COMPILER
from nba_pipeline.warehouse.labels import labels

_DAY_IN_MILLISECONDS = 24 * 60 * 60 * 1000
_PASSING = {"rateLimitExceeded", "quotaExceeded", "backendError", "internalError"}
_TOO_DEAR = "bytesBilledLimitExceeded"
_GIGABYTE = 10**9
_ATTEMPTS = 6
_LAST_WORDS = 10
"""How long the end of a process waits for BigQuery, in seconds: by itself the client tries for minutes."""


class CostRefused(NbaPipelineError):
    """A query that would read more than the settings allow; nothing was read."""


class Overtaken(NbaPipelineError):
    """A transaction that is not the successor of the version it was checked against."""


def _is_passing(error: BaseException) -> bool:
    """Whether the same job may succeed later: a quota, or a fault of the service's own."""
    if isinstance(error, (api.ServerError, api.TooManyRequests)):
        return True
    reasons = getattr(error, "errors", None) or ()
    return any(reason.get("reason") in _PASSING for reason in reasons)


def as_stored(kind: dt.DataType) -> dt.DataType:
    """The type as which BigQuery stores it, and any value of which may be unknown."""
    stored = BigQueryType.to_ibis(BigQueryType.from_ibis(kind)).copy(nullable=True)
    if isinstance(stored, dt.Array):
        return dt.Array(as_stored(stored.value_type))
    return stored


class Jobs:
    """The jobs of one process in one project.

    Args:
        client: BigQuery's.
        maximum_bytes: what one query may read at most.
        pauses: how long a job that failed for a passing reason waits, doubled each time, in seconds.
    """

    def __init__(self, client: bigquery.Client, maximum_bytes: int, pauses: float = 1.0) -> None:
        self.client = client
        self._maximum_bytes = maximum_bytes
        self._again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_passing),
            wait=tenacity.wait_random_exponential(multiplier=pauses, max=60),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )

    @cached_property
    def staging(self) -> bigquery.DatasetReference:
        """The dataset of what this process stages, which goes when the process ends."""
        reference = bigquery.DatasetReference(
            self.client.project, f"nba_staging_{uuid4().hex[:16]}"
        )
        dataset = bigquery.Dataset(reference)
        dataset.default_table_expiration_ms = _DAY_IN_MILLISECONDS
        self.client.create_dataset(dataset)
        atexit.register(self._drop, reference)
        return reference

    def _drop(self, dataset: bigquery.DatasetReference) -> None:
        """Takes the dataset away, or leaves it to expire where BigQuery does not answer at once."""
        with suppress(api.GoogleAPICallError, GoogleAuthError, RequestException):
            self.client.delete_dataset(
                dataset,
                delete_contents=True,
                not_found_ok=True,
                retry=Retry(lambda _error: False),
                timeout=_LAST_WORDS,
            )

    def run(self, sql: str) -> bigquery.table.RowIterator:
        """The rows of a query or script.

        Raises:
            CostRefused: it would read more than is allowed.
            Overtaken: a transaction of it met another, or refused to commit with that word.
        """
        config = bigquery.QueryJobConfig(
            default_dataset=self.staging,
            labels=labels(),
            maximum_bytes_billed=self._maximum_bytes,
        )
        try:
            return self._again(lambda: self.client.query(sql, job_config=config).result())
        except api.GoogleAPICallError as error:
            if any(reason.get("reason") == _TOO_DEAR for reason in error.errors or ()):
                raise CostRefused(
                    f"the query would read {self.bytes_of(sql) / _GIGABYTE:.1f} GB, and "
                    f"{self._maximum_bytes / _GIGABYTE:.1f} GB are allowed: "
                    "NBA_PIPELINE_BIGQUERY_MAXIMUM_GIGABYTES"
                ) from error
            if "overtaken" in str(error) or "concurrent update" in str(error):
                raise Overtaken(str(error)) from error
            raise

    def answer(self, sql: str) -> pa.Table:
        """The rows of a query as an Arrow table."""
        return self.run(sql).to_arrow(progress_bar_type=None)

    def bytes_of(self, sql: str) -> int:
        """How many bytes the query would read, by a dry run, which costs nothing."""
        config = bigquery.QueryJobConfig(default_dataset=self.staging, dry_run=True)
        return int(self.client.query(sql, job_config=config).total_bytes_processed)

    def load(self, rows: pa.Table, name: str) -> None:
        """Stages the rows under the name."""
        content = io.BytesIO()
        pq.write_table(rows, content)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema=BigQuerySchema.from_ibis(ibis.Schema.from_pyarrow(rows.schema)),
            labels=labels(),
        )
        config.parquet_options = bigquery.ParquetOptions()
        config.parquet_options.enable_list_inference = True
        place = self.staging.table(name)

        def load() -> None:
            content.seek(0)
            self.client.load_table_from_file(content, place, job_config=config).result()

        self._again(load)


class StagingBackend(IbisBackend):
    """ibis on these jobs: its tables are staged ones, by bare names, and queries."""

    compiler = COMPILER

    def do_connect(self, jobs: Jobs) -> None:
        """Takes the jobs' client instead of opening one."""
        self.jobs = jobs
        self.client = jobs.client
        self.data_project = self.billing_project = jobs.client.project
        self.dataset = ""
        self.partition_column = None
        self.storage_client = None

    @property
    def _session_dataset(self) -> bigquery.DatasetReference:
        return self.jobs.staging

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        self.jobs.load(op.data.to_pyarrow(op.schema), op.name)

    def raw_sql(self, query: Any, *_: object, **__: object) -> bigquery.table.RowIterator:
        """The rows of a query."""
        return self.jobs.run(query if isinstance(query, str) else query.sql(self.dialect))

    def prepare(self, rows: ir.Table) -> None:
        """Loads the tables in memory that the rows are made of."""
        self._run_pre_execute_hooks(rows)

    def staged(self, name: str, schema: ibis.Schema) -> ir.Table:
        """The staged table of that name and of these columns, in the types that they are stored in."""
        stored = ibis.schema({column: as_stored(kind) for column, kind in schema.items()})
        return ops.DatabaseTable(
            name=name, schema=stored, source=self, namespace=ops.Namespace()
        ).to_expr()
