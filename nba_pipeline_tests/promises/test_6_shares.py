"""A share below its threshold stops what looks back on it, whatever lies between."""

import json
from dataclasses import replace
from datetime import date, timedelta

import ibis

from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.preconditions import BYPASSABLE, refused
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.verdicts import checks
from nba_pipeline.phase_3_analytics.player_game_summary import usage_rate_coverage
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import STOPPING_SHARES
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, damaged
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

FIRST = date(2023, 10, 24)
TO_SUMMARIES = [
    n for n, t in TABLES.items() if t.phase <= 3 and n != "upcoming_player_game_context"
]
ALL_BUT_SHARES = [name for name in BYPASSABLE if name not in STOPPING_SHARES]
AFTER = ["upcoming_player_game_context", "player_daily_cache", "ml_feature_store_v2"]


def day(number: int) -> date:
    """The season's day of that number, from 0."""
    return FIRST + timedelta(days=number)


def _league(tmp_path, off_days: set[int] = frozenset()):
    """A tiny league with days on which nobody plays."""
    landing = tmp_path / "source"
    write_landing(landing, League(teams=4, days=9, rest=0.0, seed=3))
    dates = {str(day(number)) for number in off_days}
    document = json.loads((landing / SCHEDULE).read_text())
    for played in document["leagueSchedule"]["gameDates"]:
        played["games"] = [g for g in played["games"] if g["gameDateEst"][:10] not in dates]
    (landing / SCHEDULE).write_text(json.dumps(document))

    def cut(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] not in dates]

    damaged(landing, tmp_path, TEAM_LOG, cut)
    return damaged(landing, tmp_path, PLAYER_LOG, cut)


def _without_team_rows(landing, folder, numbers: set[int]):
    """The landing zone without any team's row of those days."""
    dates = {str(day(number)) for number in numbers}

    def cut(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] not in dates]

    return damaged(landing, folder, TEAM_LOG, cut)


def test_the_stop_holds_on_the_day_after_an_off_day(tmp_path) -> None:
    """Usage is unknown on days 0 to 2, day 3 is off: days 3 and 4 are as blocked as day 2."""
    landing = _without_team_rows(_league(tmp_path, {3}), tmp_path / "hurt", {0, 1, 2})
    lab = Lab(tmp_path / "home", landing)
    done = lab.compute([*TO_SUMMARIES, *AFTER], day(0), day(5))
    assert set(done[AFTER[0]].refused) == {day(n) for n in range(1, 6)}
    assert "usage_rate_coverage is 0.0%" in done[AFTER[0]].refused[day(4)]


def test_a_day_whose_every_roster_is_lost_counts_in_the_share(tmp_path) -> None:
    """Four teams' rosters of day 1 are gone: forty players are expected and none is known."""

    def cut(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] != str(day(1))]

    landing = damaged(_league(tmp_path), tmp_path / "hurt", PLAYER_LOG, cut)
    lab = Lab(tmp_path / "home", landing)
    done = lab.compute([*TO_SUMMARIES, *AFTER], day(0), day(3))
    stamps = lab.warehouse.stamps("player_game_summary")
    assert stamps[day(1)].shares["usage_rate_coverage"] == (0, 40)
    played = [r for r in lab.rows("player_game_summary") if r["minutes"] >= 1]
    known = {number: sum(r["game_date"] == day(number) for r in played) for number in (0, 2)}
    assert stamps[day(0)].shares["usage_rate_coverage"] == (known[0], known[0])
    told = done[AFTER[0]].refused[day(3)]
    share = known[0] + known[2]
    assert f"usage_rate_coverage is {share / (share + 40):.1%} ({share} of {share + 40})" in told


def test_a_month_that_begins_before_the_season_is_judged_and_does_not_crash(tmp_path) -> None:
    """October begins off-season: its model looks back on no day of the blocked season."""
    landing = _without_team_rows(_league(tmp_path), tmp_path / "hurt", {0, 1, 2})
    lab = Lab(tmp_path / "home", landing)
    lab.compute(TO_SUMMARIES, day(0), day(8))
    survey = Survey(TABLES, lab.warehouse, lab.landing)
    months = [date(2023, 10, 1), date(2023, 11, 1)]
    told = refused(TABLES["points_model"], months, survey, {"upstream_missing"})
    assert set(told) == {date(2023, 11, 1)}
    assert told[date(2023, 11, 1)].startswith("player_game_summary is blocked: usage_rate_coverage")


def test_the_share_function_counts_by_hand(league) -> None:
    """Every player with a minute counts once, known where he has a usage_rate."""
    rows = league.warehouse.table("player_game_summary")
    gaps = league.warehouse.table("data_gaps")
    found = usage_rate_coverage(rows, gaps).to_pyarrow().to_pylist()
    by_day: dict[date, int] = {}
    for row in league.rows("player_game_summary"):
        if row["minutes"] >= 1:
            by_day[row["game_date"]] = by_day.get(row["game_date"], 0) + 1
    assert {line["game_date"]: line["expected"] for line in found} == by_day
    assert {line["game_date"]: line["present"] for line in found} == by_day


def _lost(table: str, team: str, *, is_accepted: bool) -> dict[str, object]:
    return {
        "table_name": table,
        "game_date": day(0),
        "team_abbr": team,
        "is_accepted": is_accepted,
    }


def test_an_accepted_roster_counts_for_nobody_and_accepted_usage_for_all_who_played() -> None:
    """Known 3 of 5 who played a minute, and of the ten of the roster that may still come.

    Of a roster that never will nobody knows that anyone played; who did without usage_rate is known,
    and his usage stays unknown whoever has accepted it.
    """
    usages, minutes = (20.0, 25.0, 15.0, None, None, None), (30, 20, 1, 30, 12, 0.5)
    players = [
        {"game_date": day(0), "minutes": float(of), "usage_rate": usage}
        for usage, of in zip(usages, minutes, strict=True)
    ]
    gaps = [
        _lost("nbac_player_boxscore", "LAL", is_accepted=False),
        _lost("nbac_player_boxscore", "BOS", is_accepted=True),
        _lost("nbac_team_boxscore", "NYK", is_accepted=True),
    ]
    kinds = {"game_date": "date", "minutes": "float64", "usage_rate": "float64"}
    found = usage_rate_coverage(ibis.memtable(players, schema=kinds), ibis.memtable(gaps))
    assert found.to_pyarrow().to_pylist() == [{"game_date": day(0), "present": 3, "expected": 15}]


def test_accepted_gaps_excuse_a_date_s_share_and_never_the_season_s() -> None:
    """80 of 100 on a date fail alone; accepted they pass while the season has 95%, and stop below it."""
    table, gap = TABLES["player_game_summary"], "nbac_team_boxscore:2023-10-25:0022300001:LAL"
    weak = replace(stamp(day(1)), shares={"usage_rate_coverage": (80, 100)}, gaps={gap: 20})
    for known, is_accepted, passed in ((400, True, True), (400, False, False), (100, True, False)):
        good = replace(stamp(day(0)), shares={"usage_rate_coverage": (known, known)})
        stored = {day(0): good, day(1): weak}
        (judged,) = [
            check
            for check in checks(table, [day(1)], stored, {gap: is_accepted})
            if check.name == "usage_rate_coverage"
        ]
        assert judged.passed == passed
        # What reads the season up to the day is refused exactly where the season's share is too low.
        survey = Survey(TABLES, StampsAlone({table.name: stored}), Landing("nowhere"))
        reads = [read for read in TABLES[AFTER[0]].reads if read.table == table.name]
        told = refused(
            replace(TABLES[AFTER[0]], reads=tuple(reads)), [day(2)], survey, ALL_BUT_SHARES
        )
        assert [text.split(" (")[0] for text in told.values()] == (
            ["player_game_summary is blocked: usage_rate_coverage is 90.0%"] if known == 100 else []
        )
