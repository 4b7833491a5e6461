"""Consensus lines: whose they are."""

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.line_files import RAW, before, day_of, known_game, write_consensus


def test_a_slug_means_a_player_or_is_told(tmp_path) -> None:
    """A suffix more is still him; a name of nobody and a second line of his are told."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    game, player = known_game(folder)
    slug = player["PLAYER_NAME"].replace(" ", "").lower()
    day = game["date"]
    write_consensus(
        folder,
        f"{day},{slug}jr,18.5,-110",
        f"{day},{slug},19.5,-110",
        f"{day},{slug}x,20.5,-110",
        f"{before(day_of(game), 300)},{slug},20.5,-110",
    )
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    (row,) = lab.rows("bettingpros_player_points_props")
    told = (row["player_id"], row["points_line"], row["bookmaker"], row["game_date"])
    assert told == (player["PLAYER_ID"], 18.5, "consensus", day_of(game))
    found = {row["row_number"]: row for row in lab.rows("rejected_rows")}
    assert {number: row["rule"] for number, row in found.items()} == {
        1: "repeated_player",
        2: "unmatched_player",
    }
    assert player["PLAYER_NAME"] in found[2]["detail"]
