"""How commands print: tables for people, JSON for programs, errors on one line."""

import csv
import json
import math
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
    error(message)
    raise typer.Exit(code)


def error(message: str) -> None:
    """One line in red on stderr."""
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)


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


def line(text: str, *, to: Console | None = None) -> None:
    """One line of text, on stdout unless another console is given."""
    (to or console).print(text, markup=False, highlight=False, soft_wrap=True)


def as_json(facts: object) -> None:
    """The facts as JSON on stdout; what is no number is null."""
    typer.echo(json.dumps(_plain(facts), indent=2, allow_nan=False))


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """The rows as CSV on stdout; an unknown is empty, a list is JSON."""
    writer = csv.DictWriter(sys.stdout, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: json.dumps(_plain(v)) if isinstance(v, list) else v for k, v in row.items()}
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
    """The value in JSON's own types."""
    # Arrays of numpy and their scalars.
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(part) for part in value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
