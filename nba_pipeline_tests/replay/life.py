"""A season lived day by day: what is known in the morning, the run, the night's results, the run.

Who lives it does what people do: what was refused is asked for again the next morning.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from nba_pipeline import clock
from nba_pipeline.league import calendar
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.replay.daily import Daily, Done
from nba_pipeline_tests.replay.known import Known, Moment
from nba_pipeline_tests.replay.walk import offences, open_games

_MORNING, _NIGHT = time(10), time(2)
_UNTIL_ALL_IS_KNOWN = timedelta(days=10)
PREDICTIONS, FEATURES = "player_prop_predictions", "ml_feature_store_v2"


@dataclass
class Diary:
    """What was said and found at the time.

    said are the predictions of each morning; refused the reasons of the mornings without any;
    open the mornings on which an earlier game was open; offences what the independent walk found
    wrong with the morning's features.
    """

    said: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[date, str] = field(default_factory=dict)
    open: set[date] = field(default_factory=set)
    offences: list[str] = field(default_factory=list)
    rows_walked: int = 0
    commands: int = 0
    runs: int = 0
    computed: int = 0

    def note(self, done: Done) -> Done:
        """Counts the command."""
        self.commands += 1
        self.runs += done.runs
        self.computed += done.computed
        return done


def live(known: Known, daily: Daily, home: Path, landing: Path, first: date, last: date) -> Diary:
    """Lives the days from first to last, and then until everything is known and repaired."""
    diary = Diary()
    for day in calendar.season_days(first, last):
        known.write(Moment(day, "morning"))
        with clock.set_to(datetime.combine(day, _MORNING, clock.EASTERN)):
            _fill(diary, daily, home, landing)
            done = diary.note(daily.predict(day))
            _look(diary, known, done, Lab(home, landing), day)
        known.write(Moment(day, "night"))
        with clock.set_to(datetime.combine(day + timedelta(days=1), _NIGHT, clock.EASTERN)):
            diary.note(daily.grade(day))
    end = last + _UNTIL_ALL_IS_KNOWN
    known.write(Moment(end, "morning"))
    with clock.set_to(datetime.combine(end, _MORNING, clock.EASTERN)):
        _fill(diary, daily, home, landing)
        diary.note(daily.repair())
    return diary


def _fill(diary: Diary, daily: Daily, home: Path, landing: Path) -> None:
    """Asks again for the days whose predictions were refused."""
    predicted = Lab(home, landing).warehouse.stamps(PREDICTIONS)
    for missed in sorted(diary.refused.keys() - predicted.keys()):
        diary.note(daily.backfill(missed, missed))


def _look(diary: Diary, known: Known, done: Done, lab: Lab, day: date) -> None:
    """Takes down what the morning's run said, and walks it."""
    moment = Moment(day, "morning")
    if any(True for _game in open_games(known, moment)):
        diary.open.add(day)
    if day not in lab.warehouse.stamps(PREDICTIONS):
        reasons = [text for refused in done.refused.values() for text in refused.values()]
        diary.refused[day] = "; ".join(reasons)
        return
    rows = lab.warehouse.table(PREDICTIONS)
    diary.said += rows.filter(rows.game_date == day).to_pyarrow().to_pylist()
    features = lab.rows(FEATURES, game_date=day)
    diary.rows_walked += len(features)
    diary.offences += offences(known, moment, features)
