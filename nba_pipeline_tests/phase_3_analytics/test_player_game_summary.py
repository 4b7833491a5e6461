"""Usage and shooting, worked out from the file's lines in plain Python."""

from contextlib import ExitStack

import ibis
import pytest
from ibis import _

from nba_pipeline.engine.inputs import read_inputs
from nba_pipeline.kernel.table import parameters
from nba_pipeline.league.shots import COUNTED
from nba_pipeline.phase_3_analytics.player_game_summary import transform
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, games, lines
from nba_pipeline_tests.line_files import before, day_of, known_game, write_consensus
from nba_pipeline_tests.shot_rows import DAY, GAME, schedule
from nba_pipeline_tests.window_rows import no_gaps, table


def test_every_player_game_by_an_independent_route(league, league_landing) -> None:
    """100 * plays * (240 / 5) / (minutes * the team's plays)."""
    teams = {(t["GAME_ID"], t["TEAM_ABBREVIATION"]): t for t in lines(league_landing, TEAM_LOG)}
    rows = {(r["game_id"], r["player_id"]): r for r in league.rows("player_game_summary")}
    said = [p for p in lines(league_landing, PLAYER_LOG) if p["MIN"] > 0]
    assert len(rows) == len(said)

    def plays(line) -> float:
        return line["FGA"] + 0.44 * line["FTA"] + line["TOV"]

    for line in said:
        row = rows[line["GAME_ID"], line["PLAYER_ID"]]
        team = teams[line["GAME_ID"], line["TEAM_ABBREVIATION"]]
        usage = 100 * plays(line) * 48 / (line["MIN"] * plays(team))
        assert row["usage_rate"] == pytest.approx(usage)
        assert row["points"] == line["PTS"]
        shots = 2 * (line["FGA"] + 0.44 * line["FTA"])
        assert row["ts_pct"] == (pytest.approx(line["PTS"] / shots) if shots else None)


def test_usage_of_a_team_game_averages_twenty(league) -> None:
    """Weighted by minutes, by identity."""
    sums: dict[tuple, list[float]] = {}
    for row in league.rows("player_game_summary"):
        both = sums.setdefault((row["game_id"], row["team_abbr"]), [0.0, 0.0])
        both[0] += row["usage_rate"] * row["minutes"]
        both[1] += row["minutes"]
    assert len(sums) > 100
    for used, minutes in sums.values():
        assert used / minutes == pytest.approx(20)


def test_points_are_over_or_under_the_line_or_are_it(tmp_path) -> None:
    """Three players with lines half a point below, above, and at what they then scored."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    game, _player = known_game(folder)
    played = [
        line
        for line in lines(folder, PLAYER_LOG)
        if line["GAME_ID"] == game["gameId"] and line["MIN"] > 0 and line["PTS"] > 0
    ]
    wanted = {}
    said = []
    for line, (result, off) in zip(
        played, (("OVER", -0.5), ("UNDER", 0.5), ("PUSH", 0)), strict=False
    ):
        slug = line["PLAYER_NAME"].replace(" ", "").lower()
        said.append(f"{game['date']},{slug},{line['PTS'] + off},-110")
        wanted[line["PLAYER_ID"]] = (line["PTS"] + off, "bettingpros", result)
    write_consensus(folder, *said)
    lab = Lab(tmp_path, folder)
    lab.compute(with_upstream("player_game_summary"), before(day_of(game)), day_of(game))
    rows = lab.rows("player_game_summary", game_id=game["gameId"])
    told = {
        row["player_id"]: (row["points_line"], row["line_source"], row["over_under_result"])
        for row in rows
    }
    assert {player: told[player] for player in wanted} == wanted
    others = {value for player, value in told.items() if player not in wanted}
    assert others == {(None, None, None)}


STATISTICS = (
    "fgm",
    "fga",
    "fg3m",
    "fg3a",
    "ftm",
    "fta",
    "oreb",
    "dreb",
    "reb",
    "ast",
    "stl",
    "blk",
)
STATISTICS += ("tov", "pf", "pts", "plus_minus")
PLACE = {"game_id": GAME, "game_date": DAY}


def summary(
    book: list[tuple[int, str, str, str | None]], gaps: ibis.Table
) -> dict[int, dict[str, object]]:
    """By player, where 1 played for OKC and 2 for IND, and the game book lists others.

    The book tells player, team, status and reason; 3 has a line of 10.5 points.
    """
    line = dict.fromkeys(STATISTICS, 8.0) | {"minutes": 30.0, "is_home": True}
    players = [
        PLACE | line | {"player_id": player, "team_abbr": team, "opponent_abbr": other}
        for player, team, other in ((1, "OKC", "IND"), (2, "IND", "OKC"))
    ]
    names = {"player_name": "Name", "player_lookup": "name"}
    box = table(players).mutate(**{name: ibis.literal(text) for name, text in names.items()})
    listed = [
        PLACE
        | names
        | {"player_id": player, "team_abbr": team, "status": status}
        | {"dnp_reason": reason, "starter": status == "active"}
        for player, team, status, reason in book
    ]
    shots = [PLACE | {"player_id": player, "shot_source": "bigdataball"} for player in (1, 2)]
    shots = [
        shot
        | dict.fromkeys(COUNTED, 1)
        | {"gap_ids": [], "zone_games_expected": 1}
        | {"zone_games_present": 1}
        for shot in shots
    ]
    lines = {"game_id": "string", "game_date": "date", "player_id": "int64", "bookmaker": "string"}
    lines |= {"points_line": "float64", "over_price": "float64"}
    offers = lines | {"under_price": "float64", "is_main": "boolean"}
    offers |= dict.fromkeys(("snapshot_at", "commence_time"), "timestamp('UTC')")
    consensus = [PLACE | {"player_id": 3, "bookmaker": "consensus", "points_line": 10.5}]
    rows = transform(
        nbac_player_boxscore=box,
        nbac_team_boxscore=table(
            [PLACE | line | {"team_abbr": team, "minutes": 240.0} for team in ("OKC", "IND")]
        ),
        data_gaps=gaps,
        odds_api_player_points_props=ibis.memtable([], schema=offers),
        bettingpros_player_points_props=ibis.memtable(consensus, schema=lines),
        nbac_schedule=schedule().mutate(tipoff_at=ibis.null("timestamp('UTC')")),
        nbac_gamebook_player_stats=ibis.memtable(listed).cast({"dnp_reason": "string"}),
        player_game_shots=ibis.memtable(shots).cast({"gap_ids": "array<string>"}),
    )
    return {row["player_id"]: row for row in rows.to_pyarrow().to_pylist()}


BOOK = [
    (1, "OKC", "active", None),
    (2, "IND", "active", None),
    (3, "OKC", "dnp", "DNP - Coach's Decision"),
    (4, "IND", "inactive", "Injury/Illness"),
]


def test_who_was_listed_and_did_not_play_has_a_row_without_numbers() -> None:
    """With the reason and his line, which he neither passed nor missed; who played has no reason."""
    rows = summary(BOOK, no_gaps())
    told = {player: (row["is_dnp"], row["dnp_reason"]) for player, row in rows.items()}
    assert told == {
        1: (False, None),
        2: (False, None),
        3: (True, "DNP - Coach's Decision"),
        4: (True, "Injury/Illness"),
    }
    numbers = ("minutes", "points", "fga", "usage_rate", "ts_pct", "paint_attempts")
    for player in (3, 4):
        assert [rows[player][name] for name in numbers] == [None] * len(numbers)
        assert rows[player]["starter"] is False
    assert (rows[3]["points_line"], rows[3]["over_under_result"]) == (10.5, None)
    assert (rows[3]["opponent_abbr"], rows[3]["is_home"]) == ("IND", True)
    assert rows[1]["usage_rate"] == pytest.approx(100 * 48 / 30)
    counts = ("box_games_expected", "box_games_present", "team_games_expected")
    assert [[rows[p][name] for name in counts] for p in (1, 3)] == [[1, 1, 1], [1, 1, 0]]


def test_a_lost_roster_or_line_is_named_by_who_hangs_on_it() -> None:
    """Without his team's roster it is not known that a listed player sat; its line is not asked."""
    gap_ids = [f"{of}:{DAY}:{GAME}:OKC" for of in ("nbac_player_boxscore", "nbac_team_boxscore")]
    gaps = [
        PLACE | {"gap_id": gap_id, "table_name": gap_id.split(":")[0], "team_abbr": "OKC"}
        for gap_id in gap_ids
    ]
    rows = summary(BOOK, table(gaps))
    assert {player: row["gap_ids"] for player, row in rows.items()} == {
        2: [],
        3: [gap_ids[0]],
        4: [],
    }
    assert rows[3]["box_games_present"] == 0


READERS = [
    name
    for name, reader in TABLES.items()
    if reader.partitions == "daily"
    and "player_game_summary" in {read.table for read in reader.reads}
]


@pytest.mark.parametrize("name", READERS)
def test_a_game_that_a_player_sat_out_is_none_of_his_in_any_window(
    league, league_landing, name
) -> None:
    """Every player sat out a game on the last date behind: no row changes; had he played, some do."""
    reader = TABLES[name]
    day = max(day for day in map(day_of, games(league_landing)) if day <= LAST)
    with ExitStack() as staged:
        given = read_inputs(reader, [day], league.warehouse, league.landing, staged)
        summaries = given["player_game_summary"]
        last = summaries.filter(_.game_date == summaries.game_date.max().as_scalar())
        played = last.mutate(game_id=ibis.literal("0022399999"), minutes=ibis.literal(5.0))
        keys = {"player_id", "gap_ids", "is_home"}
        kinds = summaries.schema().items()
        numbers = {n: ibis.null(t) for n, t in kinds if t.is_numeric() and n not in keys}
        numbers = {n: v for n, v in numbers.items() if not n.endswith(("_expected", "_present"))}
        sat = played.mutate(**numbers, over_under_result=ibis.null("string"), is_dnp=True)

        def made(*more: ibis.Table) -> list[dict[str, object]]:
            rows = summaries
            for part in more:
                rows = rows.union(part.select(*summaries.columns))
            tables = given | {"player_game_summary": rows}
            found = reader.transform(**{n: tables[n] for n in parameters(reader.transform, ())})
            found = found.to_pyarrow().to_pylist()
            return sorted(found, key=lambda row: str([row[key] for key in reader.grain]))

        without = made()
        assert len(without) > 20
        assert made(sat) == without
        assert made(played) != without
