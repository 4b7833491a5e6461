"""Each player's shots by zone, counted by hand."""

import gzip
import json
from datetime import date

import ibis
import pytest

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league.shots import SHOT_SOURCES, shots_of_players
from nba_pipeline.phase_1_sources import nba_stats_boxscore as boxscore
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play import parse
from nba_pipeline.phase_2_raw import nbac_play_by_play
from nba_pipeline.phase_3_analytics.player_game_shots import transform
from nba_pipeline_tests.league_files import PLAYER_LOG, lines
from nba_pipeline_tests.phase_2_raw.test_shot_sources import found, shots
from nba_pipeline_tests.shot_rows import DAY, GAME, PLAYS, ROSTER, SEASON, box_score, schedule
from nba_pipeline_tests.shot_rows import table as table_of

GAPS = {
    **dict.fromkeys(("gap_id", "table_name", "game_id", "team_abbr"), "string"),
    "game_date": "date",
}
ZONES = [
    f"{zone}_{what}" for zone in ("paint", "mid_range", "three") for what in ("attempts", "makes")
]
TOLD = ["assisted_makes", "unassisted_makes", "and_ones"]


def rows(ball=PLAYS, chart=(), *gaps: dict, roster=ROSTER, minutes=None) -> dict[int, dict]:
    """The table by player, of plays of BigDataBall and of the chart; some played other minutes."""
    box = box_score(roster)
    for player, played in (minutes or {}).items():
        box = box.mutate(minutes=ibis.ifelse(box.player_id == player, played, box.minutes))
    nothing = shots().filter(ibis.literal(False))
    told = [dict.fromkeys(GAPS) | {"game_date": DAY} | gap for gap in gaps]
    made = transform(
        box,
        shots(ball) if ball else nothing,
        nothing,
        (shots(chart) if chart else nothing).filter(ibis._.is_field_goal),
        found(ball, chart, roster=roster),
        ibis.memtable(told, schema=GAPS),
    )
    return {row["player_id"]: row for row in made.to_pyarrow().to_pylist()}


def counts(row: dict, names=(*ZONES, *TOLD)) -> list:
    """The row's counts."""
    return [row[name] for name in names]


def test_zones_assists_and_and_ones_by_hand() -> None:
    """Eight feet are paint, nine are not; a miss at the line is an and-one too, one of two is none.

    Jalen Johnson: a layup on an assist and fouled, a jump shot of nine feet, a missed three.
    """
    table = rows()
    assert counts(table[1630552]) == [1, 1, 1, 1, 1, 0, 1, 1, 1]
    assert counts(table[2]) == [1, 1, 0, 0, 0, 0, 0, 1, 0]
    assert counts(table[3]) == [0, 0, 0, 0, 1, 1, 0, 1, 0]
    assert {row["shot_source"] for row in table.values()} == {SHOT_SOURCES[0]}


def test_who_took_no_shot_has_zeros() -> None:
    """He played, and his game has shots: none of them is his."""
    assert counts(rows()[4]) == [0] * 9
    assert rows()[4]["gap_ids"] == []


def test_who_shot_within_no_whole_minute_has_a_row_and_who_did_nothing_has_none() -> None:
    """Minutes are whole ones: without his three his team's zones would lack it."""
    table = rows(minutes={3: 0.0, 4: 0.0})
    assert set(table) == {1630552, 2, 3}
    assert counts(table[3]) == counts(rows()[3])
    assert table[3]["minutes"] == 0.0


def test_a_chart_does_not_tell_assists() -> None:
    """They are unknown and not zero, also of who took no shot; zones are the same."""
    table = rows((), PLAYS)
    assert counts(table[1630552], ZONES) == counts(rows()[1630552], ZONES)
    assert {value for row in table.values() for value in counts(row, TOLD)} == {None}
    assert counts(table[4], ZONES) == [0] * 6
    assert {row["shot_source"] for row in table.values()} == {SHOT_SOURCES[2]}


@pytest.mark.parametrize(
    ("gap_id", "game_id"), [(f"shots:{DAY}:{GAME}", GAME), (f"shots:{SEASON}", None)]
)
def test_a_gap_of_the_game_or_of_the_season_leaves_its_players_unknown(gap_id, game_id) -> None:
    """Each row names it; box score there, zone not; another game's gap is not theirs."""
    other = {"gap_id": f"shots:{DAY}:1", "table_name": "shots", "game_id": "1"}
    lost = {"gap_id": gap_id, "table_name": "shots", "game_id": game_id}
    table = rows(PLAYS[1:], (), lost, other)
    assert set(table) == {1630552, 2, 3, 4}
    for row in table.values():
        assert counts(row) == [None] * 9
        assert (row["gap_ids"], row["shot_source"]) == ([gap_id], None)
        assert (row["zone_games_expected"], row["zone_games_present"]) == (1, 0)
        assert (row["box_games_expected"], row["box_games_present"]) == (1, 1)


def test_the_other_team_s_lost_roster_is_named() -> None:
    """With it another source might have been believed; the team itself has no rows."""
    lost = {
        "gap_id": f"nbac_player_boxscore:{DAY}:{GAME}:OKC",
        "table_name": "nbac_player_boxscore",
        "game_id": GAME,
        "team_abbr": "OKC",
    }
    table = rows(PLAYS, (), lost)
    assert set(table) == {1630552, 2}
    assert table[2]["gap_ids"] == [lost["gap_id"]]
    assert counts(table[2])[:2] == [1, 1]


def test_the_sample_s_shots_are_those_of_its_box_score(samples) -> None:
    """Attempts, threes and makes of every player; assisted makes of a team are its assists."""
    game_id, day = "0022400561", date(2025, 1, 15)
    file = SourceFile("play_by_play.json", SEASON, day, game_id=game_id)
    content = (samples / "nba_cdn_playbyplay_b.json.gz").read_bytes()
    events = parse(json.loads(gzip.decompress(content)), file).rows
    document = json.loads((samples / f"nba_stats_boxscore_{game_id}.json").read_text())
    box = boxscore.parse(document, file).rows
    game = {"game_id": game_id, "game_date": day, "home_team": "PHI", "away_team": "NYK"}
    changed = {name: ibis.literal(value) for name, value in game.items()}
    told = nbac_play_by_play.transform(table_of(events, day=day), schedule().mutate(**changed))
    nothing = shots().filter(ibis.literal(False))
    made = shots_of_players(nothing, told, nothing, paint_feet=8).to_pandas()
    made = made.set_index("player_id")
    players = box[~box.is_of_team & (box.status == "active")].set_index("player_id")
    for what, count in (("attempts", "fga"), ("makes", "fgm")):
        zones = made[[f"{zone}_{what}" for zone in ("paint", "mid_range", "three")]]
        mine = zones.sum(axis=1).reindex(players.index, fill_value=0)
        assert mine.tolist() == players[count].tolist()
    threes = made.three_attempts.reindex(players.index, fill_value=0)
    assert threes.tolist() == players.fg3a.tolist()
    assists = players.groupby("team_abbr").ast.sum()
    assert made.groupby("team_abbr").assisted_makes.sum().to_dict() == assists.to_dict()
    assert made.and_ones.sum() == 4


def test_every_player_of_the_league_by_the_box_score(league, league_landing) -> None:
    """Zones add up to the file's attempts, makes and threes."""
    table = {(r["game_id"], r["player_id"]): r for r in league.rows("player_game_shots")}
    said = [line for line in lines(league_landing, PLAYER_LOG) if line["MIN"] > 0]
    assert len(table) == len(said)
    for line in said:
        row = table[line["GAME_ID"], line["PLAYER_ID"]]
        whats = {"attempts": line["FGA"], "makes": line["FGM"]}
        for what, count in whats.items():
            assert sum(row[f"{zone}_{what}"] for zone in ("paint", "mid_range", "three")) == count
        assert (row["three_attempts"], row["three_makes"]) == (line["FG3A"], line["FG3M"])
        assert (row["completeness"], row["zone_games_present"]) == (1.0, 1)
