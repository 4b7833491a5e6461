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
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt

from nba_pipeline.errors import NbaPipelineError

EMPTY = "empty"
"""The fingerprint of a partition without rows."""
_SCHEME = "md5s1"


class UnknownKind(NbaPipelineError, TypeError):
    """A column of a type that has no canonical text."""


@dataclass(frozen=True)
class Dialect:
    """How an engine writes the texts and sums up their digests.

    quote stands around names; in texts and listed, {v} is a value and {each} the text of a list's
    item; line joins a row's {texts}; sums is the query of each {day}'s sums over the {relation}.
    """

    quote: str
    texts: tuple[tuple[type[dt.DataType], str], ...]
    listed: str
    line: str
    sums: str


DUCKDB = Dialect(
    quote='"',
    texts=(
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
    ),
    listed=(
        "'a' || len({v}) || ':' || array_to_string(list_transform({v}, lambda item: {each}), ';')"
    ),
    line="concat_ws(';', {texts})",
    sums=(
        "SELECT day, sum(md5_number_upper(line)), sum(md5_number_lower(line)), count(*) "
        "FROM (SELECT {day} AS day, {line} AS line FROM {relation}) GROUP BY day"
    ),
)


def _half(first: int) -> str:
    """BigQuery's number of four bytes of a digest in hexadecimal, the lowest byte first.

    Halves, because a whole of eight bytes does not fit its integers, which have a sign.
    """
    digits = ", ".join(
        f"SUBSTR(digest, {2 * byte + 1}, 2)" for byte in range(first + 3, first - 1, -1)
    )
    return f"SUM(CAST(CONCAT('0x', {digits}) AS INT64))"


BIGQUERY = Dialect(
    quote="`",
    texts=(
        (dt.String, "CONCAT('s', CAST(LENGTH({v}) AS STRING), ':', {v})"),
        (dt.Integer, "CONCAT('i', CAST({v} AS STRING))"),
        (
            dt.Floating,
            (
                "CASE WHEN {v} IS NULL THEN NULL WHEN IS_NAN({v}) THEN 'fnan' "
                "WHEN {v} = 0 THEN 'f0' WHEN IS_INF({v}) THEN IF({v} > 0, 'finf', 'f-inf') "
                "ELSE CONCAT('f', FORMAT('%.16e', {v})) END"
            ),
        ),
        (dt.Boolean, "CASE WHEN {v} THEN 'b1' WHEN NOT {v} THEN 'b0' END"),
        (dt.Date, "CONCAT('d', CAST({v} AS STRING))"),
        (dt.Timestamp, "CONCAT('t', CAST(UNIX_MICROS(TIMESTAMP({v})) AS STRING))"),
        (dt.Binary, "CONCAT('x', TO_HEX({v}))"),
    ),
    listed=(
        "CONCAT('a', CAST(ARRAY_LENGTH({v}) AS STRING), ':', ARRAY_TO_STRING(ARRAY("
        "SELECT {each} FROM UNNEST({v}) AS item WITH OFFSET AS place ORDER BY place), ';'))"
    ),
    line="ARRAY_TO_STRING([{texts}], ';')",
    sums=(
        f"SELECT day, {_half(4)} AS head_high, {_half(0)} AS head_low, "
        f"{_half(12)} AS tail_high, {_half(8)} AS tail_low, COUNT(*) AS row_count "
        "FROM (SELECT {day} AS day, TO_HEX(MD5({line})) AS digest FROM {relation}) GROUP BY day"
    ),
)


def sums_sql(
    relation: str,
    schema: ibis.Schema,
    date_column: str,
    columns: Sequence[str],
    dialect: Dialect = DUCKDB,
) -> str:
    """The query for each date's sums: date, head, tail, rows; see fingerprint.

    BigQuery's gives head and tail as two numbers each, the higher half before the lower.

    Args:
        relation: the table's name.
        schema: its columns and types.
        date_column: the column that tells partitions apart.
        columns: those that count.
        dialect: whose query.

    Raises:
        UnknownKind: a column's type has no canonical text.
    """
    quote = dialect.quote
    return dialect.sums.format(
        day=f"{quote}{date_column}{quote}",
        line=line_sql(schema, columns, dialect),
        relation=f"{quote}{relation}{quote}",
    )


def line_sql(schema: ibis.Schema, columns: Sequence[str], dialect: Dialect) -> str:
    """The expression for a row's canonical text, which is never NULL.

    Raises:
        UnknownKind: a column's type has no canonical text.
    """
    quote = dialect.quote
    texts = (_text(f"{quote}{name}{quote}", schema[name], dialect) for name in sorted(columns))
    return dialect.line.format(texts=", ".join(texts))


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


def whole(high: int, low: int) -> int:
    """A sum of BigQuery's from its halves."""
    return (high << 32) + low


def _text(value: str, kind: dt.DataType, dialect: Dialect) -> str:
    """The expression for a value's canonical text."""
    if isinstance(kind, dt.Array):
        each = _text("item", kind.value_type, dialect)
        return f"coalesce({dialect.listed.format(v=value, each=each)}, 'n')"
    for known_kind, template in dialect.texts:
        if isinstance(kind, known_kind):
            return f"coalesce({template.format(v=value)}, 'n')"
    raise UnknownKind(f"{value}: a column of type {kind} has no canonical text")
