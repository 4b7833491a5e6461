"""Whether a source's shots are those of the box score, side by side."""

from functools import cache

import ibis
import pytest

from nba_pipeline.kernel.source import REJECTED_TYPES
from nba_pipeline.league.shots import SHOT_SOURCES, believed_source
from nba_pipeline.phase_2_raw import bigdataball_play_by_play, shot_sources
from nba_pipeline.phase_2_raw.shot_sources import SOURCES
from nba_pipeline_tests.compiled_once import compiled_once
from nba_pipeline_tests.shot_rows import (
    DAY,
    GAME,
    MADE,
    PLAYS,
    ROSTER,
    SEASON,
    box_score,
    events,
    held,
    schedule,
    table,
)

transform = compiled_once(shot_sources.transform)
of_events = compiled_once(bigdataball_play_by_play.transform)
BALL, PLAY, CHART = SHOT_SOURCES
USED = {"source_file": f"bigdataball/{DAY}/game.csv"}
NO_GAPS = {"game_id": "string", "team_abbr": "string"}


@cache
def shots(plays=PLAYS) -> ibis.Table:
    """The plays as a raw table has them."""
    return held(of_events(table(events(plays)), schedule(), box_score()))


def rejected(*lines: dict) -> ibis.Table:
    """Rejected rows, of BigDataBall's file where they do not say another."""
    kinds = dict.fromkeys(REJECTED_TYPES, "string") | {"row_number": "int64", "game_date": "date"}
    file = f"bigdataball/{DAY}/game.csv"
    rows = [
        dict.fromkeys(kinds) | {"source_file": file, "row_number": 0, "game_date": DAY} | line
        for line in lines
    ]
    return ibis.memtable(rows, schema=kinds)


def found(
    ball=PLAYS, chart=(), *, files=(BALL, CHART), lost=(), roster=ROSTER, made=MADE
) -> ibis.Table:
    """The table, of plays of BigDataBall and of the chart; nothing has the league's."""
    nothing = shots().filter(ibis.literal(False))
    seasons = [{"source": SOURCES[name].name, "season": SEASON} for name in files]
    rows = transform(
        schedule(),
        box_score(roster, made),
        rejected(*lost),
        shots(ball) if ball else nothing,
        nothing,
        (shots(chart) if chart else nothing).filter(ibis._.is_field_goal),
        ibis.memtable(seasons, schema={"source": "string", "season": "string"}),
        table(events(ball or PLAYS)),
    )
    return held(rows)


def rules(rows: ibis.Table) -> dict[tuple[str, str], str]:
    """Side and source to what is wrong."""
    lines = rows.to_pyarrow().to_pylist()
    return {(line["team_abbr"], line["shot_source"]): line["rule"] for line in lines}


def believed(rows: ibis.Table, *lost_rosters: str) -> list[str]:
    """The source of the game's shots, while the sides' rosters are gaps."""
    gaps = ibis.memtable([(GAME, team) for team in lost_rosters], schema=NO_GAPS)
    return list(believed_source(rows, gaps).to_pandas().shot_source)


def test_a_source_is_believed_when_every_attempt_is_in_the_box_score() -> None:
    """3, 1, 1 and 0 attempts; the league has no file of the season and the chart not the game."""
    rows = found()
    assert rules(rows) == {
        (team, source): rule
        for team in ("IND", "OKC")
        for source, rule in ((BALL, None), (PLAY, "no_file_of_season"), (CHART, "no_shots_of_game"))
    }
    counted = rows.filter(rows.shot_source == BALL).order_by("team_abbr").to_pandas()
    assert counted.attempts.tolist() == counted.box_attempts.tolist() == [4, 1]
    assert believed(rows) == [BALL]


def test_one_attempt_too_few_spoils_the_game_and_the_next_source_is_taken() -> None:
    """Indiana's layup is not there: both sides are then the chart's."""
    rows = found(PLAYS[1:], PLAYS)
    assert rules(rows)["IND", BALL] == "unlike_box_score"
    assert rules(rows)["OKC", BALL] is None
    assert believed(rows) == [CHART]
    detail = rows.filter(rows.players_unlike == 1).to_pandas().detail.item()
    assert detail == ("player 1630552: 2 attempts and 1 threes, 3 and 1 in the box score")
    assert believed(found(PLAYS[1:], PLAYS[1:])) == []


@pytest.mark.parametrize(("threes", "rule"), [(2, None), (3, "unlike_box_score")])
def test_a_three_may_be_a_two_but_two_may_not(threes, rule) -> None:
    """The box score has so many threes of the three attempts; the source has one."""
    roster = ROSTER | {(1630552, "Jalen Johnson", "IND"): (3, threes)}
    assert rules(found(roster=roster))["IND", BALL] == rule


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((3, 0), "2 makes and 0 threes, 3 and 0 in the box score"),
        ((2, 2), "2 makes and 0 threes, 2 and 2 in the box score"),
    ],
)
def test_makes_unlike_the_box_score_spoil_the_game_as_attempts_do(made, told) -> None:
    """All attempts are there, two of them in; one three more or less may have been a two."""
    rows = found(PLAYS, PLAYS, made=MADE | {1630552: made})
    assert {rules(rows)["IND", source] for source in (BALL, CHART)} == {"makes_unlike_box_score"}
    assert rules(rows)["OKC", BALL] is None
    spoiled = rows.filter(rows.players_unlike == 1).to_pandas()
    assert set(spoiled.detail) == {f"player 1630552: {told}"}
    assert believed(rows) == []
    assert believed(found(made=MADE | {1630552: (2, 1)})) == [BALL]


def test_attempts_are_told_before_makes() -> None:
    """Indiana's layup is not there, and another of its players made one less."""
    rows = found(PLAYS[1:], made=MADE | {2: (0, 0)})
    assert rules(rows)["IND", BALL] == "unlike_box_score"
    told = rows.filter(rows.players_unlike == 2).to_pandas()
    assert told.detail.item() == "player 1630552: 2 attempts and 1 threes, 3 and 1 in the box score"


def test_a_shooter_who_is_not_in_the_box_score_spoils_the_game() -> None:
    """He is nobody there: one attempt against none."""
    roster = {who: shot for who, shot in ROSTER.items() if who[0] != 3}
    assert rules(found(roster=roster, ball=()))["OKC", BALL] == "no_shots_of_game"
    assert rules(found((), PLAYS, roster=roster))["OKC", CHART] == "unlike_box_score"


def test_a_side_without_a_roster_is_not_asked() -> None:
    """Its roster is a gap: Indiana's shots alone decide."""
    roster = {who: shot for who, shot in ROSTER.items() if who[2] == "IND"}
    rows = found(roster=roster)
    assert believed(rows, "OKC") == [BALL]
    assert believed(rows, "IND", "OKC") == []


def test_a_rejected_row_of_the_game_spoils_its_source() -> None:
    """A free throw may be lost with it; that a name is nobody, or the game there twice, is no loss."""
    bad = {"game_id": GAME, "rule": "bad_clock", "detail": "row 7"}
    rows = found(chart=PLAYS, lost=[bad])
    assert {rules(rows)[team, BALL] for team in ("IND", "OKC")} == {"bad_clock"}
    assert believed(rows) == [CHART]
    assert believed(found(lost=[bad | {"rule": "unmatched_player"}])) == [BALL]
    assert believed(found(lost=[bad | {"game_id": "0042400406"}])) == [BALL]


def test_what_is_rejected_of_a_file_that_the_game_is_not_taken_from_spoils_nothing() -> None:
    """Of the game or of nobody knows which; what the game's own file has of nobody knows which does."""
    other = {"source_file": f"bigdataball/{DAY}/other.csv", "rule": "bad_clock", "detail": "row 7"}
    assert rules(found(lost=[other | {"game_id": GAME}, other]))["IND", BALL] is None
    assert rules(found(lost=[other | USED]))["IND", BALL] == "bad_clock"
