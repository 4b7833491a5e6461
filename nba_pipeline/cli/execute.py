"""Carrying out a request in this process: live progress, and at its end what came of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from threading import Event, Thread
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from nba_pipeline.cli import report

if TYPE_CHECKING:
    from dagster import JobDefinition

    from nba_pipeline.backfill.planner import Request
    from nba_pipeline.backfill.progress import Progress, Step
    from nba_pipeline.cli.installation import Installation
    from nba_pipeline.engine.staleness import Survey
    from nba_pipeline.quality.run_summary import Offence, Outcome

_NAMED = 3
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """How a request ended: whether all went through, any was computed, and data turned out lost."""

    is_complete: bool
    has_computed: bool
    has_loss: bool

    @property
    def exit_code(self) -> int:
        """0 where all is well."""
        return 0 if self.is_complete and not self.has_loss else 1


def execute(
    home: "Installation",
    request: "Request",
    console: Console = report.console,
    survey: "Survey | None" = None,
) -> Ended:
    """Runs the request, shows its progress, and says what it found.

    Args:
        home: the installation.
        request: what is wanted.
        console: where progress and findings are shown; errors go to stderr.
        survey: what the request was made after, if it was only just looked at.
    """
    from nba_pipeline.backfill import audit  # noqa: PLC0415
    from nba_pipeline.coordination.database import begin  # noqa: PLC0415
    from nba_pipeline.orchestration import runner  # noqa: PLC0415
    from nba_pipeline.quality.run_summary import outcome  # noqa: PLC0415

    started = time.perf_counter()
    with begin(home.engine) as connection:
        audit.write(
            connection,
            "backfill",
            backfill_id=request.backfill_id,
            tables=[table.name for table in request.tables],
            dates=f"{request.first} to {request.last}",
            bypass=[str(bypass) for bypass in request.bypasses],
        )
    with shown_progress(home.progress, request.backfill_id, console):
        failed_runs = list(
            runner.run(
                request,
                home.session,
                _job,
                lambda: home.instance,
                survey,
                say=lambda text: report.line(text, to=console),
            )
        )
    steps = home.progress.steps(request.backfill_id)
    if not steps and not failed_runs:
        report.line(
            f"nothing to do: all of {request.first} to {request.last} is current", to=console
        )
        return Ended(is_complete=True, has_computed=False, has_loss=False)
    report.line(_taken(home, request, steps, time.perf_counter() - started), to=console)
    findings = outcome(
        home.tables.values(), {step.run_id for step in steps}, home.session.warehouse
    )
    _show(findings, console)
    for failed in failed_runs:
        for message in failed.errors:
            report.error(message)
    return Ended(not failed_runs, findings.computed > 0, findings.has_loss)


@cache
def _job() -> "JobDefinition":
    """The job of all assets, whose import takes longer than finding that there is nothing to do."""
    from nba_pipeline.definitions import defs  # noqa: PLC0415

    return defs.resolve_implicit_global_asset_job_def()


def _taken(
    home: "Installation", request: "Request", steps: Sequence["Step"], seconds: float
) -> str:
    """How long the request took, phase by phase."""
    phases: dict[int, float] = {}
    for step in steps:
        phase = home.tables[step.table].phase
        phases[phase] = phases.get(phase, 0.0) + step.seconds
    parts = [f"phase {phase} {taken:.1f} s" for phase, taken in sorted(phases.items())]
    rest = seconds - sum(phases.values())
    return (
        f"backfill {request.backfill_id}: {seconds:.1f} s, of which {', '.join(parts)}, "
        f"Dagster and the rest {rest:.1f} s"
    )


# --- what came of it


def _show(findings: "Outcome", console: Console) -> None:
    if findings.gaps:
        named = [f"{gap_id} ({rows} rows)" for gap_id, rows in findings.gaps.items()]
        report.line(
            f"gaps in this run: {len(named)}, {_some(named)}; all there are: nba-pipeline gaps",
            to=console,
        )
    if findings.accepted:
        report.line(f"accepted gaps in this run: {findings.accepted}", to=console)
    for offence in findings.offences:
        if offence.is_loss:
            report.error(f"lost: {_offence(offence)}")
        else:
            kind = "warning" if offence.is_warning else "failed"
            report.line(f"{kind}: {_offence(offence)}", to=console)


def _offence(offence: "Offence") -> str:
    rows = [_without_unknowns(key) for key in offence.examples]
    return f"{offence.table} {offence.check} on {offence.dates} dates, {_some(rows)}"


def _without_unknowns(key: str) -> str:
    """A row's key without the parts that are NULL, as a whole file's row number is."""
    return " / ".join(part for part in key.split(" / ") if part not in ("None", "<NA>", "nan"))


def show_stale(home: "Installation", request: "Request", console: Console) -> None:
    """Says which stored dates are stale now that the request is done, and what takes them along."""
    survey = home.session.survey()
    before = request.first - timedelta(days=1)
    asked = {table.name: request.last for table in request.tables}
    stale = {
        name: later
        for name, table in home.tables.items()
        # A stale model serves on until somebody asks for another.
        if not table.is_model
        # What was asked for and not done has been told, with why.
        and (later := [d for d in survey.outdated(name) if d > asked.get(name, before)])
    }
    if stale:
        report.line(_stale(stale), to=console)


def _stale(stale: Mapping[str, Sequence[date]]) -> str:
    days = sorted({day for table_days in stale.values() for day in table_days})
    return (
        f"now stale: {len(days)} dates from {days[0]} to {days[-1]} of {_some(list(stale))}; "
        "take them along with nba-pipeline repair, or "
        f"nba-pipeline backfill --from {days[0]} --to {days[-1]}"
    )


def _some(names: Sequence[str]) -> str:
    """The first few, and how many there are besides."""
    more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
    return ", ".join(names[:_NAMED]) + more


# --- progress


@contextmanager
def shown_progress(progress: "Progress", backfill_id: str, console: Console) -> Iterator[None]:
    """Shows a backfill's steps live until left; on no terminal, prints each as it ends."""
    stop = Event()
    show = _show_live if console.is_terminal else _print_ended
    thread = Thread(target=show, args=(progress, backfill_id, console, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _show_live(progress: "Progress", backfill_id: str, console: Console, stop: Event) -> None:
    with Live(grid(progress.steps(backfill_id)), console=console) as live:
        while not stop.wait(_LOOK_SECONDS):
            live.update(grid(progress.steps(backfill_id)))
        live.update(grid(progress.steps(backfill_id)))


def _print_ended(progress: "Progress", backfill_id: str, console: Console, stop: Event) -> None:
    printed: set[tuple[str, str]] = set()
    is_last = False
    while not is_last:
        is_last = stop.wait(_LOOK_SECONDS)
        for step in progress.ended(backfill_id):
            key = (step.run_id, step.table)
            if key not in printed:
                printed.add(key)
                report.line(
                    f"{step.table}: {step.state}, {step.dates} partitions, {step.seconds:.1f} s"
                    f" ({step.detail})",
                    to=console,
                )


def grid(steps: Sequence["Step"]) -> Grid:
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
