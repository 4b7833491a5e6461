"""Asking a Dagster webserver, as the UI does."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from typing import Any

_ENDED = ("SUCCESS", "FAILURE", "CANCELED")
_LAUNCH = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_RUN = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status
  eventConnection { events { ... on ErrorEvent { error { message causes { message } } } } } } } }"""
TERMINATE = """mutation($id: String!) { terminateRun(runId: $id) { __typename } }"""


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Waits until it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


class DagsterClient:
    """Queries to the webserver on a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def locations(self) -> list[Any]:
        """The code locations that are loaded; none before the webserver answers."""
        try:
            told = self.ask(
                "{ repositoriesOrError { ... on RepositoryConnection { nodes { id } } } }"
            )
        except (urllib.error.URLError, ConnectionError):
            return []
        return told["repositoriesOrError"].get("nodes", [])

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        assert "errors" not in told, told
        return told["data"]

    def launch(self, first: date, last: date, location: str, tables: list[str]) -> str:
        """Queues a run over the dates; returns its id."""
        tags = {
            "dagster/asset_partition_range_start": str(first),
            "dagster/asset_partition_range_end": str(last),
            "nba_pipeline/force": "true",
            "nba_pipeline/wait": "true",
        }
        told = self.ask(
            _LAUNCH,
            p={
                "selector": {
                    "repositoryLocationName": location,
                    "repositoryName": "__repository__",
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [{"path": [name]} for name in tables],
                },
                "mode": "default",
                "executionMetadata": {
                    "tags": [{"key": key, "value": value} for key, value in tags.items()]
                },
            },
        )["launchPipelineExecution"]
        assert "run" in told, told
        return told["run"]["runId"]

    def run(self, run_id: str) -> dict[str, Any]:
        """The run's status and the messages of its errors."""
        told = self.ask(_RUN, id=run_id)["runOrError"]
        errors = [e["error"] for e in told["eventConnection"]["events"] if e.get("error")]
        text = " ".join(
            [m for e in errors for m in (e["message"], *(c["message"] for c in e["causes"]))]
        )
        return {"status": told["status"], "errors": text}

    def ended(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        until(lambda: self.run(run_id)["status"] in _ENDED, 90)
        return self.run(run_id)
