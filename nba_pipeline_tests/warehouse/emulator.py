"""A BigQuery of the tests' own: bqemulator, which runs on DuckDB.

What it lacks of BigQuery, as far as tests meet it:

- transactions are undone when they fail, but not isolated: two at once see each other's halves, so the
  client of the tests lets them in one by one;
- a load into a table that is there leaves its columns as they are;
- it remembers states for time travel after a statement or load, not after a script, CREATE or ALTER;
- a snapshot of a moment that has passed: a copy of it stands for one;
- whole numbers, floats and arrays are DuckDB's, NULL arrays included;
- a filter on partitions, bytes billed and job labels are taken and mean nothing;
- its storage read API does not serve the rows of queries.
"""

import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

bigquery = pytest.importorskip("google.cloud.bigquery", reason="pip install 'nba-pipeline[gcp]'")

from google.api_core.client_options import ClientOptions  # noqa: E402
from google.auth.credentials import AnonymousCredentials  # noqa: E402

_REPOSITORY = Path(__file__).parents[2]
_LONGEST_START = 60
_ADDRESS = "NBA_PIPELINE_TEST_BIGQUERY"
_CHANGED = re.compile(
    r"(?:INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE TABLE IF NOT EXISTS|ALTER TABLE) (`[^`]+`\.`[^`]+`\.`[^`]+`)"
)

_SNAPSHOT = re.compile(r"CREATE SNAPSHOT TABLE (\S+) CLONE (\S+) (FOR SYSTEM_TIME AS OF .+)")


class EmulatedClient(bigquery.Client):
    """A client of the emulator, which makes it remember what scripts and CREATE changed.

    Threads of this process have their transactions one after the other.
    """

    _transaction = threading.Lock()

    def query(self, query: str, *args: Any, **options: Any) -> Any:
        """The job, after which the state of each table that it changed is remembered."""
        if "BEGIN TRANSACTION" not in query:
            return self._remembered(query, *args, **options)
        with self._transaction:
            return self._remembered(query, *args, **options)

    def _remembered(self, query: str, *args: Any, **options: Any) -> Any:
        query = _SNAPSHOT.sub(r"CREATE TABLE \1 AS SELECT * FROM \2 \3", query)
        job = super().query(query, *args, **options)
        if any(words in query for words in ("BEGIN TRANSACTION", "CREATE TABLE", "ALTER TABLE")):
            if job.exception():
                return job
            for name in set(_CHANGED.findall(query)):
                super().query(f"DELETE FROM {name} WHERE FALSE").result()
        return job

    def _ensure_bqstorage_client(self, *_: Any, **__: Any) -> None:
        """None: rows are read by REST."""


def environment() -> Path | None:
    """The environment that the emulators have to themselves; see make emulators."""
    folder = Path(os.environ.get("NBA_PIPELINE_TEST_EMULATORS", _REPOSITORY / ".emulators"))
    return folder if (folder / "bin/bqemulator").exists() else None


@contextmanager
def running(log: Path) -> Iterator[str]:
    """The address of an emulator that runs until left, or of one that the environment names."""
    named = os.environ.get(_ADDRESS, "")
    if named:
        yield named
        return
    found = environment()
    if found is None:
        pytest.skip("no bqemulator here: make emulators")
    rest, grpc = _free_port(), _free_port()
    words = [str(found / "bin/python"), str(Path(__file__).with_name("emulator_program.py"))]
    words += ["start", "--rest-port", str(rest), "--grpc-port", str(grpc), "--log-level", "error"]
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{rest}"
        _wait(process, address, log)
        yield address
    finally:
        process.terminate()
        process.wait()


def client(address: str) -> EmulatedClient:
    """A client with a project of its own, which has nothing in it."""
    return EmulatedClient(
        project=f"p-{uuid4().hex[:12]}",
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=address),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Until the emulator answers."""
    deadline = time.monotonic() + _LONGEST_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/bigquery/v2/projects/p/datasets", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"bqemulator does not answer: {log.read_text()[-2000:]}")
