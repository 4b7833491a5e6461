"""Lists of entries and of lines come into the season that they are of, or lead to."""

from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.engine.landing import Landing
from nba_pipeline.tables import SOURCES
from nba_pipeline_tests.fetching.zone import Zone

ENTRIES = "prosportstransactions/2023-24.csv"
LINES = "bettingpros/player_points/2023-24.csv"


def listed(zone: Zone, *days: str, name: str = "entries.csv") -> Path:
    """A list of transactions with an entry per day."""
    path = zone.hand / name
    entries = (f"{day},Suns,,Damion Lee,knee\n" for day in days)
    path.write_text("Date,Team,Acquired,Relinquished,Notes\n" + "".join(entries))
    return path


def lines(zone: Zone, *days: str) -> Path:
    """A file of consensus lines with a player's line per day."""
    path = zone.hand / "lines.csv"
    offered = (f"{day},damion-lee,9.5,-110\n" for day in days)
    path.write_text("date,player_slug,points_line,over_odds\n" + "".join(offered))
    return path


@pytest.mark.parametrize(
    ("season", "rows", "rejected"),
    [("2021-22", 3395, 0), ("2022-23", 2206, 1), ("2023-24", 2564, 0)],
)
def test_the_real_transactions_come_into_their_season(
    zone, real_landing, season, rows, rejected
) -> None:
    """Each file begins before its season, and one has a repeated entry."""
    done = zone.ingest(real_landing / f"prosportstransactions/{season}.csv.gz")
    assert done.refused == []
    (placed,) = done.new
    assert placed.path == f"prosportstransactions/{season}.csv"
    assert (placed.rows, placed.rejected) == (rows, rejected)


def test_entries_of_before_a_season_come_into_its_file(zone) -> None:
    """Also where there is no other one yet: the day itself has no file."""
    (placed,) = zone.ingest(listed(zone, "2023-09-30")).new
    assert (placed.path, placed.rows, placed.rejected) == (ENTRIES, 1, 0)
    (placed,) = zone.ingest(listed(zone, "2023-09-30", "2023-10-23", "2023-10-25")).changed
    assert (placed.path, placed.rows, placed.rejected) == (ENTRIES, 3, 0)
    rows = Landing(str(zone.root)).load(SOURCES[placed.source], [date(2023, 10, 24)]).rows
    assert [str(day) for day in rows.game_date] == ["2023-10-24", "2023-10-24", "2023-10-25"]


def test_entries_of_before_a_season_are_compared_by_their_own_days(
    zone,
) -> None:
    """All are filed under the season's first day, under which the one list has as many as the other."""
    zone.ingest(listed(zone, "2023-09-20"))
    before = zone.files()
    ((_file, reason),) = zone.ingest(listed(zone, "2023-10-02")).refused
    assert f"{ENTRIES}.gz is kept: it has 2023-09-20 (1 rows, 0 now); --accept-fewer" in reason
    assert zone.files() == before
    assert len(zone.ingest(listed(zone, "2023-09-20", "2023-10-02")).changed) == 1
    ((_file, reason),) = zone.ingest(listed(zone, "2023-09-20", "2023-10-10")).refused
    assert "2023-10-02 (1 rows, 0 now)" in reason


def test_entries_of_one_day_come_into_its_file(zone) -> None:
    """Under the season in whose span it is."""
    (placed,) = zone.ingest(listed(zone, "2023-10-25")).new
    assert placed.path == "prosportstransactions/2023-24/2023-10-25.csv"


def test_a_line_of_preseason_is_rejected_alone(zone) -> None:
    """There is no game of that day to predict; a file of such lines alone is refused."""
    (placed,) = zone.ingest(lines(zone, "2023-10-10", "2023-10-24", "2023-10-25")).new
    assert (placed.path, placed.rows, placed.rejected) == (LINES, 2, 1)
    ((_file, reason),) = zone.ingest(lines(zone, "2023-10-10")).refused
    assert "none of its rows can be taken" in reason
    assert "dated 2023-10-10, but the file is of season 2023-24" in reason


def test_a_list_of_days_in_no_season_is_refused(zone) -> None:
    """With how a coming season is added."""
    ((_file, reason),) = zone.ingest(lines(zone, "2031-10-21", "2031-10-22")).refused
    assert "2031-10-21 is in no season of the calendar" in reason


@pytest.mark.parametrize("larger", ["the earlier", "the later"])
def test_a_list_of_two_seasons_is_refused(zone, larger) -> None:
    """Of either it would lose the other one's entries, whichever has more."""
    days = {"the earlier": ["2022-11-01", "2022-11-02", "2023-11-01"]}
    days["the later"] = ["2022-11-01", "2023-11-01", "2023-11-02"]
    ((_file, reason),) = zone.ingest(listed(zone, *days[larger])).refused
    assert "1 of its rows are of other seasons" in reason
    assert zone.files() == {}
