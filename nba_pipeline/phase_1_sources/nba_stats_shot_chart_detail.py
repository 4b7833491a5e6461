"""Where every shot was taken (shotchartdetail of stats.nba.com, ContextMeasure=FGA).

It tells no assist and no foul. Answers that were put together again may lack the coordinates and
the number of the event; what is needed is who shot, from how far, at what, and whether it went in.
"""

import pandas as pd

from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.league.identity import UnknownTeam, team_named, ten_digits
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    finite,
    lookup_of,
    scalars,
    taken,
    unreadable,
    whole,
)
from nba_pipeline.phase_1_sources.csv_frames import ragged
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule
from nba_pipeline.phase_1_sources.nba_stats_shot_chart_detail_fetch import fetch
from nba_pipeline.phase_1_sources.result_sets import result_frame

_TYPES = {
    **dict.fromkeys(("source_file", "game_id", "team_abbr"), "string"),
    **dict.fromkeys(("player_name", "player_lookup", "action_type", "shot_zone_basic"), "string"),
    **dict.fromkeys(("row_number", "shot_number", "player_id", "period"), "int64"),
    **dict.fromkeys(("seconds_remaining", "shot_distance"), "float64"),
    **dict.fromkeys(("event_id", "loc_x", "loc_y"), "Int64"),
    **dict.fromkeys(("is_three", "is_made"), "bool"),
    "game_date": "object",
}
_FIELDS = {
    "game_id": "GAME_ID",
    "team_abbr": "TEAM_NAME",
    "game_date": "GAME_DATE",
    "player_id": "PLAYER_ID",
    "player_name": "PLAYER_NAME",
    "period": "PERIOD",
    "is_three": "SHOT_TYPE",
    "is_made": "SHOT_MADE_FLAG",
    "shot_distance": "SHOT_DISTANCE",
}
_RULES = {
    "game_id": "bad_game_id",
    "team_abbr": "unknown_team",
    "game_date": "bad_date",
    "player_id": "bad_player",
    "player_name": "bad_player",
    "period": "bad_period",
    "is_three": "bad_shot_type",
    "is_made": "bad_outcome",
    "shot_distance": "bad_distance",
}
_NEEDED = (
    *_FIELDS.values(),
    *("MINUTES_REMAINING", "SECONDS_REMAINING", "EVENT_TYPE", "ACTION_TYPE", "SHOT_ZONE_BASIC"),
    "SHOT_ATTEMPTED_FLAG",
)
_OPTIONAL = ("GAME_EVENT_ID", "LOC_X", "LOC_Y")
_IS_THREE = {"2PT Field Goal": False, "3PT Field Goal": True}
_IS_MADE = {"Missed Shot": 0, "Made Shot": 1}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per shot; shot_number counts the file's shots of a game from 1.

    Raises:
        UnknownShape: the document is no shot chart.
    """
    raw = result_frame(document, file, _NEEDED, what="shot chart", optional=_OPTIONAL)
    cells = raw.apply(scalars)
    clock = [whole(cells[f"{unit}_REMAINING"], least=0) for unit in ("MINUTES", "SECONDS")]
    made = whole(cells.SHOT_MADE_FLAG, least=0)
    # The source says twice whether a shot went in.
    made = made.where(made == converted(cells.EVENT_TYPE, lambda word: _IS_MADE.get(str(word))))
    lookups = converted(cells.PLAYER_NAME, lookup_of)
    event = whole(cells.GAME_EVENT_ID, least=1)
    columns: dict[str, pd.Series] = {
        "game_id": converted(cells.GAME_ID, ten_digits),
        "game_date": converted(cells.GAME_DATE, day_of),
        "team_abbr": converted(cells.TEAM_NAME, _team),
        "player_id": whole(cells.PLAYER_ID, least=1),
        "player_name": cells.PLAYER_NAME.where(lookups.notna()),
        "player_lookup": lookups,
        "period": whole(cells.PERIOD, least=1),
        "seconds_remaining": clock[0] * 60 + clock[1],
        "is_three": converted(cells.SHOT_TYPE, lambda word: _IS_THREE.get(str(word))),
        "is_made": made,
        "shot_distance": whole(cells.SHOT_DISTANCE, least=0),
        "action_type": cells.ACTION_TYPE,
        "shot_zone_basic": cells.SHOT_ZONE_BASIC,
        "event_id": event,
        **{name: finite(cells[name.upper()]).round() for name in ("loc_x", "loc_y")},
    }
    games = raw.assign(game=columns["game_id"], event=event)
    columns["shot_number"] = games.groupby("game", dropna=False).cumcount() + 1
    again = games.duplicated(["game", "event"]) & event.notna()
    offences = [
        ragged(raw),
        *(Offence(rule, _FIELDS[name], columns[name].isna()) for name, rule in _RULES.items()),
        Offence("bad_clock", "SECONDS_REMAINING", columns["seconds_remaining"].isna()),
        Offence("no_attempt", "SHOT_ATTEMPTED_FLAG", finite(cells.SHOT_ATTEMPTED_FLAG) != 1),
        Offence("bad_event_id", "GAME_EVENT_ID", unreadable(raw.GAME_EVENT_ID, event)),
        *(
            Offence("bad_location", name, unreadable(raw[name], columns[name.lower()]))
            for name in ("LOC_X", "LOC_Y")
        ),
        Offence("repeated_event_id", "GAME_EVENT_ID", again),
    ]
    key = ["game_id", "shot_number"]
    return taken(raw, columns, offences, _TYPES, file, key=key, fields=_FIELDS)


def _team(value: object) -> str | None:
    try:
        return team_named(str(value))
    except UnknownTeam:
        return None


nba_stats_shot_chart_detail = Source(
    "nba_stats_shot_chart_detail",
    "nba_stats/shot_chart_detail",
    parse,
    version=3,
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
