"""The opening month's partition, whose key lies before the season's first day, is one like others."""

from datetime import date
from types import SimpleNamespace

import pytest

from nba_pipeline.automation.cancelled_partitions import cancelled_partitions
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.backfill.planner import plan, repairs
from nba_pipeline.cli import run
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.errors import WrongRequest
from nba_pipeline.quality.checkpoints import _stored
from nba_pipeline.quality.status import partition_status
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

OPENING, FIRST = date(2024, 10, 1), date(2024, 10, 22)
MODEL, SUMS = TABLES["points_model"], TABLES["system_performance"]


@pytest.fixture
def survey(tmp_path) -> Survey:
    """October's model is stored, made from something else than what is there now."""
    stored = {MODEL.name: {OPENING: stamp(OPENING)}}
    return Survey(TABLES, StampsAlone(stored), Landing(str(tmp_path)))


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (OPENING, OPENING, [OPENING]),
        (FIRST, FIRST, [OPENING]),
        (date(2024, 6, 30), date(2024, 10, 2), [OPENING]),
        (date(2024, 6, 17), FIRST, [date(2024, 6, 1), OPENING]),
        (date(2024, 10, 2), date(2024, 10, 21), []),
        (date(2024, 7, 1), date(2024, 9, 1), []),
    ],
)
def test_a_month_lies_in_a_range_by_its_key_or_by_a_season_s_day(first, last, months) -> None:
    """2023-24 ends on June 17 and 2024-25 begins on October 22; dates are the seasons' alone."""
    assert MODEL.partitions_between(first, last) == months
    inside = TABLES["nbac_schedule"].partitions_between(first, last)
    assert inside == [day for day in (date(2024, 6, 17), FIRST) if first <= day <= last]


def test_a_repair_of_the_opening_month_computes_it(survey) -> None:
    """The request is of its key alone, and the plan has it."""
    request = repairs(list(TABLES.values()), survey, retrain=True)
    assert request is not None
    assert (request.first, request.last) == (OPENING, OPENING)
    assert {line.table.name: [*line.stale] for line in plan(request, survey) if line.stale} == {
        MODEL.name: [OPENING]
    }


def test_status_has_a_line_of_it(survey) -> None:
    """In a range that is its key alone, as the report names it, and in one after it."""
    for first in (OPENING, FIRST):
        (line,) = partition_status([MODEL], first, max(first, OPENING), survey)
        assert (line["date"], line["rows"]) == (OPENING, stamp(OPENING).row_count)


@pytest.mark.parametrize(("first", "last"), [(OPENING, OPENING), (FIRST, date(2024, 10, 31))])
def test_validate_judges_the_month_s_model_on_any_of_its_days(survey, first, last) -> None:
    """Not only where the range holds the month's first day."""
    (found,) = _stored(TABLES, first, last, survey.warehouse)
    assert found == (MODEL, [OPENING])
    assert not [*_stored(TABLES, date(2024, 11, 1), last, survey.warehouse)]


def test_a_cancelled_training_of_it_is_left_alone(survey, tmp_path) -> None:
    """As the training of any other month is."""
    engine = connect(f"sqlite:///{tmp_path / 'coordination.db'}")
    leases = Leases(engine, 60, lambda _name: None)
    for month in (OPENING, date(2024, 11, 1)):
        holder = Holder.here(f"run of {month}", f"backfill of {month}")
        leases.acquire(holder, [Claim(MODEL.name, month, month)], [], purpose="it", wait=False)
        leases.cancel(holder.backfill_id)
    assert cancelled_partitions(engine, survey) == {MODEL.name: {OPENING, date(2024, 11, 1)}}


def test_a_range_is_off_season_where_no_asked_table_has_a_partition_in_it() -> None:
    """The months have one on October 1, the schedule has none; nobody is predicted on it."""
    home = SimpleNamespace(tables=TABLES)
    asked = run.request_of(home, str(OPENING), str(OPENING), [SUMS.name])
    assert (asked.first, asked.tables) == (OPENING, (SUMS,))
    for names, day in ((["nbac_schedule"], OPENING), ([], date(2024, 8, 1))):
        with pytest.raises(WrongRequest, match="is off-season: there are no partitions"):
            run.request_of(home, str(day), str(day), names)
    with pytest.raises(WrongRequest, match="2024-10-01 to 2024-10-01 is off-season"):
        run._season_day(str(OPENING))
