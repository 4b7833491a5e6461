"""How commands print: tables for people, JSON for programs, errors on one line."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

# What is read from a pipe or a file has no width to fold its columns into.
_PIPED_WIDTH = 200
console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
errors = Console(stderr=True)


def stop(message: str, code: int = 1) -> NoReturn:
    """Prints the message to stderr and ends with the code."""
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def table(
    rows: Sequence[Mapping[Any, object]], *, title: str | None = None, empty: str = "none"
) -> None:
    """The rows as a table, or the word for none."""
    if not rows:
        console.print(empty, markup=False)
        return
    shown = Table(title=title, title_justify="left", header_style="bold")
    for name in rows[0]:
        is_number = all(isinstance(row[name], int | float) or row[name] is None for row in rows)
        shown.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_text(value) for value in row.values()))
    console.print(shown)


def line(text: str) -> None:
    """One line of text."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def as_json(facts: object) -> None:
    """The facts as JSON on stdout."""
    typer.echo(json.dumps(facts, default=_plain, indent=2))


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """The rows as CSV on stdout; an unknown is empty, a list is JSON."""
    writer = csv.DictWriter(sys.stdout, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: json.dumps(v, default=_plain) if isinstance(v, list) else v for k, v in row.items()}
        )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple | set):
        return ", ".join(str(item) for item in value)
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | tuple | frozenset):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
