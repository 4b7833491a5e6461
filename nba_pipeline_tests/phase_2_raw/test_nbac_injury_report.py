"""What was said before games: by whom, when, and of which player."""

import json
import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unicodedata import normalize

import ibis
import pytest

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.phase_1_sources.balldontlie_injuries import parse as parse_fallback
from nba_pipeline.phase_1_sources.nba_injury_report import parse
from nba_pipeline.phase_2_raw.nbac_injury_report import rejections, transform
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines

TABLES = with_upstream("nbac_injury_report", "rejected_rows")
FIELDS = ("date", "gametime", "matchup", "team", "player", "status", "reason")
REPORTED = datetime(2024, 1, 4, 17, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A landing zone of six days and four teams."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    return tmp_path / "landing"


def report(folder: Path, day: date, name: str, hour: str, *records: tuple[str, ...]) -> None:
    """Writes a report that was parsed by others."""
    path = folder / f"nba_injury_report/{day}/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"gamedate": f"{day:%Y%m%d}", "hour": hour, "period": "AM"}
    told = [dict(zip(FIELDS, record, strict=True)) for record in records]
    path.write_text(json.dumps({"metadata": about, "records": told}))


def played(folder: Path) -> tuple[dict, dict]:
    """A game of the fourth day, and a player of its home team who played on the first two days."""
    game = games(folder)[6]
    team = game["homeTeam"]["teamTricode"]
    player = next(line for line in lines(folder, PLAYER_LOG) if line["TEAM_ABBREVIATION"] == team)
    return game, player


def line(game: dict, team: str, name: str, status: str = "Out") -> tuple[str, ...]:
    """A line of a report of that game."""
    day = date.fromisoformat(game["date"])
    matchup = f"{game['awayTeam']['teamTricode']}@{game['homeTeam']['teamTricode']}"
    return (f"{day:%m/%d/%Y}", "07:30 (ET)", matchup, team, name, status, "Rest")


def test_reports_of_the_evening_before_and_of_the_day_are_of_the_game(folder, tmp_path) -> None:
    """Two reports, two rows; each with the time at which it was made, in UTC."""
    game, player = played(folder)
    day, team = date.fromisoformat(game["date"]), player["TEAM_ABBREVIATION"]
    last, first = reversed(player["PLAYER_NAME"].split(" ", 1))
    report(folder, day - timedelta(days=1), "a", "09", line(game, team, f"{last}, {first}"))
    report(folder, day, "b", "10", line(game, team, f"{last}, {first}", "Available"))
    lab = Lab(tmp_path, folder)
    lab.compute(TABLES, day - timedelta(days=1), day)
    rows = lab.rows("nbac_injury_report")
    zone = timedelta(hours=4)
    assert [(row["report_at"].replace(tzinfo=None), row["injury_status"]) for row in rows] == [
        (datetime(day.year, day.month, day.day - 1, 9, 30) + zone, "out"),  # noqa: DTZ001
        (datetime(day.year, day.month, day.day, 10, 30) + zone, "available"),  # noqa: DTZ001
    ]
    assert {(row["game_id"], row["player_id"], row["game_date"]) for row in rows} == {
        (game["gameId"], player["PLAYER_ID"], day)
    }
    out = [row for row in rows if row["injury_status"] == InjuryStatus.OUT]
    assert 0 < len(out) < len(rows)
    assert lab.rows("rejected_rows") == []


def test_what_cannot_be_matched_is_told(folder, tmp_path) -> None:
    """A name of nobody, with the nearest; a matchup that is not played; a word that is no status."""
    game, player = played(folder)
    day, team = date.fromisoformat(game["date"]), player["TEAM_ABBREVIATION"]
    last, first = reversed(player["PLAYER_NAME"].split(" ", 1))
    away, home = game["awayTeam"]["teamTricode"], game["homeTeam"]["teamTricode"]
    strange = (*line(game, team, "One, Any")[:2], f"{away}@NYK", away, "One, Any", "Out", "Rest")
    report(
        folder,
        day,
        "a",
        "10",
        line(game, team, f"{last}x, {first}"),
        strange,
        line(game, team, "One, Any", "Maybe"),
        line(game, home, f"{last}, {first}"),
    )
    lab = Lab(tmp_path, folder)
    lab.compute(TABLES, day, day)
    found = {row["row_number"]: row for row in lab.rows("rejected_rows")}
    assert {number: row["rule"] for number, row in found.items()} == {
        0: "unmatched_player",
        1: "unknown_game",
        2: "unknown_status",
    }
    nearest = f"{player['PLAYER_NAME']} ({team}, {player['PLAYER_ID']})"
    assert nearest in found[0]["detail"]
    assert [row["player_id"] for row in lab.rows("nbac_injury_report")] == [player["PLAYER_ID"]]


def tables(official: list[dict], unofficial: list[dict]) -> dict[str, ibis.Table]:
    """Inputs of two listed players of one game on the fourth of January and one on the fifth."""
    days = {"0022300001": date(2024, 1, 4), "0022300002": date(2024, 1, 5)}
    schedule = [
        {
            "game_id": game,
            "game_date": day,
            "season": "2023-24",
            "season_type": "regular",
            "status": "scheduled",
            "home_team": "SAS",
            "away_team": "MIL",
            "home_score": None,
            "away_score": None,
            "tipoff_at": datetime(2024, 1, day.day + 1, 0, 30, tzinfo=UTC),
        }
        for game, day in days.items()
    ]
    known = {"season": "2023-24", "player_id": 9, "player_lookup": "damianlillard"}
    known |= {"team_abbr": "MIL", "player_name": "Damian Lillard", "known_from": date(2023, 11, 1)}
    file = SourceFile("r.json", "2023-24", date(2024, 1, 4), 1)
    about = {"gamedate": "20240104", "hour": "12", "period": "PM"}
    first = parse({"metadata": about, "records": official}, file).rows
    second = parse_fallback(unofficial or None, file).rows
    scores = {"home_score": "int64", "away_score": "int64"}
    return {
        "nba_injury_report": dated(first),
        "balldontlie_injuries": dated(second),
        "nbac_schedule": ibis.memtable(schedule).cast(scores),
        "known_players": ibis.memtable([known]),
    }


def dated(rows):
    """The rows as they are given to a table."""
    rows = ibis.memtable(rows.assign(game_date=rows.game_date.astype("datetime64[ns]")))
    return rows.mutate(game_date=rows.game_date.cast("date"))


LILLARD = dict(
    zip(
        FIELDS,
        ("01/04/2024", "07:30", "MIL@SAS", "MIL", "Lillard, Damian", "Out", "Rest"),
        strict=True,
    )
)
SILENT = LILLARD | {"date": "01/05/2024", "player": "", "status": "", "reason": "NOT YET SUBMITTED"}
LISTED = {
    "player": {"first_name": "Damian", "last_name": "Lillard", "team_id": 17},
    "status": "Day-To-Day",
    "description": "Jan 3: sore.",
}


@pytest.mark.parametrize(
    ("day", "sources"),
    [
        (
            "01/04/2024",
            {("0022300001", "nba_injury_report"), ("0022300002", "balldontlie_injuries")},
        ),
        ("01/05/2024", {("0022300002", "nba_injury_report")}),
    ],
)
def test_the_fallback_speaks_only_of_dates_without_an_official_word(day, sources) -> None:
    """Its list of the fourth is of the fifth's games, until a team's report speaks of them."""
    inputs = tables([LILLARD | {"date": day}], [LISTED])
    rows = transform(**inputs).to_pandas()
    assert set(zip(rows.game_id, rows.report_source, strict=True)) == sources
    assert rejections(**inputs).count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize(
    ("official", "sources"),
    [
        ([SILENT], ["balldontlie_injuries"]),
        ([SILENT | {"team": "SAS"}], ["balldontlie_injuries"]),
        ([SILENT, LILLARD | {"date": "01/05/2024", "team": "SAS"}], ["balldontlie_injuries"]),
        ([LILLARD | {"date": "01/05/2024", "team": "SAS"}], []),
        ([SILENT, LILLARD | {"date": "01/05/2024"}], ["nba_injury_report"]),
    ],
)
def test_of_a_team_that_is_silent_in_the_reports_the_fallback_speaks(official, sources) -> None:
    """Each evening's report calls all teams of the next day silent, whose list it is not."""
    rows = transform(**tables(official, [LISTED])).to_pandas()
    rows = rows[rows.player_id == 9]
    assert list(rows[rows.team_abbr == "MIL"].report_source) == sources


@pytest.mark.parametrize(("hour", "speaks"), [(0, False), (1, True)])
def test_what_comes_after_tip_off_does_not_silence_the_fallback(hour, speaks) -> None:
    """Of one who plays at half past midnight: his team's word of before takes the list's place."""
    inputs = tables([SILENT, LILLARD | {"date": "01/05/2024"}], [LISTED])
    official = inputs["nba_injury_report"]
    late = ibis.literal(datetime(2024, 1, 6, hour, tzinfo=UTC)).cast(official.report_at.type())
    said_at = ibis.ifelse(official.has_submitted, late, official.report_at)
    inputs["nba_injury_report"] = official.mutate(report_at=said_at)
    rows = transform(**inputs).to_pandas()
    sources = {"nba_injury_report", *(["balldontlie_injuries"] if speaks else [])}
    assert set(rows[rows.game_id == "0022300002"].report_source) == sources


def test_a_word_of_the_evening_s_game_does_not_silence_the_list_of_the_matinee_s() -> None:
    """The report is from between the two tip-offs: before the first there was the list alone."""
    inputs = tables(
        [LILLARD | {"date": "01/05/2024", "team": "LAL", "matchup": "BOS@LAL"}], [LISTED]
    )
    schedule, official = inputs["nbac_schedule"], inputs["nba_injury_report"]
    evening = schedule.filter(schedule.game_id == "0022300002").mutate(
        game_id=ibis.literal("0022300003"),
        home_team=ibis.literal("LAL"),
        away_team=ibis.literal("BOS"),
    )
    inputs["nbac_schedule"] = schedule.union(evening.select(*schedule.columns))
    for tipoff, sources in ((0, []), (2, ["balldontlie_injuries"])):
        said_at = ibis.literal(datetime(2024, 1, 6, tipoff, tzinfo=UTC))
        moved = official.mutate(report_at=said_at.cast(official.report_at.type()))
        late = inputs["nbac_schedule"].mutate(
            tipoff_at=ibis.ifelse(
                ibis._.game_id == "0022300003",
                ibis.literal(datetime(2024, 1, 6, 3, tzinfo=UTC)),
                ibis._.tipoff_at,
            )
        )
        given = inputs | {"nba_injury_report": moved, "nbac_schedule": late}
        rows = transform(**given).to_pandas()
        assert [*rows[rows.game_id == "0022300002"].report_source] == sources


def test_a_report_that_is_there_twice_gives_each_player_once() -> None:
    """Two files of one time; the second line of a player within a file is rejected.

    A file is a PDF by its ending, and whom it does not list another file of its time does not either.
    """
    inputs = tables([LILLARD, LILLARD | {"player": "Lillard Jr., Damian"}], [])
    rows = inputs["nba_injury_report"]
    inputs["nba_injury_report"] = rows.union(
        rows.mutate(source_file=ibis.literal("r.pdf")),
        rows.mutate(source_file=ibis.literal("r.pdf.json"), player_lookup=ibis.literal("nobody")),
    )
    stands = transform(**inputs).to_pandas()
    assert list(zip(stands.source_file, stands.player_lookup, strict=True)) == [
        ("r.pdf", "damianlillard")
    ]
    rules = Counter(rejections(**inputs).to_pandas().rule)
    assert rules == {"repeated_player": 1}


def test_the_sample_is_of_the_games_and_players_of_the_real_season(
    real_landing, samples, tmp_path
) -> None:
    """All 14 players of two games, each with the id that the season's log has for his name."""
    for name in (
        "schedule/2023-24",
        "league_game_log/player/2023-24",
        "league_game_log/player/2022-23",
    ):
        path = tmp_path / f"landing/nba_stats/{name}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_landing / f"nba_stats/{name}.json.gz", path)
    path = tmp_path / "landing/nba_injury_report/2024-01-04/12PM.pdf"
    path.parent.mkdir(parents=True)
    shutil.copy(samples / "nba_injury_report_2024-01-04.pdf", path)
    lab = Lab(tmp_path, tmp_path / "landing")
    lab.compute(TABLES, date(2024, 1, 4), date(2024, 1, 5))
    rows = lab.rows("nbac_injury_report")
    sides = {
        game["gameId"]: {game[f"{side}Team"]["teamTricode"] for side in ("home", "away")}
        for game in games(tmp_path / "landing")
        if game["date"] == "2024-01-04"
    }
    assert Counter(frozenset(sides[row["game_id"]]) for row in rows) == {
        frozenset({"MIL", "SAS"}): 8,
        frozenset({"DEN", "GSW"}): 6,
    }
    # Vlatko Cancar was out all season: the log of the season before names him, with accents.
    logs = [PLAYER_LOG, PLAYER_LOG.replace("2023-24", "2022-23")]
    said = [line for log in logs for line in lines(lab.landing_folder, log)]
    plain = {line["PLAYER_NAME"]: normalize("NFKD", line["PLAYER_NAME"]) for line in said}
    ids = {
        plain[line["PLAYER_NAME"]].encode("ascii", "ignore").decode(): line["PLAYER_ID"]
        for line in said
    }
    assert all(row["player_id"] == ids[row["player_name"]] for row in rows)
    assert lab.rows("rejected_rows") == []
