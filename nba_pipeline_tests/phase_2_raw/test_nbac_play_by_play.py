"""The league's play by play of final games."""

import ibis

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.kernel.units import off_schedule
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play import parse
from nba_pipeline.phase_2_raw.nbac_play_by_play import transform
from nba_pipeline_tests.shot_rows import DAY, GAME, SEASON, schedule, table

EVENT = {
    "clock": "PT10M55.00S",
    "period": 1,
    "teamTricode": "IND",
    "actionType": "2pt",
    "subType": "Layup",
    "personId": 2,
    "shotDistance": 3.2,
    "shotResult": "Made",
    "description": "",
}
START = EVENT | {"actionType": "period", "teamTricode": None, "personId": 0, "shotResult": None}


def source(*events: dict) -> ibis.Table:
    """A game of the events, numbered from 1."""
    actions = [event | {"actionNumber": number} for number, event in enumerate(events, 1)]
    file = SourceFile(f"nba_cdn/play_by_play/{GAME}.json", SEASON, DAY, game_id=GAME)
    return table(parse({"game": {"gameId": GAME, "actions": actions}}, file).rows)


def test_only_a_field_goal_is_assisted_or_not() -> None:
    """Assisted, not assisted, and the start of a period, which is neither."""
    rows = transform(source(EVENT | {"assistPersonId": 1}, EVENT, START), schedule())
    rows = rows.order_by("event_id").to_pyarrow().to_pylist()
    assert [row["is_assisted"] for row in rows] == [True, False, None]
    assert [row["player_id"] for row in rows] == [2, 2, None]


def test_an_event_of_a_team_that_does_not_play_is_told_and_not_taken() -> None:
    """The start of a period is of no team, and of the game all the same."""
    events = source(EVENT, START, EVENT | {"teamTricode": "LAL"})
    assert transform(events, schedule()).count().execute() == 2
    (lost,) = off_schedule(events, schedule()).to_pyarrow().to_pylist()
    assert (lost["row_number"], lost["rule"], lost["team_abbr"]) == (2, "unknown_game", "LAL")


def test_a_game_that_is_not_over_has_no_rows() -> None:
    """What is said of it is not whole yet."""
    live = schedule().mutate(status=ibis.literal("live"))
    assert transform(source(EVENT), live).count().execute() == 0
