"""A league as it was known on a morning: its past played, its coming games scheduled."""

import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from nba_pipeline.phase_5_predictions import player_prop_predictions as predictions
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, change_games, damaged

_SCHEDULED = 1


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of the UTC day."""
    return datetime.combine(day, time(hour, minute), UTC)


def known_on(landing: Path, folder: Path, day: date) -> Path:
    """A copy of the landing zone, made anew, as of the day's morning."""
    shutil.rmtree(folder / "landing", ignore_errors=True)

    def played(rows: list[dict[str, Any]]) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] < str(day)]

    copy = damaged(landing, folder, PLAYER_LOG, played)
    damaged(landing, folder, TEAM_LOG, played)

    def unplayed(game: dict[str, Any]) -> None:
        if game["gameDateEst"][:10] >= str(day):
            game["gameStatus"] = _SCHEDULED

    change_games(copy, unplayed)
    return copy


def next_day(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


def predicted(
    features: ir.Table, similar: ir.Table, models: ir.Table, context: ir.Table
) -> ir.Table:
    """What every system says of rows of the feature store, of similar games and of the context."""
    asked = predictions.asked(features, similar, context).to_pyarrow().to_pandas()
    told = predictions.told(asked, models)
    given = {name: ibis.memtable(rows) for name, rows in told.items()}
    return predictions.transform(features, similar, context, **given)
