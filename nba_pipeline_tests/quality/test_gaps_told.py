"""Gaps, explanations and checkpoints tell what damage did, in numbers that can be counted by hand."""

import shutil
from datetime import date, timedelta
from itertools import pairwise

import pytest
from deltalake import DeltaTable

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.quality.checkpoints import checkpoint_of, figures, validate
from nba_pipeline.quality.explain import NotPredicted, explain
from nba_pipeline.quality.gaps import root_gaps
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST as SEASON_FIRST
from nba_pipeline_tests.conftest import LAST as SEASON_LAST
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games, lines
from nba_pipeline_tests.walk import BY_SIMILAR, TEAM, Walk

FIRST, LAST = date(2023, 10, 24), date(2023, 11, 4)
LOST = 2


@pytest.fixture(scope="module")
def hurt(tmp_path_factory) -> Lab:
    """A tiny league without the team line of number LOST."""
    folder = tmp_path_factory.mktemp("hurt")
    source = folder / "source"
    write_landing(source, League(teams=6, days=12, rest=0.0, seed=3))
    lab = Lab(folder, damaged(source, folder, TEAM_LOG, lambda rows: rows.pop(LOST)))
    allowed = (Bypass("usage_rate_coverage", "one of few lines is much"),)
    lab.compute([*TABLES], FIRST, LAST, bypasses=allowed)
    return lab


@pytest.fixture(scope="module")
def lost(hurt) -> dict:
    """The line that is gone."""
    return lines(hurt.folder / "source", TEAM_LOG)[LOST]


def _gap(lost: dict) -> str:
    return f"{TEAM}:{lost['GAME_DATE']}:{lost['GAME_ID']}:{lost['TEAM_ABBREVIATION']}"


def test_gaps_count_the_rows_and_predictions_that_name_them(hurt, lost) -> None:
    """One open gap; its predictions are those that name it, of most systems those of the walk.

    What games like tonight's were made of reaches two of the systems besides.
    """
    (gap,) = root_gaps(TABLES.values(), FIRST, LAST, hurt.warehouse)
    unit = (TEAM, lost["GAME_ID"], lost["TEAM_ABBREVIATION"])
    walk = Walk(games(hurt.landing_folder), lines(hurt.landing_folder, PLAYER_LOG), [unit])
    made = hurt.rows("player_prop_predictions")
    assert gap["gap_id"] == _gap(lost)
    assert (gap["state"], gap["kind"], gap["rule"]) == ("open", "missing", "two_rows_per_game")
    assert gap["predictions"] == sum(gap["gap_id"] in row["gap_ids"] for row in made) > 0
    for row in made:
        if row["system"] not in BY_SIMILAR:
            assert set(row["gap_ids"]) == walk.feature_gaps(row)
    named = sum(
        gap["gap_id"] in row["gap_ids"]
        for table in TABLES.values()
        if table.is_tracked
        for row in hurt.rows(table.name)
    )
    assert gap["rows"] == named
    assert gap["touched_to"] == LAST
    assert root_gaps(TABLES.values(), LAST, LAST, hurt.warehouse) == []


def test_explain_walks_from_the_raw_unit_to_the_prediction(hurt, lost) -> None:
    """A player of the lost team: his own row without usage_rate is on the path."""
    team = lost["TEAM_ABBREVIATION"]
    row = next(
        row
        for row in hurt.rows("player_prop_predictions", team_abbr=team)
        if row["gap_ids"] and str(row["game_date"]) > lost["GAME_DATE"]
    )
    told = explain(row["player_lookup"], row["game_date"], TABLES, hurt.warehouse)
    assert (told["player_id"], told["team"]) == (row["player_id"], team)
    assert told["predictions"][0]["predicted_points"] == row["predicted_points"]
    (gap,) = told["gaps"]
    assert gap["gap_id"] == _gap(lost)
    assert gap["detail"] == "the game has no line of this team"
    for path in gap["paths"]:
        assert path[0] == gap["gap_id"]
        assert path[-1].startswith(f"player_prop_predictions {row['game_date']} {row['game_id']}")
    key = f"player_game_summary {lost['GAME_DATE']} {lost['GAME_ID']} {team} {row['player_id']}"
    assert any(key in path and "player_daily_cache" in " ".join(path) for path in gap["paths"])
    played = [
        line
        for line in lines(hurt.landing_folder, PLAYER_LOG)
        if line["PLAYER_ID"] == row["player_id"] and line["GAME_DATE"] < str(row["game_date"])
    ]
    assert [(str(g["game_date"]), g["points"]) for g in told["games"]] == [
        (line["GAME_DATE"], line["PTS"]) for line in reversed(played)
    ]
    weak = next(g for g in told["games"] if g["game_id"] == lost["GAME_ID"])
    assert weak["usage_rate"] is None
    assert weak["gap_ids"] == [_gap(lost)]


def test_explain_names_the_gaps_of_every_system(hurt) -> None:
    """Similar games look back on others: their prediction may name a gap where the first names none."""
    named: dict[tuple, list[set[str]]] = {}
    for row in hurt.rows("player_prop_predictions"):
        named.setdefault((row["player_id"], row["game_date"]), []).append({*row["gap_ids"]})
    (player, day), gaps = next(
        (key, systems) for key, systems in named.items() if set.union(*systems) > systems[0]
    )
    told = explain(str(player), day, TABLES, hurt.warehouse)
    assert [gap["gap_id"] for gap in told["gaps"]] == sorted(set.union(*gaps))
    assert all(path[0] == gap["gap_id"] for gap in told["gaps"] for path in gap["paths"])


def test_explain_walks_every_way_that_a_table_reads_another(hurt, lost) -> None:
    """Similar games read the features of the day and those of earlier games: both may name a gap."""
    naming: dict[int, list[date]] = {}
    for row in hurt.rows("ml_feature_store_v2"):
        if _gap(lost) in row["gap_ids"]:
            naming.setdefault(row["player_id"], []).append(row["game_date"])
    player, days = next((p, sorted(d)) for p, d in naming.items() if len(d) > 1)
    told = explain(str(player), days[1], TABLES, hurt.warehouse)
    (gap,) = told["gaps"]
    ways = [path for path in gap["paths"] if path[-2].startswith("player_similar_games ")]
    through = {step for path in ways for step in path[:-2] if step.startswith("ml_feature_store_")}
    assert {step.split()[1] for step in through} == {str(day) for day in days[:2]}
    assert len(gap["paths"]) == len({tuple(path) for path in gap["paths"]})


def test_explain_of_who_is_not_predicted_says_so(hurt) -> None:
    """An unknown name is an error that says how many predictions the date has."""
    with pytest.raises(NotPredicted, match=f"no prediction of 'Nobody' on {LAST}, which has [1-9]"):
        explain("Nobody", LAST, TABLES, hurt.warehouse)


def test_explain_of_who_has_left_the_universe_says_what_is_out_of_date(hurt, tmp_path) -> None:
    """His prediction stands without features, with why; of who was only said to play, that he was."""
    shutil.copytree(hurt.folder, tmp_path, dirs_exist_ok=True)
    row = next(row for row in hurt.rows("player_prop_predictions") if row["game_date"] == LAST)
    his = f"player_id = {row['player_id']} AND game_date = '{LAST}'"
    DeltaTable(str(tmp_path / "warehouse/ml_feature_store_v2")).delete(his)
    lab = Lab(tmp_path, hurt.landing_folder)
    told = explain(str(row["player_id"]), LAST, TABLES, lab.warehouse, "inputs changed")
    assert (told["outdated"], told["features"], told["moved"]) == ("inputs changed", {}, [])
    assert row["predicted_points"] in [p["predicted_points"] for p in told["predictions"]]


def test_validate_judges_the_rows_as_they_stand(hurt) -> None:
    """The gap fails where it must; the rest passes on every stored partition."""
    told = {
        (line["checkpoint"], line["table"]): line
        for line in validate([], TABLES, FIRST, LAST, hurt.warehouse, hurt.landing)
    }
    days = (LAST - FIRST).days + 1
    assert told["gaps", "data_gaps"]["failed"] == 1
    assert told["as_of", "player_daily_cache"]["passed"] == days
    assert told["join_coverage", "player_game_summary"]["failed"] == 0
    weak = told["completeness", "player_prop_predictions"]
    assert weak["warned"] == sum(
        any(row["gap_ids"] for row in hurt.rows("player_prop_predictions", game_date=day))
        for day in {row["game_date"] for row in hurt.rows("player_prop_predictions")}
    )
    assert told["training_gate", "points_model"]["failed"] == 0
    with pytest.raises(KeyError, match="no checkpoint usage; there are schema"):
        validate(["usage"], TABLES, FIRST, LAST, hurt.warehouse, hurt.landing)


def test_validate_reports_every_check_of_every_table(hurt) -> None:
    """One line per check, whoever declared it."""
    lines = validate([], TABLES, FIRST, LAST, hurt.warehouse, hurt.landing)
    declared = {(name, check) for name, table in TABLES.items() for check in checkpoint_of(table)}
    assert {(line["table"], line["check"]) for line in lines} == declared
    alone = validate(["box_score"], TABLES, FIRST, LAST, hurt.warehouse, hurt.landing)
    assert sorted((line["table"], line["check"]) for line in alone) == [
        ("nbac_team_boxscore", "plus_minus_not_mirrored"),
        ("team_defense_game_summary", "not_mirrored"),
        ("team_defense_game_summary", "offense_without_defense"),
        ("team_offense_game_summary", "points_unlike_players"),
        ("team_offense_game_summary", "possessions_not_shared"),
    ]


def test_usage_rate_has_its_share_with_both_denominators(hurt) -> None:
    """Counted in the source's lines: players of the lost team line have no usage_rate."""
    (found,) = figures(["usage_rate"], TABLES, FIRST, LAST, hurt.warehouse, hurt.landing)
    played = [row["MIN"] for row in lines(hurt.landing_folder, PLAYER_LOG) if row["MIN"] > 0]
    lost = lines(hurt.folder / "source", TEAM_LOG)[LOST]
    without = sum(
        row["MIN"] > 0
        for row in lines(hurt.landing_folder, PLAYER_LOG)
        if (row["GAME_ID"], row["TEAM_ABBREVIATION"])
        == (lost["GAME_ID"], lost["TEAM_ABBREVIATION"])
    )
    known = len(played) - without
    assert found.rows == [
        {
            "season": "2023-24",
            "with_usage_rate": known,
            "minutes_above_0": len(played),
            "minutes_at_least_1": sum(minutes >= 1 for minutes in played),
            "share_above_0": pytest.approx(known / len(played)),
            "share_at_least_1": pytest.approx(known / sum(minutes >= 1 for minutes in played)),
        }
    ]


def test_phase_4_coverage_counts_the_seasons_dates(league) -> None:
    """45 days of games at most: 14 of bootstrap, the others ready on whole data."""
    (found,) = figures(
        ["phase4_coverage"], TABLES, SEASON_FIRST, SEASON_LAST, league.warehouse, league.landing
    )
    days = {date.fromisoformat(game["date"]) for game in games(league.landing_folder)}
    early = {day for day in days if (day - SEASON_FIRST).days < 14}
    assert found.rows == [
        {
            "season": "2023-24",
            "game_dates": len(days),
            "bootstrap": len(early),
            "expected": len(days - early),
            "ready": len(days - early),
            "share": 1.0,
        }
    ]


def test_explain_says_when_a_player_plays_instead(league) -> None:
    """A day between two of his games names both, a name nearly his names him."""
    rows = league.rows("player_prop_predictions")
    player = rows[0]["player_lookup"]
    his = sorted({row["game_date"] for row in rows if row["player_lookup"] == player})
    before, after = next((a, b) for a, b in pairwise(his) if (b - a).days > 1)
    off = before + timedelta(days=1)
    with pytest.raises(NotPredicted) as error:
        explain(player, off, TABLES, league.warehouse)
    assert f"predicted on {before}, the last before, and on {after}, the next" in str(error.value)
    with pytest.raises(NotPredicted, match=f"did you mean .*{player}"):
        explain(player[:-1], after, TABLES, league.warehouse)
    for strange in ("", "9" * 40, "²"):
        with pytest.raises(NotPredicted):
            explain(strange, after, TABLES, league.warehouse)


def test_validate_finds_rows_that_were_changed_behind_its_back(hurt, tmp_path) -> None:
    """Averages that are not those of the games before fail as_of, whatever the stamps say."""
    shutil.copytree(hurt.folder, tmp_path, dirs_exist_ok=True)
    DeltaTable(str(tmp_path / "warehouse/player_daily_cache")).update(
        updates={"points_avg_last_10": "points_avg_last_10 + 1"}
    )
    lab = Lab(tmp_path, hurt.landing_folder)
    told = validate(["as_of"], TABLES, FIRST, LAST, lab.warehouse, lab.landing)
    failed = {line["table"]: line["why"] for line in told if line["failed"]}
    assert set(failed) == {"player_daily_cache"}
    assert "as_of_sample finds" in failed["player_daily_cache"]
