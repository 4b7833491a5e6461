"""What of a source was not taken, in the columns of rejected_rows: the place, the field and why."""

import ibis
import ibis.expr.types as ir
from ibis import _

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def rejected(
    rows: ir.Table,
    *,
    field: str | None,
    value: ir.StringValue,
    rule: str,
    tells: ir.StringValue | str,
) -> ir.Table:
    """The rows as rejected input, each with a sentence that begins with its file and row.

    Args:
        rows: with source_file, row_number and game_date; of rows without game_id or team_abbr they
            are NULL.
        field: the source's name of the bad field; None where it is the row as a whole.
        value: what it has there.
        rule: name of the rule that is broken.
        tells: the rest of the sentence.
    """
    texts = {name: ibis.null("string") for name in ("game_id", "team_abbr")}
    rows = rows.mutate(**{name: none for name, none in texts.items() if name not in rows.columns})
    return rows.select(
        *("source_file", "row_number", "game_date", "game_id", "team_abbr"),
        field=ibis.literal(field, type="string"),
        value=value,
        rule=ibis.literal(rule),
        detail=_.source_file + " row " + _.row_number.cast("string") + ": " + tells,
    )
