"""Jobs of BigQuery are labelled, bounded, and tried again exactly where that helps."""

from types import SimpleNamespace
from typing import Any

import pytest

bigquery = pytest.importorskip("google.cloud.bigquery", reason="needs the extra gcp")

import google.api_core.exceptions as api  # noqa: E402  part of the extra
from requests.exceptions import ConnectionError  # noqa: A004, E402  what the client raises

from nba_pipeline.warehouse.bigquery_jobs import CostRefused, Jobs, Overtaken  # noqa: E402
from nba_pipeline.warehouse.labels import labelled  # noqa: E402

GIGABYTES = 10**9


def failing(status: type[api.GoogleAPICallError], reason: str, text: str = "no") -> Exception:
    """What BigQuery answers a job that fails for that reason."""
    return status(text, errors=[{"reason": reason}])


class Client:
    """A client that fails as it is told, and then answers."""

    project = "league"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.configs: list[Any] = []

    def create_dataset(self, *_: Any) -> None:
        """Nothing."""

    def delete_dataset(self, *_: Any, **options: Any) -> None:
        """Fails as it is told, and so once more for each time that it is tried again."""

        def fail() -> None:
            if self.failures:
                raise self.failures.pop(0)

        options["retry"](fail)()

    def query(self, sql: str, job_config: Any) -> Any:
        """A job of 250 GB."""
        self.configs.append(job_config)
        if job_config.dry_run:
            return SimpleNamespace(total_bytes_processed=250 * GIGABYTES)
        if self.failures:
            raise self.failures.pop(0)
        return SimpleNamespace(result=lambda: sql)


def test_a_job_carries_whose_it_is_and_what_it_may_cost() -> None:
    """Run and table as labels can hold them; the limit; the dataset of bare names."""
    client = Client()
    jobs = Jobs(client, 5 * GIGABYTES)
    with labelled(run="Run A/1"), labelled(table="player_game_summary"):
        jobs.run("SELECT 1")
    jobs.run("SELECT 2")
    first, second = client.configs
    assert first.labels == {"run": "run-a-1", "table": "player_game_summary"}
    assert second.labels == {}
    assert first.maximum_bytes_billed == 5 * GIGABYTES
    assert first.default_dataset == jobs.staging


@pytest.mark.parametrize("error", [ConnectionError("refused"), api.ServiceUnavailable("busy")])
def test_the_end_of_a_process_does_not_wait_for_bigquery(monkeypatch, error) -> None:
    """Its dataset is taken away in one try; where that fails its tables expire by themselves."""
    at_exit: list[Any] = []
    monkeypatch.setattr("atexit.register", lambda *call: at_exit.append(call))
    client = Client(error, error)
    assert Jobs(client, GIGABYTES).staging.project == "league"
    ((drop, dataset),) = at_exit
    drop(dataset)
    assert client.failures == [error]


@pytest.mark.parametrize(
    "error",
    [
        failing(api.Forbidden, "rateLimitExceeded"),
        failing(api.Forbidden, "quotaExceeded"),
        api.ServiceUnavailable("busy"),
        api.TooManyRequests("slow down"),
    ],
)
def test_a_quota_and_a_fault_of_the_service_are_tried_again(error) -> None:
    """Twice refused, then answered."""
    client = Client(error, error)
    assert Jobs(client, GIGABYTES, pauses=0).run("SELECT 1") == "SELECT 1"
    assert len(client.configs) == 3


def test_it_gives_up_in_the_end_with_what_bigquery_said() -> None:
    """Six times, and not for ever."""
    client = Client(*[failing(api.Forbidden, "quotaExceeded", "daily quota")] * 9)
    with pytest.raises(api.Forbidden, match="daily quota"):
        Jobs(client, GIGABYTES, pauses=0).run("SELECT 1")
    assert len(client.configs) == 6


def test_what_is_wrong_stays_wrong() -> None:
    """An error of the query's own is told at once."""
    client = Client(failing(api.BadRequest, "invalidQuery", "no such column"))
    with pytest.raises(api.BadRequest, match="no such column"):
        Jobs(client, GIGABYTES, pauses=0).run("SELECT x")
    assert len(client.configs) == 1


def test_a_query_that_costs_too_much_says_how_much_and_what_to_set() -> None:
    """By a dry run, which costs nothing."""
    client = Client(failing(api.BadRequest, "bytesBilledLimitExceeded"))
    with pytest.raises(CostRefused, match=r"250\.0 GB, and 5\.0 GB .*MAXIMUM_GIGABYTES"):
        Jobs(client, 5 * GIGABYTES).run("SELECT 1")


@pytest.mark.parametrize(
    "text", ["overtaken", "Transaction is aborted due to concurrent update against table p.d.t"]
)
def test_a_transaction_that_met_another_is_told_apart(text) -> None:
    """By its own check, or by BigQuery's."""
    client = Client(failing(api.BadRequest, "invalidQuery", text))
    with pytest.raises(Overtaken, match=text):
        Jobs(client, GIGABYTES).run("BEGIN TRANSACTION")
    assert len(client.configs) == 1
