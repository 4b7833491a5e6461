"""The universe and the rest of players and teams, by a walk over the files."""

from datetime import date

from nba_pipeline_tests.conftest import LAST
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, games, lines


def test_the_universe_and_rest_of_the_last_date_with_games(league, league_landing) -> None:
    """Who appeared in the team's last ten games before the date, and since when each rests."""
    day = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    played = [p for p in lines(league_landing, PLAYER_LOG) if p["GAME_DATE"] < day and p["MIN"] > 0]
    schedule: dict[str, list] = {}
    for line in lines(league_landing, TEAM_LOG):
        if line["GAME_DATE"] < day:
            schedule.setdefault(line["TEAM_ABBREVIATION"], []).append(
                (line["GAME_DATE"], line["GAME_ID"])
            )
    wanted = {}
    for game in games(league_landing):
        if game["date"] != day:
            continue
        for side in ("homeTeam", "awayTeam"):
            team = game[side]["teamTricode"]
            behind = sorted(schedule[team])
            recent = {game_id for _, game_id in behind[-10:]}
            for player in {
                p["PLAYER_ID"]
                for p in played
                if p["GAME_ID"] in recent and p["TEAM_ABBREVIATION"] == team
            }:
                dates = [p["GAME_DATE"] for p in played if p["PLAYER_ID"] == player]
                wanted[player] = (
                    team,
                    _days(max(dates), day),
                    _days(behind[-1][0], day),
                    sum(_days(d, day) <= 7 for d in dates),
                    sum(_days(d, day) <= 14 for d in dates),
                )
    rows = league.rows("upcoming_player_game_context", game_date=date.fromisoformat(day))
    names = (
        *("team_abbr", "days_rest", "team_days_rest"),
        *("games_in_last_7_days", "games_in_last_14_days"),
    )
    assert {r["player_id"]: tuple(r[name] for name in names) for r in rows} == wanted
    assert len(wanted) > 20


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
