"""What those who are out leave to the others, added up by hand."""

from nba_pipeline.lookback.teammates import with_teammates_out_usage
from nba_pipeline.lookback.timeline import PLAYER_GAMES, timeline
from nba_pipeline_tests.window_rows import GAPS, answers, lost_roster, on, table, tracked

OUT, IN = "out", None


def game(player: int, number: int, usage: float | None, minutes: float) -> dict[str, object]:
    """A player's game of a day."""
    return {
        "player_id": player,
        "game_id": f"{number:010d}",
        "game_date": on(number),
        "team_abbr": "LAL",
        "usage_rate": usage,
        "minutes": minutes,
        **tracked("box", "team"),
    }


def left(
    players: dict[tuple[int, str], str | None],
    games,
    gaps=(),
    source="transactions",
    lost=(),
    lost_since_out=(),
) -> dict[int, tuple]:
    """Per player, what he is left and the gaps that it hangs on, as of the tenth day."""
    rows = [
        {
            "player_id": player,
            "game_id": "0022300999",
            "game_date": on(10),
            "team_abbr": team,
            "injury_status": status,
            "injury_source": source,
            "gap_ids": [],
        }
        for (player, team), status in players.items()
    ]
    past = timeline(table(games), table(list(gaps), GAPS), of="player_id", needs=PLAYER_GAMES)
    lost_rosters = table(
        [{"game_id": "0022300999", "team_abbr": team, "gap_ids": [name]} for name, team in lost],
        ("game_id", "team_abbr", "gap_ids"),
    )
    since_out = table(
        [
            {"game_id": "0022300999", "player_id": player, "gap_ids": [name]}
            for name, player in lost_since_out
        ],
        ("game_id", "player_id", "gap_ids"),
    )
    found = answers(with_teammates_out_usage(table(rows), past, lost_rosters, since_out))
    return {row["player_id"]: (row["teammates_out_usage"], row["gap_ids"]) for row in found}


def test_usage_times_share_of_minutes_of_the_others_who_are_out() -> None:
    """25% for half of a game and 20% for three quarters; nobody is left what is his own."""
    games = [
        game(2, 1, 20.0, 20.0),
        game(2, 3, 30.0, 28.0),
        game(3, 1, 20.0, 36.0),
        game(3, 10, 90.0, 48.0),
        game(5, 1, 40.0, 40.0),
    ]
    players = {(1, "LAL"): IN, (2, "LAL"): OUT, (3, "LAL"): OUT, (5, "LAL"): "questionable"}
    found = left(players | {(9, "BOS"): IN}, games)
    assert found == {1: (27.5, []), 2: (15, []), 3: (12.5, []), 5: (27.5, []), 9: (0, [])}


def test_where_nobody_says_who_is_out_what_is_left_is_unknown() -> None:
    """A season without reports and transactions has no zeros."""
    assert left({(1, "LAL"): IN, (2, "LAL"): IN}, [game(3, 1, 20.0, 36.0)], source="none") == {
        1: (None, []),
        2: (None, []),
    }


def test_a_roster_that_may_hide_who_is_out_is_named_where_anybody_says_who_is() -> None:
    """By everybody of his team: a zero that he would have changed is none that is known."""
    players, games = {(1, "LAL"): IN, (2, "BOS"): IN}, [game(1, 1, 20.0, 36.0)]
    lost = [("roster", "LAL")]
    assert left(players, games, lost=lost) == {1: (0, ["roster"]), 2: (0, [])}
    assert left(players, games, lost=lost, source="none")[1] == (None, [])


def test_who_has_not_played_this_season_left_nothing() -> None:
    """He had no share of its plays, which is known."""
    assert left({(1, "LAL"): IN, (2, "LAL"): OUT}, [game(3, 1, 20.0, 36.0)])[1] == (0, [])


def test_of_whom_too_little_is_known_neither_is_the_sum() -> None:
    """48 seconds tell no usage: of his two games one is unknown."""
    games = [game(2, 1, None, 0.8), game(2, 3, 30.0, 28.0), game(3, 1, 20.0, 36.0)]
    assert left({(1, "LAL"): IN, (2, "LAL"): OUT, (3, "LAL"): OUT}, games)[1] == (None, [])


def test_the_gaps_behind_a_teammate_who_is_out_are_named() -> None:
    """His season hangs on the lost roster, and so does what he leaves; one who plays tells nothing."""
    lost = lost_roster(2)
    games = [game(2, n, 30.0, 24.0) for n in (1, 3)]
    assert left({(1, "LAL"): IN, (2, "LAL"): OUT}, games, [lost])[1] == (None, [lost["gap_id"]])
    assert left({(1, "LAL"): IN, (2, "LAL"): IN}, games, [lost])[1] == (0, [])


def test_what_may_hide_that_a_teammate_is_not_out_is_named_where_he_may_leave_something() -> None:
    """Whether he has played hangs on this season's lost roster, and whether he is out on spring's.

    Without a hole he has certainly not played, and leaves as much if he is not out.
    """
    lost = lost_roster(2)
    before = {"game_date": on(-200), "game_id": "0022200001"}
    games = [game(2, 1, 30.0, 24.0) | before, game(1, 1, 20.0, 36.0)]
    players, since_out = {(1, "LAL"): IN, (2, "LAL"): OUT}, [("spring", 2)]
    found = left(players, games, [lost], lost_since_out=since_out)[1]
    assert found == (None, [lost["gap_id"], "spring"])
    assert left(players, games, lost_since_out=since_out)[1] == (0, [])
