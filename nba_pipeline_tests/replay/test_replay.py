"""A season lived day by day ends where one backfill of it ends, and nothing was said from too little."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments
from nba_pipeline.phase_1_sources.nba_stats_scoreboard import nba_stats_scoreboard
from nba_pipeline.simulation.league import League, Simulated, simulate
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import TRAINING_MINIMUM_GAMES
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.replay.daily import InProcess, ThroughCommands
from nba_pipeline_tests.replay.known import INCIDENTS, Known, real_season
from nba_pipeline_tests.replay.life import Diary, live

MADE = "predictions_made"
KEY = ("game_id", "player_id", "system", "made_at")
EVENTFUL = {"overtime": 0.1, "neutral": 0.05}
FEW = 60
"""Games that are enough for a model of the simulated league."""


@dataclass(frozen=True)
class Lived:
    """A lived season's tables beside those of one backfill, and what was noted on the way."""

    known: Known
    diary: Diary
    replay: Lab
    backfill: Lab
    backfilled: int
    days: int


def _twenty_days() -> tuple[Simulated, int, str]:
    league = League(
        teams=6,
        days=26,
        rest=0.2,
        seed=8,
        trades=3,
        off_days=(6, 13, 14),
        one_game_days=(9,),
        postponed=3,
        moved=3,
        **EVENTFUL,
    )
    return simulate(league), 20, "player"


def _sixty_days() -> tuple[Simulated, int, str]:
    league = League(
        teams=8,
        days=72,
        seed=17,
        trades=8,
        off_days=(6, 30, 44, 45, 46, 47),
        one_game_days=(12, 50),
        postponed=6,
        moved=6,
        **EVENTFUL,
    )
    return simulate(league), 60, "team"


def _real(landing: Path) -> tuple[Simulated, int, str]:
    played = real_season(landing, "2022-23", seed=23, postponed=8, moved=8)
    days = (
        max(date.fromisoformat(g["gameDateEst"][:10]) for g in played.games)
        - calendar.season("2022-23").first
    ).days + 1
    return played, days, "player"


@pytest.fixture(
    scope="module",
    params=[
        "twenty_days",
        pytest.param("sixty_days", marks=pytest.mark.slow),
        pytest.param("real_season", marks=pytest.mark.slow),
    ],
)
def lived(request, tmp_path_factory) -> Lived:
    """The season lived, and backfilled at its end into an empty home."""
    seasons: dict[str, Callable[[], tuple[Simulated, int, str]]] = {
        "twenty_days": _twenty_days,
        "sixty_days": _sixty_days,
        "real_season": lambda: _real(request.getfixturevalue("real_landing")),
    }
    played, days, dated = seasons[request.param]()
    first = calendar.season(played.season).first
    last = calendar.season(played.season).days()[days - 1]
    folder = tmp_path_factory.mktemp(request.param)
    landing, home, empty = (folder / name for name in ("landing", "home", "empty"))
    for made in (home, empty):
        made.mkdir()
    known = Known(played, landing, dated=dated, last=last, seed=4, also=ALL_SOURCES)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sixty_days":
            patch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", FEW)
        diary = live(known, InProcess(home, landing), home, landing, first, last)
        whole = InProcess(empty, landing).backfill(first, last)
    return Lived(known, diary, Lab(home, landing), Lab(empty, landing), whole.computed, days)


def test_everything_that_happens_to_a_season_happened(lived) -> None:
    """Each kind of incident, a trade, an overtime, a day off, a move; else the rest shows little."""
    assert set(lived.known.incidents.values()) == set(INCIDENTS)
    rows = lived.backfill.rows("player_game_summary")
    teams: dict[object, set[object]] = {}
    for row in rows:
        teams.setdefault(row["player_id"], set()).add(row["team_abbr"])
    assert any(len(of) > 1 for of in teams.values())
    team_rows = lived.backfill.rows("team_offense_game_summary")
    assert any(row["overtime_periods"] > 0 for row in team_rows)
    games = lived.backfill.rows("nbac_schedule")
    kinds = {move.is_postponed for move in lived.known.moves.values()}
    assert kinds == {True, False}
    # A game that was called off is on the date on which it was played in the end, and on no other.
    assert {row["status"] for row in games} == {"final"}
    played = {row["game_date"] for row in games if row["status"] == "final"}
    assert len(played) < lived.days


def test_some_nights_are_told_by_a_scoreboard_or_the_fallback_alone(lived) -> None:
    """A game is called off on its night, with a crew; late lines are the fallback's meanwhile."""
    moves = lived.known.moves.values()
    left = {m.first_day for m in moves if m.is_postponed and m.announced.part == "night"}
    assert left
    days = sorted(left)
    boards = lived.replay.landing.load(nba_stats_scoreboard, days).rows
    assert set(boards[boards.status == "postponed"].game_date) == left
    crews = lived.replay.landing.load(nba_referee_assignments, days).rows
    for game_id, move in lived.known.moves.items():
        if move.first_day in left and move.is_postponed:
            assert game_id in set(crews[crews.game_date == move.first_day].game_id)
    late = {
        g for g, what in lived.known.incidents.items() if what in ("late", "late_team", "pieces")
    }
    told = set(lived.known.told.games_with_fallback)
    assert late & told
    assert late - told


@pytest.mark.parametrize("table", [name for name in TABLES if name != MADE])
def test_every_table_equals_one_backfill_into_an_empty_home(lived, table) -> None:
    """Row by row, what says when and by whom a row was made apart."""
    assert _rows(lived.replay, table) == _rows(lived.backfill, table)


def _rows(lab: Lab, table: str) -> list[dict[str, object]]:
    """The rows but those of what was said at the time."""
    volatile = TABLES[table].volatile
    return [
        {name: value for name, value in row.items() if name not in volatile}
        for row in lab.rows(table)
        if row.get("basis") != "made"
    ]


def test_no_feature_was_made_from_what_was_not_known_without_saying_so(lived) -> None:
    """Each morning's rows that name no gap are what the lines and games known then come to."""
    assert lived.diary.offences == []
    assert lived.diary.rows_walked > 100


def test_a_morning_after_an_open_game_is_refused_by_that_name_and_few_others_are(lived) -> None:
    """Every morning after an unsettled night, and where too little usage is known; no other."""
    refused = lived.diary.refused
    assert lived.diary.open <= set(refused)
    assert lived.diary.open
    for day, reason in refused.items():
        if day in lived.diary.open:
            assert "unsettled" in reason, (day, reason)
        else:
            assert "usage_rate_coverage is" in reason, (day, reason)


def test_what_was_said_before_the_games_stands_as_it_was_said(lived) -> None:
    """predictions_made is the harness's own record, row by row."""
    stored = {tuple(row[name] for name in KEY): row for row in _as_stored(lived.replay, MADE)}
    said = {tuple(row[name] for name in KEY): row for row in lived.diary.said}
    assert set(stored) == set(said)
    for key, row in said.items():
        # Each table counts the versions of its own code.
        own = {"code_version"}
        copied = {n: stored[key][n] for n in row if n in stored[key] and n not in own}
        assert copied == {name: row[name] for name in copied}, key


def test_the_last_thing_said_of_a_game_is_graded(lived) -> None:
    """The rows of basis made are one per game, player and system that was spoken of and played.

    What was said of a date from which the game was then called off is graded nowhere.
    """
    games = lived.backfill.rows("nbac_schedule")
    final = {row["game_id"]: row["game_date"] for row in games if row["status"] == "final"}
    of_its_date = [r for r in lived.diary.said if final.get(r["game_id"]) == r["game_date"]]
    last = {tuple(row[name] for name in KEY[:3]): row for row in of_its_date}
    graded = {
        tuple(row[name] for name in KEY[:3]): row
        for row in lived.replay.rows("prediction_accuracy", basis="made")
    }
    assert set(graded) == set(last)
    for key, row in graded.items():
        assert row["predicted_points"] == last[key]["predicted_points"], key


def _as_stored(lab: Lab, table: str) -> list[dict[str, object]]:
    return lab.warehouse.table(table).to_pyarrow().to_pylist()


def test_what_it_took_is_printed(lived, capsys) -> None:
    """Runs and partitions, beside those of the one backfill; days are computed a few times over."""
    diary = lived.diary
    with capsys.disabled():
        sys.stdout.write(
            f"\n{lived.days} days lived: {diary.commands} commands, {diary.runs} runs, "
            f"{diary.computed} partitions computed ({lived.backfilled} by one backfill), "
            f"{len(diary.refused)} mornings refused, {diary.rows_walked} rows walked\n"
        )
    assert diary.runs >= 2 * lived.days
    assert diary.computed >= lived.backfilled


@pytest.mark.slow
def test_the_commands_themselves_live_the_same_days(tmp_path) -> None:
    """Two days through the program and Dagster leave what two days in process leave."""
    played, _days, dated = _twenty_days()
    first = calendar.season(played.season).first
    last = calendar.season(played.season).days()[1]
    labs = []
    for name, kind in (("commands", ThroughCommands), ("process", InProcess)):
        home, landing = tmp_path / name, tmp_path / f"{name}_landing"
        home.mkdir()
        known = Known(played, landing, dated=dated, last=last, seed=4, also=ALL_SOURCES)
        diary = live(known, kind(home, landing), home, landing, first, last)
        assert diary.offences == []
        labs.append(Lab(home, landing))
    for table in TABLES:
        assert _rows(labs[0], table) == _rows(labs[1], table), table
