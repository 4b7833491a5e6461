"""What Dagster's books say of runs, however they were launched, and what they cost."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from nba_pipeline.coordination.database import connect
from nba_pipeline.definitions import defs
from nba_pipeline.engine import compute
from nba_pipeline.engine.schema import SchemaViolated
from nba_pipeline.engine.verdicts import AssertionFailed
from nba_pipeline.orchestration import asset, partitions
from nba_pipeline.orchestration.events import later_in_season
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.protocol import DuplicateKeys
from nba_pipeline_tests.cli.test_commands import DAYS, FIRST, LAST, SPAN, Home
from nba_pipeline_tests.conftest import with_upstream
from nba_pipeline_tests.league_files import TEAM_LOG

SUMMARY = "team_offense_game_summary"
RAW = [name for name in with_upstream(SUMMARY) if name not in ("nbac_schedule", SUMMARY)]
LEFT_OUT = date(2023, 10, 28)
BYTES_PER_TABLE_AND_DATE = 8_000
BYTES_OF_A_RUN_AND_TABLE = 32_000


class Books(Home):
    """An installation on a league with a lost team line, and what Dagster has noted of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lose_a_team_line()

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's instance, in the installation's environment."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.places.items():
                patch.setenv(name, value)
            with dg.DagsterInstance.get() as instance:
                yield instance

    def launch(self, tables: list[str], **tags: str) -> dg.DagsterRun:
        """Runs the tables over all dates as the UI does; gives the run as it ended."""
        job = defs.resolve_implicit_global_asset_job_def()
        span = {
            "dagster/asset_partition_range_start": str(FIRST),
            "dagster/asset_partition_range_end": str(LAST),
        }
        with self.instance() as instance:
            run = instance.create_run_for_job(
                job,
                tags=span | tags,
                asset_selection=frozenset(dg.AssetKey(name) for name in tables),
            )
            execute_run(InMemoryJob(job), run, instance)
            return instance.get_run_by_id(run.run_id)

    def events(self, run_id: str | None = None) -> Counter:
        """How many events of each kind there are, in all or of one run."""
        with self.instance() as instance:
            ids = [run_id] if run_id else [run.run_id for run in instance.get_runs()]
            found = [entry for one in ids for entry in instance.all_logs(one)]
        return Counter(
            entry.dagster_event_type and entry.dagster_event_type.value for entry in found
        )

    def dates(self, table: str) -> dict[str, set[str]]:
        """The dates that the table's page shows as materialized and as failed."""
        with self.instance() as instance:
            status = get_and_update_asset_status_cache_value(
                instance, dg.AssetKey(table), partitions.daily()
            )
            found = {
                "materialized": status.deserialize_materialized_partition_subsets(
                    partitions.daily()
                ),
                "failed": status.deserialize_failed_partition_subsets(partitions.daily()),
            }
        return {name: set(subset.get_partition_keys()) for name, subset in found.items()}

    def check(self, table: str, name: str) -> dict[str, list[str]]:
        """The check's dates by how it came out on them."""
        key = dg.AssetCheckKey(dg.AssetKey(table), name)
        with self.instance() as instance:
            state = instance.event_log_storage.get_asset_check_state([(key, partitions.daily())])
        return {
            status.value: sorted(subset.value.get_partition_keys())
            for status, subset in state[key].subsets.items()
            if not subset.is_empty
        }

    def latest(self, table: str, name: str) -> tuple[str, str | None]:
        """How the check came out last, and what its page says of it."""
        key = dg.AssetCheckKey(dg.AssetKey(table), name)
        with self.instance() as instance:
            record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        error = record.evaluation.metadata.get("error")
        return record.status.value, error and error.value

    def book_size(self) -> int:
        """Bytes of the event log's file."""
        engine = connect(f"sqlite:///{self.folder / 'home/dagster/event_log.db'}")
        with engine.connect() as connection:
            pages = connection.scalar(sa.text("SELECT page_count FROM pragma_page_count"))
            page = connection.scalar(sa.text("SELECT page_size FROM pragma_page_size"))
        engine.dispose()
        return pages * page


def _dates(*left_out: date) -> set[str]:
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    return {str(day) for day in days if day not in left_out}


def _words(tables: list[str]) -> list[str]:
    """The options that name the tables."""
    return [word for name in tables for word in ("-t", name)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Everything computed from the command line."""
    books = Books(tmp_path_factory.mktemp("full"))
    assert books.call("backfill", *SPAN).exit_code == 0
    return books


@pytest.fixture
def holed(tmp_path: Path) -> Books:
    """The schedule, but for one date."""
    books = Books(tmp_path)
    before, after = LEFT_OUT - timedelta(days=1), LEFT_OUT + timedelta(days=1)
    for span in (["--from", str(FIRST), "--to", str(before)], ["--from", str(after), *SPAN[2:]]):
        assert books.call("backfill", *span, "-t", "nbac_schedule").exit_code == 0
    return books


def _left_out_is_told(books: Books) -> None:
    """One date is red on every table and the others are there, also downstream."""
    for name in (*RAW, SUMMARY):
        assert books.dates(name) == {
            "materialized": _dates(LEFT_OUT),
            "failed": {str(LEFT_OUT)},
        }, name


def test_what_is_accepted_turns_the_checks_of_every_table_that_names_it_and_back_again(
    tmp_path: Path,
) -> None:
    """Though nothing of them is computed; the raw table misses the line, the other looks back on it."""
    books = Books(tmp_path)
    tables = with_upstream("player_daily_cache")
    assert books.call("backfill", *SPAN, *_words(tables)).exit_code == 0
    (gap,) = json.loads(books.call("gaps", "--json").stdout)
    checks = [("nbac_team_boxscore", "expected_keys"), ("player_daily_cache", "completeness")]

    def red() -> list[int]:
        return [len(books.check(*check).get("FAILED", [])) for check in checks]

    before = red()
    assert min(before) > 0
    accepted = Path(books.places["NBA_PIPELINE_LANDING"]) / "accepted_gaps.csv"
    header, line = "gap_id,reason,accepted_by,accepted_on", f"{gap['gap_id']},lost,me,2023-11-05"
    for text, wanted in ((f"{header}\n{line}\n", [0, 0]), ("", before)):
        accepted.write_text(text) if text else accepted.unlink()
        assert books.call("backfill", *SPAN, "-t", "data_gaps").exit_code == 0
        assert red() == wanted


def test_what_a_killed_run_has_not_told_of_its_gaps_the_next_one_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended between the write of the gaps and what their checks make of them."""
    books = Books(tmp_path)
    tables = with_upstream("nbac_team_boxscore", "data_gaps")
    assert books.call("backfill", *SPAN, *_words(tables)).exit_code == 0
    (gap,) = json.loads(books.call("gaps", "--json").stdout)
    accepted = Path(books.places["NBA_PIPELINE_LANDING"]) / "accepted_gaps.csv"
    header, line = "gap_id,reason,accepted_by,accepted_on", f"{gap['gap_id']},lost,me,2023-11-05"
    accepted.write_text(f"{header}\n{line}\n")
    told, check = asset.log_gaps_known_anew, ("nbac_team_boxscore", "expected_keys")
    monkeypatch.setattr(asset, "log_gaps_known_anew", lambda _context: None)
    assert books.call("backfill", *SPAN, "-t", "data_gaps").exit_code == 0
    assert books.check(*check)["FAILED"]
    monkeypatch.setattr(asset, "log_gaps_known_anew", told)
    assert books.call("backfill", *SPAN, "-t", "data_gaps", "--force").exit_code == 0
    assert "FAILED" not in books.check(*check)


def test_the_later_dates_of_a_season_are_those_that_are_in_it() -> None:
    """Each season's after its first day; what is stored after the last of June 17 is in none."""
    days = [date(2024, 6, 15), date(2023, 6, 12), date(2024, 6, 12)]
    stored = [
        *(date(2023, 6, 11), date(2023, 6, 12), date(2023, 6, 13)),
        *(date(2024, 6, number) for number in (11, 12, 14, 15, 17, 18)),
        date(2024, 10, 22),
    ]
    assert later_in_season(days, stored) == [date(2024, 6, 14), date(2024, 6, 17)]


def test_a_launched_run_goes_on_with_what_is_not_refused(holed: Books) -> None:
    """Dates that could be written are materialized, also downstream; the run is red and says why."""
    run = holed.launch([*RAW, SUMMARY])
    assert run.status == dg.DagsterRunStatus.FAILURE
    _left_out_is_told(holed)
    with holed.instance() as instance:
        failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    told = {e.step_key: e.get_dagster_event().step_failure_data.error.message for e in failures}
    assert set(told) == {*RAW, SUMMARY}
    assert f"{LEFT_OUT}: nbac_schedule has no partition {LEFT_OUT}" in told["nbac_team_boxscore"]
    assert "1 dates from" in told[SUMMARY]
    assert f"{LEFT_OUT}: " in told[SUMMARY]


def test_a_backfill_goes_on_in_the_same_run(holed: Books) -> None:
    """The command ends with 1, names the date, and needs one run for all that can be computed."""
    result = holed.call("backfill", *SPAN, *_words([*RAW, SUMMARY]))
    assert result.exit_code == 1
    assert f"nbac_schedule has no partition {LEFT_OUT}" in result.stderr
    _left_out_is_told(holed)
    with holed.instance() as instance:
        assert instance.get_runs_count() == 3


@pytest.mark.parametrize(
    ("table", "error", "name"),
    [
        ("player_daily_cache", AssertionFailed("as_of_sample", "a row differs"), "as_of_sample"),
        (SUMMARY, SchemaViolated("minutes are negative"), "schema"),
        (SUMMARY, DuplicateKeys("two rows of one team"), "unique_grain"),
    ],
)
def test_a_check_that_stops_the_write_is_told_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, error: Exception, name: str
) -> None:
    """It is red with the error, nothing of the table is materialized, and other branches go on."""
    books = Books(tmp_path)
    other = "player_game_summary"
    wanted = {*TABLES[table].upstream, *TABLES[other].upstream, other, SUMMARY, table}
    words = _words([name for name in TABLES if name in wanted])
    asked = compute.require

    def require(declared, *arguments) -> None:
        asked(declared, *arguments)
        if declared.name == table:
            raise error

    monkeypatch.setattr(compute, "require", require)
    result = books.call("backfill", *SPAN, *words)
    assert result.exit_code == 1
    assert str(error) in result.stderr
    assert books.latest(table, name) == ("FAILED", str(error))
    assert books.dates(table)["materialized"] == set()
    assert books.dates(other) == {"materialized": _dates(), "failed": set()}
    monkeypatch.undo()
    assert books.call("backfill", *SPAN, *words).exit_code == 0
    assert books.latest(table, name) == ("SUCCEEDED", None)
    assert books.dates(table) == {"materialized": _dates(), "failed": set()}


def test_dates_that_an_error_hit_are_shown_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were to be computed, and what reads them does not run."""
    books = Books(tmp_path)

    def judge(*_arguments) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(compute, "judge", judge)
    words = _words(with_upstream("nbac_team_boxscore"))
    assert books.call("backfill", *SPAN, *words).exit_code == 1
    assert books.dates("nbac_schedule") == {"materialized": set(), "failed": _dates()}
    assert books.events()["STEP_FAILURE"] == 1


def test_a_date_that_is_current_does_not_stay_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forced run that failed leaves its dates red; the next one that finds them current says so."""
    books = Books(tmp_path)
    table = "nbac_team_boxscore"
    words = _words(with_upstream(table))
    assert books.call("backfill", *SPAN, *words).exit_code == 0

    def judge(*_arguments) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(compute, "judge", judge)
    assert books.call("backfill", *SPAN, "-t", table, "--force").exit_code == 1
    assert books.dates(table)["failed"] == _dates()
    monkeypatch.undo()
    assert books.launch([table]).status == dg.DagsterRunStatus.SUCCESS
    assert books.dates(table) == {"materialized": _dates(), "failed": set()}


def test_what_a_computed_date_costs(tmp_path: Path) -> None:
    """Under 8 KB of log per table and date; lineage and counts stand once per run and table."""
    books = Books(tmp_path)
    assert books.call("backfill", *SPAN).exit_code == 0
    computed = sum(len(t.partitions_between(FIRST, LAST)) for t in TABLES.values())
    # What a run costs besides, and an empty log, is not spread over many dates by two weeks.
    allowed = computed * BYTES_PER_TABLE_AND_DATE + len(TABLES) * BYTES_OF_A_RUN_AND_TABLE
    assert books.book_size() < allowed
    assert books.events()["ASSET_MATERIALIZATION"] == computed
    with books.instance() as instance:
        found = instance.fetch_materializations(dg.AssetKey(SUMMARY), limit=100).records
    facts = [r.asset_materialization.metadata for r in found]
    assert ["dagster/column_lineage" in one for one in facts] == [True] + [False] * (DAYS - 1)
    assert [one["dagster/row_count"].value for one in facts] == [
        len(rows) for rows in _rows_by_date(books, SUMMARY)
    ]


def _rows_by_date(books: Books, table: str) -> list[list[dict]]:
    """The table's rows of each date, the last date first."""
    rows = books.told("sql", f"SELECT game_date FROM {table}", "--format", "json")
    return [[r for r in rows if r["game_date"][:10] == day] for day in sorted(_dates())[::-1]]


def test_a_backfill_of_what_is_current_starts_no_run(full: Books) -> None:
    """It says so and leaves the books alone."""
    before = full.events()
    result = full.call("backfill", *SPAN)
    assert result.exit_code == 0
    assert "nothing to do" in result.output
    assert full.events() == before


def test_a_launched_run_of_what_is_current_notes_no_date(full: Books) -> None:
    """No materialization and no check, and what was known stays as it was."""
    checked = full.check("nbac_team_boxscore", "expected_keys")
    assert len(checked["SUCCEEDED"]) == DAYS - 1
    run = full.launch([*RAW, SUMMARY])
    assert run.status == dg.DagsterRunStatus.SUCCESS
    noted = full.events(run.run_id)
    assert noted["ASSET_MATERIALIZATION"] == noted["ASSET_CHECK_EVALUATION"] == 0
    assert sum(noted.values()) < 10 * len([*RAW, SUMMARY])
    assert full.dates(SUMMARY) == {"materialized": _dates(), "failed": set()}
    assert full.check("nbac_team_boxscore", "expected_keys") == checked
    assert full.latest(SUMMARY, "schema") == ("SUCCEEDED", None)


def test_a_backfill_of_the_daemon_is_told_of_current_dates(full: Books) -> None:
    """It waits for a materialization of each of its dates; the checks of those dates stand."""
    checked = full.check("nbac_team_boxscore", "expected_keys")
    run = full.launch(RAW, **{"dagster/backfill": "ten"})
    noted = full.events(run.run_id)
    assert noted["ASSET_MATERIALIZATION"] == len(RAW) * DAYS
    assert noted["ASSET_CHECK_EVALUATION"] == 0
    assert full.check("nbac_team_boxscore", "expected_keys") == checked


def test_only_dates_whose_rows_changed_are_told_again(tmp_path: Path) -> None:
    """And dates that Dagster has never heard of, or heard otherwise, although they are current."""
    books = Books(tmp_path)
    assert books.call("backfill", *SPAN, *_words(["nbac_schedule", *RAW])).exit_code == 0
    changed = books.told("gaps", "--json")[0]["game_date"]
    (books.landing / TEAM_LOG).write_text(books.whole)
    assert books.call("backfill", *SPAN, "-t", "nbac_team_boxscore").exit_code == 0
    with books.instance() as instance:
        found = instance.fetch_materializations(dg.AssetKey("nbac_team_boxscore"), limit=100)
    told = Counter(record.partition_key for record in found.records)
    assert told[changed] == 2
    assert books.check("nbac_team_boxscore", "expected_keys") == {"SUCCEEDED": sorted(_dates())}
    with books.instance() as instance:
        instance.wipe_assets([dg.AssetKey("nbac_team_boxscore")])
        assert instance.get_materialized_partitions(dg.AssetKey("nbac_team_boxscore")) == set()
    assert books.launch(["nbac_team_boxscore"]).status == dg.DagsterRunStatus.SUCCESS
    assert books.dates("nbac_team_boxscore")["materialized"] == _dates()
