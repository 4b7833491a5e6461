"""Commands that compute: plan, backfill, repair, and the same for one partition."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import Installation, open_installation
from nba_pipeline.cli.options import (
    BypassNames,
    Day,
    Downstream,
    First,
    Force,
    Json,
    Last,
    Reason,
    Tables,
    Wait,
    span,
)
from nba_pipeline.errors import WrongRequest

if TYPE_CHECKING:
    from nba_pipeline.backfill.lease_rows import Lease
    from nba_pipeline.backfill.planner import PlannedTable, Request
    from nba_pipeline.cli.execute import Ended
    from nba_pipeline.engine.staleness import Survey


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (plan, backfill, repair, predict, train, grade):
        app.command()(command)


def request_of(
    home: Installation,
    first: str,
    last: str,
    tables: Sequence[str] = (),
    *,
    downstream: bool = False,
    wait: bool = False,
    force: bool = False,
    bypass: Sequence[str] = (),
    reason: str = "",
) -> "Request":
    """The request that the options ask for.

    Raises:
        WrongRequest: they make no sense.
    """
    from nba_pipeline.backfill.planner import Request, in_order  # noqa: PLC0415
    from nba_pipeline.engine.bypass import Bypass  # noqa: PLC0415

    if reason and not bypass:
        raise WrongRequest("--reason gives a reason, and --bypass names no bypass")
    begin, end = span(first, last)
    selected = in_order(home.tables, tables, downstream=downstream)
    if not any(table.partitions_between(begin, end) for table in selected):
        raise _off_season(begin, end)
    bypasses = tuple(Bypass(name, reason) for name in bypass)
    return Request(selected, begin, end, wait=wait, force=force, bypasses=bypasses)


def _off_season(first: date, last: date) -> WrongRequest:
    return WrongRequest(f"{first} to {last} is off-season: there are no partitions")


def _season_day(text: str) -> date:
    """The date of an option, which may have games.

    Raises:
        WrongRequest: it is no date, or lies in no season.
    """
    from nba_pipeline.league import calendar  # noqa: PLC0415

    day, _last = span(text, text)
    if not calendar.season_days(day, day):
        raise _off_season(day, day)
    return day


def _survey_of(home: Installation, day: date) -> "Survey":
    """What is stored, for a command of the date alone.

    Raises:
        WrongRequest: of its season, which has begun before it, nothing is stored.
    """
    from nba_pipeline.backfill.planner import to_begin  # noqa: PLC0415

    survey = home.survey()
    if season := to_begin(survey, day):
        raise WrongRequest(
            f"nothing of {season.name} is stored, on which {day} looks back; "
            f"nba-pipeline backfill --from {season.first} --to {day} computes it, and {day}"
        )
    return survey


def _execute(
    home: Installation,
    request: "Request",
    console: Console = report.console,
    survey: "Survey | None" = None,
) -> "Ended":
    """Runs the request, and says what it found and left stale."""
    from nba_pipeline.cli.execute import execute, show_stale  # noqa: PLC0415

    ended = execute(home, request, console, survey)
    if ended.has_computed:
        show_stale(home, request, console)
    return ended


def _exit(*runs: "Ended") -> None:
    """Ends with 1 where a run failed or found data lost."""
    if any(run.exit_code for run in runs):
        raise typer.Exit(1)


def plan(
    first: First,
    last: Last,
    tables: Tables = None,
    downstream: Downstream = False,
    force: Force = False,
    bypass: BypassNames = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """What a backfill of these dates would compute, in which order and why."""
    home = open_installation()
    request = request_of(
        home,
        first,
        last,
        tables or [],
        downstream=downstream,
        force=force,
        bypass=bypass or (),
        reason=reason,
    )
    rows = _planned(home, request, home.survey())
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, title=f"{request.first} to {request.last}")


def _planned(home: Installation, request: "Request", survey: "Survey") -> list[dict[str, object]]:
    """What the request would compute, a line per table."""
    from nba_pipeline.backfill.planner import groups  # noqa: PLC0415
    from nba_pipeline.backfill.planner import plan as planned  # noqa: PLC0415

    run_of = {t.name: n for n, group in enumerate(groups(request.tables), 1) for t in group}
    holding = home.leases.living()
    return [
        {
            "run": run_of.get(line.table.name),
            "table": line.table.name,
            "partitions": line.partitions,
            "stale": len(line.stale),
            "is_brought_along": line.is_taken_along,
            "first": min(line.stale, default=None),
            "last": max(line.stale, default=None),
            "why": [f"{reason} ({count})" for reason, count in line.reasons.items()],
            "refused": len(line.refused),
            "leased_by": _holder(line, holding),
        }
        for line in planned(request, survey)
    ]


def _holder(line: "PlannedTable", holding: Sequence["Lease"]) -> str | None:
    """The run that holds or awaits a partition which the line would compute; None for nobody."""
    for lease in holding:
        for claim in lease.claims:
            if claim.table == line.table.name and any(
                claim.first <= day <= claim.last for day in line.stale
            ):
                return lease.run_id
    return None


def backfill(
    first: First,
    last: Last,
    tables: Tables = None,
    downstream: Downstream = False,
    wait: Wait = False,
    force: Force = False,
    bypass: BypassNames = None,
    reason: Reason = "",
) -> None:
    """Computes what is stale from the first to the last date, in this process."""
    home = open_installation()
    request = request_of(
        home,
        first,
        last,
        tables or [],
        downstream=downstream,
        wait=wait,
        force=force,
        bypass=bypass or (),
        reason=reason,
    )
    _exit(_execute(home, request))


def repair(
    dry_run: Annotated[bool, typer.Option(help="Only say what would be computed")] = False,
    retrain: Annotated[bool, typer.Option(help="Train models again whose data changed")] = False,
    wait: Wait = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --dry-run")] = False,
) -> None:
    """Computes what is affected by what changed since it was stored: files, code, closed gaps."""
    from nba_pipeline.backfill.planner import repairs  # noqa: PLC0415

    if as_json and not dry_run:
        raise WrongRequest("--json needs --dry-run")
    home = open_installation()
    survey = home.survey()
    request = repairs(list(home.tables.values()), survey, retrain=retrain)
    if as_json:
        report.as_json(_planned(home, request, survey) if request else [])
    elif request is None:
        report.line("nothing to repair")
    elif dry_run:
        report.table(_planned(home, request, survey), title=f"{request.first} to {request.last}")
    else:
        _exit(_execute(home, replace(request, wait=wait), survey=survey))


def predict(day: Day, as_json: Json = False) -> None:
    """Everything that the predictions of one date need, and the predictions."""
    from nba_pipeline.backfill.planner import predicting  # noqa: PLC0415
    from nba_pipeline.quality.predictions import predictions_of  # noqa: PLC0415

    home = open_installation()
    when = _season_day(day)
    names = predicting(_survey_of(home, when), when)
    console = report.errors if as_json else report.console
    ended = _execute(home, request_of(home, day, day, names), console)
    if ended.is_complete:
        rows = predictions_of(
            home.session.warehouse, when, home.tables["ml_feature_store_v2"].features
        )
        if as_json:
            report.as_json(rows)
        else:
            shown = [_prediction(row) for row in rows]
            nobody = f"nobody is to be predicted on {when}"
            report.table(shown, title=f"predictions of {when}", empty=nobody)
    _exit(ended)


def _prediction(row: dict[str, object]) -> dict[str, object]:
    """A prediction's row for people: the band in one column, and ready or why not."""
    low, high = row["p10"], row["p90"]
    band = None if low is None or high is None else f"{low:.1f} to {high:.1f}"
    return {
        "game": row["game"],
        "player": row["player"],
        "team": row["team"],
        "system": row["system"],
        "points": row["points"],
        "band": band,
        "ready": "ready" if row["is_ready"] else row["reason"],
        "moved by": row["moved"],
    }


def train(
    month: Annotated[str, typer.Option(help="YYYY-MM")],
    force: Force = False,
) -> None:
    """The month's model, trained on the seasons before it; ends with 1 where the gate refuses it."""
    from nba_pipeline.league import calendar  # noqa: PLC0415

    home = open_installation()
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise WrongRequest(f"{month!r} is no month: give YYYY-MM") from None
    days = [
        d for season in calendar.seasons() for d in season.days() if calendar.month_of(d) == first
    ]
    if not days:
        raise WrongRequest(f"{month} is off-season")
    request = request_of(home, str(days[0]), str(days[-1]), ["points_model"], force=force)
    _exit(_execute(home, request))
    stamp = home.warehouse.stamps("points_model").get(first)
    if stamp and stamp.failed:
        report.stop(
            f"the gate does not let the model of {month} serve; nba-pipeline validate training_gate "
            f"--from {days[0]} --to {days[-1]} says why"
        )


def grade(day: Day) -> None:
    """The accuracy of one date's predictions; ends with 1 while a game of it is not over."""
    from nba_pipeline.backfill.planner import GRADES, grading  # noqa: PLC0415

    home = open_installation()
    when = _season_day(day)
    names = grading(_survey_of(home, when), when)
    ended = _execute(home, request_of(home, day, day, names))
    if still_open := home.survey().unsettled(GRADES).get(when):
        report.stop(f"{when} is not wholly graded: {still_open}; grade it again when that is over")
    _exit(ended)
