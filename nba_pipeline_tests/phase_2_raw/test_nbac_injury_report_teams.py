"""Who had spoken and who had not."""

from datetime import UTC, date, datetime

import ibis

from nba_pipeline.phase_2_raw.nbac_injury_report_teams import transform

AT = datetime(2024, 1, 4, 17, 30, tzinfo=UTC)
DAY = date(2024, 1, 4)


def line(team: str, *, has_submitted: bool, home: str = "SAS") -> dict[str, object]:
    """A line of the report of MIL at SAS."""
    game = {"away_team": "MIL", "home_team": home, "game_date": DAY, "report_at": AT}
    return game | {"team_abbr": team, "has_submitted": has_submitted}


def test_a_team_has_submitted_when_a_player_of_it_is_listed() -> None:
    """Two players of SAS are one row, MIL is silent; whose home court it is makes no difference."""
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
    ]
    rows = transform(ibis.memtable(said), ibis.memtable([schedule])).to_pandas()
    found = set(zip(rows.game_id, rows.team_abbr, rows.has_submitted, strict=True))
    assert found == {("0022300477", "SAS", True), ("0022300477", "MIL", False)}
    assert len(rows) == 2
