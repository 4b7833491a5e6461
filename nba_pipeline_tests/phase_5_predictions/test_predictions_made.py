"""What was said before tip-off stands: through results, corrections, newer code, force and moves."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import ibis
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from nba_pipeline import clock
from nba_pipeline.backfill.planner import Request, plan
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.compute import Writer, compute
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.preconditions import UPSTREAM_STALE
from nba_pipeline.engine.schema import conformed
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.upstream_versions import content, made_from
from nba_pipeline.kernel.table import Table
from nba_pipeline.phase_5_predictions import predictions_made as module
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES
from nba_pipeline.phase_5_predictions.player_prop_predictions import PlayerPropPredictions
from nba_pipeline.quality.accuracy import accuracy_of
from nba_pipeline.quality.explain import explain
from nba_pipeline.quality.gaps import root_gaps
from nba_pipeline.quality.predictions import predictions_of
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.protocol import RowsLost, Storage, Warehouse
from nba_pipeline_tests.conftest import FIRST, Lab
from nba_pipeline_tests.league_files import (
    PLAYER_LOG,
    TEAM_LOG,
    change_games,
    damaged,
    games,
    lines,
)
from nba_pipeline_tests.phase_5_predictions.mornings import (
    known_on,
    moment,
    next_day,
    predicted,
)

DAY = date(2023, 11, 10)
MORNING, NOON, NIGHT = moment(DAY, 13), moment(DAY, 17), moment(next_day(DAY), 12)
PREDICT = [name for name in TABLES if name != "prediction_accuracy"]
KEY = ("game_id", "player_id", "system")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, league_landing: Path) -> Lab:
    """A league whose day was predicted in the morning; never written to by a test."""
    folder = tmp_path_factory.mktemp("said")
    lab = Lab(folder, known_on(league_landing, folder, DAY))
    with clock.set_to(MORNING):
        lab.compute(PREDICT, FIRST, DAY)
    return lab


@pytest.fixture(scope="module")
def graded(said: Lab, tmp_path_factory: pytest.TempPathFactory, league_landing: Path) -> Lab:
    """The same on the next morning: results are there and all is computed again; only read."""
    lab = _copy(said, tmp_path_factory.mktemp("graded"))
    known_on(league_landing, lab.folder, next_day(DAY))
    with clock.set_to(NIGHT):
        lab.compute([*TABLES], FIRST, DAY)
    return lab


@pytest.fixture(scope="module")
def corrected(graded: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The same when an earlier day has been corrected after the day; only read."""
    lab = _copy(graded, tmp_path_factory.mktemp("corrected"))
    _correct(lab)
    with clock.set_to(NIGHT):
        lab.compute([*TABLES], FIRST, DAY)
    return lab


@pytest.fixture
def lab(tmp_path: Path, said: Lab) -> Lab:
    """The league whose day was predicted in the morning, to write to."""
    return _copy(said, tmp_path)


def _copy(lab: Lab, folder: Path) -> Lab:
    """A copy of the lab and its landing zone."""
    shutil.copytree(lab.folder, folder / "copy")
    return Lab(folder / "copy", folder / "copy/landing", token=100)


def _statements(lab: Lab) -> list[dict[str, Any]]:
    """Every statement with every column, in order."""
    rows = lab.warehouse.table("predictions_made").to_pyarrow().to_pylist()
    return sorted(rows, key=lambda row: (*(row[k] for k in KEY), row["made_at"]))


def _a_line(lab: Lab) -> dict[str, Any]:
    """A line of somebody of whom something was said, in a game of the days before."""
    players = {row["player_id"] for row in _statements(lab)}
    return next(
        line
        for line in lines(lab.landing_folder, PLAYER_LOG)
        if str(DAY - timedelta(days=4)) <= line["GAME_DATE"] < str(DAY)
        and line["PLAYER_ID"] in players
    )


def _three_more(row: dict[str, Any]) -> None:
    for name, more in (("FGM", 1), ("FGA", 1), ("FG3M", 1), ("FG3A", 1), ("PTS", 3)):
        row[name] += more


def _correct(lab: Lab) -> int:
    """A player made one more three in an earlier game; returns who."""
    wrong = _a_line(lab)
    game_id, team = wrong["GAME_ID"], wrong["TEAM_ABBREVIATION"]

    def players(rows: list[dict[str, Any]]) -> None:
        _three_more(
            next(
                row
                for row in rows
                if (row["GAME_ID"], row["PLAYER_ID"]) == (game_id, wrong["PLAYER_ID"])
            )
        )

    def teams(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["GAME_ID"] == game_id:
                own = row["TEAM_ABBREVIATION"] == team
                row["PLUS_MINUS"] += 3 if own else -3
                if own:
                    _three_more(row)

    def score(game: dict[str, Any]) -> None:
        for side in ("homeTeam", "awayTeam"):
            if game["gameId"] == game_id and game[side]["teamTricode"] == team:
                game[side]["score"] += 3

    damaged(lab.landing_folder, lab.folder, PLAYER_LOG, players)
    damaged(lab.landing_folder, lab.folder, TEAM_LOG, teams)
    change_games(lab.landing_folder, score)
    lab.landing = Landing(str(lab.landing_folder))
    return int(wrong["PLAYER_ID"])


def test_what_was_said_is_the_prediction_before_tip_off(said) -> None:
    """One statement per prediction of the day, none of the days before, with the day's columns."""
    predictions = said.rows("player_prop_predictions", game_date=DAY)
    rows = _statements(said)
    assert len(rows) == len(predictions) > 20
    assert {row["made_at"] for row in rows} == {MORNING.replace(tzinfo=None)}
    for row, prediction in zip(rows, predictions, strict=True):
        own = {"made_from", "made_at", "run_id", "written_at", "tipoff_at", "code_version"}
        assert {k: v for k, v in row.items() if k not in own} == {
            k: v for k, v in prediction.items() if k != "code_version"
        }
        assert row["tipoff_at"] == moment(next_day(DAY), 0, 30).replace(tzinfo=None)
    stamps = said.warehouse.stamps("predictions_made")
    assert stamps[DAY].row_count == len(rows)
    assert {stamps[day].row_count for day in stamps if day < DAY} == {0}
    assert (stamps[FIRST].expected, stamps[FIRST].present) == (0, 0)


def test_results_change_nothing_and_both_bases_are_graded(said, graded, league_landing) -> None:
    """The score comes, all is recomputed: neither what is predicted nor what was said changes."""
    before = _statements(said)
    assert _statements(graded) == before
    assert graded.rows("player_prop_predictions") == said.rows("player_prop_predictions")
    points = {
        (line["GAME_ID"], line["PLAYER_ID"]): line["PTS"]
        for line in lines(league_landing, PLAYER_LOG)
        if line["MIN"] > 0
    }
    rows = graded.rows("prediction_accuracy", game_date=DAY)
    made = [row for row in rows if row["basis"] == "made"]
    recomputed = [row for row in rows if row["basis"] == "recomputed"]
    assert [tuple(row[k] for k in KEY) for row in made] == [
        tuple(row[k] for k in KEY) for row in recomputed
    ]
    assert len(made) == len(before)
    for now, then in zip(recomputed, made, strict=True):
        assert then["actual_points"] == points.get((then["game_id"], then["player_id"]))
        assert (now["inputs_changed"], then["inputs_changed"]) == (None, False)
        assert now["predicted_points"] == then["predicted_points"]
    bases = _by_basis(accuracy_of(graded.warehouse, DAY, DAY))
    assert set(bases) == {"made", "recomputed"}
    assert bases["made"]["mae"] == bases["recomputed"]["mae"]
    assert bases["made"]["rows"] == sum(
        row["absolute_error"] is not None for row in made if row["system"] == SYSTEM
    )
    everything = _by_basis(accuracy_of(graded.warehouse, FIRST, DAY))
    assert everything["recomputed"]["rows"] > everything["made"]["rows"] == bases["made"]["rows"]


SYSTEM = "moving_average"


def _by_basis(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One system's rows."""
    return {row["basis"]: row for row in rows if row["system"] == SYSTEM}


def test_a_later_correction_is_told_and_leaves_what_was_said(said, corrected) -> None:
    """An earlier day's points are corrected after the game: inputs_changed names who is touched."""
    before = _statements(said)
    assert _statements(corrected) == before
    player = _a_line(said)["PLAYER_ID"]
    graded = {
        (row["player_id"], row["basis"]): row
        for row in corrected.rows("prediction_accuracy", game_date=DAY, system=SYSTEM)
    }
    then, now = graded[player, "made"], graded[player, "recomputed"]
    assert then["inputs_changed"] is True
    assert then["predicted_points"] != now["predicted_points"]
    old = next(r for r in before if (r["player_id"], r["system"]) == (player, SYSTEM))
    assert then["predicted_points"] == old["predicted_points"]
    # Exactly those whose features are others now: an independent look at every feature.
    of_then, of_now = (
        {row["player_id"]: row for row in lab.rows("ml_feature_store_v2", game_date=DAY)}
        for lab in (said, corrected)
    )
    for (who, basis), row in graded.items():
        if basis == "made":
            differs = any(of_then[who][name] != of_now[who][name] for name in FEATURES)
            assert row["inputs_changed"] == differs, who
    told = explain(str(player), DAY, TABLES, corrected.warehouse)["said"]
    assert {(row["made_at"], row["inputs_changed"]) for row in told} == {(old["made_at"], True)}


def test_inputs_that_change_before_tip_off_are_said_again_and_the_last_is_graded(
    lab, league_landing
) -> None:
    """A correction at noon gives those whom it touches a second statement, and nobody else."""
    before = _statements(lab)
    player = _correct(lab)
    with clock.set_to(NOON):
        lab.compute(PREDICT, FIRST, DAY)
    after = _statements(lab)
    assert [row for row in after if row["made_at"] == MORNING.replace(tzinfo=None)] == before
    second = [row for row in after if row["made_at"] == NOON.replace(tzinfo=None)]
    assert len(second) == len(after) - len(before)
    assert player in {row["player_id"] for row in second}
    first = {tuple(row[k] for k in KEY): row["features_fingerprint"] for row in before}
    now = {
        tuple(row[k] for k in KEY): row["features_fingerprint"]
        for row in lab.rows("player_prop_predictions", game_date=DAY)
    }
    touched = {key for key, fingerprint in now.items() if fingerprint != first[key]}
    assert {tuple(row[k] for k in KEY) for row in second} == touched
    # The noon's correction stays, and the day's results come.
    landing = lab.landing_folder
    damaged_logs = {log: lines(landing, log) for log in (PLAYER_LOG, TEAM_LOG)}
    scores = {game["gameId"]: game for game in games(landing)}
    known_on(league_landing, lab.folder, next_day(DAY))
    for log, corrected in damaged_logs.items():
        damaged(landing, lab.folder, log, lambda rows, old=corrected: _keep(rows, old))
    change_games(landing, lambda game: _keep_score(game, scores[game["gameId"]]))
    lab.landing = Landing(str(landing))
    with clock.set_to(NIGHT):
        lab.compute([*TABLES], FIRST, DAY)
    assert _statements(lab) == after
    made = [r for r in lab.rows("prediction_accuracy", game_date=DAY) if r["basis"] == "made"]
    assert len(made) == len(before)
    latest = {tuple(row[k] for k in KEY): row for row in after}
    for row in made:
        assert row["predicted_points"] == latest[tuple(row[k] for k in KEY)]["predicted_points"]
        assert row["inputs_changed"] is False


def _keep(rows: list[dict[str, Any]], old: list[dict[str, Any]]) -> None:
    """The old lines where there are some."""
    known = {
        (line["GAME_ID"], line.get("PLAYER_ID"), line["TEAM_ABBREVIATION"]): line for line in old
    }
    rows[:] = [
        known.get((row["GAME_ID"], row.get("PLAYER_ID"), row["TEAM_ABBREVIATION"]), row)
        for row in rows
    ]


def _keep_score(game: dict[str, Any], old: dict[str, Any]) -> None:
    for side in ("homeTeam", "awayTeam"):
        game[side]["score"] = old[side]["score"]


def _survey(lab: Lab, declared: Table) -> Survey:
    """What is stored, with one table as it is declared here."""
    return Survey(TABLES | {declared.name: declared}, lab.warehouse, lab.landing)


def test_neither_force_nor_newer_code_takes_a_statement(lab) -> None:
    """Forced, under a newer version, in the future: every row stays bit for bit."""
    before = _statements(lab)
    newer = replace(TABLES["predictions_made"], version=9)
    for hours, force in ((1, True), (30, True), (30, False)):
        with clock.set_to(MORNING + timedelta(hours=hours)):
            writer = Writer("later", 900, lambda: None)
            compute(newer, [DAY], _survey(lab, newer), writer, force=force)
        assert _statements(lab) == before
    assert lab.warehouse.stamps("predictions_made")[DAY].code_version == 9


@pytest.mark.parametrize("appends", [True, False])
def test_the_warehouse_refuses_to_lose_a_statement(lab, appends) -> None:
    """Whatever the writer says of the table; also where a row would only change."""
    before = _statements(lab)
    storage = replace(TABLES["predictions_made"].storage, appends=appends)
    assert isinstance(storage, Storage)
    stamp = replace(lab.warehouse.stamps("predictions_made")[DAY], token=900)
    rows = lab.warehouse.table("predictions_made")
    for wrong in (rows.limit(0), rows.limit(3), rows.mutate(predicted_points=1.0)):
        with pytest.raises(RowsLost, match="only added"):
            lab.warehouse.replace(storage, lab.warehouse.stage(wrong), [stamp], lambda: None)
    with pytest.raises(RowsLost, match="made_from"):
        lab.warehouse.replace(
            storage, lab.warehouse.stage(rows.drop("made_from")), [stamp], lambda: None
        )
    with pytest.raises(CommitFailedError, match="append-only"):
        DeltaTable(str(lab.folder / "warehouse/predictions_made")).delete()
    assert _statements(lab) == before


def test_a_game_that_is_moved_or_put_off_keeps_what_was_said(lab) -> None:
    """One game goes to the next day, the others are postponed: the day's statements stay."""
    before = _statements(lab)
    today = sorted({row["game_id"] for row in before})
    assert len(today) >= 2

    def move(game: dict[str, Any]) -> None:
        if game["gameId"] == today[0]:
            game["gameDateEst"] = f"{next_day(DAY)}T00:00:00Z"
            game["gameDateTimeUTC"] = f"{next_day(next_day(DAY))}T00:30:00Z"
        elif game["gameId"] in today:
            game |= {"gameStatus": 1, "postponedStatus": "Y"}

    change_games(lab.landing_folder, move)
    lab.landing = Landing(str(lab.landing_folder))
    with clock.set_to(NOON):
        lab.compute(PREDICT, FIRST, DAY, force=True)
    assert lab.rows("player_prop_predictions", game_date=DAY) == []
    assert _statements(lab) == before


def test_what_was_said_of_a_date_that_the_game_has_left_is_graded_on_none(
    lab, league_landing
) -> None:
    """Also where one run computes both the date that it has left and the one that it was played on."""
    game = min(row["game_id"] for row in _statements(lab))
    schedule = {one["gameId"]: one for one in games(league_landing)}
    teams = {schedule[game][side]["teamTricode"] for side in ("homeTeam", "awayTeam")}
    busy = {
        one["date"]
        for one in schedule.values()
        if teams & {one[side]["teamTricode"] for side in ("homeTeam", "awayTeam")}
    }
    played_on = next(day for n in range(1, 30) if str(day := DAY + timedelta(days=n)) not in busy)
    known_on(league_landing, lab.folder, next_day(played_on))

    def move(one: dict[str, Any]) -> None:
        if one["gameId"] == game:
            one["gameDateEst"] = f"{played_on}T00:00:00Z"
            one["gameDateTimeUTC"] = f"{next_day(played_on)}T00:30:00Z"

    def move_rows(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["GAME_ID"] == game:
                row["GAME_DATE"] = str(played_on)

    change_games(lab.landing_folder, move)
    for log in (PLAYER_LOG, TEAM_LOG):
        damaged(league_landing, lab.folder, log, move_rows)
    lab.landing = Landing(str(lab.landing_folder))
    with clock.set_to(moment(next_day(played_on), 12)):
        lab.compute([*TABLES], FIRST, played_on)
    of_game = lab.rows("prediction_accuracy", game_id=game)
    assert {(row["game_date"], row["basis"]) for row in of_game} == {(played_on, "recomputed")}
    said = {row["game_id"] for row in _statements(lab)}
    made = {row["game_id"] for row in lab.rows("prediction_accuracy", basis="made")}
    assert made == said - {game}
    with clock.set_to(moment(next_day(played_on), 12)):
        lab.compute(["prediction_accuracy"], DAY, DAY, force=True)
    assert lab.rows("prediction_accuracy", game_id=game) == of_game


def test_past_dates_are_not_stale_for_ever(corrected, tmp_path) -> None:
    """After the day nothing of the statements is due, whatever changes before them."""
    lab = _copy(corrected, tmp_path)
    table = TABLES["predictions_made"]
    newer = replace(table, version=2)
    days = table.partitions_between(FIRST, DAY)
    with clock.set_to(NIGHT):
        for declared in (table, newer):
            assert needs(declared, days, _survey(lab, declared)).stale == {}
        # Nor is it planned because what it reads would change.
        _correct(lab)
        planned = {
            line.table.name: line.stale
            for line in plan(Request(tuple(TABLES.values()), FIRST, DAY), _survey(lab, table))
        }
    assert planned["predictions_made"] == {}
    assert DAY in planned["player_prop_predictions"]
    with clock.set_to(NOON):
        assert set(needs(newer, days, _survey(lab, newer)).stale) == {DAY}


def test_a_backfill_of_past_dates_says_nothing(league) -> None:
    """Every partition is there, complete and empty; only recomputed predictions are graded."""
    stamps = league.warehouse.stamps("predictions_made")
    assert set(stamps) == set(league.warehouse.stamps("player_prop_predictions"))
    assert {(s.row_count, s.expected, s.present) for s in stamps.values()} == {(0, 0, 0)}
    assert {row["basis"] for row in league.rows("prediction_accuracy")} == {"recomputed"}
    assert {row["inputs_changed"] for row in league.rows("prediction_accuracy")} == {None}


def test_a_statement_can_be_made_again_from_the_versions_that_it_names(said, corrected) -> None:
    """After a correction, the features and model at the named versions predict what was said."""
    before, lab = _statements(said), corrected
    (text,) = {row["made_from"] for row in before}
    named = json.loads(text)
    behind = ["predictions_made"]
    for name in behind:
        behind += [read.table for read in TABLES[name].reads if read.table not in behind]
    assert list(named) == [name for name in TABLES if name in behind[1:]]

    def at_version(name: str) -> ibis.Table:
        path, version = str(lab.folder / "warehouse" / name), named[name]["version"]
        return ibis.memtable(DeltaTable(path, version=version).to_pyarrow_table())

    features = at_version("ml_feature_store_v2")
    context = at_version("upcoming_player_game_context")
    similar = at_version("player_similar_games")
    again = predicted(
        features.filter(features.game_date == DAY),
        similar.filter(similar.game_date == DAY),
        at_version("points_model"),
        context.filter(context.game_date == DAY),
    )
    keys = (*KEY, "predicted_points", "features_fingerprint")
    rows = again.select(*keys).to_pyarrow().to_pylist()
    assert sorted(rows, key=str) == sorted(({k: row[k] for k in keys} for row in before), key=str)
    now = {
        row["player_id"]: row["predicted_points"]
        for row in lab.rows("player_prop_predictions", game_date=DAY)
    }
    assert now != {row["player_id"]: row["predicted_points"] for row in before}
    # The fingerprint tells a table that has changed from one that has not.
    stamps = {name: lab.warehouse.stamps(name) for name in named}
    changed = {name for name in named if content(stamps[name], DAY) != named[name]["content"]}
    assert {"nbac_player_boxscore", "ml_feature_store_v2"} <= changed
    assert "points_model" not in changed


def test_what_was_said_under_a_bypass_is_graded_under_it(lab, league_landing) -> None:
    """Though the day's statements are looked at again, without one, before they are graded."""
    shutil.rmtree(lab.folder / "warehouse/predictions_made")
    stale = replace(TABLES["player_prop_predictions"], version=99)
    bypass = Bypass(UPSTREAM_STALE, "in a hurry")
    writer = Writer("hurry", 500, lambda: None, (bypass,))
    with clock.set_to(MORNING):
        compute(TABLES["predictions_made"], [DAY], _survey(lab, stale), writer)
    said = _statements(lab)
    assert {row["bypass"] for row in said} == {str(bypass)}
    lab = Lab(lab.folder, lab.landing_folder, token=600)
    with clock.set_to(NOON):
        lab.compute(["predictions_made"], DAY, DAY, force=True)
    assert _statements(lab) == said
    assert lab.warehouse.stamps("predictions_made")[DAY].bypass == str(bypass)
    known_on(league_landing, lab.folder, next_day(DAY))
    lab.landing = Landing(str(lab.landing_folder))
    with clock.set_to(NIGHT):
        lab.compute([*TABLES], FIRST, DAY)
        survey = Survey(TABLES, lab.warehouse, lab.landing)
        assert DAY not in survey.outdated("predictions_made")
    made = lab.rows("prediction_accuracy", game_date=DAY, basis="made")
    assert {row["bypass"] for row in made} == {str(bypass)}


def test_a_gap_that_was_said_under_and_is_closed_needs_no_repair(lab) -> None:
    """The statement names it for good; the list of gaps does not."""
    whole = lab.folder / "whole"
    shutil.copytree(lab.landing_folder, whole)
    lost = _a_line(lab)

    def lose(rows: list[dict[str, Any]]) -> None:
        roster = (lost["GAME_ID"], lost["TEAM_ABBREVIATION"])
        rows[:] = [row for row in rows if (row["GAME_ID"], row["TEAM_ABBREVIATION"]) != roster]

    damaged(lab.landing_folder, lab.folder, PLAYER_LOG, lose)
    lab.landing = Landing(str(lab.landing_folder))
    with clock.set_to(NOON):
        lab.compute(PREDICT, FIRST, DAY)
    named = {gap for row in _statements(lab) for gap in row["gap_ids"]}
    assert len(named) == 1
    lab.landing = Landing(str(whole))
    with clock.set_to(NIGHT):
        lab.compute([*TABLES], FIRST, DAY)
    assert {gap for row in _statements(lab) for gap in row["gap_ids"]} == named
    assert root_gaps(TABLES.values(), FIRST, DAY, lab.warehouse) == []


def test_the_days_predictions_for_people(said) -> None:
    """Game by game and system by system, the most points first, with band and reason."""
    rows = predictions_of(said.warehouse, DAY)
    stored = said.rows("player_prop_predictions", game_date=DAY)
    assert len(rows) == len(stored)
    assert [row["game"] for row in rows] == sorted(row["game"] for row in rows)
    assert all(row["game"].startswith("20231110_") for row in rows)
    first = rows[0]["game"], SYSTEM
    points = [row["points"] for row in rows if (row["game"], row["system"]) == first]
    assert points == sorted(points, reverse=True)
    assert {(row["is_ready"], row["reason"]) for row in rows} == {
        (row["is_production_ready"], row["not_ready_reason"]) for row in stored
    }
    assert predictions_of(said.warehouse, next_day(DAY)) == []


# --- before tip-off: the transform on literal rows


def _new_statements(
    day: date,
    *games_of_day: tuple[str, datetime | None],
    now: datetime,
    stored: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """What is said at a moment of one player in each of the day's games, (status, tip-off) each."""
    kinds = {n: str(c.dtype) for n, c in PlayerPropPredictions.to_schema().columns.items()}
    columns = {n: str(c.dtype) for n, c in module.PredictionsMade.to_schema().columns.items()}
    known = {n: {"float64": 1.0, "int64": 1, "string": "x"}.get(kind) for n, kind in kinds.items()}
    ids = [f"002230{number:04d}" for number in range(len(games_of_day))]
    made = [known | {"game_id": game_id, "game_date": day, "made_at": now} for game_id in ids]
    schedule = [
        {"game_id": game_id, "game_date": day, "status": status, "tipoff_at": tipoff}
        for game_id, (status, tipoff) in zip(ids, games_of_day, strict=True)
    ]
    of_schedule = {"game_id": "string", "game_date": "date", "status": "string"}
    with clock.set_to(now):
        of_nothing = replace(TABLES["predictions_made"], upstream=())
        open_dates = made_from(of_nothing, [day], cast(Warehouse, None))
        rows = module.transform(
            ibis.memtable(made, schema=kinds),
            ibis.memtable(schedule, schema=of_schedule | {"tipoff_at": "timestamp('UTC')"}),
            ibis.memtable(stored or [], schema=columns),
            ibis.memtable(open_dates),
        )
        rows = conformed(rows, module.PredictionsMade, {})
        return list(rows.order_by("game_id").to_pyarrow().to_pylist())


def _open_games(day: date, *games_of_day: tuple[str, datetime | None], now: datetime) -> list[str]:
    """The last digits of those games of the day of which something is said."""
    return [row["game_id"][-1] for row in _new_statements(day, *games_of_day, now=now)]


def test_a_late_tip_off_in_the_west_is_still_to_come_after_midnight_utc() -> None:
    """22:30 Eastern is the next day's 03:30 UTC; the earlier game of the day has begun."""
    day = date(2024, 1, 10)
    early = ("scheduled", datetime(2024, 1, 11, 0, 30, tzinfo=UTC))
    late = ("scheduled", datetime(2024, 1, 11, 3, 30, tzinfo=UTC))
    at = datetime(2024, 1, 11, 2, 0, tzinfo=UTC)
    assert _open_games(day, early, late, now=at) == ["1"]
    assert _open_games(day, early, late, now=datetime(2024, 1, 11, 3, 30, tzinfo=UTC)) == []


def test_without_a_tip_off_time_the_eastern_day_decides() -> None:
    """Until midnight Eastern, 05:00 UTC in winter; before the day it is to come as well."""
    day = date(2024, 1, 10)
    unknown = ("scheduled", None)
    for at in (datetime(2024, 1, 8, 12, tzinfo=UTC), datetime(2024, 1, 11, 4, 59, tzinfo=UTC)):
        assert _open_games(day, unknown, now=at) == ["0"]
    assert _open_games(day, unknown, now=datetime(2024, 1, 11, 5, 0, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("day", "midnight"),
    [
        # Clocks go back at 06:00 UTC of the day: its end is Standard Time.
        (date(2023, 11, 5), datetime(2023, 11, 6, 5, tzinfo=UTC)),
        (date(2023, 11, 4), datetime(2023, 11, 5, 4, tzinfo=UTC)),
        # Clocks go forward at 07:00 UTC of the day: its end is Daylight Time.
        (date(2024, 3, 10), datetime(2024, 3, 11, 4, tzinfo=UTC)),
        (date(2024, 3, 9), datetime(2024, 3, 10, 5, tzinfo=UTC)),
    ],
)
def test_days_on_which_clocks_change_end_at_their_own_midnight(
    day: date, midnight: datetime
) -> None:
    """A minute before it something is said, at it nothing; a known tip-off is told in UTC."""
    minute = timedelta(minutes=1)
    known = ("scheduled", midnight - timedelta(hours=4))
    assert _open_games(day, ("scheduled", None), now=midnight - minute) == ["0"]
    assert _open_games(day, ("scheduled", None), now=midnight) == []
    assert _open_games(day, known, now=midnight - timedelta(hours=4) - minute) == ["0"]
    assert _open_games(day, known, now=midnight - timedelta(hours=4)) == []


@pytest.mark.parametrize("status", ["live", "final", "postponed"])
def test_a_game_that_is_under_way_over_or_off_is_not_spoken_of(status: str) -> None:
    """Also where its tip-off time says that it is still to come, or nothing."""
    day, at = date(2024, 1, 10), datetime(2024, 1, 10, 12, tzinfo=UTC)
    later = at + timedelta(hours=9)
    assert _open_games(day, (status, later), (status, None), ("scheduled", later), now=at) == ["2"]


def test_two_statements_at_one_moment_keep_their_order() -> None:
    """Where the clock stood still the second is a microsecond later; the same is said once."""
    day, at = date(2024, 1, 10), datetime(2024, 1, 10, 12, tzinfo=UTC)
    (first,) = _new_statements(day, ("scheduled", None), now=at)
    assert first["made_at"] == at.replace(tzinfo=None)
    assert _new_statements(day, ("scheduled", None), now=at, stored=[first]) == []
    other = first | {"predicted_points": 2.0}
    (second,) = _new_statements(day, ("scheduled", None), now=at, stored=[other])
    assert second["made_at"] - first["made_at"] == timedelta(microseconds=1)
    (third,) = _new_statements(
        day, ("scheduled", None), now=at, stored=[first, other | {"made_at": second["made_at"]}]
    )
    assert third["made_at"] - first["made_at"] == timedelta(microseconds=2)


def test_a_statement_has_every_column_of_the_prediction() -> None:
    """Under the same name and type."""
    mine = module.PredictionsMade.to_schema().columns
    for name, column in PlayerPropPredictions.to_schema().columns.items():
        assert str(mine[name].dtype) == str(column.dtype), name
