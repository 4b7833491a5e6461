"""Who had spoken and who had not."""

from datetime import UTC, date, datetime

import ibis

from nba_pipeline.phase_2_raw.nbac_injury_report_teams import transform

AT = datetime(2024, 1, 4, 17, 30, tzinfo=UTC)
DAY = date(2024, 1, 4)


def line(team: str, *, has_submitted: bool, home: str = "SAS") -> dict[str, object]:
    """A line of the report of MIL at SAS."""
    game = {"away_team": "MIL", "home_team": home, "game_date": DAY, "report_at": AT}
    return game | {"team_abbr": team, "has_submitted": has_submitted, "source_file": "a"}


def test_a_team_has_submitted_when_a_player_of_it_is_listed() -> None:
    """Two players of SAS are one row, MIL is silent; whose home court it is makes no difference.

    A third line of SAS could not be taken, a fourth says again what one of them says; the report is there twice, once with one line.
    """
    schedule = {
        "game_id": "0022300477",
        "game_date": DAY,
        "season": "2023-24",
        "season_type": "regular",
        "status": "scheduled",
        "home_team": "SAS",
        "away_team": "MIL",
        "home_score": 1,
        "away_score": 1,
    }
    said = [
        line("MIL", has_submitted=False),
        line("SAS", has_submitted=True),
        line("SAS", has_submitted=True),
        line("MIL", has_submitted=True, home="BOS"),
        line("SAS", has_submitted=True) | {"source_file": "b"},
    ]
    lost = {"source_file": "a", "game_date": DAY, "team_abbr": "SAS", "rule": "unknown_status"}
    rejected = [lost | {"row_number": 3}, lost | {"row_number": 3}, lost | {"row_number": None}]
    rejected += [lost | {"row_number": 4, "team_abbr": None}]
    rejected += [lost | {"row_number": 5, "rule": "repeated_player_lookup"}]
    rows = transform(
        ibis.memtable(said), ibis.memtable(rejected), ibis.memtable([schedule])
    ).to_pandas()
    columns = ("game_id", "team_abbr", "has_submitted", "players_listed")
    assert set(rows[list(columns)].itertuples(index=False, name=None)) == {
        ("0022300477", "SAS", True, 3),
        ("0022300477", "MIL", False, 0),
    }
    assert len(rows) == 2
