"""A game of two teams for the tests of shots: its schedule, its box score, and plays in several shapes."""

from datetime import date

import ibis

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.phase_1_sources.bigdataball import parse
from nba_pipeline_tests.csv_files import csv_of

GAME, DAY, SEASON = "0042400407", date(2025, 6, 22), "2024-25"
ROSTER = {
    (1630552, "Jalen Johnson", "IND"): (3, 1),
    (2, "Jaren Jackson Jr.", "IND"): (1, 0),
    (3, "Jalen Johnson III", "OKC"): (1, 1),
    (4, "Robert Williams III", "OKC"): (0, 0),
}
"""Players with their attempts and threes in the box score."""
MADE = {1630552: (2, 0), 2: (1, 0), 3: (1, 1), 4: (0, 0)}
"""Their makes and threes made."""
PLAYS = (
    ("Jalen Johnson", "IND", "shot", "layup", "made", "8", "11:00", "Jaren Jackson Jr."),
    ("Jalen Johnson", "IND", "free throw", "free throw 1/1", "missed", "", "11:00", ""),
    ("Jalen Johnson", "IND", "shot", "jump shot", "made", "9", "10:00", ""),
    ("Jalen Johnson", "IND", "shot", "3pt jump shot", "missed", "24", "09:00", ""),
    ("Jaren Jackson Jr.", "IND", "shot", "dunk", "made", "0", "08:00", ""),
    ("Jaren Jackson Jr.", "IND", "free throw", "free throw 1/2", "made", "", "08:00", ""),
    ("Jalen Johnson III", "OKC", "shot", "3pt jump shot", "made", "25", "07:00", ""),
    ("Robert Williams III", "OKC", "rebound", "rebound defensive", "", "", "06:00", ""),
)
"""Who, of which team, did what, how it ended, from how far, when, and on whose assist."""
IDS = {name: player_id for player_id, name, _team in ROSTER}


def glued(name: str) -> str:
    """The name as files since October 2024 have it: "1630552jalenjohnson"."""
    return f"{IDS[name]}{name.lower().replace(' ', '').replace('.', '')}" if name else ""


def events(
    plays=PLAYS, *, game_id=GAME, name="game", new_format=False, first=1
) -> list[dict[str, object]]:
    """The plays as a file of BigDataBall has them, parsed."""
    spelled = glued if new_format else str
    lines = [
        {
            "game_id": game_id,
            "date": str(DAY),
            "period": "1",
            "remaining_time": f"0:{when}",
            "play_id": str(number),
            "team": team,
            "event_type": kind,
            "assist": spelled(assist),
            "block": "",
            "player": spelled(player),
            "result": result,
            "type": subtype,
            "shot_distance": feet,
            "description": "",
        }
        for number, (player, team, kind, subtype, result, feet, when, assist) in enumerate(
            plays, first
        )
    ]
    found = parse(csv_of(lines), SourceFile(f"bigdataball/{DAY}/{name}.csv", SEASON, DAY))
    assert len(found.rejected) == 0
    return found.rows


def table(*frames, day=DAY) -> ibis.Table:
    """Parsed rows of the day as the engine gives them."""
    parts = [ibis.memtable(f.assign(game_date=str(day))) for f in frames]
    return ibis.union(*parts).mutate(game_date=ibis._.game_date.cast("date"))


def held(rows: ibis.Table) -> ibis.Table:
    """The rows in memory, as the engine stages them: what is made of them does not make them anew."""
    return ibis.memtable(rows.to_pyarrow(), schema=rows.schema())


def schedule() -> ibis.Table:
    """Indiana at Oklahoma City, final."""
    game = {
        "game_id": GAME,
        "game_date": DAY,
        "season": SEASON,
        "season_type": "playoffs",
        "status": "final",
        "home_team": "OKC",
        "away_team": "IND",
        "home_score": 103,
        "away_score": 91,
    }
    return ibis.memtable([game])


def box_score(roster=ROSTER, made=MADE) -> ibis.Table:
    """The players of both teams, who all played; who is not in MADE made none."""
    return ibis.memtable(
        [
            {
                "game_id": GAME,
                "game_date": DAY,
                "team_abbr": team,
                "opponent_abbr": "OKC" if team == "IND" else "IND",
                "player_id": player_id,
                "player_name": name,
                "player_lookup": name.lower().replace(" ", "").replace(".", ""),
                "minutes": 20.0,
                "fga": attempts,
                "fg3a": threes,
                "fgm": made.get(player_id, (0, 0))[0],
                "fg3m": made.get(player_id, (0, 0))[1],
            }
            for (player_id, name, team), (attempts, threes) in roster.items()
        ]
    )
