"""Whose hole a lost game of the season before is does not depend on what else a run has loaded."""

import json
import shutil
from datetime import date, timedelta

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab, with_upstream

SEASONS = ("2021-22", "2022-23", "2023-24")
DAYS = 7
CACHE = "player_daily_cache"
BELOW_CACHE = [name for name in with_upstream(CACHE) if name != CACHE]
LOGS = "nba_stats/league_game_log"


def first(season: str) -> date:
    """The season's first day."""
    return calendar.season(season).first


def last(season: str) -> date:
    """The last day on which the small league plays."""
    return first(season) + timedelta(days=DAYS - 1)


def _lose_the_first_day(landing, team: str, player: int, new_team: str) -> str:
    """The player is with another team in the middle season, whose first team's opening is lost."""
    path = landing / LOGS / "player" / "2022-23.json"
    document = json.loads(path.read_text())
    result = document["resultSets"][0]
    rows = [dict(zip(result["headers"], row, strict=True)) for row in result["rowSet"]]
    opening = min(row["GAME_DATE"] for row in rows if row["TEAM_ABBREVIATION"] == team)
    lost = next(
        row["GAME_ID"]
        for row in rows
        if row["TEAM_ABBREVIATION"] == team and row["GAME_DATE"] == opening
    )
    kept = []
    for row in rows:
        is_lost = row["TEAM_ABBREVIATION"] == team and row["GAME_ID"] == lost
        is_his = row["PLAYER_ID"] == player
        if not is_lost and not is_his:
            kept.append(row)
    # He plays one game for the new team, in place of one of its own players.
    mine = [r for r in kept if r["TEAM_ABBREVIATION"] == new_team and r["GAME_DATE"] > opening]
    mine[-1]["PLAYER_ID"], mine[-1]["PLAYER_NAME"] = player, "Player Traded"
    result["rowSet"] = [[row[name] for name in result["headers"]] for row in kept]
    path.write_text(json.dumps(document))
    return lost


def test_a_date_alone_names_the_lost_game_that_a_backfill_of_all_seasons_names(tmp_path) -> None:
    """He was with ATL two seasons ago, so its lost opener of last season is a hole of his."""
    landing = tmp_path / "landing"
    for season in SEASONS:
        write_landing(landing, League(season=season, teams=4, days=DAYS, rest=0.0, seed=3))
    lost = _lose_the_first_day(landing, "ATL", 1000, "BOS")
    # Points that no longer add up, and the changes of team, leave other gaps: they bar nothing here.
    missing = (
        Bypass("usage_rate_coverage", "a league made to lose games"),
        Bypass("upstream_missing", "a season of seven days"),
    )
    together = Lab(tmp_path / "together", landing)
    for season in SEASONS:
        together.compute(BELOW_CACHE, first(season), last(season), bypasses=missing)
    together.compute([CACHE], first(SEASONS[0]), last(SEASONS[-1]), bypasses=missing)
    shutil.copytree(tmp_path / "together", tmp_path / "alone")
    alone = Lab(tmp_path / "alone", landing, token=100)
    day = first("2023-24") + timedelta(days=3)
    alone.compute([CACHE], day, day, force=True, bypasses=missing)

    def cache(lab: Lab) -> dict[int, dict[str, object]]:
        rows = lab.rows(CACHE, game_date=day)
        return {row["player_id"]: row for row in rows}

    his = cache(together)[1000]
    assert f"nbac_player_boxscore:{first('2022-23')}:{lost}:ATL" in his["gap_ids"]
    assert cache(alone) == cache(together)
