"""A run's session: which partitions its lease is for, and what it says while it may not write."""

import threading
from datetime import date
from unittest.mock import create_autospec

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from nba_pipeline.automation.cancelled_partitions import cancelled_partitions
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import LeaseRefused
from nba_pipeline.cli.installation import Installation
from nba_pipeline.definitions import defs
from nba_pipeline.engine.bypass import Bypass, InvalidBypass
from nba_pipeline.errors import WrongRequest
from nba_pipeline.orchestration.dagster_run import LaunchedRun
from nba_pipeline.orchestration.run_tags import PARTITION_TAG, days_of, deadline_of
from nba_pipeline.orchestration.session import RunSession, claims
from nba_pipeline.tables import TABLES

SCHEDULE, MODEL = TABLES["nbac_schedule"], TABLES["points_model"]
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _range(first: str, last: str) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


def _days(tags: dict[str, str]) -> list[date]:
    return days_of(dg.DagsterRun(job_name="x", tags=tags))


def test_a_range_of_months_is_leased_from_its_first_month() -> None:
    """October's key is before the season's first day; December's model reads up to the day before."""
    writes, reads = claims([MODEL], _days(_range("2023-10-01", "2023-12-01")))
    assert writes == [Claim("points_model", date(2023, 10, 1), date(2023, 12, 1))]
    assert {read.last for read in reads} == {date(2023, 11, 30)}


def test_a_range_of_months_goes_to_the_month_that_its_last_key_names() -> None:
    """The October in which a season begins counts after the one before, as it does alone."""
    june = [date(2022, month, 1) for month in (4, 5, 6)]
    for first, months in (("2022-04-01", [*june, date(2022, 10, 1)]), ("2022-10-01", [])):
        writes = MODEL.partitions_of(_days(_range(first, "2022-10-01")))
        assert writes == (months or [date(2022, 10, 1)])


def test_each_table_is_leased_for_its_own_kind_of_partition() -> None:
    """Five days over the turn of a month: the days of one, both months of the other."""
    writes, _reads = claims([SCHEDULE, MODEL], _days(_range("2023-10-29", "2023-11-02")))
    assert writes == [
        Claim("nbac_schedule", date(2023, 10, 29), date(2023, 11, 2)),
        Claim("points_model", date(2023, 10, 1), date(2023, 11, 1)),
    ]


def _run(installation: Installation, names: list[str], **tags: str) -> tuple[bool, str]:
    """Whether a run as the UI launches it succeeds, and everything that its events say."""
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=[dg.AssetKey(name) for name in names],
        instance=installation.instance,
        tags={name.replace("__", "/"): value for name, value in tags.items()},
        run_config=_QUIET,
        raise_on_error=False,
    )
    logs = installation.instance.all_logs(result.run_id)
    return result.success, "\n".join(str(entry) for entry in logs)


def test_days_and_months_selected_together_compute_the_month_of_the_days(installation) -> None:
    """November's model, which has no features yet, is refused; no other month is looked at."""
    succeeded, _ = _run(
        installation, ["nbac_schedule", "points_model"], dagster__partition="2023-11-02"
    )
    assert not succeeded
    assert set(installation.session.warehouse.failures.of("points_model")) == {date(2023, 11, 1)}
    assert set(installation.session.warehouse.stamps("nbac_schedule")) == {date(2023, 11, 2)}


@pytest.mark.parametrize("tags", [{PARTITION_TAG: "2023-10-3"}, _range("2023-10-24", "tomorrow")])
def test_a_partition_that_is_no_date_is_refused_by_its_tag_and_stops_nobody(
    installation, tags
) -> None:
    """Nor does a run of it that was taken out of the queue."""
    with pytest.raises(WrongRequest, match="give a date"):
        _days(tags)
    create_run_for_test(
        installation.instance,
        tags=tags,
        asset_selection=frozenset({dg.AssetKey("nbac_schedule")}),
        status=dg.DagsterRunStatus.CANCELED,
    )
    survey = installation.session.survey()
    assert cancelled_partitions(installation.engine, survey, installation.instance) == {}


def test_a_run_under_a_bypass_is_in_the_audit_with_its_reason(installation) -> None:
    """Also one that the UI has launched."""
    _run(
        installation,
        ["upcoming_team_game_context"],
        dagster__partition="2023-11-02",
        nba_pipeline__bypass="upstream_missing",
        nba_pipeline__bypass_reason="the day before is lost",
    )
    told = [
        line.detail for line in audit.read(installation.engine, 20) if line.action == "bypassed"
    ]
    assert [line["bypass"] for line in told] == [["upstream_missing: the day before is lost"]]


NOVEMBER = Claim("nbac_schedule", date(2023, 11, 1), date(2023, 11, 30))


def _held(installation: Installation, run_id: str) -> int:
    holder = Holder.here(run_id, run_id)
    return installation.leases.acquire(holder, [NOVEMBER], [], purpose="a test", wait=False).id


def test_a_run_without_the_tag_is_refused_and_one_with_it_says_for_whom_it_waits(
    installation,
) -> None:
    """Whatever launched it; the holder's name is in the run's own events."""
    lease_id = _held(installation, "early")
    succeeded, told = _run(installation, ["nbac_schedule"], dagster__partition="2023-11-03")
    assert not succeeded
    assert "LeaseRefused: run early (a test; pid " in told
    threading.Timer(1.5, lambda: installation.leases.release(lease_id)).start()
    succeeded, told = _run(
        installation,
        ["nbac_schedule"],
        dagster__partition="2023-11-03",
        nba_pipeline__wait="true",
    )
    assert succeeded
    assert "waiting: run early (a test; pid " in told
    assert "holds nbac_schedule 2023-11-01 to 2023-11-30 since " in told


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [
        ("lease", "in a hurry", "lease cannot be bypassed; these can: upstream_missing"),
        ("upstream_missing", " ", "the bypass of upstream_missing needs a reason"),
    ],
)
def test_a_bypass_that_nobody_may_ask_for_is_refused_wherever_it_comes_from(
    installation, name, reason, says
) -> None:
    """By code and by tag."""
    with pytest.raises(InvalidBypass, match=says):
        Bypass(name, reason)
    succeeded, told = _run(
        installation,
        ["nbac_schedule"],
        dagster__partition="2023-11-04",
        nba_pipeline__bypass=name,
        nba_pipeline__bypass_reason=reason,
    )
    assert not succeeded
    assert says in told
    assert date(2023, 11, 4) not in installation.session.warehouse.stamps("nbac_schedule")


@pytest.mark.parametrize(
    ("tag", "value", "says"),
    [
        ("force", "yes", "tag nba_pipeline/force is 'yes': give true or false"),
        ("wait", "True", "tag nba_pipeline/wait is 'True': give true or false"),
        ("bypas", "upstream_stale", "no tag nba_pipeline/bypas; there are "),
        ("bypass_reason", "in a hurry", "gives a reason, and nba_pipeline/bypass names no bypass"),
    ],
)
def test_a_tag_that_means_nothing_is_refused(installation, tag, value, says) -> None:
    """Rather than run as if it had not been given."""
    tags = {"dagster__partition": "2023-10-31", f"nba_pipeline__{tag}": value}
    succeeded, told = _run(installation, ["nbac_schedule"], **tags)
    assert not succeeded
    assert says in told
    assert date(2023, 10, 31) not in installation.session.warehouse.stamps("nbac_schedule")


def test_a_stopped_run_gives_the_reason_of_its_tag() -> None:
    """Read when it is found stopped; without the tag it says only where it was stopped."""
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        for tags, told in (
            ({"nba_pipeline/cancel_reason": "wrong month"}, "stopped in Dagster: wrong month"),
            ({}, "stopped in Dagster"),
        ):
            run = instance.create_run_for_job(job, tags=tags)
            launched = LaunchedRun(instance, run)
            assert launched.stopped() is None
            instance.report_run_canceling(run)
            assert launched.stopped() == told


def test_maintenance_excludes_everyone_and_is_refused_while_anyone_writes(installation) -> None:
    """Any date of any table, and who only reads them waits."""
    session = RunSession(installation.settings, "maintain-1", "maintain-1", tables=TABLES)
    lease_id = _held(installation, "writer")
    with (
        pytest.raises(LeaseRefused, match="run writer "),
        session.maintenance(TABLES, wait=False),
    ):
        pass
    installation.leases.release(lease_id)
    with session.maintenance(TABLES, wait=False):
        with pytest.raises(LeaseRefused, match=r"run maintain-1 \(maintenance; pid "):
            _held(installation, "late")
        active = [(lease.run_id, lease.state) for lease in installation.leases.active()]
        assert active == [("maintain-1", "held")]
    installation.leases.release(_held(installation, "after"))


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_run_that_is_stopped_while_it_waits_is_cancelled(installation, *, is_stopped) -> None:
    """By name and with the reason, as one that holds its lease; an error of its own cancels nothing."""
    day, told = NOVEMBER.first, "stopped in Dagster: a wrong file"
    lease_id = _held(installation, "writer")
    launched = create_autospec(LaunchedRun, instance=True)
    launched.stopped.return_value = told if is_stopped else None
    name = f"waits-{is_stopped}"
    session = RunSession(installation.settings, name, name, tables=TABLES)

    def interrupted(_whom: str) -> None:
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        session.lease([SCHEDULE], [day], wait=True, launched=launched, say=interrupted),
    ):
        pass
    installation.leases.release(lease_id)
    lines = audit.read(installation.engine)
    cancelled = [line for line in lines if line.action == audit.CANCELLED]
    told_of = [line.detail["reason"] for line in cancelled if line.backfill_id == name]
    assert told_of == ([told] if is_stopped else [])


def test_after_its_deadline_a_run_begins_no_further_table(installation: Installation) -> None:
    """It says what has passed, nothing of the table has failed, and a later run does it."""
    span = _range("2023-10-24", "2023-10-25")
    names = {name.replace("/", "__"): value for name, value in span.items()}
    late = {"nba_pipeline__deadline": "2023-10-24T18:50-04:00"}
    success, said = _run(installation, ["nbac_schedule"], **names, **late)
    assert not success
    assert "DeadlinePassed: nbac_schedule: 2023-10-24 18:50" in said
    assert installation.warehouse.failures.of("nbac_schedule") == {}
    (step,) = installation.progress.steps(installation.progress.latest())
    assert (step.state, step.remaining_seconds) == ("left", 0.0)
    later = {"nba_pipeline__deadline": "2200-01-01T00:00+00:00"}
    assert _run(installation, ["nbac_schedule"], **names, **later)[0]


@pytest.mark.parametrize("text", ["soon", "2023-10-24T18:50"])
def test_a_deadline_is_a_time_with_its_zone(text: str) -> None:
    """Of any other nobody could say when it is."""
    with pytest.raises(WrongRequest, match="give a time, such as 2024-01-15T18:50-05:00"):
        deadline_of({"nba_pipeline/deadline": text})


def test_a_run_sees_all_tables_as_they_stood_when_its_lease_was_given(installation) -> None:
    """A schedule that another run writes meanwhile is not there for it, and is there for the next."""
    day, referees = date(2023, 10, 26), TABLES["nbac_referee_assignments"]
    reader, writer = (
        RunSession(installation.settings, name, name, tables=TABLES) for name in ("early", "other")
    )
    with reader.lease([referees], [day], wait=False):
        with writer.lease([SCHEDULE], [day], wait=False):
            assert writer.compute(SCHEDULE, [day]).replaced.written == (day,)
        told = reader.compute(referees, [day]).refused
    assert told == {day: f"nbac_schedule has no partition {day}"}
    # The same process: what it has looked at before does not stand for what is there now.
    with reader.lease([referees], [day], wait=False):
        assert reader.compute(referees, [day]).refused == {}
