"""What a run found, lost, left stale and predicted is said at its end, by name."""

import json
import re
import shlex
import shutil
from datetime import date, datetime, time, timedelta

import pytest

from nba_pipeline import clock
from nba_pipeline.model import promotion, training_gate
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import TRAINING_MINIMUM_GAMES
from nba_pipeline_tests.cli.home import DAYS, FIRST, LAST, LOST, OUTPUT, SPAN, Home
from nba_pipeline_tests.conftest import DAILY, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, damaged, games, lines
from nba_pipeline_tests.program import Program

CORRECTED = FIRST + timedelta(days=5)
WITHOUT_PREDICTIONS = [
    name
    for name in DAILY
    if name not in ("player_prop_predictions", "predictions_made", "prediction_accuracy")
]


@pytest.fixture(scope="module")
def home(tmp_path_factory, backfilled) -> Home:
    """A league with a lost team line, backfilled."""
    return Home(tmp_path_factory.mktemp("findings"), backfilled)


@pytest.fixture(scope="module")
def first_output(home) -> str:
    """What the first backfill printed."""
    return (home.folder / OUTPUT).read_text()


def _stored(home: Home) -> Lab:
    return Lab(home.folder / "home", home.landing)


def test_gaps_are_named_with_the_rows_that_they_touch(home, first_output) -> None:
    """The one lost line, and as many rows as name it in all tables."""
    lost = lines(home.folder / "source", TEAM_LOG)[LOST]
    unit = f"{lost['GAME_DATE']}:{lost['GAME_ID']}:{lost['TEAM_ABBREVIATION']}"
    gap_id = f"nbac_team_boxscore:{unit}"
    stored = _stored(home)
    rows = sum(
        gap_id in row["gap_ids"]
        for name, table in TABLES.items()
        if table.is_tracked
        for row in stored.rows(name)
    )
    assert rows > 0
    assert (
        f"gaps in this run: 1, {gap_id} ({rows} rows); all there are: nba-pipeline gaps"
        in first_output
    )
    assert "now stale" not in first_output
    assert "lost:" not in first_output


def test_a_season_s_first_day_on_which_nobody_can_be_known_is_no_failure(
    home, first_output
) -> None:
    """Nobody is expected of its six teams, which have no game behind them."""
    assert "expected_keys" not in first_output
    stamp = _stored(home).warehouse.stamps("upcoming_player_game_context")[FIRST]
    assert (stamp.expected, stamp.row_count) == (0, 0)


def test_what_checks_find_is_named_with_the_number_of_dates(tmp_path) -> None:
    """Two sides whose plus-minus are not each other's opposite, on the one date that has it."""
    home = Home(tmp_path)

    def correct(rows: list[dict]) -> None:
        game = next(row["GAME_ID"] for row in rows if row["GAME_DATE"] == str(CORRECTED))
        for row in rows:
            if row["GAME_ID"] == game:
                row["PLUS_MINUS"] += 1

    damaged(home.landing, home.folder, TEAM_LOG, correct)
    raw = [name for name in DAILY if TABLES[name].phase == 2]
    result = home.call("backfill", *SPAN, *_named(raw))
    (text,) = [line for line in result.output.splitlines() if line.startswith("failed: ")]
    assert text.startswith("failed: nbac_team_boxscore plus_minus_not_mirrored on 1 dates, 002")
    assert text.count(" / ") == 2


@pytest.mark.usefixtures("first_output")
def test_a_backfill_of_what_is_current_finds_nothing(home) -> None:
    """It computed nothing, and has nothing to say but how long it took."""
    result = home.call("backfill", *SPAN)
    assert result.exit_code == 0
    assert "gaps in this run" not in result.output


@pytest.mark.usefixtures("first_output")
def test_a_days_correction_says_which_later_dates_are_stale_and_what_takes_them_along(home) -> None:
    """Every later day looks back on the corrected one; the printed command leaves none of them."""

    def correct(rows: list[dict]) -> None:
        game = next(row["GAME_ID"] for row in rows if row["GAME_DATE"] == str(CORRECTED))
        for row in rows:
            if row["GAME_ID"] == game:
                row["TOV"] += 1

    damaged(home.landing, home.folder, TEAM_LOG, correct)
    result = home.call("backfill", "--from", str(CORRECTED), "--to", str(CORRECTED))
    assert result.exit_code == 0, result.output
    later = [CORRECTED + timedelta(days=n) for n in range(1, (LAST - CORRECTED).days + 1)]
    assert f"now stale: {len(later)} dates from {later[0]} to {LAST} of " in result.output
    command = re.search(r"nba-pipeline (backfill --from .*)", result.output)
    taken = home.call(*shlex.split(command[1]))
    assert taken.exit_code == 0, taken.output
    assert "now stale" not in taken.output
    status = home.told("status", "--from", str(later[0]), "--to", str(LAST), "--json")
    assert {row["table"] for row in status if row["stale"]} <= {"points_model"}


@pytest.mark.usefixtures("first_output")
def test_predict_prints_what_it_predicted_with_the_model_that_there_is(home) -> None:
    """As many rows as are stored of the day; a stale model serves on as it is."""
    before = _stored(home).warehouse.stamps("points_model")
    (lost,) = home.told("gaps", "--json")
    text = home.call("predict", "--date", str(LAST))
    assert text.exit_code == 0, text.output
    assert f"predictions of {LAST}" in text.output
    facts = home.told("predict", "--date", str(LAST), "--json")
    made = _stored(home).rows("player_prop_predictions", game_date=LAST)
    assert len(facts) == len(made) > 0
    by_player = {(row["player"], row["system"]): row for row in facts}
    one = made[0]
    row = by_player[one["player_lookup"], one["system"]]
    game = next(g for g in games(home.landing) if g["gameId"] == one["game_id"])
    away, at_home = (game[f"{side}Team"]["teamTricode"] for side in ("away", "home"))
    assert row["game"] == f"{LAST:%Y%m%d}_{away}_{at_home}"
    assert row["points"] == pytest.approx(one["predicted_points"])
    assert (row["is_ready"], row["reason"]) == (one["is_production_ready"], one["not_ready_reason"])
    assert one["player_lookup"] in text.output
    assert lost["touched_to"] == str(LAST)
    assert _stored(home).warehouse.stamps("points_model") == before


def test_predict_trains_the_model_of_a_month_without_one(tmp_path) -> None:
    """The first date of an empty home has its month's model, and one row per player."""
    home = Home(tmp_path)
    facts = home.told("predict", "--date", str(FIRST), "--json")
    assert facts == []
    stored = _stored(home)
    assert list(stored.warehouse.stamps("points_model")) == [date(2023, 10, 1)]


def test_a_file_that_cannot_be_read_ends_red_and_the_rest_stands(tmp_path) -> None:
    """It is named at the end; every other table has all of its dates."""
    home = Home(tmp_path)
    file = home.landing / PLAYER_LOG
    file.write_bytes(file.read_bytes()[:5000])
    tables = with_upstream("data_gaps")
    result = home.call("backfill", *SPAN, *_named(tables))
    assert result.exit_code == 1
    assert "lost: rejected_rows unreadable_files on " in result.stderr
    assert f"{PLAYER_LOG} / unreadable_file" in result.stderr
    stored = _stored(home)
    assert {name: len(stored.warehouse.stamps(name)) for name in tables} == dict.fromkeys(
        tables, DAYS
    )
    sides = 2 * len(games(home.landing))
    assert f"gaps in this run: {sides}, nbac_player_boxscore:" in result.output


def test_repair_wants_no_model_that_nobody_asked_for(tmp_path) -> None:
    """Tables without models are repaired, predictions wait unsaid, and then there is nothing left."""
    home = Home(tmp_path)
    span = ["--from", str(FIRST), "--to", str(FIRST + timedelta(days=3))]
    assert home.call("backfill", *span, *_named(WITHOUT_PREDICTIONS)).exit_code == 0
    assert "nothing to repair" in home.call("repair").output
    home.lose_a_team_line()

    def correct(rows: list[dict]) -> None:
        rows[0]["TOV"] += 1

    damaged(home.landing, home.folder, TEAM_LOG, correct)
    planned = home.told("repair", "--dry-run", "--json")
    stale = {line["table"]: line["stale"] for line in planned}
    assert stale["nbac_team_boxscore"] > 0
    assert stale["player_prop_predictions"] == 0
    result = home.call("repair")
    assert result.exit_code == 0, result.output
    assert "nbac_team_boxscore: done" in result.output
    assert home.told("repair", "--dry-run", "--json") == []
    assert "nothing to repair" in home.call("repair").output


def _named(tables: list[str]) -> list[str]:
    """The options that name the tables."""
    return [word for name in tables for word in ("-t", name)]


@pytest.mark.usefixtures("first_output")
def test_grading_a_date_of_which_a_game_is_not_over_ends_red_and_names_it(home, tmp_path) -> None:
    """At eleven in the evening, with one game under way; once it is over the command ends with 0."""
    landing = tmp_path / "landing"
    shutil.copytree(home.folder / "home", tmp_path / "home")
    shutil.copytree(home.landing, landing)
    program = Program(tmp_path / "home", landing)
    schedule = (landing / SCHEDULE).read_text()
    document = json.loads(schedule)
    played = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    late = next(game for game in played if game["gameDateEst"][:10] == str(LAST))
    late["gameStatus"] = 2
    (landing / SCHEDULE).write_text(json.dumps(document))
    with clock.set_to(datetime.combine(LAST, time(23), clock.EASTERN)):
        result = program.call("grade", "--date", str(LAST))
        assert result.exit_code == 1, result.output
        assert f"{LAST} is not wholly graded: nbac_schedule has 1 open" in result.output
        assert late["gameId"] in result.output
        (landing / SCHEDULE).write_text(schedule)
        result = program.call("grade", "--date", str(LAST))
        assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("first_output")
def test_training_a_month_that_the_gate_refuses_ends_red(home, tmp_path, monkeypatch) -> None:
    """The command says where to read why; once it may serve, the same command ends with 0."""
    shutil.copytree(home.folder / "home", tmp_path / "home")
    program = Program(tmp_path / "home", home.landing)
    monkeypatch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", 10)
    monkeypatch.setattr(training_gate, "CHECKS", {})
    monkeypatch.setattr(promotion, "refusals", lambda *_: ["promotion: planted"])
    kept = program.call("train", "--month", "2023-11", "--force")
    assert kept.exit_code == 1
    assert "the gate does not let the model of 2023-11 serve" in kept.output
    assert "validate training_gate --from 2023-11-01 --to 2023-11-30" in kept.output
    monkeypatch.setattr(promotion, "refusals", lambda *_: [])
    trained = program.call("train", "--month", "2023-11", "--force")
    assert trained.exit_code == 0, trained.output
