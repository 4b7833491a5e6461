"""What ibis writes for BigQuery is changed where BigQuery refuses it, and nowhere else."""

import ibis
import ibis.expr.types as ir
import pytest
import sqlglot
from ibis import _
from ibis.backends.sql.compilers.bigquery import compiler as of_ibis

from nba_pipeline.warehouse.bigquery_compiler import COMPILER
from nba_pipeline_tests.warehouse.bigquery_rules import refused_in

ROWS = ibis.table(
    {
        "game_id": "string",
        "gap_id": "string",
        "gap_ids": "array<string>",
        "points": "int64",
        "line": "float64",
        "won": "boolean",
    },
    "rows",
)
OTHER, THIRD = (ibis.table(ROWS.schema(), name) for name in ("other", "third"))
_BY_LINE = "PARTITION BY `t0`.`game_id`, CAST(`t0`.`line` AS STRING)"
_WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
NONE = ibis.literal([], type="array<string>")


def _sql(rows: ir.Table, compiler=COMPILER) -> str:
    return compiler.to_sqlglot(rows).sql(compiler.dialect)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            ROWS.group_by("game_id").agg(ids=_.gap_id.collect(order_by=_.gap_id)),
            ["NULLS LAST in ARRAY_AGG"],
        ),
        (
            ROWS.aggregate(ids=_.gap_id.collect(order_by=_.points.desc(nulls_first=True))),
            ["NULLS FIRST in ARRAY_AGG"],
        ),
        (
            ROWS.aggregate(ids=_.gap_id.group_concat(", ", order_by=_.gap_id)),
            ["NULLS LAST in GROUP_CONCAT"],
        ),
        (ROWS.mutate(gap_ids=NONE).union(ROWS), ["a list of nothing"]),
        (ROWS.anti_join(OTHER, "game_id").anti_join(THIRD, "gap_id"), ["ANTI JOIN"]),
        (ROWS.anti_join(OTHER, "game_id").semi_join(THIRD, "gap_id"), ["SEMI JOIN"]),
        (ROWS.aggregate(ids=_.gap_id.collect(order_by=_.gap_id.asc(nulls_first=True))), []),
        (ROWS.mutate(nth=ibis.row_number().over(order_by=_.gap_id)), []),
        (ROWS.mutate(ids=ibis.literal(["a"])), []),
    ],
)
def test_what_bigquery_refuses_of_ibis_is_told_and_not_written(rows, told) -> None:
    """The rules find it in what ibis's own compiler writes, and nothing in what this one writes."""
    parsed = [sqlglot.parse_one(_sql(rows, by), read="bigquery") for by in (of_ibis, COMPILER)]
    assert [[*refused_in(query)] for query in parsed] == [told, []]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (_.won.cast("float64"), "CAST(CAST(`t0`.`won` AS INT64) AS FLOAT64)"),
        (_.points.cast("float64"), "CAST(`t0`.`points` AS FLOAT64)"),
        (NONE, "ARRAY<STRING>[]"),
        (
            _.points.sum().over(group_by=["game_id", "line"]),
            f"SUM(`t0`.`points`) OVER ({_BY_LINE} {_WHOLE})",
        ),
    ],
)
def test_what_bigquery_refuses_by_type_is_not_written(value, written) -> None:
    """A yes or no as a float, an empty list of no type, and parts by a float."""
    assert _sql(ROWS.select(value=value)) == f"SELECT {written} AS `value` FROM `rows` AS `t0`"


@pytest.mark.parametrize(
    ("value", "order"),
    [
        (_.gap_id.collect(order_by=[_.points.desc(), _.line]), "{points} DESC, {line}"),
        (_.gap_id.group_concat(", ", order_by=_.line), "{line}"),
        (_.points.lag().over(order_by=_.line), "{line}"),
        (_.points.sum().over(rows=(-1, 0), order_by=_.line), "{line} ROWS BETWEEN"),
        (ibis.row_number().over(order_by=_.won.isnull()), "({won}) IS NULL ASC, {won} ASC"),
        (
            _.points.sum().over(ibis.range_window(preceding=1, order_by="points")),
            "{points} ASC RANGE",
        ),
    ],
)
def test_null_comes_last_as_on_duckdb(value, order) -> None:
    """Where a row may have several keys, one of them says so."""
    keys = {
        "line": "(`t0`.`line`) IS NULL ASC, `t0`.`line` ASC",
        "points": "`t0`.`points`",
        "won": "`t0`.`won` IS NULL",
    }
    assert f"ORDER BY {order.format(**keys)}" in _sql(ROWS.select(value=value))
