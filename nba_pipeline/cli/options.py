"""The options that several commands share, and what their words mean."""

from datetime import date
from typing import Annotated

import typer

First = Annotated[str, typer.Option("--from", help="First date: YYYY-MM-DD, today or yesterday")]
Last = Annotated[str, typer.Option("--to", help="Last date: YYYY-MM-DD, today or yesterday")]
FirstOrEver = Annotated[
    str | None, typer.Option("--from", help="First date; the calendar's first where none is given")
]
Day = Annotated[str, typer.Option("--date", help="YYYY-MM-DD, today or yesterday")]
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


def span(first: str | None, last: str) -> tuple[date, date]:
    """The dates of two options; no first is the calendar's.

    Raises:
        WrongRequest: a text is no date, or the first comes after the last.
    """
    from nba_pipeline.errors import WrongRequest  # noqa: PLC0415
    from nba_pipeline.league import calendar  # noqa: PLC0415

    begin = calendar.FIRST_DAY if first is None else calendar.resolve_date(first)
    end = calendar.resolve_date(last)
    if begin > end:
        raise WrongRequest(f"--from {begin} is after --to {end}")
    return begin, end
