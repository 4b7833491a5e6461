"""The sensor that tells people: alerts through their channels, and the report as an asset of the UI."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg

from nba_pipeline import clock
from nba_pipeline.automation.alert import P0, Alert
from nba_pipeline.automation.alerts import alerts
from nba_pipeline.automation.alerts_told import forget_gone, make_sure, note_told, untold
from nba_pipeline.automation.channels import NobodyTold, send
from nba_pipeline.automation.installation import OpenInstallation, open_installation
from nba_pipeline.automation.on_call import OnCall, on_call
from nba_pipeline.automation.sensors import state_of
from nba_pipeline.backfill import audit
from nba_pipeline.kernel.table import Table

ALERTS, REPORT = "alert_sensor", "on_call_report"
_SECONDS = 60
_MINUTES = 10
_SHOWN = 50
_LONGEST = 300


def report_asset() -> dg.AssetSpec:
    """The report as an asset, which the sensor materializes whenever it says something else."""
    return dg.AssetSpec(
        REPORT,
        group_name="operations",
        description="What `nba-pipeline report` says: what runs, what was stopped and why, the "
        "checkpoints, the gaps behind tonight's predictions, and the next command.",
        kinds={"report"},
    )


def alert_sensor(tables: Mapping[str, Table]) -> dg.SensorDefinition:
    """The sensor, switched on."""

    @dg.sensor(
        name=ALERTS,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells what is amiss, each thing once, and keeps the report.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return tell(lambda: open_installation(tables), context.cursor, context.instance)

    return sensor


def tell(
    opened: Callable[[], AbstractContextManager[OpenInstallation]],
    cursor: str | None,
    instance: dg.DagsterInstance,
) -> dg.SensorResult:
    """Tells what has not been told yet, and reports where the report says something else.

    The cursor holds what was seen at a glance, where nothing is left to tell, and the report's digest.
    The installation is opened to look and to note, and not while a slow channel is told.
    """
    before = json.loads(cursor) if cursor else {}
    with opened() as home:
        engine, settings = home.engine, home.settings
        try:
            seen = _at_a_glance(home, instance)
            if before.get("seen") == seen:
                skip = dg.SkipReason("nothing has changed")
                return dg.SensorResult(skip_reason=skip, cursor=cursor)
            found, report = alerts(home, instance), on_call(home)
        except Exception as error:
            # Whatever it is, somebody has to know that nobody looks. What was told is not gone.
            logging.getLogger(__name__).exception("cannot look")
            seen, found, report = "", [_cannot_look(error)], None
        make_sure(engine)
        if report:
            forget_gone(engine, found)
        new = untold(engine, found, settings.alert_hours)
    says = f"{len(new)} alerts told" if new else "nothing new is amiss"
    try:
        failed = send(new, settings)
    except NobodyTold as error:
        seen, says = "", f"{len(new)} alerts reached nobody: {error}"
    else:
        # What another told of is not told by itself either, once that one is mended.
        note_told(engine, [*new, *(alert for alert in found if alert.is_told)])
        says += "".join(f"; not by {why}" for why in failed)
    mark = _mark(report) if report else before.get("report")
    events = (
        [dg.AssetMaterialization(REPORT, metadata=metadata(report))]
        if report and mark != before.get("report")
        else []
    )
    return dg.SensorResult(
        skip_reason=dg.SkipReason(says if report else f"{found[0].what}; {says}"),
        asset_events=events,
        cursor=json.dumps({"seen": seen, "report": mark}),
    )


def _cannot_look(error: Exception) -> Alert:
    """What to tell where nothing can be said of what is amiss."""
    kind = type(error).__name__
    what = f"cannot look: {kind}: {' '.join(str(error).split())[:_LONGEST]}"
    return Alert(P0, "cannot look", f"cannot look:{kind}", what, "nba-pipeline report")


def _at_a_glance(home: OpenInstallation, instance: dg.DagsterInstance) -> str:
    """What decides whether there may be something to tell, without looking into any of it."""
    ended = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
    runs = [run.run_id for run in instance.get_runs(ended, limit=1)]
    newest = [str(line.at) for line in audit.read(home.engine, 1)]
    leases = [f"{lease.id} {lease.state}" for lease in home.leases.living()]
    # What is overdue, stalls, or may be told again comes with time alone.
    minutes = int(clock.now().timestamp()) // 60 // _MINUTES
    facts = [state_of(home), *newest, *leases, *runs, str(minutes)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _mark(report: OnCall) -> str:
    """A digest of what the report says, the time and how far runs are apart."""
    facts = {k: v for k, v in report.as_dict().items() if k not in ("at", "running")}
    facts["running"] = [line["run"] for line in report.running]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]


def metadata(report: OnCall) -> dict[str, Any]:
    """The report as Dagster shows it: each part a table."""
    told: dict[str, Any] = {"at": report.at, "next": "; ".join(report.next) or "nothing to do"}
    if report.landing:
        told["landing"] = report.landing
    told["tonight"] = dg.MetadataValue.json(json.loads(json.dumps(report.tonight, default=str)))
    for name in ("running", "stopped", "failing", "cancelled", "stale", "checkpoints", "gaps"):
        if lines := getattr(report, name)[:_SHOWN]:
            columns = {key: None for line in lines for key in line}
            records = [
                dg.TableRecord({key: _plain(line.get(key)) for key in columns}) for line in lines
            ]
            schema = dg.TableSchema([dg.TableColumn(key, "string") for key in columns])
            told[name] = dg.MetadataValue.table(records, schema)
    return told


def _plain(value: object) -> str | float | int | bool | None:
    """A cell as Dagster's tables take them."""
    return value if value is None or isinstance(value, str | float | int | bool) else str(value)
