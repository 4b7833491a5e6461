"""The schedule, against the file's own words."""

from datetime import date

import ibis

from nba_pipeline.phase_2_raw.nbac_schedule import (
    rejections,
    teams_with_two_games,
    transform,
    unlike_scoreboard,
)
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
    """Both games of the team that does are named; on All-Star Sunday a team may."""
    said = [
        ("1", date(2024, 1, 1), "LAL", "BOS", "regular"),
        ("2", date(2024, 1, 1), "MIA", "LAL", "regular"),
        ("3", date(2024, 1, 2), "LAL", "BOS", "regular"),
        ("4", date(2024, 2, 18), "CHK", "SHQ", "all_star"),
        ("5", date(2024, 2, 18), "CHK", "TMC", "all_star"),
    ]
    names = ("game_id", "game_date", "home_team", "away_team", "season_type")
    rows = ibis.memtable([dict(zip(names, row, strict=True), status="final") for row in said])
    assert sorted(teams_with_two_games(rows).execute().game_id) == ["1", "2"]


DAY = date(2024, 1, 15)


def game(number: int, status: str, home: int | None = None, away: int | None = None, **changed):
    """HOU at PHI."""
    told = {"game_id": f"002230055{number}", "game_date": DAY, "home_team": "PHI"}
    told |= {"away_team": "HOU", "status": status, "home_score": home, "away_score": away}
    return told | {"source_file": "file", "row_number": number} | changed


def test_a_game_that_the_schedule_has_open_ends_as_the_scoreboard_says() -> None:
    """One that either has as live stays open; what the schedule has as final or moved stands."""
    schedule = ibis.memtable(
        [
            game(1, "scheduled"),
            game(2, "live", 50, 40),
            game(3, "final", 100, 90),
            game(4, "postponed"),
            game(5, "scheduled"),
            game(6, "scheduled"),
        ]
    )
    board = ibis.memtable(
        [
            game(1, "final", 124, 115),
            game(2, "live", 60, 50),
            game(3, "final", 101, 90),
            game(4, "final", 1, 2),
            game(5, "final", 3, 4, home_team="BOS"),
        ]
    )
    rows = transform(schedule, board).to_pandas().sort_values("row_number")
    assert list(rows.status) == ["final", "live", "final", "postponed", "scheduled", "scheduled"]
    assert rows.home_score.fillna(0).tolist() == [124, 50, 100, 0, 0, 0]
    assert rows.away_score.fillna(0).tolist() == [115, 40, 90, 0, 0, 0]
    assert [name == "nba_stats_scoreboard" for name in rows.status_source] == [True] + [False] * 5
    assert list(rejections(schedule, board).to_pandas().row_number) == [5]
    unlike = unlike_scoreboard(transform(schedule, board), board).to_pandas()
    assert sorted(unlike.row_number) == [3, 4]
