"""The program, through Dagster, on a simulated league: what it computes, records and prints."""

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionResolvedStatus

from nba_pipeline.engine.verdicts import check_names, stopping_checks
from nba_pipeline.orchestration import partitions
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.cli.home import DAYS, FIRST, LAST, SPAN, Home
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import TEAM_LOG


@pytest.fixture(scope="module")
def home(tmp_path_factory, backfilled) -> Home:
    """A league with a lost team line, backfilled."""
    return Home(tmp_path_factory.mktemp("installation"), backfilled)


def test_it_computes_what_the_assets_compute(home) -> None:
    """Row for row as without Dagster."""
    lab = Lab(home.folder / "lab", home.landing)
    lab.compute([*TABLES], FIRST, LAST)
    stored = Lab(home.folder / "home", home.landing)
    for name in TABLES:
        assert stored.rows(name) == lab.rows(name), name


def test_dagster_knows_every_partition_and_the_outcome_of_every_check(home, monkeypatch) -> None:
    """All dates materialized; the check of the lost line failed on its date and on no other."""
    monkeypatch.setenv("DAGSTER_HOME", str(home.folder / "home/dagster"))
    with dg.DagsterInstance.get() as instance:
        for name, table in TABLES.items():
            key = dg.AssetKey(name)
            months = 2 if table.partitions == "monthly" else DAYS
            assert len(instance.get_materialized_partitions(key)) == months, name
        table = TABLES["nbac_team_boxscore"]
        keys = [
            (dg.AssetCheckKey(dg.AssetKey(table.name), c), partitions.daily())
            for c in check_names(table)
            if c not in stopping_checks(table)
        ]
        states = instance.event_log_storage.get_asset_check_state(keys)
        stock = {
            key: instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
            for key, _ in keys
        }
    lost = home.told("gaps", "--json")[0]["game_date"]
    found = {
        key.name: {
            status.value: sorted(subset.value.get_partition_keys())
            for status, subset in state.subsets.items()
            if not subset.is_empty
        }
        for key, state in states.items()
    }
    succeeded, failed = (
        AssetCheckExecutionResolvedStatus.SUCCEEDED.value,
        AssetCheckExecutionResolvedStatus.FAILED.value,
    )
    assert found["expected_keys"][failed] == [lost]
    assert len(found["expected_keys"][succeeded]) == DAYS - 1
    assert all(record.partition == str(LAST) for record in stock.values())


def test_a_second_backfill_has_nothing_to_do(home) -> None:
    """Plan and status say so, and nothing is written."""
    assert [line["stale"] for line in home.told("plan", *SPAN, "--json")] == [0] * len(TABLES)
    lines = home.told("status", *SPAN, "--json")
    stored = [line for line in lines if line["rows"] is not None and line["stale"] is None]
    assert sum(line["table"] == "ml_feature_store_v2" for line in stored) == DAYS
    result = home.call("backfill", *SPAN)
    assert result.exit_code == 0
    assert "nothing to do" in result.output


def test_progress_leases_and_audit_tell_of_the_backfill(home) -> None:
    """Every table done, no lease held, and who did it."""
    steps = home.told("progress", "--json")
    assert {step["state"] for step in steps} == {"done"}
    assert [step["table"] for step in steps] == list(TABLES)
    assert home.told("leases", "--json") == []
    actions = [line["action"] for line in home.told("audit", "--json")]
    assert actions[-4:] == ["released", "acquired", "reserved", "backfill"]
    given = actions.count("acquired") + actions.count("reserved")
    assert given == actions.count("released")


def test_repair_after_the_line_has_come_leaves_no_gap(home) -> None:
    """Only what it touches is computed again; then there is nothing left to repair."""
    (gap,) = home.told("gaps", "--open", "--json")
    assert gap["predictions"] > 0
    (home.landing / TEAM_LOG).write_text(home.whole)
    planned = {
        line["table"]: line["stale"]
        for line in home.told("repair", "--dry-run", "--retrain", "--json")
    }
    assert planned["nbac_schedule"] == 0
    assert planned["nbac_team_boxscore"] == 1
    result = home.call("repair", "--retrain")
    assert result.exit_code == 0, result.output
    (told,) = [line for line in result.output.splitlines() if line.startswith("nbac_team_boxscore")]
    assert "(1 written, 0 unchanged, " in told
    assert home.told("gaps", "--json") == []
    assert "nothing to repair" in home.call("repair").output
    never = Lab(home.folder / "never", home.folder / "source")
    never.compute([*TABLES], FIRST, LAST)
    stored = Lab(home.folder / "home", home.landing)
    for name in TABLES:
        assert stored.rows(name) == never.rows(name), name


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["backfill", "--from", "2023-10-24", "--to", "soon"], 2, "'soon' is no date"),
        (["backfill", "--from", "2023-11-02", "--to", "2023-11-01"], 2, "is after"),
        (["backfill", "--from", "2023-07-01", "--to", "2023-07-02"], 2, "off-season"),
        (["backfill", *SPAN, "-t", "scores"], 2, "no table scores; there are nbac_schedule"),
        (["backfill", *SPAN, "--bypass", "lease", "--reason", "x"], 2, "lease cannot be bypassed"),
        (["backfill", *SPAN, "--bypass", "upstream_missing"], 2, "needs a reason"),
        (["train", "--month", "2023-07"], 2, "off-season"),
        (["sql", "DROP TABLE nbac_schedule"], 2, "one SELECT"),
        (["explain", "Nobody", "2023-11-01"], 1, "no prediction of 'Nobody'"),
        (["validate", "luck"], 2, "no checkpoint luck; there are schema"),
        (["cancel", "nothing"], 1, "no backfill or run nothing"),
        (["progress", "nothing"], 1, "no backfill nothing"),
    ],
)
def test_wrong_words_are_told_on_one_line(home, words, code, says) -> None:
    """No trace of the program's inside, and exit codes that scripts can use."""
    result = home.call(*words)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.output
