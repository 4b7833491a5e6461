"""What only BigQuery's tables have: views, filters on partitions, books beside them, seven days."""

from datetime import timedelta

import ibis
import pyarrow as pa
import pytest

from nba_pipeline.warehouse.bigquery_query import over_tables
from nba_pipeline.warehouse.protocol import Query, QueryRefused, VersionGone
from nba_pipeline_tests.warehouse.scores import KINDS, ONE, TWO, stamp, stored, write

WIDER = {
    "game_id": "string",
    "game_date": "date",
    "steals": "int64",
    "points": "int64",
    "season": "string",
}
pytestmark = pytest.mark.usefixtures("bigquery_address")


@pytest.fixture
def another(bigquery):
    """On BigQuery alone."""
    return bigquery


def _list(warehouse, dataset: str) -> dict[str, str]:
    client = warehouse._jobs.client
    return {table.table_id: table.table_type for table in client.list_tables(dataset)}


def test_rows_are_in_the_dataset_of_their_phase_and_seen_under_the_table_s_name(
    warehouse, monkeypatch
) -> None:
    """The stored table is partitioned by date and clustered by the grain; a view shows it."""
    said, client = [], warehouse._jobs.client
    plain = client.query
    monkeypatch.setattr(client, "query", lambda q, **more: said.append(q) or plain(q, **more))
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    found = _list(warehouse, "nba_analytics")
    assert found.pop("scores") == "VIEW"
    ((relation, kind),) = found.items()
    assert (kind, relation[:8]) == ("TABLE", "scores__")
    assert client.get_table(f"nba_analytics.{relation}").time_partitioning.field == "game_date"
    (made,) = [query for query in said if query.startswith("CREATE TABLE `") and relation in query]
    assert made.endswith(
        "PARTITION BY `game_date` CLUSTER BY `game_id` OPTIONS (require_partition_filter = TRUE)"
    )
    shown = "SELECT * FROM nba_analytics.scores WHERE game_date = '2024-01-01'"
    assert warehouse.answer(shown)["points"].to_pylist() == [1]


def test_columns_change_in_another_stored_table(warehouse) -> None:
    """Older versions keep the columns that they had, and the view shows the new ones."""
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    write(warehouse, [("b", TWO, 2)], stamp(TWO), kinds=WIDER)
    assert warehouse.table("scores", version=1).columns == (*KINDS,)
    shown = warehouse._jobs.answer("SELECT * FROM nba_analytics.scores")
    assert shown.column_names == [*KINDS, "steals"]
    assert len(shown) == 2


def test_a_refused_write_leaves_no_stored_table(warehouse, another) -> None:
    """Who is overtaken while columns change takes its own stored table away again."""
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    other, asked = another(), []

    def overtaken() -> None:
        asked.append(1)
        if len(asked) == 1:
            write(other, [("a", ONE, 5)], stamp(ONE))

    write(warehouse, [("b", TWO, 2)], stamp(TWO), kinds=WIDER, fence=overtaken)
    assert stored(warehouse) == {"a": 5, "b": 2}
    # The one that version 1 is in, its clone with the new column, and the view.
    assert len(_list(warehouse, "nba_analytics")) == 3


def test_a_version_goes_after_seven_days(warehouse, monkeypatch) -> None:
    """Those that are kept stay, until they are kept no more."""
    for points in (1, 2, 3):
        write(warehouse, [("a", ONE, points)], stamp(ONE))
    assert warehouse.maintain("scores", keep=[2, 3]) == 0
    monkeypatch.setattr("nba_pipeline.warehouse.bigquery_commits._KEPT", timedelta(0))
    with pytest.raises(VersionGone, match=r"scores's version 1 was replaced .* keeps 0 days"):
        warehouse.table("scores", version=1)
    assert warehouse.table("scores", version=2).to_pyarrow()["points"].to_pylist() == [2]
    assert warehouse.names() == ["scores"]
    assert warehouse.maintain("scores") == 1
    with pytest.raises(VersionGone, match="scores's version 2 was replaced"):
        warehouse.table("scores", version=2)


def test_a_process_stages_in_a_dataset_of_its_own(warehouse, another) -> None:
    """The same names of two processes do not meet, and tables expire where one is killed."""
    other = another()
    for number, each in enumerate((warehouse, other), 1):
        each.stage(Query(f"SELECT {number} AS n", ibis.schema({"n": "int64"})), "games")
    query = "SELECT n FROM `games`"
    assert warehouse.answer(query).to_pylist() == [{"n": 1}]
    assert other.answer(query).to_pylist() == [{"n": 2}]
    dataset = warehouse._jobs.client.get_dataset(warehouse._jobs.staging)
    assert dataset.default_table_expiration_ms == 24 * 60 * 60 * 1000


def test_a_question_reads_one_moment_and_no_more(warehouse) -> None:
    """Names stand for tables, stored and computed ones; joins, aliases and WITH are BigQuery's."""
    write(warehouse, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    names = {"names": lambda: pa.table({"game_id": ["a", "b"], "home": ["BOS", "LAL"]})}
    query = (
        "WITH best AS (SELECT MAX(points) AS points FROM scores) "
        "SELECT n.home FROM Scores AS s JOIN best USING (points) JOIN names AS n USING (game_id)"
    )
    assert warehouse.query(query, names).to_pylist() == [{"home": "LAL"}]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DELETE FROM scores WHERE TRUE", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT FROM WHERE", "Expected|expected|one SELECT"),
        ("SELECT * FROM nba_analytics.scores", "no table nba_analytics.scores; there are scores"),
        ("SELECT * FROM leaders", "no table leaders"),
        ("SELECT * FROM scores, `other.d.t`", "no table"),
        ("SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", "no table EXTERNAL_QUERY"),
        ("SELECT * FROM nba_orchestration.INFORMATION_SCHEMA.TABLES", "no table"),
    ],
)
def test_a_question_reaches_nothing_but_the_tables(query, why) -> None:
    """Whatever the credentials allow."""
    with pytest.raises(QueryRefused, match=why):
        over_tables(query, ["scores"], lambda name: f"SELECT * FROM x.{name}")


def test_what_is_staged_has_the_types_of_what_it_is_compared_with(warehouse) -> None:
    """Which says of no column that no value in it is NULL, and has integers of one size."""
    said = ibis.schema({"gap_ids": "array<!string>", "points": "!int32"})
    held = warehouse.stage(Query("SELECT ['a'] AS gap_ids, 1 AS points", said), "lists")
    assert held.schema() == ibis.schema({"gap_ids": "array<string>", "points": "int64"})
    kinds = {"gap_ids": "array<!string>", "points": "!int32", "at": "timestamp(6)"}
    assert warehouse._columns_of(ibis.schema(kinds)) == {
        "gap_ids": "array<string>",
        "points": "int64",
        "at": "timestamp",
    }
