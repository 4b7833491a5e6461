"""Whatever is lost or spoiled: a row names exactly the gaps it depends on, and no gap means no change.

Points lines are of an optional source and no gap when they are lost: then exactly the rows that are made
of them change, to what the walk says.
"""

import csv
import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import REAL_FIRST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SHOT_CHART, TEAM_LOG, damaged, games, lines
from nba_pipeline_tests.promises.conftest import SPAN
from nba_pipeline_tests.walk import BY_SIMILAR, PLAYER, SHOTS, TEAM, Offered, Walk

TABLES_TO_FEATURES = with_upstream("ml_feature_store_v2")
QUALITY = ("completeness", "gap_ids", "is_production_ready", "not_ready_reason", "bypass")
LINES, LINES_FILE = "lines", "bettingpros/player_points/2023-24.csv"
OF_THE_LEAGUE = ("pace_score", "shot_zone_mismatch_score")
"""What is compared with the league's average: no gap travels through that."""
KINDS = {
    "team line removed": TEAM,
    "team line repeated": TEAM,
    "team points wrong": TEAM,
    "team points and free throws wrong": TEAM,
    "roster removed": PLAYER,
    "player line removed": PLAYER,
    "player line repeated": PLAYER,
    "player points wrong": PLAYER,
    "shots of the game removed": SHOTS,
    "one shot removed": SHOTS,
    "line removed": LINES,
    "line unreadable": LINES,
}
ALLOWED = (Bypass("usage_rate_coverage", "the damage is the test"),)
# One example takes seconds: shrinking would take many minutes.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
DAMAGE = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000)), min_size=1, max_size=6
)


def _spoil(kind: str, unit: tuple[str, str], rows: list[dict[str, Any]]) -> None:
    """Does the damage to the log's lines, in place."""
    game, team = unit
    if KINDS[kind] == SHOTS:
        shots = [row for row in rows if row["GAME_ID"] == game]
        lost = shots[:1] if kind == "one shot removed" else shots
        rows[:] = [row for row in rows if row not in lost]
        return
    mine = [r for r in rows if (r["GAME_ID"], r["TEAM_ABBREVIATION"]) == (game, team)]
    if not mine:
        return
    one = max(mine, key=lambda row: row["PTS"])
    if kind.endswith("repeated"):
        rows.append(dict(one))
    elif kind in ("team line removed", "player line removed"):
        rows.remove(one)
    elif kind == "roster removed":
        rows[:] = [row for row in rows if row not in mine]
    else:
        one["PTS"] += 1
        if kind == "team points and free throws wrong":
            one["FTM"] += 1
            one["FTA"] += 1


def _damaged(landing: Path, folder: Path, damage: list[tuple[str, int]]) -> tuple[Path, set]:
    """The damaged copy and its gaps: (table, game id, team)."""
    sides = [(row["GAME_ID"], row["TEAM_ABBREVIATION"]) for row in lines(landing, TEAM_LOG)]
    units = {}
    for kind, number in damage:
        if KINDS[kind] == LINES:
            continue
        # One kind of damage per unit: two may mend each other.
        game, team = sides[number % len(sides)]
        units.setdefault((KINDS[kind], game, "" if KINDS[kind] == SHOTS else team), kind)
    copy = landing
    for table, log in ((TEAM, TEAM_LOG), (PLAYER, PLAYER_LOG), (SHOTS, SHOT_CHART)):

        def change(rows, table=table) -> None:
            for (of, *unit), kind in units.items():
                if of == table:
                    _spoil(kind, tuple(unit), rows)

        copy = damaged(landing, folder, log, change)
    rosters = Counter(game for table, game, _team in units if table == PLAYER)
    # Without any roster there is nothing to compare a game's shots with.
    unasked = {(SHOTS, game, "") for game, lost in rosters.items() if lost == 2}
    for (table, game, _team), kind in units.items():
        # Nor, without his own side's, a shot of his.
        is_one = table == SHOTS and kind == "one shot removed"
        if is_one and (PLAYER, game, _side_of_first_shot(landing, game)) in units:
            unasked.add((SHOTS, game, ""))
    return copy, set(units) - unasked


def _side_of_first_shot(landing: Path, game: str) -> str:
    """The team of the player whose shot of the game is the first in the file."""
    shot = next(row for row in lines(landing, SHOT_CHART) if row["GAME_ID"] == game)
    return next(
        row["TEAM_ABBREVIATION"]
        for row in lines(landing, PLAYER_LOG)
        if (row["GAME_ID"], row["PLAYER_ID"]) == (game, shot["PLAYER_ID"])
    )


def _without_lines(landing: Path, damage: list[tuple[str, int]]) -> tuple[Offered, set[int]]:
    """Damages the file of lines: the lines that are left, and the rows that cannot be read."""
    path = landing / LINES_FILE
    with path.open() as file:
        offered = list(csv.DictReader(file))
    kinds = {number % len(offered): kind for kind, number in damage if KINDS[kind] == LINES}
    kept = []
    for number, line in enumerate(offered):
        if kinds.get(number) == "line unreadable":
            line["points_line"] = "none"
        if kinds.get(number) != "line removed":
            kept.append(line)
    with path.open("w") as file:
        writer = csv.DictWriter(file, list(offered[0]))
        writer.writeheader()
        writer.writerows(kept)
    unread = {number for number, line in enumerate(kept) if line["points_line"] == "none"}
    return {
        (line["date"], line["player_slug"]): float(line["points_line"])
        for number, line in enumerate(kept)
        if number not in unread
    }, unread


def _check_lines(lab: Lab, walk: Walk, offered: Offered, unread: set[int]) -> None:
    """Each row has the line that is left for it, or none; streaks are those of the lines that are."""
    rejected = {
        row["row_number"]
        for row in lab.rows("rejected_rows")
        if row["source_file"] == LINES_FILE and row["rule"] == "bad_line"
    }
    assert rejected == unread
    for row in lab.rows("player_game_summary"):
        line = offered.get((str(row["game_date"]), row["player_lookup"]))
        assert row["points_line"] == line, row
        assert row["over_under_result"] == walk.result(row["player_id"], row["game_id"], offered)
    for row in lab.rows("upcoming_player_game_context"):
        assert row["points_line"] == offered.get((str(row["game_date"]), row["player_lookup"]))
        if not row["gap_ids"]:
            streaks = (row["prop_over_streak"], row["prop_under_streak"])
            assert streaks == walk.prop_streaks(row, offered), row


def _check(small: Lab, folder: Path, damage: list[tuple[str, int]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    landing, units = _damaged(small.landing_folder, folder, damage)
    offered, unread = _without_lines(landing, damage)
    lab = Lab(folder, landing)
    lab.compute(TABLES_TO_FEATURES, *SPAN, bypasses=ALLOWED)
    walk = Walk(games(landing), lines(landing, PLAYER_LOG), units)
    _check_lines(lab, walk, offered, unread)
    assert {row["gap_id"] for row in lab.rows("data_gaps")} == {walk.gap_id(*u) for u in units}
    for row in lab.rows("player_daily_cache"):
        assert set(row["gap_ids"]) == walk.cache_gaps(row), (damage, row)
    for row in lab.rows("player_shot_zone_analysis"):
        assert set(row["gap_ids"]) == walk.shot_gaps(row, 20), (damage, row)
        assert set(row["gap_ids_last_10"]) == walk.shot_gaps(row, 10), (damage, row)
    whole = {(r["game_id"], r["player_id"]): r for r in small.rows("ml_feature_store_v2")}
    for row in lab.rows("ml_feature_store_v2"):
        assert set(row["gap_ids"]) == walk.feature_gaps(row), (damage, row)
        if not row["gap_ids"]:
            clean = whole[row["game_id"], row["player_id"]]
            left_out = (*QUALITY, *OF_THE_LEAGUE)
            assert {k: v for k, v in row.items() if k not in left_out} == {
                k: v for k, v in clean.items() if k not in left_out
            }


@settings(max_examples=3, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(DAMAGE)
@example([("roster removed", 20), ("one shot removed", 5)])
@example([("line removed", 20), ("line unreadable", 21), ("line removed", 60)])
def test_random_damage(small, tmp_path_factory, damage) -> None:
    """Removed, repeated and spoiled units and lines: soundness and exactness against the walk."""
    _check(small, tmp_path_factory.getbasetemp() / "damage", damage)


@pytest.mark.slow
@settings(max_examples=50, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(DAMAGE)
def test_much_random_damage(small, tmp_path_factory, damage) -> None:
    """The same, ten times as often."""
    _check(small, tmp_path_factory.getbasetemp() / "damage", damage)


def test_a_lost_real_game_is_on_exactly_the_predictions_that_depend_on_it(
    tmp_path, real_landing
) -> None:
    """One team's rows of 2024-01-15 are gone: both teams' players and their later opponents'."""
    lost = next(
        row
        for row in lines(real_landing, TEAM_LOG)
        if row["GAME_DATE"] == "2024-01-15" and row["TEAM_ABBREVIATION"] == "LAL"
    )
    unit = (lost["GAME_ID"], "LAL")

    def cut(rows) -> None:
        rows[:] = [r for r in rows if (r["GAME_ID"], r["TEAM_ABBREVIATION"]) != unit]

    landing = damaged(real_landing, tmp_path, TEAM_LOG, cut)
    damaged(real_landing, tmp_path, PLAYER_LOG, cut)
    lab = Lab(tmp_path, landing)
    lab.compute([*TABLES], REAL_FIRST, date(2024, 2, 8))
    # Of these games the real shot chart has a player with one shot more or less than his box score.
    unlike = {(SHOTS, f"00223{number}", "") for number in ("00078", "00091", "00465")}
    units = {(TEAM, *unit), (PLAYER, *unit), *unlike}
    walk = Walk(games(landing), lines(landing, PLAYER_LOG), units)
    assert {row["gap_id"]: row["rule"] for row in lab.rows("data_gaps")} == {
        walk.gap_id(TEAM, *unit): "two_rows_per_game",
        walk.gap_id(PLAYER, *unit): "roster_of_team",
        **{walk.gap_id(*game): "unlike_box_score" for game in unlike},
    }
    made = lab.rows("player_prop_predictions")
    out: dict[tuple, set] = {}
    told = set()
    for row in lab.rows("upcoming_player_game_context"):
        if row["injury_status"] == "out":
            out.setdefault((row["game_id"], row["team_abbr"]), set()).add(row["player_id"])
        if row["injury_source"] != "none":
            told.add((row["game_id"], row["player_id"]))
    assert told
    behind: dict[int, set[str]] = {}
    for row in sorted(made, key=lambda row: row["game_date"]):
        missing = out.get((row["game_id"], row["team_abbr"]), ())
        is_told = (row["game_id"], row["player_id"]) in told
        own = walk.feature_gaps(row, missing, is_out_told=is_told)
        behind.setdefault(row["player_id"], set()).update(own)
        if row["system"] in BY_SIMILAR:
            # What his earlier games were made of is behind what is said of those like tonight's.
            assert own <= set(row["gap_ids"]) <= behind[row["player_id"]], row
        else:
            assert set(row["gap_ids"]) == own, row
    behind_prediction = {(r["game_id"], r["player_id"], r["system"]): r["gap_ids"] for r in made}
    graded = lab.rows("prediction_accuracy")
    for row in graded:
        said = behind_prediction[row["game_id"], row["player_id"], row["system"]]
        assert set(row["gap_ids"]) == {*said, *walk.graded_gaps(row)}, row
    assert any(walk.graded_gaps(row) for row in graded)
    touched = {r["team_abbr"] for r in made if walk.gap_id(TEAM, *unit) in r["gap_ids"]}
    assert {"LAL", "OKC"} < touched
    ready = next(
        r
        for r in lab.rows("player_daily_cache", game_date=date(2024, 1, 17))
        if r["player_lookup"] == "lebronjames"
    )
    assert (ready["box_games_present"], ready["box_games_expected"]) == (9, 10)
    assert ready["usage_rate_last_10"] is not None
    for row in made:
        if not row["is_production_ready"]:
            assert (row["recommendation"], row["recommendation_reason"]) == ("PASS", "incomplete")
