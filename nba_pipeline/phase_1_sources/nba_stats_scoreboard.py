"""The scoreboard of a date (scoreboardv3 of stats.nba.com, or v2): which games are over, and how.

It is there minutes after a game, when the season's schedule may not have been asked for again.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline import clock
from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID, is_exhibition
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    scalars,
    taken,
    team_of,
    whole,
)
from nba_pipeline.phase_1_sources.csv_frames import FIELDS, ragged
from nba_pipeline.phase_1_sources.nba_stats_answers import answer
from nba_pipeline.phase_1_sources.nba_stats_schedule import (
    due,
    furthest,
    nba_stats_schedule,
    played,
)
from nba_pipeline.phase_1_sources.nba_stats_schedule_game import (
    PLAYED,
    is_score,
    says_not_over,
    says_not_played,
)
from nba_pipeline.phase_1_sources.result_sets import result_frame

TYPES = {
    **dict.fromkeys(("source_file", "game_id", "home_team", "away_team", "status"), "string"),
    **dict.fromkeys(("home_score", "away_score"), "Int64"),
    "row_number": "int64",
    "game_date": "object",
}
"""Columns of the rows; scores are NULL of games that have not begun."""

_PLACE = "nba_stats/scoreboard"
_STATUS: dict[float, str] = {1: "scheduled", 2: "live", 3: "final"}
_CODE = re.compile(r"\d{8}/([A-Z]{3})([A-Z]{3})")
_V2 = {
    "GAME_ID": "gameId",
    "GAME_DATE_EST": "gameDate",
    "GAMECODE": "gameCode",
    "GAME_STATUS_ID": "gameStatus",
    "GAME_STATUS_TEXT": "gameStatusText",
}
_RAW = [*_V2.values(), "homeTeam.score", "awayTeam.score"]
_WHAT = "scoreboard"


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per game; rejections name the fields as version 3 does. An exhibition has none.

    A game that is called over or under way beside words that say otherwise is rejected.

    Raises:
        UnknownShape: the document is no scoreboard of either version.
    """
    is_v3 = isinstance(document, dict) and "scoreboard" in document
    raw = _games_v3(document, file) if is_v3 else _games_v2(document, file)
    cells = raw.apply(scalars).astype("object")
    ids = cells.gameId.where(cells.gameId.astype(str).str.fullmatch(GAME_ID))
    counts = ~is_exhibition(ids)
    raw, cells, ids = raw[counts], cells[counts], ids[counts]
    status = converted(whole(cells.gameStatus, least=1), _status)
    is_played = status.isin(PLAYED)
    is_told = cells.gameStatusText.map(says_not_played).astype(bool)
    is_open = status.eq("final") & cells.gameStatusText.map(says_not_over).astype(bool)
    columns = {
        "game_id": ids,
        "game_date": converted(cells.gameDate, day_of),
        "away_team": converted(cells.gameCode, partial(_team, place=1)),
        "home_team": converted(cells.gameCode, partial(_team, place=2)),
        "status": status.mask(is_told & ~is_played, "postponed"),
        **{
            f"{side}_score": _scores(cells[f"{side}Team.score"]).where(is_played)
            for side in ("home", "away")
        },
    }
    offences = [
        ragged(raw),
        Offence("bad_game_id", "gameId", ids.isna()),
        Offence("bad_date", "gameDate", columns["game_date"].isna()),
        Offence(
            "unknown_team", "gameCode", columns["home_team"].isna() | columns["away_team"].isna()
        ),
        Offence("bad_status", "gameStatus", status.isna()),
        Offence("unknown_status", "gameStatusText", is_open | (is_told & is_played)),
        *(
            Offence("bad_score", f"{side}Team.score", is_played & columns[f"{side}_score"].isna())
            for side in ("home", "away")
        ),
    ]
    return taken(raw, columns, offences, TYPES, file, key=["game_id"], fields={"game_id": "gameId"})


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a game that several files of a date have, the one that has it as over, or else the last."""
    stages = {"scheduled": 0, "postponed": 0, "live": 1, "final": 2}
    return furthest(rows, ["game_date", "game_id"], stages)


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The date's scoreboard: every time until it and the stored schedule have its games as over."""
    games = played(day, access)
    if games.empty:
        return
    if day > clock.today():
        yield NotYet(str(day), "its games have not begun")
        return
    file = SourceFile(f"{_PLACE}/{day}.json", calendar.season_of(day).name, day)
    ask = partial(answer, access, "ScoreboardV3", game_date=str(day))
    told = access.rows(nba_stats_scoreboard, [day])
    told = told[told.game_date == day]
    wanted = due(games, day)
    is_over = wanted.status.eq("final").all() and told.status.isin(("final", "postponed")).all()
    every = frozenset(games.game_id)
    yield RemoteFile(file, ask, frozenset(wanted.game_id), every, is_settled=bool(is_over))


def _games_v2(document: object, file: SourceFile) -> pd.DataFrame:
    """The games of GameHeader, each with its sides' points of LineScore."""
    heads = result_frame(document, file, list(_V2), what=_WHAT, of="GameHeader").rename(columns=_V2)
    needed = ["GAME_ID", "TEAM_ABBREVIATION", "PTS"]
    lines = result_frame(document, file, needed, what=_WHAT, of="LineScore").apply(scalars)
    # Of a line of another length no cell is where its header says.
    lines = lines[lines[FIELDS].isna()]
    # Of two lines of a side that say otherwise neither is its score.
    lines = lines.drop_duplicates().drop_duplicates(needed[:2], keep=False)
    points = dict(
        zip(zip(lines.GAME_ID, lines.TEAM_ABBREVIATION, strict=True), lines.PTS, strict=True)
    )
    codes = heads.gameCode.map(lambda code: _CODE.fullmatch(str(code)))
    ids = scalars(heads.gameId)
    for place, side in ((1, "awayTeam.score"), (2, "homeTeam.score")):
        keys = [(game, code and code[place]) for game, code in zip(ids, codes, strict=True)]
        heads[side] = pd.Series([points.get(key) for key in keys], heads.index, dtype="object")
    return heads


def _games_v3(document: object, file: SourceFile) -> pd.DataFrame:
    """The games of the newer document, flat."""
    try:
        day, games = (document["scoreboard"][name] for name in ("gameDate", "games"))  # type: ignore[index]
        lines = [{**game, "gameDate": day} for game in games]
        for line in lines:
            for side in ("homeTeam", "awayTeam"):
                line[f"{side}.score"] = line[side]["score"]
    except (KeyError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no {_WHAT} (scoreboard with gameDate, and games with homeTeam.score and "
            f"awayTeam.score, not found: {error!r})"
        ) from error
    return pd.DataFrame(lines, columns=[*_RAW, FIELDS], dtype="object")


def _scores(cells: pd.Series) -> pd.Series:
    points = whole(cells, least=0)
    return points.where(points.map(is_score))


def _status(number: object) -> str | None:
    return _STATUS.get(number) if isinstance(number, float) else None


def _team(code: object, place: int) -> str | None:
    """A side of a game's code: 20240115/HOUPHI is Houston at Philadelphia."""
    match = _CODE.fullmatch(str(code))
    return team_of(match[place]) if match else None


nba_stats_scoreboard = Source(
    "nba_stats_scoreboard",
    _PLACE,
    parse,
    version=5,
    settle=settle,
    layout="dates",
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
