"""The shots of a game, or of a season, that no source has: gaps that block nothing and travel."""

from datetime import date, timedelta

import pytest

from nba_pipeline.engine.known_gaps import accepted_gaps, known_gaps
from nba_pipeline.quality.gaps import dates_of, root_gaps
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import SHOT_CHART, damaged, games, lines

FIRST, LAST = date(2023, 10, 24), date(2023, 10, 27)
NAMES = [name for name, table in TABLES.items() if table.phase == 2]
NAMES.append("player_game_shots")


@pytest.fixture
def source(tmp_path):
    """A league of four days, whole."""
    write_landing(tmp_path / "source", League(teams=4, days=4, rest=0.0, seed=3))
    return tmp_path / "source"


def computed(folder, landing, first=FIRST, last=LAST) -> Lab:
    """The raw tables and the shots of the dates."""
    folder.mkdir(exist_ok=True)
    lab = Lab(folder, landing)
    lab.compute(NAMES, first, last)
    return lab


def test_a_game_whose_shots_are_lost_is_one_gap(tmp_path, source) -> None:
    """A game without shots is missing, one that lacks one shot invalid; the others have theirs."""
    said = lines(source, SHOT_CHART)
    gone, cut = said[0]["GAME_ID"], said[-1]["GAME_ID"]

    def spoil(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_ID"] != gone][:-1]

    lab = computed(tmp_path / "lab", damaged(source, tmp_path, SHOT_CHART, spoil))
    days = {game["gameId"]: game["date"] for game in games(source)}
    wanted = {f"shots:{days[g]}:{g}": g for g in (gone, cut)}
    gaps = {gap["gap_id"]: gap for gap in lab.rows("data_gaps")}
    assert {gap_id: gap["game_id"] for gap_id, gap in gaps.items()} == wanted
    assert [(gap["kind"], gap["rule"]) for gap in gaps.values()] == [
        ("missing", "shots_of_game"),
        ("invalid", "unlike_box_score"),
    ]
    for row in lab.rows("player_game_shots"):
        named = [gap_id for gap_id, game_id in wanted.items() if game_id == row["game_id"]]
        assert row["gap_ids"] == named
        assert (row["paint_attempts"] is None) == bool(named)
        assert row["is_production_ready"]


def test_a_season_without_any_file_is_one_gap_on_each_date_of_a_final_game(
    tmp_path, source
) -> None:
    """A date alone says what the range says; it is told once, open, accepted, and closed."""
    landing = damaged(source, tmp_path, SHOT_CHART, lambda _: None)
    (landing / SHOT_CHART).unlink()
    lab = computed(tmp_path / "lab", landing)
    gaps = lab.rows("data_gaps")
    assert {gap["gap_id"] for gap in gaps} == {"shots:2023-24"}
    assert {gap["game_date"] for gap in gaps} == {
        date.fromisoformat(g["date"]) for g in games(source)
    }
    assert {(gap["game_id"], gap["team_abbr"], gap["kind"]) for gap in gaps} == {
        (None, None, "missing")
    }
    assert {tuple(row["gap_ids"]) for row in lab.rows("player_game_shots")} == {("shots:2023-24",)}
    alone = computed(tmp_path / "alone", landing, LAST, LAST)
    assert alone.rows("data_gaps") == [gap for gap in gaps if gap["game_date"] == LAST]
    (told,) = root_gaps(TABLES.values(), FIRST, LAST, lab.warehouse)
    assert (told["gap_id"], told["state"], told["rows"]) == (
        *("shots:2023-24", "open"),
        len(lab.rows("player_game_shots")),
    )
    # Whichever of the season's dates are asked for, stored or not.
    assert root_gaps(TABLES.values(), date(2024, 3, 1), date(2024, 3, 9), lab.warehouse) == [told]
    assert root_gaps(TABLES.values(), date(2022, 3, 1), date(2022, 3, 9), lab.warehouse) == []
    (landing / "accepted_gaps.csv").write_text(
        "gap_id,reason,accepted_by,accepted_on\nshots:2023-24,never recorded,ana,2024-01-02\n"
    )
    lab.compute(NAMES, FIRST, LAST)
    assert accepted_gaps(known_gaps(lab.warehouse)) == {"shots:2023-24"}
    (told,) = root_gaps(TABLES.values(), FIRST, LAST, lab.warehouse)
    assert told["state"] == "accepted"
    (landing / SHOT_CHART).write_bytes((source / SHOT_CHART).read_bytes())
    lab.compute([name for name in NAMES if name != "player_game_shots"], FIRST, LAST)
    assert lab.rows("data_gaps") == []
    (told,) = root_gaps(TABLES.values(), LAST, LAST, lab.warehouse)
    assert (told["gap_id"], told["state"], told["game_id"]) == ("shots:2023-24", "closed", None)
    lab.compute(NAMES, FIRST, LAST)
    whole = computed(tmp_path / "whole", source)
    for name in NAMES:
        assert lab.rows(name) == whole.rows(name), name


def test_a_gap_s_id_says_its_dates() -> None:
    """One day, or those of a season."""
    day = date(2024, 1, 15)
    assert dates_of(f"shots:{day}:0022300561") == (day, day)
    first, last = dates_of("shots:2023-24")
    assert first == date(2023, 10, 24)
    assert last - first > timedelta(days=200)
