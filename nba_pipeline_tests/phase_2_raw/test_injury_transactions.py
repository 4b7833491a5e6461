"""Who went out and who came back: whom an entry means."""

from datetime import date

from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.line_files import RAW, before, day_of, known_game, write_transactions


def test_an_entry_means_a_player_by_either_spelling_or_is_told(tmp_path) -> None:
    """One whose second spelling is known; one of nobody, with the nearest of his team."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    game, player = known_game(folder)
    name, team = player["PLAYER_NAME"], player["TEAM_ABBREVIATION"]
    nickname, yesterday = TEAM_NAMES[team][1], before(day_of(game))
    write_transactions(
        folder,
        f"{yesterday},{nickname},,Some One (b) / {name},placed on IL",
        f"{day_of(game)},{nickname},{name},,activated from IL",
        f"{day_of(game)},{nickname},,{name}x,placed on IL",
    )
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, yesterday, day_of(game))
    rows = lab.rows("injury_transactions")
    told = [(row["event_date"], row["event"], row["player_id"], row["team_abbr"]) for row in rows]
    assert told == [
        (yesterday, "out", player["PLAYER_ID"], team),
        (day_of(game), "back", player["PLAYER_ID"], team),
    ]
    (lost,) = lab.rows("rejected_rows")
    assert (lost["row_number"], lost["rule"], lost["game_date"]) == (
        *(2, "unmatched_player"),
        day_of(game),
    )
    assert f"{name} ({team}, {player['PLAYER_ID']})" in lost["detail"]


def test_an_entry_before_the_season_is_in_its_first_day_s_partition(tmp_path) -> None:
    """With its own date; of somebody who has not yet played, it is told that nobody is known."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    _game, player = known_game(folder)
    nickname = TEAM_NAMES[player["TEAM_ABBREVIATION"]][1]
    write_transactions(folder, f"2023-10-01,{nickname},,{player['PLAYER_NAME']},placed on IL")
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, date(2023, 10, 24), date(2023, 10, 25))
    (lost,) = lab.rows("rejected_rows")
    assert (lost["rule"], lost["game_date"]) == ("unmatched_player", date(2023, 10, 24))
