"""Who missed which games, and what transactions and injury reports said of it, and when.

Derived from who has a line: a player who is with a team and has none in one of its games missed it.
"""

from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.simulation import names
from nba_pipeline.simulation.played import Simulated, game_frame, line_frame

_TOLD_OF_ONE_GAME, _TOLD_THE_DAY_BEFORE, _TOLD_IN_THE_MORNING = 0.5, 0.3, 0.3
_RETURN_IS_TOLD = 0.8
_QUESTIONABLE_AND_PLAYS, _PROBABLE_AND_PLAYS, _QUESTIONABLE_AND_SITS = 0.03, 0.03, 0.5
_ONLY_DOUBTFUL = 0.06
_WHAT = np.array(["sprained left ankle", "sore right knee", "illness", "back injury", "sore hip"])
_REASONS = np.array(
    [
        *("Injury/Illness - Left Ankle; Sprain", "Injury/Illness - Right Knee; Soreness"),
        *("Injury/Illness - N/A; Illness", "Injury/Illness - Low Back; Spasms"),
        "Injury/Illness - Left Hip; Soreness",
    ]
)
_KEY = ["game_id", "game_date", "team", "player_id", "player_name"]


def absences_of(played: Simulated, random: np.random.Generator) -> pd.DataFrame:
    """One row per game that a player missed between two of his games for the team.

    game_id, game_date, team, player_id, player_name; spell (counts the unbroken ones), first_missed,
    last_missed, last_played, next_played (dates as texts); is_told: whether anybody says that he is
    out; told_on: the date of the word that he is out; told_early: whether it is known in the morning.
    """
    lines = line_frame(played, "player").sort_values(["player_id", "game_date"])
    moves = lines.team.ne(lines.groupby("player_id").team.shift())
    lines["stint"] = moves.cumsum()
    of_stint = lines.groupby("stint").agg(
        player_id=("player_id", "first"),
        player_name=("player_name", "first"),
        team=("team", "first"),
        first=("game_date", "min"),
        last=("game_date", "max"),
    )
    games = game_frame(played)
    sides = pd.concat([games.assign(team=games[side]) for side in ("home", "away")])
    with_team = of_stint.reset_index().merge(sides[["team", "game_id", "game_date"]], on="team")
    with_team = with_team[with_team.game_date.between(with_team["first"], with_team["last"])]
    with_team = with_team.sort_values(["stint", "game_date"], ignore_index=True)
    has_line = pd.MultiIndex.from_frame(lines[["game_id", "player_id"]])
    with_team["played"] = pd.MultiIndex.from_frame(with_team[["game_id", "player_id"]]).isin(
        has_line
    )
    dates = with_team.game_date.where(with_team.played)
    with_team["last_played"] = dates.groupby(with_team.stint).ffill()
    with_team["next_played"] = dates.groupby(with_team.stint).bfill()
    with_team["spell"] = with_team.played.cumsum()
    missed = with_team[~with_team.played].copy()
    missed["spell"] = missed.groupby(["stint", "spell"]).ngroup()
    of_spell = missed.groupby("spell").game_date
    missed["first_missed"], missed["last_missed"] = (
        of_spell.transform("min"),
        of_spell.transform("max"),
    )
    spans = ["spell", "first_missed", "last_missed", "last_played", "next_played"]
    columns = [*_KEY, *spans, "is_told", "told_on", "told_early"]
    return _told(missed, random)[columns].reset_index(drop=True)


def _told(missed: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """With what was said of each spell: long ones always, of one game every other time."""
    spells = missed.drop_duplicates("spell").set_index("spell")
    count = len(spells)
    is_long = spells.first_missed < spells.last_missed
    before = _moved(spells.first_missed, -1)
    is_before = (random.random(count) < _TOLD_THE_DAY_BEFORE) & (before > spells.last_played)
    said = pd.DataFrame(
        {
            "is_told": is_long | (random.random(count) < _TOLD_OF_ONE_GAME),
            "told_on": spells.first_missed.where(~is_before, before),
            "told_early": is_before | (random.random(count) < _TOLD_IN_THE_MORNING),
        },
        index=spells.index,
    )
    found = missed.join(said, on="spell")
    # What was told of an earlier day is known on every morning after it.
    found["told_early"] |= found.game_date > found.told_on
    found["told_on"] = found.told_on.where(found.is_told)
    found["told_early"] &= found.is_told
    return found


def _moved(dates: pd.Series, days: int) -> pd.Series:
    return (pd.to_datetime(dates) + pd.Timedelta(days=days)).dt.strftime("%Y-%m-%d")


def transactions_of(absences: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """One row per entry: event_date, team, player_id, player_name, event {out, back}, note, is_early.

    is_early: known in the morning of its date.
    """
    told = absences[absences.is_told].drop_duplicates("spell")
    what = _WHAT[told.spell.to_numpy() % len(_WHAT)]
    is_long = told.first_missed < told.last_missed
    notes = np.where(
        is_long, [f"placed on IL with {w}" for w in what], [f"{w} (DTD)" for w in what]
    )
    out = told.assign(event_date=told.told_on, event="out", note=notes)
    returned = told[random.random(len(told)) < _RETURN_IS_TOLD]
    before = _moved(returned.next_played, -1)
    is_before = (random.random(len(returned)) < 0.3) & (before > returned.last_missed)
    was_long = returned.first_missed < returned.last_missed
    back = returned.assign(
        event_date=returned.next_played.where(~is_before, before),
        event="back",
        note=np.where(was_long, "activated from IL", "returned to lineup"),
        told_early=True,
    )
    columns = ["event_date", "team", "player_id", "player_name", "event", "note"]
    found = pd.concat([out, back]).rename(columns={"told_early": "is_early"})
    found = found[[*columns, "is_early"]].sort_values(["event_date", "team", "player_name"])
    return found.reset_index(drop=True)


def transactions_csv(transactions: pd.DataFrame) -> str:
    """In the source's shape; a few names carry a second spelling, or say who is meant."""
    nicknames = {team: words[1] for team, words in TEAM_NAMES.items()} | {"POR": "Blazers"}
    initials = (
        transactions.player_name.str[0] + ". " + transactions.player_name.str.split(n=1).str[1]
    )
    name = transactions.player_name
    name = name.where(transactions.player_id % 10 != 7, name + " / " + initials)
    name = name.where(transactions.player_id % 10 != 8, name + " (b. 1996)")
    table = pd.DataFrame(
        {
            "Date": transactions.event_date,
            "Team": transactions.team.map(nicknames),
            "Acquired": name.where(transactions.event == "back", ""),
            "Relinquished": name.where(transactions.event == "out", ""),
            "Notes": transactions.note,
        }
    )
    return table.to_csv(index=False)


def statuses_of(
    played: Simulated, absences: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """What the injury reports say of each game's players who are listed.

    game_id, game_date, home, away, team, player_id, player_name, reason, early and late: his status
    in the morning's and in the evening's report.
    """
    games = game_frame(played)[["game_id", "home", "away"]]
    appearances = line_frame(played, "player")[_KEY]
    luck = random.random(len(appearances))
    is_doubted = luck < _QUESTIONABLE_AND_PLAYS
    is_probable = ~is_doubted & (luck < _QUESTIONABLE_AND_PLAYS + _PROBABLE_AND_PLAYS)
    status = np.where(is_doubted, "Questionable", "Probable")
    playing = appearances.assign(early=status, late=status)[is_doubted | is_probable]
    sitting = absences[_KEY].copy()
    luck = random.random(len(sitting))
    late = np.where(luck < _ONLY_DOUBTFUL, "Doubtful", "Out")
    sitting["late"] = np.where(absences.is_told, late, "Questionable")
    sitting["early"] = np.where(absences.told_early, sitting.late, "Questionable")
    is_listed = absences.is_told | (random.random(len(absences)) < _QUESTIONABLE_AND_SITS)
    found = pd.concat([playing, sitting[is_listed]]).merge(games, on="game_id")
    found["reason"] = _REASONS[found.player_id.to_numpy() % len(_REASONS)]
    return found.sort_values(["game_date", "game_id", "team", "player_name"], ignore_index=True)


def injury_report(
    statuses: pd.DataFrame, season: str, day: str, *, is_early: bool
) -> dict[str, Any]:
    """A day's report as others parse it: that of 09:30 AM, or that of 05:30 PM."""
    status = statuses.early if is_early else statuses.late
    columns = {
        "date": pd.to_datetime(statuses.game_date).dt.strftime("%m/%d/%Y"),
        "gametime": "07:30 (ET)",
        "matchup": statuses.away + "@" + statuses.home,
        "team": statuses.team,
        "player": statuses.player_name.map(names.last_first),
        "status": status,
        "reason": statuses.reason,
        "confidence": 1.0,
    }
    records = pd.DataFrame(columns, index=statuses.index).to_dict("records")
    words = ("Out", "Questionable", "Doubtful", "Probable", "Available")
    parsing = {
        "total_lines": len(records),
        "player_lines": len(records),
        "merged_multiline": 0,
        "unparsed_count": 0,
        "confidence_distribution": {},
    }
    return {
        "metadata": {
            "gamedate": day.replace("-", ""),
            "hour": "09" if is_early else "05",
            "period": "AM" if is_early else "PM",
            "hour24": "09" if is_early else "17",
            "season": season,
            "scrape_time": "00-00-00",
            "run_id": "simulated",
        },
        "parsing_stats": {
            "total_records": len(records),
            "overall_confidence": 1.0,
            "status_counts": {word: int((status == word).sum()) for word in words},
            "confidence_distribution": {"100%": len(records)},
            "parsing_stats": parsing,
            "unparsed_lines_sample": [],
        },
        "records": records,
    }
