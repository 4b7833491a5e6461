"""Every table's transform and checks are SQL that BigQuery's grammar takes, found without a list."""

from contextlib import ExitStack

import ibis.expr.types as ir
import pytest
import sqlglot

from nba_pipeline.engine.inputs import read_inputs, stage
from nba_pipeline.engine.queries import call, told_in_python
from nba_pipeline.engine.rows import finished
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.bigquery_compiler import COMPILER
from nba_pipeline_tests.conftest import LAST, Lab
from nba_pipeline_tests.warehouse.bigquery_rules import broken_by, refused_in

MOST_BYTES = 1_000_000
"""What BigQuery takes as the text of one query."""


def compiled(rows: ir.Table) -> str:
    """The rows as BigQuery's SQL, parsed once, and within rules that its grammar does not show."""
    assert [*broken_by(rows)] == []
    sql = str(COMPILER.to_sqlglot(rows.unbind()).sql(COMPILER.dialect))
    assert [*refused_in(sqlglot.parse_one(sql, read="bigquery"))] == []
    # Functions that ibis takes from there are in one region alone.
    assert "bigquery-public-data" not in sql
    return sql


@pytest.mark.parametrize("name", [*TABLES])
def test_a_table_compiles_for_bigquery(league: Lab, name: str) -> None:
    """Its transform and parts within the size of one query, its expectation, and each check.

    What a raw table rejects is a part of rejected_rows.
    """
    table = TABLES[name]
    days = table.partitions_of([LAST])
    with ExitStack() as staged:
        inputs = read_inputs(table, days, league.warehouse, league.landing, staged)
        if table.in_python:
            assert compiled(call(table.in_python.asked, inputs))
        inputs |= told_in_python(table, inputs, league.warehouse, staged)
        for part, function in table.parts.items():
            rows = call(function, inputs)
            assert len(compiled(rows)) < MOST_BYTES, part
            none = rows.schema().to_pyarrow().empty_table()
            inputs[part] = stage(none, f"{name}__{part}", league.warehouse, staged)
        rows = finished(table, call(table.transform, inputs, partitions=days))
        assert len(compiled(rows)) < MOST_BYTES
        stored = league.warehouse.table(name)
        for function in (
            *filter(None, [table.expected, table.unsettled]),
            *(*table.assertions, *table.violations, *table.warnings, *table.shares),
        ):
            answer = call(function, {**inputs, "rows": stored}, partitions=days)
            assert compiled(answer), function.__name__
