"""Bookmakers' game lines: of which game they are."""

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import games
from nba_pipeline_tests.line_files import RAW, before, day_of, write_odds

LINES = "odds_api_game_lines"


def test_a_spread_is_of_the_game_between_its_teams_also_where_they_are_turned(tmp_path) -> None:
    """On a neutral court the source may call the other team home; an unknown pair is told."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    game, other = games(folder)[6:8]
    home, away = (game[side]["teamTricode"] for side in ("homeTeam", "awayTeam"))
    names = {}
    for turned in (False, True):
        sides = {"homeTeam": away, "awayTeam": home} if turned else {}
        place = game | {side: {"teamTricode": team} for side, team in sides.items()}
        over = [{"name": side, "price": 1.9, "point": 220.5 + turned} for side in ("Over", "Under")]
        moment = f"{game['date']}T2{int(turned)}:00:00Z"
        write_odds(folder, "game_lines", place, moment, {"a": {"totals": over}})
        names[turned] = moment
    mixed = game | {"awayTeam": other["awayTeam"], "gameId": "mixed"}
    write_odds(folder, "game_lines", mixed, f"{game['date']}T22:00:00Z", {"a": {"totals": over}})
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    rows = lab.rows(LINES)
    told = sorted((f"{row['snapshot_at']:%H}", row["outcome"], row["point"]) for row in rows)
    assert told == [
        ("20", "over", 220.5),
        ("20", "under", 220.5),
        ("21", "over", 221.5),
        ("21", "under", 221.5),
    ]
    assert {row["game_id"] for row in rows} == {game["gameId"]}
    (lost,) = lab.rows("rejected_rows")
    assert (lost["rule"], lost["game_id"]) == ("unknown_game", "mixed")
