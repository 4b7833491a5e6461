"""Sources as assets: what Dagster sees of a fetch, over a host of the tests' own."""

import dagster as dg
import pytest

from nba_pipeline.definitions import defs
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import nba_stats_league_game_log_team
from nba_pipeline.tables import SOURCES
from nba_pipeline_tests.fetching.stats_host import DAYS, FIRST, Stats, stats
from nba_pipeline_tests.league_files import SCHEDULE
from nba_pipeline_tests.local_host import Answer

NAME = nba_stats_league_game_log_team.name
KEY = dg.AssetKey(NAME)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with the settings of an installation that points at it."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        for name in ("home", "landing", "nba_stats_url"):
            value = str(getattr(host.settings, name))
            monkeypatch.setenv(f"NBA_PIPELINE_{name.upper()}", value)
        yield host


def run(instance: dg.DagsterInstance, key: dg.AssetKey = KEY) -> dg.ExecuteInProcessResult:
    """Fetches the team log, or another source, of five days."""
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[key],
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={
            "dagster/asset_partition_range_start": str(DAYS[0]),
            "dagster/asset_partition_range_end": str(DAYS[-1]),
        },
    )


def facts(instance: dg.DagsterInstance) -> dict[str, object]:
    """What the newest materialization says."""
    event = instance.get_latest_materialization_event(KEY)
    assert event
    assert event.asset_materialization
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_what_can_be_fetched_is_an_asset_by_date_and_the_rest_comes_from_outside() -> None:
    """Its games are the schedule's, so it comes after it; a source without a fetch is external."""
    graph = defs.resolve_asset_graph()
    for name, source in SOURCES.items():
        node = graph.get(dg.AssetKey(name))
        assert node.is_materializable == (source.fetch is not None), name
        assert node.is_partitioned == (source.fetch is not None), name
    assert graph.get(KEY).parent_keys == {dg.AssetKey("nba_stats_schedule")}


@pytest.mark.usefixtures("host")
def test_a_run_fetches_its_dates_and_says_what_became_of_them() -> None:
    """Five files, five dates materialized; the same again finds all of them there."""
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(instance).success
        assert instance.get_materialized_partitions(KEY) == {str(day) for day in DAYS}
        assert facts(instance)["files_new"] == 5
        assert run(instance).success
        assert (facts(instance)["files_new"], facts(instance)["files_there"]) == (0, 5)


def test_where_a_file_of_all_dates_fails_none_of_them_is_shown_as_there(host: Stats) -> None:
    """The season's schedule is asked for once, at the first of them."""
    key = dg.AssetKey("nba_stats_schedule")
    (host.landing / SCHEDULE).unlink()
    host.host.answers = [Answer(b"<html>try later</html>")]
    with dg.DagsterInstance.ephemeral() as instance:
        assert not run(instance, key).success
        assert len(host.host.asked) == 1
        assert instance.get_materialized_partitions(key) == set()


def test_a_date_that_fails_is_red_and_the_others_stand(host: Stats) -> None:
    """The failure names date, kind and reason, and the date is not materialized."""
    host.host.answers = [Answer(b"<html>try later</html>")]
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(instance)
        assert not result.success
        failure = result.all_node_events[-1].event_specific_data.error.message
        assert f"{FIRST} unlike: the answer is no file of {NAME}" in failure
        assert instance.get_materialized_partitions(KEY) == {str(day) for day in DAYS[1:]}
        assert (facts(instance)["files_new"], facts(instance)["files_failed"]) == (4, 1)
