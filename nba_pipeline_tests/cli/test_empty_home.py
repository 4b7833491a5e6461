"""Every command says what to do next where nothing is stored, and never falls over."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import on_call
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.cli.home import DAYS, LAST, SPAN, Home
from nba_pipeline_tests.conftest import DAILY

RAW = [name for name, table in TABLES.items() if table.phase == 2]


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Home:
    """A landing zone, and nothing computed from it."""
    return Home(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Home:
    """Raw tables only."""
    home = Home(tmp_path_factory.mktemp("raw"))
    result = home.call("backfill", *SPAN, *(word for name in RAW for word in ("-t", name)))
    assert result.exit_code == 0, result.output
    return home


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gaps"], "data_gaps is not stored yet: compute it with nba-pipeline backfill"),
        (["explain", "Nobody", str(LAST)], "player_prop_predictions is not stored yet"),
        (["accuracy"], "prediction_accuracy is not stored yet"),
        (["validate"], "nothing that a checkpoint judges is stored"),
        (["validate", "usage_rate"], "nothing that usage_rate judges is stored"),
        (["progress"], "there has been no backfill yet"),
        (["diff", "abc"], "no rows were changed by abc: nba-pipeline audit lists the runs"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_was_never_computed_is_said_with_the_command_that_does(
    empty, words, says, form
) -> None:
    """One line on stderr and exit code 1; nothing that could be taken for an answer."""
    result = empty.call(*words, *form)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["status", *SPAN], DAYS * len(DAILY) + 2 * (len(TABLES) - len(DAILY))),
        (["plan", *SPAN], len(TABLES)),
        (["repair", "--dry-run"], 0),
        (["leases"], 0),
        (["audit"], 0),
    ],
)
def test_what_can_be_said_of_an_empty_home_is_said(empty, words, rows) -> None:
    """Valid JSON with as many lines as there are partitions, tables or nothing."""
    assert len(empty.told(*words, "--json")) == rows
    assert empty.call(*words).exit_code == 0


def test_the_report_of_an_empty_home_says_what_to_do_next(empty, monkeypatch) -> None:
    """On a day of the season predictions are wanted, on its first alone; in summer nothing is."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2023, 10, 24, 15, tzinfo=UTC))
    assert empty.told("report", "--json")["next"] == ["nba-pipeline predict --date 2023-10-24"]
    monkeypatch.setattr(clock, "now", lambda: datetime(2023, 11, 2, 15, tzinfo=UTC))
    report = empty.told("report", "--json")
    assert report["next"] == ["nba-pipeline backfill --from 2023-10-24 --to 2023-11-02"]
    assert report["running"] == report["stopped"] == report["gaps"] == []
    said = empty.call("report").stdout
    assert "no predictions of today" in said
    assert "next: nba-pipeline backfill --from 2023-10-24 --to 2023-11-02" in said
    monkeypatch.setattr(clock, "now", lambda: datetime(2023, 7, 15, 15, tzinfo=UTC))
    assert "off-season, nothing is predicted today" in empty.call("report").stdout


@pytest.mark.parametrize("command", ["predict", "grade"])
def test_a_date_of_a_season_that_is_not_there_leaves_nothing_behind(raw, command) -> None:
    """Its rows alone would make every later date wait for the rest of that season."""
    result = raw.call(command, "--date", "2022-11-02")
    assert result.exit_code == 2
    assert "nba-pipeline backfill --from 2022-10-18 --to 2022-11-02 computes it" in result.stderr
    (stored,) = raw.told(
        "sql", "SELECT min(date) AS first FROM partition_status", "--format", "json"
    )
    assert stored["first"] > "2023"


def test_the_report_says_where_it_cannot_look(empty, monkeypatch) -> None:
    """In one line, with what is in its way."""

    def fail(_home: object) -> None:
        raise PermissionError(13, "Permission denied", "landing")

    monkeypatch.setattr(on_call, "on_call", fail)
    told = empty.call("report")
    assert told.exit_code == 1
    assert "cannot look: PermissionError: [Errno 13] Permission denied: 'landing'" in told.output


def test_a_query_names_the_tables_that_there_are(empty) -> None:
    """partition_status is there from the start."""
    result = empty.call("sql", "SELECT * FROM player_game_summary")
    assert result.exit_code == 2
    assert "no table player_game_summary; there are partition_status" in result.stderr
    assert empty.told("sql", "SELECT * FROM partition_status", "--format", "json") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explain", "Nobody", str(LAST)], "player_prop_predictions is not stored yet"),
        (["accuracy"], "prediction_accuracy is not stored yet"),
        (["validate", "usage_rate"], "nothing that usage_rate judges is stored"),
    ],
)
def test_raw_tables_alone_answer_what_they_can(raw, words, says) -> None:
    """Gaps are known, predictions are not."""
    result = raw.call(*words)
    assert result.exit_code == 1
    assert says in result.stderr
    assert raw.told("gaps", "--json") == []
    assert raw.told("validate", "gaps", "--json")["checks"][0]["passed"] == DAYS


@pytest.mark.parametrize(
    "words",
    [
        ["gaps", "--from", "2023-11-02", "--to", "2023-11-01"],
        ["status", "--from", "2023-11-02", "--to", "2023-11-01"],
        ["accuracy", "--from", "2023-11-02", "--to", "2023-11-01"],
        ["validate", "--from", "2023-11-02", "--to", "2023-11-01"],
        ["explain", "Nobody", "2023-02-30"],
        ["predict", "--date", "tonight"],
        ["grade", "--date", "2023-07-15"],
        ["train", "--month", "2023"],
        ["repair", "--json"],
        ["predict", "--date", "2024-10-01"],
        ["backfill", *SPAN, "--reason", "nobody would read it"],
        ["plan", *SPAN, "--bypass", "upstream_missing"],
    ],
)
def test_wrong_dates_end_with_two(empty, words) -> None:
    """One line, whatever the command."""
    result = empty.call(*words)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_wrong_setting_is_named(empty, monkeypatch) -> None:
    """The variable, what it says, and why that is wrong."""
    monkeypatch.setenv("NBA_PIPELINE_LEASE_SECONDS", "soon")
    result = empty.call("leases")
    assert result.exit_code == 2
    assert "NBA_PIPELINE_LEASE_SECONDS='soon'" in result.stderr


@pytest.mark.parametrize("is_mount_point", [False, True])
def test_a_landing_zone_that_is_not_there_is_named(tmp_path, *, is_mount_point) -> None:
    """Nothing is computed of any table that has a source."""
    home, day = Home(tmp_path), str(LAST - timedelta(days=1))
    home.landing.rename(tmp_path / "away")
    says = f"{day}: there is no landing zone at {home.landing}"
    if is_mount_point:
        home.landing.mkdir()
        says = f"{day}: the landing zone {home.landing} is empty"
    result = home.call("backfill", "--from", day, "--to", day, "-t", "injury_transactions")
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_a_required_file_that_is_not_there_is_named(tmp_path) -> None:
    """Nothing is computed, and the missing file has its name and folder."""
    home, day = Home(tmp_path), str(LAST - timedelta(days=1))
    (home.landing / "nba_stats/schedule/2023-24.json").rename(tmp_path / "away")
    result = home.call("backfill", "--from", day, "--to", day)
    assert result.exit_code == 1
    assert result.stderr.startswith("nbac_schedule: 1 dates")
    assert f"{day}: missing_file: no file of nba_stats_schedule covers 2023-24" in result.stderr
    assert "nba_stats/schedule/2023-24.json" in result.stderr
    assert str(home.landing) in result.stderr
    assert "Traceback" not in result.output


HEAVY = ("dagster", "ibis", "pandas", "sqlalchemy", "pyarrow", "duckdb", "deltalake")


def _imported(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has imported after the code."""
    ending = f"import json, sys; print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    command = [sys.executable, "-c", f"{code}\n{ending}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


def test_the_program_starts_with_nothing_heavy() -> None:
    """What only some commands need is imported by those."""
    assert _imported("import nba_pipeline.cli.main") == set()


def test_commands_that_look_start_without_dagster(empty, monkeypatch) -> None:
    """Tables, stamps and landing files are looked at without it."""
    for name, place in empty.places.items():
        monkeypatch.setenv(name, place)
    look = (
        "from nba_pipeline.cli.main import app\n"
        "from typer.testing import CliRunner\n"
        "for words in {words!r}:\n"
        "    assert CliRunner().invoke(app, words).exit_code in (0, 1)"
    )
    words = [["status", *SPAN], ["plan", *SPAN], ["gaps"], ["validate"], ["leases"], ["audit"]]
    assert "dagster" not in _imported(look.format(words=words))
    assert _imported(look.format(words=[["leases"], ["audit"]])) == {"sqlalchemy"}
