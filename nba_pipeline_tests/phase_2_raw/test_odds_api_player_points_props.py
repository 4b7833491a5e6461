"""Bookmakers' points lines: of which game and player they are, and which number is a book's line."""

from pathlib import Path

import pytest

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines
from nba_pipeline_tests.line_files import RAW, before, both_sides, day_of, known_game, write_odds

ODDS = "odds_api_player_points_props"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A landing zone of six days and four teams."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    return tmp_path / "landing"


def test_alternates_are_kept_and_the_number_nearest_to_even_is_the_line(folder, tmp_path) -> None:
    """Of -139/+105, -108/-120 and +115/-155 the middle one; of a book with one number that one."""
    game, player = known_game(folder)
    name = player["PLAYER_NAME"]
    many = [*both_sides(name, 20.5, 115, -155), *both_sides(name, 18.5, -139, 105)]
    many += both_sides(name, 19.5, -108, -120)
    books = {
        "many": {"player_points": many},
        "one": {"player_points": both_sides(name, 21.5, -130, 100)},
    }
    write_odds(folder, "player_points", game, f"{game['date']}T20:00:00Z", books)
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    rows = lab.rows(ODDS)
    told = {(row["bookmaker"], row["points_line"], row["is_main"]) for row in rows}
    assert told == {
        ("many", 18.5, False),
        ("many", 19.5, True),
        ("many", 20.5, False),
        ("one", 21.5, True),
    }
    assert {(row["game_id"], row["player_id"]) for row in rows} == {
        (game["gameId"], player["PLAYER_ID"])
    }
    (even,) = (row for row in rows if row["points_line"] == 19.5)
    assert even["over_price"] == pytest.approx(1 + 100 / 108)
    assert even["under_price"] == pytest.approx(1 + 100 / 120)


def test_one_offered_side_is_a_line_without_the_other_price(folder, tmp_path) -> None:
    """It is the book's line only while no number has both sides."""
    game, player = known_game(folder)
    name = player["PLAYER_NAME"]
    alone, paired = both_sides(name, 15.5)[:1], both_sides(name, 22.5, 1.5, 2.4)
    books = {"a": {"player_points": alone}, "b": {"player_points": [*alone, *paired]}}
    write_odds(folder, "player_points", game, f"{game['date']}T20:00:00Z", books)
    lab = Lab(tmp_path, folder)
    lab.compute([ODDS, "nbac_schedule"], before(day_of(game)), day_of(game))
    rows = lab.rows(ODDS)
    main = {(row["bookmaker"], row["points_line"]) for row in rows if row["is_main"]}
    assert main == {("a", 15.5), ("b", 22.5)}
    assert {row["under_price"] for row in rows} == {None, 2.4}


def test_every_snapshot_is_kept_and_one_that_is_there_twice_once(folder, tmp_path) -> None:
    """Two moments, the second of them under the date before as well, as it was fetched then."""
    game, player = known_game(folder)
    books = [{"a": {"player_points": both_sides(player["PLAYER_NAME"], p)}} for p in (18.5, 19.5)]
    for moment, offered in zip(("18", "20"), books, strict=True):
        write_odds(folder, "player_points", game, f"{game['date']}T{moment}:00:00Z", offered)
    place = folder / f"odds_api/player_points/{game['date']}"
    (path,) = place.glob("*T200000Z.json")
    earlier = place.parent / str(before(day_of(game)))
    earlier.mkdir()
    (earlier / "copy.json").write_text(path.read_text())
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    rows = lab.rows(ODDS)
    told = [(f"{row['snapshot_at']:%H}", row["points_line"], row["is_main"]) for row in rows]
    assert told == [("18", 18.5, True), ("20", 19.5, True)]
    assert {row["game_date"] for row in rows} == {day_of(game)}
    assert lab.rows("rejected_rows") == []


def test_what_cannot_be_matched_is_told(folder, tmp_path) -> None:
    """A name of nobody once per file, with who is nearest; an event that is no game of its date."""
    game, player = known_game(folder)
    name = player["PLAYER_NAME"]
    books = {b: {"player_points": both_sides(f"{name}x", 18.5)} for b in ("a", "b")}
    write_odds(folder, "player_points", game, f"{game['date']}T20:00:00Z", books)
    books = {"a": {"player_points": both_sides(name, 18.5)}}
    write_odds(
        folder,
        "player_points",
        game,
        f"{game['date']}T21:00:00Z",
        books,
        id="other",
        home_team="Utah Jazz" if game["homeTeam"]["teamTricode"] != "UTA" else "Miami Heat",
    )
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    found = {row["rule"]: row for row in lab.rows("rejected_rows")}
    assert set(found) == {"unmatched_player", "unknown_game"}
    assert len(lab.rows("rejected_rows")) == 2
    team = player["TEAM_ABBREVIATION"]
    assert f"{name} ({team}, {player['PLAYER_ID']})" in found["unmatched_player"]["detail"]
    assert found["unknown_game"]["game_id"] == "other"


def test_a_price_on_a_player_of_another_game_is_rejected_and_no_line(folder, tmp_path) -> None:
    """He plays elsewhere on the date; his own game's price is his line, and he is named by file and row."""
    game, player = known_game(folder)
    team = player["TEAM_ABBREVIATION"]
    other = next(
        each
        for each in games(folder)
        if each["date"] == game["date"] and each["gameId"] != game["gameId"]
    )
    for told, points in ((game, 18.5), (other, 30.5)):
        offered = both_sides(player["PLAYER_NAME"], points)
        if told is other:
            offered = [*both_sides(f"{player['PLAYER_NAME']}x", 9.5), *offered]
        books = {"a": {"player_points": offered}}
        write_odds(folder, "player_points", told, f"{game['date']}T20:00:00Z", books)
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, before(day_of(game)), day_of(game))
    assert [(row["game_id"], row["points_line"]) for row in lab.rows(ODDS)] == [
        (game["gameId"], 18.5)
    ]
    (row,) = (r for r in lab.rows("rejected_rows") if r["rule"] == "player_of_other_team")
    assert (row["row_number"], row["field"], row["value"], row["game_id"]) == (
        *(2, "description", player["PLAYER_NAME"], other["gameId"]),
    )
    assert f"{row['source_file']} row 2: " in row["detail"]
    sides = [other[side]["teamTricode"] for side in ("awayTeam", "homeTeam")]
    assert team not in sides
    assert f"with neither {sides[0]} nor {sides[1]}" in row["detail"]


def test_on_the_first_day_nobody_is_known_yet(folder, tmp_path) -> None:
    """Names are known from the day after they were seen: no later game decides whose line it was."""
    game = games(folder)[0]
    home = game["homeTeam"]["teamTricode"]
    logged = lines(folder, PLAYER_LOG)
    player = next(each for each in logged if each["TEAM_ABBREVIATION"] == home)
    books = {"a": {"player_points": both_sides(player["PLAYER_NAME"], 18.5)}}
    write_odds(folder, "player_points", game, f"{game['date']}T20:00:00Z", books)
    lab = Lab(tmp_path, folder)
    lab.compute(RAW, day_of(game), day_of(game))
    (row,) = lab.rows("rejected_rows")
    assert (row["rule"], row["value"]) == ("unmatched_player", player["PLAYER_NAME"])
    assert "nobody of its teams is known yet" in row["detail"]
