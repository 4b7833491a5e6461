"""The schedule, against the file's own words."""

from datetime import date

import ibis

from nba_pipeline.phase_2_raw.nbac_schedule import teams_with_two_games
from nba_pipeline_tests.league_files import games


def test_every_game_of_the_file_is_a_row(league, league_landing) -> None:
    """Ids, codes, sides and scores are the file's."""
    rows = {row["game_id"]: row for row in league.rows("nbac_schedule")}
    said = games(league_landing)
    assert len(rows) == len(said) > 50
    for game in said:
        row = rows[game["gameId"]]
        home, away = game["homeTeam"], game["awayTeam"]
        day = game["date"].replace("-", "")
        assert row["game_code"] == f"{day}_{away['teamTricode']}_{home['teamTricode']}"
        assert row["game_date"] == date.fromisoformat(game["date"])
        assert (row["home_score"], row["away_score"]) == (home["score"], away["score"])
        assert (row["season"], row["season_type"], row["status"]) == ("2023-24", "regular", "final")


def test_a_team_cannot_play_twice_on_a_date() -> None:
    """Both games of the team that does are named."""
    rows = ibis.memtable(
        [
            {"game_id": "1", "game_date": date(2024, 1, 1), "home_team": "LAL", "away_team": "BOS"},
            {"game_id": "2", "game_date": date(2024, 1, 1), "home_team": "MIA", "away_team": "LAL"},
            {"game_id": "3", "game_date": date(2024, 1, 2), "home_team": "LAL", "away_team": "BOS"},
        ]
    )
    assert sorted(teams_with_two_games(rows).execute().game_id) == ["1", "2"]
