"""What BigQuery would refuse is noticed without it."""

import ibis
import pytest
from ibis import _

from nba_pipeline_tests.warehouse.bigquery_rules import broken_by

ROWS = ibis.table(
    {
        "game_id": "string",
        "gap_ids": "array<string>",
        "points": "int64",
        "tipoff_at": "timestamp",
        "made_at": "timestamp('UTC')",
    },
    "rows",
)
OTHER = ROWS.view()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ROWS.distinct(), ["Distinct by gap_ids"]),
        (ROWS.group_by("gap_ids").agg(n=_.count()), ["Aggregate by gap_ids"]),
        (ROWS.union(OTHER, distinct=True), ["Union by gap_ids"]),
        (ROWS.difference(OTHER), ["Difference by gap_ids"]),
        (ROWS.left_join(OTHER, ROWS.points > OTHER.points), ["left join without an equality"]),
        (ROWS.semi_join(OTHER, ROWS.points > OTHER.points), ["semi join without an equality"]),
        (ROWS.anti_join(OTHER, ROWS.points > OTHER.points), ["anti join without an equality"]),
        (ROWS.inner_join(OTHER, "gap_ids"), ["inner join on a list"]),
        (ROWS.inner_join(OTHER, ROWS.points > OTHER.points), []),
        (ROWS.left_join(OTHER, "game_id").filter(_.points > 1), []),
        (ROWS.union(OTHER), []),
        (ROWS.drop("gap_ids").distinct(), []),
        (ROWS.group_by("game_id").agg(all_of=_.gap_ids.collect()), ["a list of lists"]),
        (ROWS.group_by("game_id").agg(all_of=_.points.collect()), []),
        (ROWS.filter(_.made_at < _.tipoff_at), ["Less of a time in UTC and one of no zone"]),
        (
            ROWS.select(at=ibis.coalesce(_.made_at, _.tipoff_at)),
            ["Coalesce of a time in UTC and one of no zone"],
        ),
        (
            ROWS.select(at=ibis.cases((_.points > 1, _.made_at), else_=_.tipoff_at)),
            ["SearchedCase of a time in UTC and one of no zone"],
        ),
        (
            ROWS.select(at=_.tipoff_at + ibis.interval(hours=1)),
            ["TimestampAdd to a time of no zone"],
        ),
        (ROWS.filter(_.made_at < _.tipoff_at.cast("timestamp('UTC')")), []),
        (ROWS.select(at=_.made_at + ibis.interval(hours=1)), []),
    ],
)
def test_what_bigquery_refuses_is_told(rows, told) -> None:
    """Lists that are compared, joins without an equality, two kinds of time; nothing else."""
    assert [*broken_by(rows)] == told
