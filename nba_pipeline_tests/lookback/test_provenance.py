"""The algebra by which gaps and completeness travel."""

from dataclasses import replace
from datetime import date

import ibis
import ibis.expr.types as ir
import pytest

from nba_pipeline.engine.lineage import GapsLost, lineage_of
from nba_pipeline.kernel.table import InPython
from nba_pipeline.lookback import provenance
from nba_pipeline.tables import TABLES

LEFT = {
    "game_id": "string",
    "gap_ids": "array<string>",
    "box_games_expected": "int64",
    "box_games_present": "int64",
}


def rows(*lines: tuple[str, list[str], int, int], **extra: str) -> ibis.Table:
    """(game, gaps, expected, present) lines."""
    names = list(LEFT)
    return ibis.memtable(
        [dict(zip(names, line, strict=True)) | extra for line in lines],
        schema=LEFT | dict.fromkeys(extra, "string"),
    )


def joined(left: ibis.Table, right: ibis.Table) -> list[dict[str, object]]:
    """The join's rows."""
    found = provenance.join(left, right, ["game_id"])
    return ibis.duckdb.connect().to_pyarrow(found.order_by("game_id")).to_pylist()


def test_a_join_unites_gaps_and_keeps_the_lower_share() -> None:
    """4 of 5 is less complete than 9 of 10, whichever side it stands on."""
    left, right = rows(("a", ["g1", "g3"], 10, 9)), rows(("a", ["g2", "g3"], 5, 4), side="right")
    for one, other in ((left, right), (right, left)):
        found = joined(one, other)[0]
        assert found["gap_ids"] == ["g1", "g2", "g3"]
        assert (found["box_games_expected"], found["box_games_present"]) == (5, 4)


def test_a_row_without_a_partner_is_not_complete() -> None:
    """What is not there counts as expected and absent."""
    found = joined(rows(("a", [], 10, 10)), rows(("b", [], 1, 1), side="right"))[0]
    assert (found["box_games_expected"], found["box_games_present"]) == (1, 0)
    assert found["side"] is None


def test_rows_of_one_window_carry_its_gaps_and_counts_in_the_place_of_all() -> None:
    """A row of twenty games that lost one, read for its last ten, which are whole."""
    of_all = rows(("a", ["g1"], 20, 19), side="left")
    told = of_all.mutate(
        gap_ids_last_10=provenance.no_gaps(),
        box_games_expected_last_10=ibis.literal(10),
        box_games_present_last_10=ibis.literal(10),
    )
    found = provenance.of_window(told, "last_10")
    assert ibis.duckdb.connect().to_pyarrow(found).to_pylist() == [
        {"game_id": "a", "gap_ids": [], "box_games_expected": 10, "box_games_present": 10}
        | {"side": "left"}
    ]


def test_what_is_gathered_has_the_gaps_of_every_row_once() -> None:
    """And none where no row has any."""
    lines = rows(
        ("a", ["g2", "g3"], 1, 1), ("a", [], 1, 1), ("a", ["g1", "g2"], 1, 0), ("b", [], 1, 1)
    )
    found = provenance.gathered(lines, ["game_id"], games=ibis._.count())
    assert ibis.duckdb.connect().to_pyarrow(found.order_by("game_id")).to_pylist() == [
        {"game_id": "a", "games": 3, "gap_ids": ["g1", "g2", "g3"]},
        {"game_id": "b", "games": 1, "gap_ids": []},
    ]


def test_a_game_has_the_gaps_of_itself_and_of_its_date_s_season() -> None:
    """Another game's, another date's and another unit's are not its own."""
    day, other = date(2024, 1, 15), date(2024, 1, 16)
    gaps = [
        ("g1", "shots", day, "a"),
        ("g2", "shots", day, None),
        ("g3", "shots", day, "b"),
        ("g4", "shots", other, None),
        ("g5", "nbac_team_boxscore", day, "a"),
    ]
    kinds = dict.fromkeys(("gap_id", "table_name", "game_id"), "string") | {"game_date": "date"}
    names = ("gap_id", "table_name", "game_date", "game_id")
    data_gaps = ibis.memtable([dict(zip(names, gap, strict=True)) for gap in gaps], schema=kinds)
    games = ibis.memtable(
        [{"game_id": "a", "game_date": day}, {"game_id": "c", "game_date": date(2024, 1, 17)}]
    )
    found = provenance.of_games(games, data_gaps, "shots").order_by("game_id")
    counts = ("zone_games_expected", "zone_games_present")
    assert [
        (row["game_id"], row["gap_ids"], *(row[name] for name in counts))
        for row in ibis.duckdb.connect().to_pyarrow(found).to_pylist()
    ] == [("a", ["g1", "g2"], 1, 0), ("c", [], 1, 1)]


def test_nothing_expected_is_neither_better_nor_worse() -> None:
    """0 of 0 gives way to any counts."""
    left, right = rows(("a", [], 0, 0)), rows(("a", [], 10, 9), side="right")
    for one, other in ((left, right), (right, left)):
        assert (
            joined(one, other)[0]["box_games_expected"],
            joined(one, other)[0]["box_games_present"],
        ) == (10, 9)


def test_a_column_on_both_sides_is_refused() -> None:
    """A join never picks one of two columns silently."""
    with pytest.raises(ValueError, match=r"both sides of the join have \['side'\]"):
        provenance.join(
            rows(("a", [], 1, 1), side="l"), rows(("a", [], 1, 1), side="r"), ["game_id"]
        )


@pytest.mark.parametrize(
    ("expected", "present", "ready", "reason"),
    [
        (10, 10, True, None),
        (10, 9, True, None),
        (10, 8, False, "incomplete_box"),
        (4, 4, False, "bootstrap"),
        (0, 0, False, "bootstrap"),
    ],
)
def test_quality_columns(expected: int, present: int, ready: bool, reason: str | None) -> None:  # noqa: FBT001
    """Nine of ten are ready, eight are not, and four games are the bootstrap."""
    judged = provenance.with_quality(
        made := rows(("a", [], expected, present)), provenance.bootstrap(made)
    )
    found = ibis.duckdb.connect().to_pyarrow(judged).to_pylist()[0]
    assert (found["is_production_ready"], found["not_ready_reason"]) == (ready, reason)
    assert found["completeness"] == (present / expected if expected else None)


def test_a_gap_takes_its_units_place() -> None:
    """Rows of a unit that is a gap are gone, and an empty row names it."""
    units = ibis.memtable(
        [{"game_id": g, "team_abbr": "LAL", "game_date": None, "pts": 1} for g in "ab"],
        schema={"game_id": "string", "team_abbr": "string", "game_date": "date", "pts": "int64"},
    )
    gaps = ibis.memtable(
        [
            {
                "gap_id": "x",
                "table_name": "nbac_team_boxscore",
                "game_id": "b",
                "team_abbr": "LAL",
                "game_date": None,
            }
        ],
        schema={
            "gap_id": "string",
            "table_name": "string",
            "game_id": "string",
            "team_abbr": "string",
            "game_date": "date",
        },
    )
    found = provenance.with_holes(units, gaps, "nbac_team_boxscore").order_by("game_id")
    lines = ibis.duckdb.connect().to_pyarrow(found).to_pylist()
    assert [
        (line["game_id"], line["pts"], line["gap_ids"], line["team_games_present"])
        for line in lines
    ] == [
        ("a", 1, [], 1),
        ("b", None, ["x"], 0),
    ]


def test_gaps_that_are_lost_on_the_way_through_python_are_missed() -> None:
    """What Python alone takes of the features counts as taken."""
    con = ibis.duckdb.connect()
    columns = {"game_id": "string", "player_id": "int64"}
    table = TABLES["player_prop_predictions"]
    inputs = {
        read.parameter: con.create_table(
            read.parameter, schema=columns | {"gap_ids": "array<string>"}
        )
        for read in table.reads
    }
    said = con.create_table("said", schema=columns)

    def asked(ml_feature_store_v2: ir.Table) -> ir.Table:
        return ml_feature_store_v2

    def told(asked: object) -> dict[str, object]:  # noqa: ARG001
        return {}

    def transform(said: ir.Table) -> ir.Table:
        return said.mutate(gap_ids=provenance.no_gaps())

    through = replace(table, transform=transform, in_python=InPython(asked, told, ("said",)))
    with pytest.raises(GapsLost, match="ml_feature_store_v2"):
        lineage_of(through, transform(said), inputs)


def test_a_transform_that_drops_gaps_is_refused() -> None:
    """A plain join loses the right side's gaps, and the kernel will not store its rows."""
    con = ibis.duckdb.connect()
    inputs = {
        read.parameter: con.create_table(
            read.parameter,
            schema={"game_id": "string", "player_id": "int64", "gap_ids": "array<string>"},
        )
        for read in TABLES["player_daily_cache"].reads
    }
    lost = inputs["upcoming_player_game_context"]
    with pytest.raises(GapsLost, match="player_game_summary"):
        lineage_of(TABLES["player_daily_cache"], lost, inputs)
