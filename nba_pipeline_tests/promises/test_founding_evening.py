"""The evening that this project was founded on, as it must go: a fix against a running backfill.

A backfill of older code runs over months. The fix is refused by the holder's name; the old one is
cancelled and stays cancelled; players are recomputed, and the usage checkpoint stops what follows at
47.7%. Who goes on by a bypass meets the training gate. With the team lines repaired all of it passes.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from nba_pipeline.model import promotion
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.thresholds import (
    TRAINING_FEATURE_COVERAGE,
    TRAINING_MINIMUM_GAMES,
    USAGE_RATE_COVERAGE,
)
from nba_pipeline_tests.backfill.writer import MARKED, NEXT_VERSION
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, lines
from nba_pipeline_tests.program import Program
from nba_pipeline_tests.promises.test_5_lost_corrections import CHAIN, Home, Writer

OLD, FIX = NEXT_VERSION, NEXT_VERSION + 1
"""Versions of the code that the two backfills have, both newer than what the program declares."""
FIRST, LAST = date(2023, 10, 24), date(2023, 11, 20)
SPAN = ["--from", str(FIRST), "--to", str(LAST)]
AFTER = [name for name in with_upstream("player_prop_predictions") if name not in CHAIN]
WHY = "older code, it would undo the fix"
DEADLINE = "training is on Sunday"
FEW = 15
"""Games that are enough for a model here."""


@dataclass(frozen=True)
class Evening:
    """What each step came to, in the order of the evening."""

    home: Lab
    refused: str
    cancelled: Result
    old_ended_with: int
    old_again: str
    usage_before: Result
    stopped: Result
    bypassed: Result
    model_months_before: set[date]
    usage_after: Result
    passed: Result
    steps: list[dict[str, Any]]
    audit: list[dict[str, Any]]


@pytest.fixture(scope="module")
def evening(tmp_path_factory) -> Evening:
    """Lives it: real processes write, the program does the rest."""
    home = tmp_path_factory.mktemp("evening")
    source = home / "source"
    write_landing(source, League(teams=6, days=28, rest=0.1, seed=14))
    whole = (source / TEAM_LOG).read_text()
    damaged(source, home, TEAM_LOG, _with_usage_of(source, 0.477))
    program, own = Program(home, home / "landing"), Home.on_sqlite(home)
    wish = {"tables": CHAIN, "span": [str(FIRST), str(LAST)], "wait": False, "force": False}

    old = Writer(own, run="old-evening", version=OLD, **(wish | {"pause": 30}))
    old.go()
    old.wait_for("committing")
    refused = _result(Writer(own, run="fix-too-early", version=FIX, **wish))
    cancelled = program.call("cancel", "old-evening", "--reason", WHY)
    old_ended_with = old.ended(30)
    old_again = _result(Writer(own, run="old-evening", version=OLD, **wish))

    assert "written" in _result(Writer(own, run="fix", version=FIX, **wish))
    on_last = ["--from", str(LAST), "--to", str(LAST), "--json"]
    usage_before = program.call("validate", "usage_rate", *on_last)
    tables = [word for name in AFTER for word in ("--tables", name)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", FEW)
        # Of fifteen games a model is no better than the averages that it is made of.
        patch.setattr(promotion, "refusals", lambda *_: [])
        stopped = program.call("backfill", *SPAN, *tables)
        bypass = ["--bypass", "usage_rate_coverage", "--reason", DEADLINE]
        bypassed = program.call("backfill", *SPAN, *tables, *bypass)
        models = set(Lab(home, home / "landing").warehouse.stamps("points_model"))

        (home / "landing" / TEAM_LOG).write_text(whole)
        assert "written" in _result(Writer(own, run="fix-on-whole-lines", version=FIX, **wish))
        usage_after = program.call("validate", "usage_rate", *SPAN)
        passed = program.call("backfill", *SPAN, *tables)
    return Evening(
        home=Lab(home, home / "landing"),
        refused=refused["error"],
        cancelled=cancelled,
        old_ended_with=old_ended_with,
        old_again=old_again["error"],
        usage_before=usage_before,
        stopped=stopped,
        bypassed=bypassed,
        model_months_before=models,
        usage_after=usage_after,
        passed=passed,
        steps=program.told("progress"),
        audit=program.told("audit", "--limit", "1000")[::-1],
    )


def _result(writer: Writer) -> dict[str, Any]:
    writer.go()
    return writer.result()


def _with_usage_of(source: Path, share: float) -> Callable[[list[dict[str, Any]]], None]:
    """Takes team lines away until that share of the players, to 0.05%, have one."""
    players: dict[tuple[str, str], int] = {}
    for line in lines(source, PLAYER_LOG):
        key = line["GAME_ID"], line["TEAM_ABBREVIATION"]
        players[key] = players.get(key, 0) + (line["MIN"] >= 1)
    every = sum(players.values())

    def cut(rows: list[dict[str, Any]]) -> None:
        for seed in range(1000):
            kept = random.Random(seed).sample(rows, len(rows))
            while sum(players[r["GAME_ID"], r["TEAM_ABBREVIATION"]] for r in kept) > share * every:
                kept.pop()
            have = sum(players[r["GAME_ID"], r["TEAM_ABBREVIATION"]] for r in kept)
            if round(have / every, 3) == share:
                rows[:] = [row for row in rows if row in kept]
                return
        raise AssertionError(f"no choice of team lines leaves {share:.1%}")

    return cut


def test_the_fix_is_refused_by_the_holders_name(evening) -> None:
    """While the old backfill holds the months, with table, dates and since when."""
    assert evening.refused.startswith("LeaseRefused: ")
    assert "run old-evening (" in evening.refused
    assert f"{FIRST} to {LAST}" in evening.refused


def test_the_old_backfill_is_cancelled_with_a_reason_and_stays_cancelled(evening) -> None:
    """Its process ends, and who starts it again under its name is told."""
    assert evening.cancelled.exit_code == 0, evening.cancelled.output
    assert evening.old_ended_with != 0
    assert evening.old_again.startswith("BackfillCancelled: backfill old-evening was cancelled by")


def test_the_usage_checkpoint_says_its_figure_and_stops_what_follows(evening) -> None:
    """47.7%, the threshold and its reason; nothing of phase 4 is made of it."""
    assert evening.usage_before.exit_code == 1
    assert "usage_rate_coverage is 47.7%" in evening.usage_before.stdout
    assert evening.stopped.exit_code == 1
    assert "player_game_summary is blocked: usage_rate_coverage is" in evening.stopped.output
    assert f"the least is 95%: {USAGE_RATE_COVERAGE.reason}" in evening.stopped.output


def test_who_goes_on_by_a_bypass_meets_the_training_gate(evening) -> None:
    """November's model is refused with month and share; October has too few games for one."""
    assert evening.bypassed.exit_code == 1
    assert "readiness: month 2023-10: " in evening.bypassed.output
    assert TRAINING_FEATURE_COVERAGE.reason in evening.bypassed.output
    assert evening.model_months_before == {date(2023, 10, 1)}


def test_with_the_lines_repaired_usage_passes_and_all_runs_in_order(evening) -> None:
    """Every table once, in the graph's order; November is trained; no row keeps the bypass."""
    assert evening.usage_after.exit_code == 0, evening.usage_after.output
    assert evening.passed.exit_code == 0, evening.passed.output
    assert [step["table"] for step in evening.steps if step["table"] in AFTER] == AFTER
    assert {step["state"] for step in evening.steps} == {"done"}
    models = {row["month"]: row["status"] for row in evening.home.rows("points_model")}
    assert models == {date(2023, 10, 1): "bootstrap", date(2023, 11, 1): "trained"}
    for table in AFTER:
        assert {row["bypass"] for row in evening.home.rows(table)} <= {None}, table
    assert {row["system"] for row in evening.home.rows("player_prop_predictions")} > {"xgboost"}


def test_the_rows_that_stand_are_the_fix_s_alone(evening) -> None:
    """On every date, whatever the old backfill had begun."""
    rows = evening.home.rows("team_offense_game_summary")
    assert {(row[MARKED], row["code_version"]) for row in rows} == {(FIX, FIX)}
    assert {stamp.code_version for stamp in _stamps(evening).values()} == {FIX}


def _stamps(evening: Evening) -> dict[date, Any]:
    return dict(evening.home.warehouse.stamps("player_game_summary"))


def test_the_audit_tells_it_line_by_line(evening) -> None:
    """Who took, was refused, cancelled and why, and each backfill with its bypass."""
    wanted = [
        ("acquired", "old-evening", ""),
        ("refused", "fix-too-early", "run old-evening ("),
        ("cancelled", "old-evening", WHY),
        ("acquired", "fix", ""),
        ("released", "fix", ""),
        ("backfill", None, "'bypass': []"),
        ("backfill", None, f"usage_rate_coverage: {DEADLINE}"),
        ("acquired", "fix-on-whole-lines", ""),
        ("released", "fix-on-whole-lines", ""),
        ("backfill", None, "'bypass': []"),
    ]
    named = {"old-evening", "fix-too-early", "fix", "fix-on-whole-lines"}
    told = [
        line
        for line in evening.audit
        if line["action"] == "backfill"
        or (line["backfill"] in named and not _is_of_the_restart(line))
    ]
    assert [line["action"] for line in told] == [action for action, _who, _what in wanted]
    for line, (_action, who, what) in zip(told, wanted, strict=True):
        assert who in (None, line["backfill"]), line
        assert what in str(line["detail"]), line
        assert "@" in line["actor"]
    others = {line["backfill"] for line in evening.audit} - named
    for backfill in others:
        actions = [line["action"] for line in evening.audit if line["backfill"] == backfill]
        assert actions[0] == "backfill"
        assert actions.count("reserved") == 1
        assert actions.count("acquired") == actions.count("released") - 1 > 0


def _is_of_the_restart(line: dict[str, Any]) -> bool:
    return line["backfill"] == "old-evening" and line["action"] == "refused"


def test_the_audit_tells_of_the_attempt_to_start_the_cancelled_one_again(evening) -> None:
    """It was refused, and by what."""
    (line,) = filter(_is_of_the_restart, evening.audit)
    assert line["detail"]["reason"].startswith("backfill old-evening was cancelled by")


def test_the_audit_tells_of_what_the_checkpoint_and_the_gate_stopped(evening) -> None:
    """A line per table and run: the table, its dates, the figure and the reason."""
    stops = [line["detail"] for line in evening.audit if line["action"] == "stopped"]
    usage = [stop for stop in stops if "usage_rate_coverage is" in stop["reason"]]
    assert usage[0]["table"] == "upcoming_player_game_context"
    assert usage[0]["dates"].endswith(f"{LAST} (27)")
    assert USAGE_RATE_COVERAGE.reason in usage[0]["reason"]
    (gate,) = [stop for stop in stops if "readiness: month 2023-10" in stop["reason"]]
    assert gate["table"] == "points_model"
    assert gate["dates"] == "2023-11-01 to 2023-11-01 (1)"
