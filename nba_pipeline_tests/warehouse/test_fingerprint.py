"""A partition's fingerprint differs exactly when its rows do, and is the same on every engine."""

import hashlib
import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nba_pipeline.warehouse.fingerprint import (
    BIGQUERY,
    UnknownKind,
    fingerprint,
    sums_sql,
    whole,
)

DAY = date(2024, 1, 15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {
    "text": "string",
    "whole": "int64",
    "real": "float64",
    "flag": "boolean",
    "day": "date",
    "instant": "timestamp('UTC')",
    "raw": "binary",
    "names": "array<string>",
}
DUCKDB = ibis.duckdb.connect()


def _fingerprint(rows: list[dict[str, Any]], kinds: dict[str, str]) -> str:
    """What DuckDB makes of the rows, all of one date."""
    schema = ibis.schema({"at": "date", **kinds})
    arrow = pa.Table.from_pylist([{"at": DAY, **row} for row in rows], schema=schema.to_pyarrow())
    DUCKDB.create_table("rows", arrow, overwrite=True)
    ((_, *sums),) = DUCKDB.raw_sql(sums_sql("rows", schema, "at", [*kinds])).fetchall()
    return fingerprint([*kinds], *sums)


def _of_lines(names: str, lines: list[str]) -> str:
    """The same from canonical texts, with Python's MD5."""
    digests = [hashlib.md5(line.encode(), usedforsecurity=False).digest() for line in lines]
    head = sum(int.from_bytes(digest[:8], "little") for digest in digests)
    tail = sum(int.from_bytes(digest[8:], "little") for digest in digests)
    columns = hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()[:16]
    return f"md5s1:{columns}:{head:x}:{tail:x}:{len(lines)}"


GOLDEN = [
    (
        {
            "text": "Dončić; 77",
            "whole": -12,
            "real": 0.1,
            "flag": True,
            "day": date(2024, 2, 29),
            "instant": datetime(2024, 1, 15, 0, 30, 0, 1, tzinfo=UTC),
            "raw": b"\x00\xff",
            "names": ["a;", None, ""],
        },
        (
            "d2024-02-29;b1;t1705278600000001;a3:s2:a;;n;s0:;x00ff;f1.0000000000000001e-01;"
            "s10:Dončić; 77;i-12"
        ),
    ),
    (dict.fromkeys(KINDS), "n;n;n;n;n;n;n;n"),
    (
        {**dict.fromkeys(KINDS), "text": "NULL", "real": -0.0, "flag": False, "names": []},
        "n;b0;n;a0:;n;f0;s4:NULL;n",
    ),
]


@pytest.mark.parametrize(("row", "line"), GOLDEN)
def test_a_row_has_one_canonical_text(row, line) -> None:
    """Columns by name: day, flag, instant, names, raw, real, text, whole."""
    assert _fingerprint([row], KINDS) == _of_lines(
        "day,flag,instant,names,raw,real,text,whole", [line]
    )


@pytest.fixture
def jobs(bigquery_address):
    """The jobs of an emulated project."""
    from nba_pipeline.warehouse.bigquery_jobs import Jobs  # noqa: PLC0415  needs the extra gcp
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    return Jobs(emulator.client(bigquery_address), 10**9)


EDGES = [
    {**dict.fromkeys(KINDS), "real": value, "whole": whole, "names": ["é", "s;"]}
    for value, whole in [
        (math.nan, 2**63 - 1),
        (math.inf, -(2**63)),
        (-math.inf, 0),
        (1e300, 1),
        (5e-324, 2),
        (-1.5e-12, 3),
        (123456789.123456789, 4),
    ]
]


@pytest.mark.parametrize(
    "rows", [*([row] for row, _line in GOLDEN[::2]), [row for row, _line in GOLDEN[::2]] + EDGES]
)
def test_bigquery_and_duckdb_write_the_same_text(jobs, rows) -> None:
    """The golden rows one by one, then together with the ends of the ranges of numbers."""
    schema = ibis.schema({"date": "date", **KINDS})
    arrow = pa.Table.from_pylist([{"date": DAY, **row} for row in rows], schema=schema.to_pyarrow())
    jobs.load(arrow, "rows")
    query = sums_sql("rows", schema, "date", [*KINDS], BIGQUERY)
    ((day, *halves, count),) = [[*line.values()] for line in jobs.answer(query).to_pylist()]
    head, tail = whole(*halves[:2]), whole(*halves[2:])
    assert (day, fingerprint([*KINDS], head, tail, count)) == (DAY, _fingerprint(rows, KINDS))


def test_bigquery_s_query_is_bigquery_s() -> None:
    """It parses as such, with every type in it, NULL arrays too, which BigQuery cannot store."""
    schema = ibis.schema({"date": "date", **KINDS})
    parsed = sqlglot.parse(sums_sql("rows", schema, "date", [*KINDS], BIGQUERY), read="bigquery")
    assert len(parsed) == 1
    assert {column.name for column in parsed[0].find_all(sqlglot.exp.Column)} >= {*KINDS}


def test_a_fingerprint_never_changes_its_text() -> None:
    """What is stored today is read by every later version."""
    row = {"points": 27, "usage_rate": 31.25, "player_lookup": "lukadoncic"}
    kinds = {"points": "int64", "usage_rate": "float64", "player_lookup": "string"}
    # MD5 of "s10:lukadoncic;i27;f3.1250000000000000e+01" and, second, twice its numbers.
    assert (
        _fingerprint([row], kinds) == "md5s1:1d5674d36ed47c92:3b50f7e5b9dc7e13:56bfc0ce05ec5392:1"
    )
    assert (
        _fingerprint([row, row], kinds)
        == "md5s1:1d5674d36ed47c92:76a1efcb73b8fc26:ad7f819c0bd8a724:2"
    )


def test_a_move_between_two_rows_is_seen_in_every_column() -> None:
    """A turnover that moves from one team-mate to the other, in the column that is last by name."""
    kinds = {"game_id": "string", "player_id": "int64", "tov": "int64"}
    one, two = {"game_id": "g", "player_id": 1}, {"game_id": "g", "player_id": 2}
    before = _fingerprint([one | {"tov": 3}, two | {"tov": 4}], kinds)
    assert _fingerprint([one | {"tov": 4}, two | {"tov": 3}], kinds) != before


def test_names_of_columns_and_kinds_of_values_count() -> None:
    """A renamed column, and a whole number that becomes a float, are other contents."""
    assert _fingerprint([{"a": 1}], {"a": "int64"}) != _fingerprint([{"b": 1}], {"b": "int64"})
    assert _fingerprint([{"a": 1}], {"a": "int64"}) != _fingerprint([{"a": 1}], {"a": "float64"})


def test_a_type_without_a_text_is_named() -> None:
    """Such a column is refused, not left out."""
    schema = ibis.schema({"at": "date", "share": "decimal(10, 2)"})
    with pytest.raises(UnknownKind, match=r"share.*decimal"):
        sums_sql("rows", schema, "at", ["share"])


@settings(deadline=None)
@given(st.floats())
def test_floats_are_written_to_the_last_bit(value) -> None:
    """DuckDB's 17 digits are C's, which tell every two floats apart."""
    said = f"f{value:.16e}" if math.isfinite(value) else f"f{value}"
    line = "f0" if value == 0 else said
    assert _fingerprint([{"real": value}], {"real": "float64"}) == _of_lines("real", [line])


_VALUES = {
    "text": st.none() | st.text(st.sampled_from("ab;:n0é😀'\"\\"), max_size=4),
    "whole": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "real": st.none() | st.floats(allow_nan=False) | st.sampled_from([0.1, 1e-12, 2e-12, 1e300]),
    "flag": st.none() | st.booleans(),
    "day": st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "instant": st.none()
    | st.integers(0, 10**15).map(lambda us: EPOCH + timedelta(microseconds=us)),
    "raw": st.none() | st.binary(max_size=3),
    "names": st.none() | st.lists(st.none() | st.text("a;n", max_size=2), max_size=3),
}
_ROWS = st.lists(st.fixed_dictionaries(_VALUES), min_size=2, max_size=4)


@settings(max_examples=40, deadline=None)
@given(_ROWS, st.data())
def test_any_change_is_seen_and_order_is_not(rows, data) -> None:
    """One cell, two swapped cells, a row more or less: another fingerprint; another order: none."""
    before = _fingerprint(rows, KINDS)
    assert _fingerprint(rows[::-1], KINDS) == before
    assert _fingerprint([*rows, rows[0]], KINDS) != before
    assert _fingerprint(rows[1:], KINDS) != before
    column = data.draw(st.sampled_from(sorted(KINDS)))
    value = data.draw(_VALUES[column])
    if value != rows[0][column]:
        assert _fingerprint([rows[0] | {column: value}, *rows[1:]], KINDS) != before
    one, two = rows[0], rows[1]
    swapped = [one | {column: two[column]}, two | {column: one[column]}]
    assume(one[column] != two[column])
    # Where two rows differ in nothing else, a swap only changes their order.
    rest = [{k: v for k, v in row.items() if k != column} for row in (one, two)]
    assume(rest[0] != rest[1])
    assert _fingerprint([*swapped, *rows[2:]], KINDS) != before
