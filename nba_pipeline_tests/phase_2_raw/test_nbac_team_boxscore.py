"""Team lines, against the file's own words."""

import ibis
import pytest

from nba_pipeline.kernel.units import broken_units
from nba_pipeline.phase_2_raw.nbac_team_boxscore import (
    INVARIANTS,
    expected,
    measured,
    plus_minus_not_mirrored,
)
from nba_pipeline_tests.league_files import TEAM_LOG, games, lines
from nba_pipeline_tests.shot_rows import DAY, GAME, schedule


def test_every_line_of_the_file_is_a_row(league, league_landing) -> None:
    """Counts are the log's, side and opponent the schedule's."""
    rows = {(r["game_id"], r["team_abbr"]): r for r in league.rows("nbac_team_boxscore")}
    home = {g["gameId"]: g["homeTeam"]["teamTricode"] for g in games(league_landing)}
    said = lines(league_landing, TEAM_LOG)
    assert len(rows) == len(said) == 2 * len(home)
    for line in said:
        row = rows[line["GAME_ID"], line["TEAM_ABBREVIATION"]]
        assert row["is_home"] == (home[line["GAME_ID"]] == line["TEAM_ABBREVIATION"])
        assert {row["team_abbr"], row["opponent_abbr"]} == set(line["MATCHUP"].split(" @ "))
        assert row["won"] == (line["WL"] == "W")
        for name in ("pts", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "tov"):
            assert row[name] == line[name.upper()]


def test_plus_minus_of_the_sides_mirror_each_other() -> None:
    """A game whose two do not sum to zero is named; one with a single side is not."""
    rows = ibis.memtable(
        {"game_id": ["1", "1", "2", "2", "3"], "plus_minus": [5.0, -5.0, 5.0, -4.8, 7.0]}
    )
    assert set(plus_minus_not_mirrored(rows).execute().game_id) == {"2"}


def broken(won: dict[str, bool | None], pts: dict[str, int], *, scored: bool) -> list[dict]:
    """The gaps of Oklahoma City's 103 to 91 over Indiana, with what the lines say of it.

    All points are free throws; without `scored` the schedule has no score.
    """
    counts = dict.fromkeys(("fgm", "fga", "fg3m", "fg3a", "reb", "oreb", "dreb"), 0)
    rows = [
        {"game_id": GAME, "game_date": DAY, "team_abbr": team, "won": won[team], **counts}
        | {"opponent_abbr": "?", "is_home": False, "contradiction": None}
        | dict.fromkeys(("pts", "ftm", "fta"), points)
        for team, points in pts.items()
    ]
    kinds = dict(ibis.memtable(rows).schema().items())
    kinds |= {"won": "boolean", "contradiction": "string"}
    games = schedule()
    if not scored:
        games = games.mutate(home_score=ibis.null("int64"), away_score=ibis.null("int64"))
    units = measured(expected(games), ibis.memtable(rows, schema=kinds))
    return broken_units("lines", units, *INVARIANTS).to_pyarrow().to_pylist()


@pytest.mark.parametrize("scored", [True, False])
def test_who_won_must_have_more_points(scored) -> None:
    """Each side by itself, by the schedule's score or the other side's line; unsaid is no lie."""
    pts = {"OKC": 103, "IND": 91}
    right: dict[str, bool | None] = {"OKC": True, "IND": False}
    assert broken(right, pts, scored=scored) == []
    assert broken(right | {"IND": None}, pts, scored=scored) == []
    (gap,) = broken(right | {"IND": True}, pts, scored=scored)
    assert (gap["team_abbr"], gap["kind"], gap["rule"], gap["detail"]) == (
        *("IND", "invalid", "won_by_points"),
        "won is true with 91 points against 103",
    )
    (gap,) = broken(right | {"OKC": False}, pts, scored=scored)
    assert (gap["team_abbr"], gap["rule"]) == ("OKC", "won_by_points")


def test_the_other_side_s_wrong_points_take_no_win_away() -> None:
    """Indiana's line says 110, against the schedule: it alone is a gap."""
    told = broken({"OKC": True, "IND": False}, {"OKC": 103, "IND": 110}, scored=True)
    assert [(gap["team_abbr"], gap["rule"]) for gap in told] == [("IND", "points_of_schedule")]


def test_without_the_other_side_nothing_is_said_of_who_won() -> None:
    """Its line is missing and the schedule has no score."""
    told = broken({"OKC": False}, {"OKC": 103}, scored=False)
    assert [(gap["team_abbr"], gap["rule"]) for gap in told] == [("IND", "two_rows_per_game")]
