"""Timelines numbered across two seasons, and per team, by hand."""

from datetime import date

from nba_pipeline.lookback.regrouped import by_team, carried_over
from nba_pipeline.lookback.timeline import own, timeline
from nba_pipeline.lookback.windows import as_of, count, last, mean, season_to_date, weighted_mean
from nba_pipeline_tests.lookback.test_windows import GAPS, ROWS, UNIT, game, gap, table, values

BEFORE = [game(90, 50, day=date(2023, 4, 1)), game(91, 70, day=date(2023, 4, 3))]
LONG_AGO = game(80, 1000, day=date(2022, 4, 3))
WINDOWS = [last(3, avg=mean("points"), weighted=weighted_mean("points"))]


def test_a_carried_window_reaches_into_the_season_before_and_no_further() -> None:
    """50 and 70 in spring, 10 in autumn: the last three are those; 2021-22 is in none."""
    rows = [LONG_AGO, *BEFORE, game(0, 10)]
    found = values(rows, [], WINDOWS, at=2, change=carried_over)
    assert (found["avg"], found["weighted"]) == ((50 + 70 + 10) / 3, (50 + 2 * 70 + 3 * 10) / 6)
    assert found["box_games_expected"] == 3


def test_before_a_first_game_of_the_season_the_season_before_speaks() -> None:
    """On the day of his first game; who skipped a season has nothing behind him."""
    assert values(BEFORE, [], WINDOWS, at=2, change=carried_over)["avg"] == 60.0
    assert values([LONG_AGO], [], WINDOWS, at=2, change=carried_over)["avg"] is None


def test_the_day_itself_is_in_no_carried_window() -> None:
    """A game of D changes nothing as of D."""
    rows = [*BEFORE, game(2, 1000)]
    assert values(rows, [], WINDOWS, at=2, change=carried_over)["avg"] == 60.0


def test_a_hole_of_the_season_before_is_named_while_the_window_holds_it() -> None:
    """Lost between the two games of spring: in the last three until two more are played."""
    lost = [gap(95, day=date(2023, 4, 2))]
    found = values([*BEFORE, game(0, 10)], lost, WINDOWS, at=1, change=carried_over)
    assert (found["avg"], found["gap_ids"]) == (None, ["gap95"])
    later = [*BEFORE, game(0, 10), game(2, 20)]
    found = values(later, lost, WINDOWS, at=3, change=carried_over)
    assert (found["avg"], found["gap_ids"]) == ((70 + 10 + 20) / 3, [])


def test_games_for_a_team_are_counted_for_it_alone() -> None:
    """Two for LAL, then one for MIA; those of the season before count for neither."""
    rows = [*BEFORE, game(0, 10), game(1, 20), game(5, 60, team="MIA")]
    past = by_team(timeline(table(rows, ROWS), table([], GAPS), of="player_id", needs=[own(UNIT)]))
    wanted = [
        {"player_id": 1, "team_abbr": team, "game_date": date(2023, 11, 9)}
        for team in ("LAL", "MIA", "BOS")
    ]
    kinds = {"player_id": "int64", "team_abbr": "string", "game_date": "date"}
    found = as_of(table(wanted, kinds), past, season_to_date(games=count()))
    counts = {row["team_abbr"]: row["games"] for row in found.to_pyarrow().to_pylist()}
    assert counts == {"LAL": 2, "MIA": 1, "BOS": 0}
