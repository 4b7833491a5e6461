"""Commands that compute: plan, backfill, and the same for one partition."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.live import Live
from rich.table import Table as Grid

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.leases import BackfillCancelled
from nba_pipeline.backfill.progress import Progress, Step
from nba_pipeline.cli import report
from nba_pipeline.cli.installation import Installation, open_installation
from nba_pipeline.coordination.database import begin
from nba_pipeline.engine.compute import Bypass
from nba_pipeline.engine.preconditions import BYPASSABLE
from nba_pipeline.league import calendar
from nba_pipeline.quality.accuracy import accuracy_of
from nba_pipeline.settings import Settings

if TYPE_CHECKING:
    from nba_pipeline.backfill.planner import Request

First = Annotated[str, typer.Option("--from", help="First date: YYYY-MM-DD, today or yesterday")]
Last = Annotated[str, typer.Option("--to", help="Last date: YYYY-MM-DD, today or yesterday")]
Tables = Annotated[
    list[str] | None, typer.Option("--tables", "-t", help="Only these tables; repeat for more")
]
Downstream = Annotated[bool, typer.Option(help="Also every table that reads the named ones")]
Wait = Annotated[bool, typer.Option(help="Wait for whoever holds the dates instead of refusing")]
Force = Annotated[bool, typer.Option(help="Compute partitions that are current too")]
BypassNames = Annotated[
    list[str] | None,
    typer.Option("--bypass", help="Skip one precondition by name; recorded on every row"),
]
Reason = Annotated[str, typer.Option(help="Why the precondition is bypassed")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]

_INTERRUPTED = 130


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (demo, plan, backfill, repair, predict, train, grade):
        app.command()(command)


def _request(
    home: Installation,
    first: str,
    last: str,
    tables: Sequence[str],
    *,
    downstream: bool = False,
    wait: bool = False,
    force: bool = False,
    bypass: Sequence[str] = (),
    reason: str = "",
) -> "Request":
    """The request that the options ask for; ends with 2 where they are wrong."""
    from nba_pipeline.backfill.planner import Request, in_order  # noqa: PLC0415

    begin, end = span(first, last)
    if begin > end:
        report.stop(f"--from {begin} is after --to {end}", 2)
    if not calendar.season_days(begin, end):
        report.stop(f"{begin} to {end} is off-season: there are no partitions", 2)
    try:
        selected = in_order(home.tables, tables, downstream=downstream)
    except KeyError as error:
        report.stop(str(error.args[0]), 2)
    unknown = [name for name in bypass if name not in BYPASSABLE]
    if unknown:
        report.stop(f"{unknown[0]} cannot be bypassed; these can: {', '.join(BYPASSABLE)}", 2)
    if bypass and not reason.strip():
        report.stop("--bypass needs --reason", 2)
    bypasses = tuple(Bypass(name, reason) for name in bypass)
    return Request(selected, begin, end, wait=wait, force=force, bypasses=bypasses)


def span(first: str, last: str) -> tuple[date, date]:
    """The dates of two options; ends with 2 where one is none."""
    try:
        return calendar.resolve_date(first), calendar.resolve_date(last)
    except ValueError as error:
        report.stop(str(error), 2)


def demo() -> None:
    """Simulates a small league, computes everything from it, and says what to look at."""
    from nba_pipeline.simulation.league import League, write_landing  # noqa: PLC0415

    base = (Settings().home / "demo").absolute()
    landing = base / "landing"
    # The run's own session reads the settings again.
    os.environ |= {
        "NBA_PIPELINE_HOME": str(base),
        "NBA_PIPELINE_LANDING": str(landing),
        "NBA_PIPELINE_WAREHOUSE": f"delta:{base / 'warehouse'}",
        "NBA_PIPELINE_COORDINATION": f"sqlite:///{base / 'coordination.db'}",
        "DAGSTER_HOME": str(base / "dagster"),
    }
    league = League()
    games = write_landing(landing, league)
    report.console.print(f"{games} games simulated into {landing}", markup=False, highlight=False)
    home = open_installation()
    span = calendar.season(league.season)
    last = span.days()[league.days - 1]
    _execute(home, _request(home, str(span.first), str(last), []))
    rows = accuracy_of(home.session.warehouse, span.first, last)
    report.table(rows, title="How the predictions came out")
    report.console.print(
        f"""Look further, with NBA_PIPELINE_HOME={base}:
  nba-pipeline ui
  nba-pipeline status --from {last - timedelta(days=6)} --to {last}
  nba-pipeline sql "SELECT * FROM player_prop_predictions WHERE game_date = '{last}' LIMIT 10\"""",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def plan(
    first: First,
    last: Last,
    tables: Tables = None,
    downstream: Downstream = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """What a backfill of these dates would compute, in which order and why."""
    home = open_installation()
    request = _request(home, first, last, tables or [], downstream=downstream, force=force)
    _plan(home, request, as_json=as_json)


def _plan(home: Installation, request: "Request", *, as_json: bool) -> None:
    """Prints what the request would compute."""
    from nba_pipeline.backfill.planner import groups  # noqa: PLC0415
    from nba_pipeline.backfill.planner import plan as planned  # noqa: PLC0415

    run_of = {t.name: n for n, group in enumerate(groups(request.tables), 1) for t in group}
    held = {c.table: lease.run_id for lease in home.leases.active() for c in lease.claims}
    rows = [
        {
            "run": run_of[line.table.name],
            "table": line.table.name,
            "partitions": line.partitions,
            "stale": len(line.stale),
            "first": min(line.stale, default=None),
            "last": max(line.stale, default=None),
            "why": [f"{reason} ({count})" for reason, count in line.reasons.items()],
            "refused": len(line.refused),
            "leased_by": held.get(line.table.name),
        }
        for line in planned(request, home.session.survey())
    ]
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, title=f"{request.first} to {request.last}")


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
    request = _request(
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
    _execute(home, request)


def repair(
    dry_run: Annotated[bool, typer.Option(help="Only say what would be computed")] = False,
    retrain: Annotated[bool, typer.Option(help="Train models again whose data changed")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Computes what is affected by what changed since it was stored: files, code, closed gaps."""
    from nba_pipeline.backfill.planner import repairs  # noqa: PLC0415

    home = open_installation()
    request = repairs(list(home.tables.values()), home.session.survey(), retrain=retrain)
    if request is None:
        report.line("nothing to repair")
    elif dry_run:
        _plan(home, request, as_json=as_json)
    else:
        _execute(home, replace(request, wait=wait))


def predict(
    day: Annotated[str, typer.Option("--date", help="YYYY-MM-DD, today or yesterday")],
) -> None:
    """Everything that the predictions of one date need, and the predictions."""
    home = open_installation()
    names = [
        n for n, t in home.tables.items() if t.partitions == "daily" and n != "prediction_accuracy"
    ]
    _execute(home, _request(home, day, day, [*names, "points_model"]))


def train(
    month: Annotated[str, typer.Option(help="YYYY-MM")],
    force: Force = False,
) -> None:
    """The month's model, trained on everything before it, if the gate lets it."""
    home = open_installation()
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        report.stop(f"{month!r} is no month: give YYYY-MM", 2)
    days = [d for span in calendar.SEASONS for d in span.days() if calendar.month_of(d) == first]
    if not days:
        report.stop(f"{month} is off-season", 2)
    request = _request(home, str(days[0]), str(days[-1]), ["points_model"], force=force)
    _execute(home, request)


def grade(
    day: Annotated[str, typer.Option("--date", help="YYYY-MM-DD, today or yesterday")],
) -> None:
    """The accuracy of one date's predictions, once its games are final."""
    home = open_installation()
    raw = [name for name, table in home.tables.items() if table.phase == 2]
    _execute(home, _request(home, day, day, [*raw, "prediction_accuracy"]))


def _execute(home: Installation, request: "Request") -> None:
    """Runs the request with live progress; ends with 1 when anything failed or was refused."""
    from nba_pipeline.definitions import defs  # noqa: PLC0415
    from nba_pipeline.orchestration import runner  # noqa: PLC0415

    started = time.perf_counter()
    job = defs.resolve_implicit_global_asset_job_def()
    detail: dict[str, Any] = {
        "tables": [table.name for table in request.tables],
        "dates": f"{request.first} to {request.last}",
        "bypass": [str(bypass) for bypass in request.bypasses],
    }
    with begin(home.engine) as connection:
        audit.write(connection, "backfill", backfill_id=request.backfill_id, **detail)
    try:
        with shown_progress(home.progress, request.backfill_id):
            failures = list(runner.run(request, job, home.instance, home.session))
    except BackfillCancelled as error:
        report.stop(str(error), _INTERRUPTED)
    steps = home.progress.steps(request.backfill_id)
    seconds = time.perf_counter() - started
    phases: dict[int, float] = {}
    for step in steps:
        phase = home.tables[step.table].phase
        phases[phase] = phases.get(phase, 0.0) + step.seconds
    told = ", ".join(f"phase {phase} {taken:.1f} s" for phase, taken in sorted(phases.items()))
    report.line(
        f"backfill {request.backfill_id}: {seconds:.1f} s, of which {told}, "
        f"Dagster and the rest {seconds - sum(phases.values()):.1f} s"
    )
    for failed in failures:
        for message in failed.errors:
            report.errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    if failures:
        raise typer.Exit(1)


class shown_progress:  # noqa: N801  used as a with statement
    """Shows a backfill's steps live until left; on no terminal, prints each as it ends."""

    def __init__(self, progress: Progress, backfill_id: str) -> None:
        self._progress = progress
        self._id = backfill_id
        self._stop = Event()
        self._thread = Thread(target=self._show, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _show(self) -> None:
        if report.console.is_terminal:
            with Live(grid(self._progress.steps(self._id)), console=report.console) as live:
                while not self._stop.wait(0.5):
                    live.update(grid(self._progress.steps(self._id)))
                live.update(grid(self._progress.steps(self._id)))
            return
        told: set[tuple[str, str]] = set()
        is_last = False
        while not is_last:
            is_last = self._stop.wait(0.5)
            for step in self._progress.steps(self._id):
                key = (step.run_id, step.table)
                if step.state in ("done", "failed") and key not in told:
                    told.add(key)
                    report.console.print(
                        f"{step.table}: {step.state}, {step.dates} partitions, {step.seconds:.1f} s"
                        f" ({step.detail})",
                        highlight=False,
                        markup=False,
                        soft_wrap=True,
                    )


def grid(steps: Sequence[Step]) -> Grid:
    """The steps with what they took and what is probably left."""
    left = sum(step.remaining_seconds for step in steps)
    shown = Grid(title=f"about {left:.0f} s left", title_justify="left", header_style="bold")
    for name in ("table", "partitions", "state", "seconds", "left", "detail"):
        shown.add_column(name)
    for step in steps:
        shown.add_row(
            step.table,
            str(step.dates),
            step.state,
            f"{step.seconds:.1f}",
            f"{step.remaining_seconds:.0f}",
            step.detail or "",
        )
    return shown
