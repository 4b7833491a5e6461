"""Commands on who does what: progress, leases, audit, cancel, maintain, copy."""

import time
from typing import Annotated
from uuid import uuid4

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import Installation, open_installation
from nba_pipeline.cli.options import Json, Wait
from nba_pipeline.errors import WrongRequest


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (progress, leases, audit, cancel, maintain, copy):
        app.command()(command)


def progress(
    backfill_id: Annotated[str | None, typer.Argument(help="Backfill; the newest if none")] = None,
    follow: Annotated[bool, typer.Option(help="Stay until it has ended")] = True,
    as_json: Json = False,
) -> None:
    """How far a backfill is, from any terminal."""
    from rich.live import Live  # noqa: PLC0415

    from nba_pipeline.cli.execute import grid  # noqa: PLC0415

    home = open_installation()
    wanted = backfill_id or home.progress.latest()
    if wanted is None:
        report.stop("there has been no backfill yet")
    steps = home.progress.steps(wanted)
    if not steps:
        report.stop(f"no backfill {wanted}")
    if as_json:
        report.as_json(
            [vars(step) | {"remaining_seconds": step.remaining_seconds} for step in steps]
        )
        return
    if not (follow and report.console.is_terminal):
        report.console.print(grid(steps))
        return
    with Live(grid(steps), console=report.console) as live:
        while any(lease.backfill_id == wanted for lease in home.leases.living()):
            time.sleep(0.5)
            live.update(grid(home.progress.steps(wanted)))


def leases(as_json: Json = False) -> None:
    """Who holds or waits for which dates of which tables, and which of them are gone."""
    held = open_installation().leases
    living = {lease.id for lease in held.living()}
    rows = [
        {
            "backfill": lease.backfill_id,
            "run": lease.run_id,
            "state": lease.state,
            "is_gone": lease.id not in living,
            "token": lease.token,
            "process": f"{lease.pid} on {lease.host}",
            "since": lease.acquired_at or lease.requested_at,
            "heartbeat": lease.heartbeat_at,
            "claims": [str(claim) for claim in lease.claims],
        }
        for lease in held.active()
    ]
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, empty="no lease is held")


def audit(
    limit: Annotated[int, typer.Option(min=1, help="How many lines")] = 50, as_json: Json = False
) -> None:
    """Who started, stopped, refused or bypassed what, newest first."""
    from nba_pipeline.backfill.audit import read  # noqa: PLC0415

    lines = read(open_installation().engine, limit)
    rows = [
        {
            "at": line.at,
            "actor": line.actor,
            "action": line.action,
            "backfill": line.backfill_id,
            "run": line.run_id,
            "detail": line.detail
            if as_json
            else ", ".join(f"{k}: {v}" for k, v in line.detail.items()),
        }
        for line in lines
    ]
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, empty="nothing has been done yet")


def cancel(
    backfill_id: Annotated[str, typer.Argument(help="Backfill or run")],
    reason: Annotated[str, typer.Option(help="Why, for the audit")] = "asked for",
) -> None:
    """Stops a backfill, and keeps anything from starting it again."""
    from dagster import DagsterError  # noqa: PLC0415

    from nba_pipeline.automation.cancelled_partitions import note_cancelled  # noqa: PLC0415
    from nba_pipeline.orchestration.cancel import cancel_runs, is_known  # noqa: PLC0415

    home = open_installation()
    if _has_ended(home, backfill_id):
        raise WrongRequest(f"{backfill_id} has ended, and all of it is done: nothing is cancelled")
    known = is_known(home.instance, backfill_id)
    held = home.leases.cancel(backfill_id, reason, is_known=known)
    try:
        cancel_runs(home.instance, backfill_id)
    except DagsterError as error:
        report.error(f"Dagster was not reached, the run ends by itself: {error}")
    report.console.print(f"cancelled {backfill_id}: {len(held)} leases ended", highlight=False)
    # What changes from here on is no part of what was cancelled.
    note_cancelled(home.engine, home.survey(), home.instance)


def _has_ended(home: Installation, backfill_id: str) -> bool:
    """Whether the backfill has done all that it was to do, and nothing of it goes on."""
    from nba_pipeline.orchestration.cancel import is_open  # noqa: PLC0415

    steps = home.progress.steps(backfill_id)
    is_held = any(lease.backfill_id == backfill_id for lease in home.leases.active())
    is_done = bool(steps) and all(step.state == "done" for step in steps)
    return is_done and not is_held and not is_open(home.instance, backfill_id)


def maintain(wait: Wait = False) -> None:
    """Compacts the tables' files and removes those of older versions and of killed writers."""
    home = open_installation()
    from nba_pipeline.clock import today  # noqa: PLC0415
    from nba_pipeline.orchestration.session import RunSession  # noqa: PLC0415
    from nba_pipeline.quality.predictions import stated_versions  # noqa: PLC0415

    own_id = f"maintain-{uuid4().hex[:12]}"
    session = RunSession(home.settings, run_id=own_id, backfill_id=own_id, tables=home.tables)
    # Of one whose making was interrupted there is nothing to maintain.
    stored = [n for n in session.warehouse.names() if session.warehouse.version(n) is not None]
    # The declared ones too: who writes a new table reads those that are there.
    with session.maintenance({*home.tables, *stored}, wait=wait):
        stated = stated_versions(session.warehouse, today())
        for name in stored:
            removed = session.warehouse.maintain(name, keep=sorted(stated.get(name, ())))
            report.line(f"{name}: {removed} files removed")


def copy(
    to: Annotated[str, typer.Option(help="delta:<folder> or bigquery:<project>")],
    wait: Wait = False,
) -> None:
    """Copies every table to another warehouse with its stamps, so that nothing is computed again."""
    home = open_installation()
    from nba_pipeline.orchestration.session import RunSession  # noqa: PLC0415
    from nba_pipeline.settings import Settings  # noqa: PLC0415
    from nba_pipeline.warehouse.copying import copy as copied  # noqa: PLC0415
    from nba_pipeline.warehouse.opening import open_warehouse  # noqa: PLC0415

    target = open_warehouse(Settings(warehouse=to), home.engine, lambda: home.tables)
    own_id = f"copy-{uuid4().hex[:12]}"
    session = RunSession(home.settings, run_id=own_id, backfill_id=own_id, tables=home.tables)
    with session.maintenance(home.tables, wait=wait):
        for name, table in home.tables.items():
            done = copied(table.storage, session.warehouse, target, lambda: None)
            report.line(f"{name}: {len(done.written)} partitions, {done.row_count} rows")
