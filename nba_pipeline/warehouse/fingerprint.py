"""What the rows of a partition come to as a text: equal exactly when the rows are, in any order.

Each row is written as a canonical text, whose MD5 gives two whole numbers; a partition's fingerprint
is the sums of these numbers and the count of rows. Nothing in it is an engine's own: another
warehouse that writes the same rows by the same rules gets the same text.

A row's text is its values in the order of their columns' names, separated by semicolons:

| value | text |
|---|---|
| NULL | n |
| text | s, its length in code points, a colon, the text |
| integer | i and its decimal digits |
| float | f and 17 significant digits as C's %.16e; f0 for both zeros, fnan, finf, f-inf |
| boolean | b1 or b0 |
| date | d and YYYY-MM-DD |
| timestamp | t and microseconds since 1970 in UTC |
| bytes | x and lower-case hexadecimal digits |
| list | a, its length, a colon, its values as above, separated by semicolons |
"""

import hashlib
from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dt

from nba_pipeline.errors import NbaPipelineError

EMPTY = "empty"
"""The fingerprint of a partition without rows."""
_SCHEME = "md5s1"


class UnknownKind(NbaPipelineError, TypeError):
    """A column of a type that has no canonical text."""


def sums_sql(relation: str, schema: ibis.Schema, date_column: str, columns: Sequence[str]) -> str:
    """DuckDB's query for each date's sums: date, head, tail, rows; see fingerprint.

    Args:
        relation: the table's name.
        schema: its columns and types.
        date_column: the column that tells partitions apart.
        columns: those that count.

    Raises:
        UnknownKind: a column's type has no canonical text.
    """
    values = ", ".join(_text(f'"{name}"', schema[name]) for name in sorted(columns))
    return (
        f"SELECT day, sum(md5_number_upper(line)), sum(md5_number_lower(line)), count(*) "
        f"FROM (SELECT \"{date_column}\" AS day, concat_ws(';', {values}) AS line "
        f'FROM "{relation}") GROUP BY day'
    )


def fingerprint(columns: Sequence[str], head: int, tail: int, rows: int) -> str:
    """The text that is stored: scheme, columns, sums and rows.

    Args:
        columns: names of those that count.
        head: sum of the rows' first eight bytes of MD5, each read with its lowest byte first.
        tail: the same of the last eight bytes.
        rows: how many rows there are.
    """
    names = hashlib.md5(",".join(sorted(columns)).encode(), usedforsecurity=False).hexdigest()
    return f"{_SCHEME}:{names[:16]}:{head:x}:{tail:x}:{rows}"


_TEXTS: tuple[tuple[type[dt.DataType], str], ...] = (
    (dt.String, "'s' || length({v}) || ':' || {v}"),
    (dt.Integer, "'i' || {v}"),
    (
        dt.Floating,
        (
            "CASE WHEN isnan({v}) THEN 'fnan' WHEN {v} = 0 THEN 'f0' "
            "WHEN isinf({v}) THEN CASE WHEN {v} > 0 THEN 'finf' ELSE 'f-inf' END "
            "ELSE printf('f%.16e', {v}::DOUBLE) END"
        ),
    ),
    (dt.Boolean, "CASE WHEN {v} THEN 'b1' WHEN NOT {v} THEN 'b0' END"),
    (dt.Date, "strftime({v}, 'd%Y-%m-%d')"),
    (dt.Timestamp, "'t' || epoch_us({v})"),
    (dt.Binary, "'x' || lower(hex({v}))"),
)
"""DuckDB's expression for each type's text, NULL where the value is."""


def _text(value: str, kind: dt.DataType) -> str:
    """DuckDB's expression for a value's canonical text."""
    if isinstance(kind, dt.Array):
        each = _text("item", kind.value_type)
        items = f"list_transform({value}, lambda item: {each})"
        text = f"'a' || len({value}) || ':' || array_to_string({items}, ';')"
        return f"coalesce({text}, 'n')"
    for known_kind, template in _TEXTS:
        if isinstance(kind, known_kind):
            return f"coalesce({template.format(v=value)}, 'n')"
    raise UnknownKind(f"{value}: a column of type {kind} has no canonical text")
