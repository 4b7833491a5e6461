"""Commands that fill the landing zone: fetch from the sources, and ingest of files at hand."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.options import First, Json, Last, span
from nba_pipeline.errors import WrongRequest

if TYPE_CHECKING:
    from nba_pipeline.fetching.fetch import Fetched
    from nba_pipeline.kernel.source import Source


AcceptFewer = Annotated[
    bool,
    typer.Option("--accept-fewer", help="Take what has fewer rows of a game or date than stand"),
]


class _NamesSources(TyperCommand):
    """A command whose help names the sources, which take a second to find."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, with the sources that can be fetched, and those that are brought."""
        from nba_pipeline.tables import SOURCES  # noqa: PLC0415

        fetched = ", ".join(name for name, source in SOURCES.items() if source.fetch)
        brought = ", ".join(name for name, source in SOURCES.items() if not source.fetch)
        self.epilog = f"Sources: {fetched}. Brought by people, with ingest: {brought or 'none'}."
        super().format_help(ctx, formatter)


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command(cls=_NamesSources)(fetch)
    app.command(cls=_NamesSources)(ingest)


def _source(name: str) -> "Source":
    """The source of that name.

    Raises:
        WrongRequest: there is none.
    """
    from nba_pipeline.tables import SOURCES  # noqa: PLC0415

    if name not in SOURCES:
        raise WrongRequest(f"no source {name!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name]


def fetch(
    source: Annotated[str, typer.Argument(help="Its name; --help lists them")],
    first: First,
    last: Last,
    again: Annotated[
        bool, typer.Option("--again", help="Ask for what is there whole too, as for corrections")
    ] = False,
    accept_fewer: AcceptFewer = False,
    as_json: Json = False,
) -> None:
    """Fetches what the landing zone lacks of a source's dates; ends with 1 where some of it failed."""
    from nba_pipeline.fetching.client import Client  # noqa: PLC0415
    from nba_pipeline.fetching.fetch import LandingAccess, refuse_away  # noqa: PLC0415
    from nba_pipeline.fetching.fetch import fetch as fetched_range  # noqa: PLC0415

    home = open_installation()
    wanted = _source(source)
    refuse_away(home.landing, home.warehouse)
    begin, end = span(first, last)
    days = [begin + timedelta(days=offset) for offset in range((end - begin).days + 1)]
    client = Client(home.settings)
    access = LandingAccess(home.settings, client, home.landing)
    console = report.errors if as_json else report.console
    try:
        fetched = fetched_range(
            wanted,
            days,
            access,
            again=again,
            accept_fewer=accept_fewer,
            say=lambda text: report.line(text, to=console),
        )
    finally:
        client.close()
    if as_json:
        report.as_json(asdict(fetched))
    else:
        _show(source, fetched)
    if not fetched.is_complete:
        raise typer.Exit(1)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders of them")],
    source: Annotated[
        str | None, typer.Option(help="What the files are, where several sources take them")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", help="Of files that say no date themselves")
    ] = None,
    accept_fewer: AcceptFewer = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be done")] = False,
    as_json: Json = False,
) -> None:
    """Puts files where they belong in the landing zone; ends with 1 where one is refused.

    What a file is, is found by what takes it, whatever it is called. Nothing that is stored is
    replaced by less. With --dry-run a schedule among the files dates none of the others yet.
    """
    from nba_pipeline.fetching.fetch import refuse_away  # noqa: PLC0415
    from nba_pipeline.fetching.ingest import ingest as ingested_files  # noqa: PLC0415
    from nba_pipeline.league.calendar import resolve_date  # noqa: PLC0415
    from nba_pipeline.tables import SOURCES  # noqa: PLC0415

    home = open_installation()
    asked = _source(source) if source else None
    refuse_away(home.landing, home.warehouse)
    console = report.errors if as_json else report.console
    ingested = ingested_files(
        paths,
        home.landing,
        list(SOURCES.values()),
        asked=asked,
        day=resolve_date(day) if day else None,
        accept_fewer=accept_fewer,
        is_dry=is_dry,
        say=lambda text: report.line(text, to=console),
    )
    if as_json:
        report.as_json(ingested.as_dict())
    else:
        counts = {name: len(getattr(ingested, name)) for name in ("new", "changed", "unchanged")}
        counts["refused"] = len(ingested.refused)
        would = "would be: " if is_dry else ""
        report.line(would + ", ".join(f"{number} {what}" for what, number in counts.items()))
    for file, reason in ingested.refused:
        report.error(f"refused: {file}: {reason}")
    if ingested.refused:
        raise typer.Exit(1)


def _show(source: str, fetched: "Fetched") -> None:
    counts = {
        "new": len(fetched.new),
        "changed": len(fetched.changed),
        "unchanged": len(fetched.unchanged),
        "there already": len(fetched.there),
        "not over yet": len(fetched.waiting),
        "failed": len(fetched.failed),
    }
    report.line(f"{source}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    for lack in fetched.waiting[:3]:
        report.line(f"not over yet: {lack.day} {lack.what}: {lack.reason}")
    for host, left in fetched.quota.items():
        report.line(f"{host}: {left} requests left of its quota")
    for lack in fetched.failed:
        where = f"{lack.day} {lack.what or ''}".rstrip()
        report.error(f"failed ({lack.kind}): {where}: {lack.reason}")
    if fetched.stopped:
        report.error(f"stopped at {fetched.stopped}; the same command goes on from there")
