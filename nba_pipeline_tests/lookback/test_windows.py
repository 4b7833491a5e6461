"""Windowed values, on timelines small enough to compute by hand."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pytest

from nba_pipeline.lookback.provenance import sources_of
from nba_pipeline.lookback.timeline import against, own, timeline, with_back_to_backs
from nba_pipeline.lookback.windows import (
    as_of,
    count,
    deviation,
    in_previous_season,
    last,
    last_days,
    latest,
    league_as_of,
    mean,
    ratio,
    season_to_date,
    total,
    weighted_mean,
)

START = date(2023, 11, 1)
UNIT = "nbac_player_boxscore"
GAPS = {
    "gap_id": "string",
    "table_name": "string",
    "game_date": "date",
    "game_id": "string",
    "team_abbr": "string",
}
ROWS = {
    "player_id": "int64",
    "team_abbr": "string",
    "game_id": "string",
    "game_date": "date",
    "points": "int64",
    "shots": "float64",
    "gap_ids": "array<string>",
    "box_games_expected": "int64",
    "box_games_present": "int64",
}


def game(
    number: int, points: int, *, day: date | None = None, team: str = "LAL", player: int = 1
) -> dict[str, object]:
    """The player's game on the number-th day; 2 shots for each point."""
    return {
        "player_id": player,
        "team_abbr": team,
        "game_id": f"{number:010d}",
        "game_date": day or START + timedelta(days=number),
        "points": points,
        "shots": 2.0 * points,
        "gap_ids": [],
        "box_games_expected": 1,
        "box_games_present": 1,
    }


def gap(number: int, *, team: str = "LAL", day: date | None = None) -> dict[str, object]:
    """The gap of a team's roster on the number-th day."""
    return {
        "gap_id": f"gap{number}",
        "table_name": UNIT,
        "game_date": day or START + timedelta(days=number),
        "game_id": f"{number:010d}",
        "team_abbr": team,
    }


def table(rows: list[dict[str, object]], schema: dict[str, str]) -> ir.Table:
    """Literal rows."""
    return (
        ibis.memtable(rows, schema=schema, columns=None)
        if rows
        else ibis.memtable([], schema=schema)
    )


def values(
    rows, gaps, windows, *, at: int, player: int = 1, change=lambda past: past
) -> dict[str, object]:
    """The player's statistics as of the at-th day."""
    past = change(timeline(table(rows, ROWS), table(gaps, GAPS), of="player_id", needs=[own(UNIT)]))
    wanted = ibis.memtable([{"player_id": player, "game_date": START + timedelta(days=at)}])
    found = as_of(wanted.mutate(game_date=wanted.game_date.cast("date")), past, *windows)
    return ibis.duckdb.connect().to_pyarrow(found).to_pylist()[0]


def test_the_day_itself_is_not_in_its_windows() -> None:
    """A game of D changes nothing as of D."""
    rows = [game(0, 10), game(2, 20), game(4, 60)]
    found = values(rows, [], [last(5, avg=mean("points"))], at=4)
    assert found["avg"] == 15.0


def test_last_takes_the_newest_games_only() -> None:
    """Mean and sample deviation of the last three of four: 20, 30, 70."""
    rows = [game(0, 1000), game(2, 20), game(4, 30), game(6, 70)]
    found = values(rows, [], [last(3, avg=mean("points"), std=deviation("points"))], at=7)
    assert found["avg"] == 40.0
    # Squares of -20, -10 and 30 sum to 1400; over two, 700.
    assert found["std"] == pytest.approx(700**0.5)


def test_a_weighted_mean_weighs_the_latest_game_most() -> None:
    """Of the last three 20, 30, 70 with weights 1, 2, 3: 290 / 6; of two, weights 2 and 3."""
    rows = [game(0, 1000), game(2, 20), game(4, 30), game(6, 70)]
    windows = [last(3, avg=weighted_mean("points"))]
    assert values(rows, [], windows, at=7)["avg"] == pytest.approx(290 / 6)
    assert values(rows[1:3], [], windows, at=7)["avg"] == pytest.approx((2 * 20 + 3 * 30) / 5)
    assert values([], [], windows, at=7)["avg"] is None


def test_a_hole_keeps_its_weight_from_the_others() -> None:
    """Of ten games the fifth, whose weight is 5 of 55, is lost: the other nine share 50."""
    rows = [game(n, 10 + n) for n in range(10) if n != 4]
    windows = [last(10, avg=weighted_mean("points"))]
    found = values(rows, [gap(4)], windows, at=10)
    assert found["avg"] == pytest.approx(sum((n + 1) * (10 + n) for n in range(10) if n != 4) / 50)
    lost = [gap(4), gap(6)]
    assert values([r for r in rows if r["points"] != 16], lost, windows, at=10)["avg"] is None


def test_one_hole_of_ten_leaves_the_mean_of_nine() -> None:
    """Nine of ten are enough; the hole is expected, and its gap is named."""
    rows = [game(n, 10 + n) for n in range(10) if n != 4]
    found = values(rows, [gap(4)], [last(10, avg=mean("points"))], at=10)
    assert found["avg"] == pytest.approx((sum(range(10, 20)) - 14) / 9)
    assert (found["box_games_expected"], found["box_games_present"]) == (10, 9)
    assert found["gap_ids"] == ["gap4"]


def test_two_holes_of_ten_leave_nothing() -> None:
    """Eight of ten are below the threshold: NULL, not the mean of eight."""
    rows = [game(n, 10 + n) for n in range(10) if n not in (4, 6)]
    found = values(rows, [gap(4), gap(6)], [last(10, avg=mean("points"))], at=10)
    assert found["avg"] is None
    assert found["box_games_present"] == 8
    assert found["gap_ids"] == ["gap4", "gap6"]


def test_a_game_sat_out_is_no_hole() -> None:
    """Absence from a complete box score is known; the window reaches further back instead."""
    rows = [game(0, 10), game(6, 20)]
    found = values(rows, [], [last(2, avg=mean("points"))], at=8)
    assert found["avg"] == 15.0
    assert found["box_games_expected"] == 2


def test_a_hole_of_another_team_is_none_of_his() -> None:
    """LAL's gaps are his until he is seen with MIA, MIA's from his last game for LAL on."""
    rows = [game(0, 10), game(4, 20, team="MIA"), game(8, 30, team="MIA")]
    gaps = [gap(2), gap(3, team="MIA"), gap(6), gap(7, team="MIA"), gap(1, team="BOS")]
    found = values(rows, gaps, [season_to_date(avg=mean("points"))], at=9)
    assert found["gap_ids"] == ["gap2", "gap3", "gap7"]


def test_a_new_teams_holes_are_his_once_he_was_seen_with_it_and_not_before() -> None:
    """MIA's lost games of days 2 and 3 may have been his first: known on day 6, not on days 4, 5."""
    rows = [game(0, 10), game(1, 20), game(5, 60, team="MIA"), game(9, 70, team="MIA")]
    gaps = [gap(2, team="MIA"), gap(3, team="MIA")]
    windows = [last(3, avg=mean("points")), last_days(4, recent=count())]
    for at in (4, 5):
        found = values(rows, gaps, windows, at=at)
        assert (found["gap_ids"], found["avg"], found["box_games_expected"]) == ([], 15.0, 2)
    found = values(rows, gaps, windows, at=6)
    assert found["gap_ids"] == ["gap2", "gap3"]
    assert (found["avg"], found["recent"]) == (None, None)
    assert (found["box_games_expected"], found["box_games_present"]) == (3, 1)
    only_last_two = values(rows, gaps, [last(1, avg=mean("points"))], at=10)
    assert (only_last_two["gap_ids"], only_last_two["avg"]) == ([], 70.0)


@pytest.mark.parametrize("is_same_game", [False, True])
def test_the_old_teams_hole_on_the_day_of_his_first_game_for_the_new_is_none_of_his(
    *, is_same_game: bool
) -> None:
    """He is known to have played for the other on that day, also where it was against his old team."""
    rows = [game(0, 10), game(3, 20, team="MIA")]
    lost = gap(3)
    if is_same_game:
        rows[1]["game_id"] = lost["game_id"]
    season = [season_to_date(avg=mean("points"))]
    found = values(rows, [lost], season, at=5)
    assert (found["avg"], found["gap_ids"]) == (15.0, [])
    assert values(rows[:1], [lost], season, at=5)["gap_ids"] == ["gap3"]


@pytest.mark.parametrize(("old", "new"), [("LAL", "BOS"), ("BOS", "LAL")])
def test_two_holes_of_one_game_stand_in_the_order_of_their_teams(old, new) -> None:
    """Both teams between which he moved lost their rosters of one game: LAL's stands after BOS's."""
    rows = [game(0, 10, team=old), game(4, 20, team=new)]
    lost = [gap(2, team=team) | {"gap_id": f"{UNIT}:{team}"} for team in (old, new)]
    found = values(rows, lost, [last(2, known=count())], at=5)
    assert found["gap_ids"] == [f"{UNIT}:LAL"]


def test_two_changes_of_team_are_learned_one_after_the_other() -> None:
    """Each new team's holes come in with the first game for it; who never moved has none of them."""
    rows = [game(0, 10), game(3, 20, team="MIA"), game(6, 30, team="BOS"), game(0, 5, player=2)]
    gaps = [gap(2, team="MIA"), gap(5, team="BOS")]
    season = [season_to_date(avg=mean("points"))]
    named = {at: values(rows, gaps, season, at=at)["gap_ids"] for at in (3, 4, 6, 7)}
    assert named == {3: [], 4: ["gap2"], 6: ["gap2"], 7: ["gap2", "gap5"]}
    assert values(rows, gaps, season, at=9, player=2)["gap_ids"] == []


def test_who_moves_in_summer_has_none_of_the_new_team_s_holes_of_spring() -> None:
    """The season that is over is not decided by an October game: its mean and names stay."""
    spring = date(2023, 4, 1)
    rows = [game(n, 20, day=spring + timedelta(days=n)) for n in range(3)]
    rows.append(game(100, 10, day=START, team="MIA"))
    lost = gap(50, team="MIA", day=spring + timedelta(days=5))
    before = [in_previous_season(avg=mean("points"))]
    for at in (0, 1):
        found = values(rows, [lost], before, at=at)
        assert (found["avg"], found["gap_ids"]) == (20.0, [])
    # In the same season it is his.
    rows[-1] = game(100, 10, day=spring + timedelta(days=7), team="MIA")
    assert values(rows, [lost], before, at=1)["gap_ids"] == ["gap50"]


def test_a_gap_that_left_the_window_is_not_named() -> None:
    """Only entries that a window holds count."""
    rows = [game(n, n) for n in range(1, 6)]
    found = values(rows, [gap(0)], [last(5, avg=mean("points"))], at=6)
    assert found["gap_ids"] == []
    assert found["avg"] == 3.0


def test_a_gap_is_named_as_long_as_the_last_days_hold_its_day() -> None:
    """Of the gaps of days 1 and 8 the first is named as of day 8, the other as of day 9."""
    week, gaps = [last_days(7, games=count())], [gap(1), gap(8)]
    for at, named in ((8, ["gap1"]), (9, ["gap8"])):
        found = values([game(20, 10)], gaps, week, at=at)
        assert (found["gap_ids"], found["games"]) == (named, None)


def test_a_gap_of_the_season_before_is_named_by_who_looks_back_on_it_alone() -> None:
    """Of ten spring games one is lost: the mean is of nine, and a window of this season has no gap."""
    spring = date(2023, 3, 1)
    days = [spring + timedelta(days=n) for n in range(10)]
    rows = [game(n, 10 + n, day=day) for n, day in enumerate(days) if n != 4]
    rows.append(game(100, 50, day=START))
    lost = gap(4, day=days[4])
    found = values(rows, [lost], [in_previous_season(before=mean("points"))], at=1)
    assert found["before"] == pytest.approx((sum(range(10, 20)) - 14) / 9)
    assert found["gap_ids"] == ["gap4"]
    this_season = [last(5, avg=mean("points")), last_days(400, games=count())]
    assert values(rows, [lost], this_season, at=1)["gap_ids"] == []


def test_days_are_counted_back_from_the_day_before() -> None:
    """The seven days before D hold D-7 and not D."""
    rows = [game(0, 1), game(1, 10), game(7, 100), game(8, 1000)]
    found = values(rows, [], [last_days(7, games=count(), points=total("points"))], at=8)
    assert (found["games"], found["points"]) == (2, 110.0)


def test_no_games_count_zero_and_have_no_mean() -> None:
    """Zero means zero, NULL means unknown."""
    found = values(
        [game(0, 5)],
        [],
        [last_days(7, games=count(), minutes=total("points")), last(5, avg=mean("points"))],
        at=0,
    )
    assert (found["games"], found["minutes"], found["avg"]) == (0, 0.0, None)


def test_a_ratio_is_of_sums_and_not_of_games() -> None:
    """(10 + 30) / (20 + 20), not the mean of 0.5 and 1.5 by chance weighted."""
    rows = [game(0, 10), game(1, 30) | {"shots": 10.0}]
    found = values(rows, [], [last(10, pct=ratio("points", "shots", scale=100))], at=2)
    assert found["pct"] == pytest.approx(100 * 40 / 30)


def test_the_previous_season_is_whole_and_apart() -> None:
    """Its games are in no window of this season."""
    rows = [game(90, 50, day=date(2023, 4, 1)), game(91, 70, day=date(2023, 4, 3)), game(0, 10)]
    windows = [last(5, avg=mean("points")), in_previous_season(before=mean("points"))]
    found = values(rows, [], windows, at=2)
    assert (found["avg"], found["before"]) == (10.0, 60.0)


def test_the_latest_value_is_unknown_when_a_hole_is_latest() -> None:
    """He may have played in the game that is missing."""
    windows = [last(5, day=latest("game_date"))]
    assert values([game(0, 5)], [], windows, at=4)["day"] == START
    assert values([game(0, 5)], [gap(2)], windows, at=4)["day"] is None


def test_back_to_backs_are_games_on_the_day_after_another() -> None:
    """Days 0, 1, 2 and 4 hold two; after a hole it is unknown."""
    windows = [last_days(14, back_to_backs=total("is_back_to_back"))]
    rows = [game(0, 1), game(1, 1), game(2, 1), game(4, 1)]
    assert values(rows, [], windows, at=6, change=with_back_to_backs)["back_to_backs"] == 2.0
    found = values([game(0, 1), game(2, 1)], [gap(1)], windows, at=6, change=with_back_to_backs)
    assert found["back_to_backs"] is None
    assert found["gap_ids"] == ["gap1"]


def test_sums_do_not_depend_on_their_order() -> None:
    """Fixed-point sums: 0.1 ten times over is one, whatever stands between."""
    rows = [game(n, 0) | {"shots": 0.1 if n % 2 else 1e6} for n in range(20)]
    forward = values(rows, [], [season_to_date(avg=mean("shots"))], at=20)["avg"]
    backward = values(rows[::-1], [], [season_to_date(avg=mean("shots"))], at=20)["avg"]
    assert forward == backward == (10 * 1e6 + 10 * 0.1) / 20


def test_gaps_of_inputs_are_traced_and_the_expression_compiles_for_bigquery() -> None:
    """gap_ids come from the rows and the gaps; the same expression is SQL for both warehouses."""
    con = ibis.duckdb.connect()
    rows = con.create_table("player_game_summary", table([game(0, 1)], ROWS))
    gaps = con.create_table("data_gaps", table([gap(1)], GAPS))
    wanted = con.create_table("wanted", schema={"player_id": "int64", "game_date": "date"})
    past = timeline(rows, gaps, of="player_id", needs=[own(UNIT)])
    found = as_of(wanted, past, last(10, avg=mean("points")))
    assert {name for name, _ in sources_of(found, "gap_ids")} == {
        "player_game_summary",
        "data_gaps",
    }
    assert ("player_game_summary", "points") in sources_of(found, "avg")
    assert "ROWS BETWEEN 9 preceding" in ibis.to_sql(found, dialect="bigquery")


SIDES = {"game_id": "string", "team_abbr": "string", "opponent_abbr": "string"}


def side(number: int, opponent: str) -> dict[str, object]:
    """The schedule's side of LAL in the number-th day's game."""
    return {"game_id": f"{number:010d}", "team_abbr": "LAL", "opponent_abbr": opponent}


def test_a_window_against_an_opponent_holds_the_games_against_him_alone() -> None:
    """Of points 10, 20, 30, 40 in turn against BOS and MIA: 20 and 30; a hole is its opponent's."""
    rows = table([game(n, 10 * (n + 1)) for n in range(4)], ROWS)
    holes = table([gap(4)], GAPS)
    sides = table([side(n, "MIA" if n % 2 else "BOS") for n in range(5)], SIDES)
    past = against(timeline(rows, holes, of="player_id", needs=[own(UNIT)]), sides)
    wanted = [
        {"player_id": 1, "opponent_abbr": name, "game_date": START + timedelta(days=9)}
        for name in ("BOS", "MIA", "NYK")
    ]
    kinds = {"player_id": "int64", "opponent_abbr": "string", "game_date": "date"}
    answer = as_of(
        ibis.memtable(wanted, schema=kinds),
        past,
        last(2, points_avg_against_last_2=mean("points"), games_against=count()),
        season_to_date(points_avg_against=mean("points")),
    )
    lines = {line["opponent_abbr"]: line for line in answer.to_pyarrow().to_pylist()}
    assert lines["MIA"]["points_avg_against_last_2"] == 30.0
    assert (lines["MIA"]["points_avg_against"], lines["MIA"]["gap_ids"]) == (30.0, [])
    # 10, 30 and a hole: the last two are 30 and unknown.
    assert lines["BOS"]["points_avg_against_last_2"] is None
    assert lines["BOS"]["gap_ids"] == ["gap4"]
    assert (lines["NYK"]["points_avg_against"], lines["NYK"]["games_against"]) == (None, 0)


def test_a_league_window_is_null_below_its_coverage_and_tells_it() -> None:
    """Twenty games of 1 to 20 points: mean 10.5; with one lost of 21 as well, with two of 22 NULL."""
    rows = [game(n, n + 1, team=f"T{n}", day=START + timedelta(days=n % 5)) for n in range(20)]
    day = START + timedelta(days=10)
    days = ibis.memtable([{"game_date": day}], schema={"game_date": "date"})
    for lost, points, share in ((0, 10.5, 1.0), (1, 10.5, 20 / 21), (2, None, 20 / 22)):
        gaps = table([gap(40 + n, team="T1", day=START) for n in range(lost)], GAPS)
        past = timeline(table(rows, ROWS), gaps, of="team_abbr", needs=[own(UNIT)])
        window = last_days(30, league_points_avg=mean("points"))
        (line,) = league_as_of(days, past, window, coverage="covered").to_pyarrow().to_pylist()
        assert line["league_points_avg"] == points
        assert line["covered"] == pytest.approx(share, abs=1e-12)
        assert "gap_ids" not in line


def test_a_league_window_does_not_see_its_own_date_nor_what_is_older_than_its_days() -> None:
    """Games 31 days, 30 days and no day before: only the middle one's 20 points."""
    day = START + timedelta(days=40)
    rows = [game(n, 10 * n, day=day - timedelta(days=ago)) for n, ago in ((1, 31), (2, 30), (3, 0))]
    past = timeline(table(rows, ROWS), table([], GAPS), of="team_abbr", needs=[own(UNIT)])
    days = ibis.memtable([{"game_date": day}], schema={"game_date": "date"})
    window = last_days(30, league_points_avg=mean("points"))
    (line,) = league_as_of(days, past, window, coverage="covered").to_pyarrow().to_pylist()
    assert (line["league_points_avg"], line["covered"]) == (20.0, 1.0)
