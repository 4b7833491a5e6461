"""Days on which nobody gives a command end where one backfill of them ends, and no run is wasted."""

import sys
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import sensors
from nba_pipeline.automation.schedules import AFTER_GAMES, BEFORE_GAMES, TRAINING
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, simulate
from nba_pipeline.simulation.moves import game_day
from nba_pipeline.simulation.sources import ALL_SOURCES, SHOTS
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.looking import Looking, days, tables
from nba_pipeline_tests.automation.unattended import lived_rows
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.replay.known import Known, Moment, real_season

PREDICTIONS, MADE = "player_prop_predictions", "predictions_made"
MORNING, NIGHT = time(10), time(2)
WHO_LOOKS = {
    "morning": (LANDING, REPAIR, TRAINING, BEFORE_GAMES),
    "night": (LANDING, REPAIR, AFTER_GAMES),
}


@dataclass
class Season:
    """What was lived: every run with who asked for it, and when each date was first predicted."""

    known: Known
    days: list[date]
    looking: Looking
    runs: list[tuple[str, list[date], list[str], int]] = field(default_factory=list)
    predicted: dict[date, datetime] = field(default_factory=dict)
    wasted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    waited: dict[date, str] = field(default_factory=dict)

    def look(self, moment: Moment, now: datetime) -> None:
        """What has become known lands, and everyone looks until nothing is left to ask for."""
        self.known.write(moment)
        with clock.set_to(now):
            for name, request, done in self.looking.settle(*WHO_LOOKS[moment.part]):
                computed = sum(
                    len(c.replaced.written) + len(c.replaced.unchanged) for c in done.values()
                )
                run = (name, days(request), tables(request), computed)
                self.runs.append(run)
                if not computed:
                    self.wasted.append(str(run))
                self.failed += [f"{t} {c.refused}" for t, c in done.items() if c.refused]
            for day in self.looking.lab.warehouse.stamps(PREDICTIONS):
                self.predicted.setdefault(day, clock.now())
            if moment.part == "morning" and moment.day not in self.predicted:
                assert self.looking.look(BEFORE_GAMES) == []
                self.waited[moment.day] = self.looking.says


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(4, id="four_days"),
        pytest.param(10, id="ten_days", marks=pytest.mark.slow),
        pytest.param(None, id="real_season", marks=pytest.mark.slow),
    ],
)
def season(request, tmp_path_factory) -> Season:
    """Days with results that come late, in pieces, wrong or not at all that night, and restarts.

    Then a morning on which all is known and corrected that ever will be.
    """
    folder: Path = tmp_path_factory.mktemp("unattended")
    if request.param:
        league = League(teams=6, days=14, rest=0.1, seed=8, off_days=(4,), trades=1, postponed=1)
        truth, also = simulate(league), SHOTS
    else:
        landing = request.getfixturevalue("real_landing")
        truth = real_season(landing, "2022-23", seed=23, postponed=8, moved=8)
        also = ALL_SOURCES
    last_game = max(game_day(game) for game in truth.games)
    every_day = calendar.season(truth.season).days()
    spanned = [day for day in every_day if day <= last_game][: request.param]
    known = Known(truth, folder / "landing", dated="player", last=spanned[-1], seed=4, also=also)
    lived = Season(known, spanned, Looking(folder, folder / "landing"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "_READING_SECONDS", 1000)
        for number, day in enumerate(spanned):
            lived.look(Moment(day, "morning"), datetime.combine(day, MORNING, clock.EASTERN))
            if number % 3 == 0:
                lived.looking.restart()
            night = datetime.combine(day + timedelta(days=1), NIGHT, clock.EASTERN)
            lived.look(Moment(day, "night"), night)
        end = spanned[-1] + timedelta(days=1)
        now = datetime.combine(end, MORNING, clock.EASTERN)
        lived.look(Moment(end + timedelta(days=9), "night"), now)
    return lived


@pytest.fixture(scope="module")
def backfill(season: Season, tmp_path_factory) -> Lab:
    """One backfill of the same days into an empty home."""
    lab = Lab(tmp_path_factory.mktemp("backfill"), season.looking.landing)
    with clock.set_to(datetime.combine(season.days[-1], MORNING, clock.EASTERN)):
        lab.compute([*TABLES], season.days[0], season.days[-1])
    return lab


@pytest.mark.parametrize(
    "table", [n for n, t in TABLES.items() if n != MADE and t.partitions == "daily"]
)
def test_every_table_equals_one_backfill(season: Season, backfill: Lab, table: str) -> None:
    """Row by row on the days lived, what says when and by whom a row was made apart."""
    last = season.days[-1]
    assert lived_rows(season.looking.lab, table, last) == lived_rows(backfill, table, last)


def test_no_run_was_wasted_and_none_was_refused_or_failed(season: Season, capsys) -> None:
    """Each computed something; what may not be computed yet was waited for, and not tried."""
    with capsys.disabled():
        counts = {
            name: sum(run[0] == name for run in season.runs)
            for names in WHO_LOOKS.values()
            for name in names
        }
        sys.stdout.write(
            f"\n{len(season.days)} days unattended: {len(season.runs)} runs, {counts}, "
            f"{len(season.wasted)} wasted\n"
        )
    assert season.wasted == []
    assert season.failed == []


def test_every_date_was_predicted_before_its_results_landed_or_it_was_said_why_not(
    season: Season,
) -> None:
    """On its own morning, but for those after a night that was open or lacked too much."""
    assert set(season.days) <= set(season.predicted)
    mornings = {day: when.astimezone(clock.EASTERN) for day, when in season.predicted.items()}
    late = {day for day, when in mornings.items() if when.date() > day and day in season.days}
    assert late == set(season.waited)
    for day, says in season.waited.items():
        assert "unsettled" in says or "usage_rate_coverage is" in says, (day, says)
    made = set(season.looking.lab.warehouse.stamps(MADE))
    assert set(season.days) - late <= made
