"""What the schedule says of both teams before a game, on a week worked out by hand."""

from datetime import UTC, date, datetime

import ibis
import pytest

from nba_pipeline.phase_3_analytics.upcoming_team_game_context import transform

KINDS = {
    "game_id": "string",
    "game_date": "date",
    "season": "string",
    "season_type": "string",
    "status": "string",
    "home_team": "string",
    "away_team": "string",
    "is_neutral_site": "boolean",
    "home_score": "int64",
    "away_score": "int64",
    "tipoff_at": "timestamp('UTC')",
}
OFFERED = {
    **dict.fromkeys(("game_id", "bookmaker", "market", "outcome"), "string"),
    **dict.fromkeys(("snapshot_at", "commence_time"), "timestamp('UTC')"),
    "point": "float64",
}
GAPS = {
    **dict.fromkeys(("gap_id", "table_name", "game_id", "team_abbr", "kind"), "string"),
    "game_date": "date",
}


def game(number: int, day: date, home: str, away: str, score=(None, None), **more: object) -> dict:
    """A regular game; played where it has a score."""
    return {
        "game_id": f"00223{number:05d}",
        "game_date": day,
        "season": "2023-24",
        "season_type": "regular",
        "status": "scheduled" if score[0] is None else "final",
        "home_team": home,
        "away_team": away,
        "is_neutral_site": False,
        "home_score": score[0],
        "away_score": score[1],
        "tipoff_at": None,
    } | more


def context(
    today: list[dict],
    before: list[dict],
    offers: list[dict] | None = None,
    gaps: list[dict] | None = None,
) -> dict[str, dict]:
    """The row of each team."""
    tables = [ibis.memtable(rows, schema=KINDS) for rows in (today, before)]
    lines = ibis.memtable(offers or [], schema=OFFERED)
    lost = ibis.memtable(gaps or [], schema=GAPS)
    rows = transform(*tables, lines, lost).to_pyarrow().to_pylist()
    return {row["team_abbr"]: row for row in rows}


BEFORE = [
    game(1, date(2024, 1, 1), "LAL", "BOS", (100, 90)),
    game(2, date(2024, 1, 3), "DEN", "LAL", (90, 99)),
    game(3, date(2024, 1, 5), "PHX", "LAL", (120, 100)),
    game(4, date(2024, 1, 9), "BOS", "LAL", (101, 100)),
    game(5, date(2024, 1, 8), "NYK", "BOS", (100, 130)),
]


def test_rest_form_and_streak_of_both_teams_by_hand() -> None:
    """LAL: won 2, then lost 2, played yesterday; BOS: lost, won, won, of which yesterday too."""
    rows = context([game(6, date(2024, 1, 10), "LAL", "BOS")], BEFORE)
    lakers, celtics = rows["LAL"], rows["BOS"]
    assert (lakers["team_days_rest"], lakers["is_team_back_to_back"]) == (1, True)
    assert (lakers["team_games_in_last_7_days"], lakers["team_games_in_last_14_days"]) == (3, 4)
    assert (lakers["win_pct_season"], lakers["last_10_wins"], lakers["streak"]) == (0.5, 2, -2)
    assert celtics["win_pct_season"] == pytest.approx(2 / 3)
    assert (celtics["last_10_wins"], celtics["streak"], celtics["games_played_team"]) == (2, 2, 3)
    assert (lakers["opponent_days_rest"], lakers["rest_advantage"]) == (1, 0)
    assert (lakers["season_phase"], celtics["is_home"]) == ("mid", False)


def test_before_the_seasons_first_game_nothing_is_known_and_nothing_made_up() -> None:
    """MIA has no rest, no share of wins, no streak, and zero games; its opponent has."""
    rows = context([game(6, date(2024, 1, 10), "MIA", "BOS")], BEFORE)
    heat = rows["MIA"]
    unknown = (
        *("team_days_rest", "is_team_back_to_back", "win_pct_season", "last_10_wins", "streak"),
        *("travel_miles", "time_zones_crossed", "rest_advantage"),
    )
    assert {name: heat[name] for name in unknown} == dict.fromkeys(unknown)
    assert (heat["games_played_team"], heat["team_games_in_last_7_days"]) == (0, 0)
    assert rows["BOS"]["team_days_rest"] == 1


def test_travel_is_from_the_last_games_arena_and_clocks() -> None:
    """Boston to Los Angeles is 2,592 miles and three hours back; Phoenix keeps no summer time."""
    rows = context([game(6, date(2024, 1, 10), "LAL", "BOS")], BEFORE)
    assert rows["LAL"]["travel_miles"] == pytest.approx(2592, abs=8)
    assert rows["LAL"]["time_zones_crossed"] == -3.0
    winter = context([game(7, date(2024, 1, 6), "LAL", "BOS")], BEFORE[:3])
    assert winter["LAL"]["time_zones_crossed"] == -1.0
    assert winter["LAL"]["travel_miles"] == pytest.approx(357, abs=4)
    summer = [game(1, date(2024, 4, 1), "PHX", "LAL", (100, 90))]
    rows = context([game(2, date(2024, 4, 3), "LAL", "BOS")], summer)
    assert rows["LAL"]["time_zones_crossed"] == 0.0


def test_clocks_that_were_changed_between_two_games_at_home_cross_no_zone() -> None:
    """Both games of Toronto are at home, the second after the seventh of November."""
    first = [game(1, date(2021, 11, 5), "TOR", "BOS", (100, 90), season="2021-22")]
    today = [game(2, date(2021, 11, 8), "TOR", "LAL", season="2021-22")]
    found = context(today, first)["TOR"]
    assert (found["travel_miles"], found["time_zones_crossed"]) == (0.0, 0.0)


def test_a_neutral_site_is_nowhere_that_is_known() -> None:
    """The way to it and the way from it are unknown, not zero."""
    paris = game(6, date(2024, 1, 10), "LAL", "BOS", (99, 98), is_neutral_site=True)
    there = context([paris], BEFORE)
    back = context([game(7, date(2024, 1, 12), "LAL", "NYK")], [*BEFORE, paris])
    assert there["LAL"]["travel_miles"] is None
    assert back["LAL"]["travel_miles"] is None
    assert back["LAL"]["team_days_rest"] == 2


def test_a_postponed_game_is_no_game() -> None:
    """It has no row, and nobody rests from it."""
    off = game(6, date(2024, 1, 10), "LAL", "BOS", status="postponed")
    assert context([off], BEFORE) == {}
    rows = context([game(7, date(2024, 1, 11), "LAL", "BOS")], [*BEFORE, off])
    assert rows["LAL"]["team_days_rest"] == 2


def gap(of: dict, team: str, *, kind: str, table: str = "nbac_team_boxscore") -> dict:
    """The gap of one team's side of a game."""
    return {
        "gap_id": f"{table}:{of['game_date']}:{of['game_id']}:{team}",
        "table_name": table,
        "game_date": of["game_date"],
        "game_id": of["game_id"],
        "team_abbr": team,
        "kind": kind,
    }


def test_a_game_that_nobody_has_ended_is_named_by_whose_rest_and_form_hang_on_it() -> None:
    """LAL and MIA were to play on the seventh: LAL has played since, MIA has not.

    LAL's season is made of it, BOS's opponent rests since the ninth whatever became of it; NYK's,
    which is MIA, since the seventh. What is missing of a game that is over changes nothing here.
    """
    open_game = game(8, date(2024, 1, 7), "LAL", "MIA", status="live")
    gaps = [
        gap(open_game, team, kind="unsettled", table=table)
        for team in ("LAL", "MIA")
        for table in ("nbac_team_boxscore", "nbac_player_boxscore")
    ]
    gaps += [gap(BEFORE[1], "LAL", kind="missing"), gap(BEFORE[4], "NYK", kind="invalid")]
    today = [
        game(6, date(2024, 1, 10), "LAL", "BOS"),
        game(7, date(2024, 1, 10), "MIA", "NYK"),
    ]
    rows = context(today, [*BEFORE, open_game], gaps=gaps)
    of_lal, of_mia = (f"nbac_team_boxscore:2024-01-07:0022300008:{t}" for t in ("LAL", "MIA"))
    named = {team: row["gap_ids"] for team, row in rows.items()}
    assert named == {"LAL": [of_lal], "BOS": [], "MIA": [of_mia], "NYK": [of_mia]}
    assert (rows["NYK"]["opponent_days_rest"], rows["BOS"]["opponent_days_rest"]) == (3, 1)
    assert (rows["LAL"]["team_games_in_last_7_days"], rows["LAL"]["win_pct_season"]) == (4, None)


def test_wins_are_those_of_the_games_that_have_ended() -> None:
    """DEN won six of nine, and a tenth has no result: it is no win, and none is made up of a share."""
    played = [
        game(n, date(2024, 1, n), "DEN", "MIA", (100, 90) if n <= 6 else (90, 100))
        for n in range(1, 10)
    ]
    open_game = game(10, date(2024, 1, 10), "DEN", "MIA", status="live")
    rows = context([game(11, date(2024, 1, 12), "DEN", "MIA")], [*played, open_game])
    assert (rows["DEN"]["last_10_wins"], rows["MIA"]["last_10_wins"]) == (6, 3)


def offer(book: str, market: str, outcome: str, point: float | None, hour: int) -> dict:
    """An offer on the game of the tenth, which begins at 18:00 UTC."""
    return {
        "game_id": "0022300006",
        "bookmaker": book,
        "market": market,
        "outcome": outcome,
        "point": point,
        "snapshot_at": datetime(2024, 1, 10, hour, tzinfo=UTC),
        "commence_time": datetime(2024, 1, 10, 18, tzinfo=UTC),
    }


def test_spread_and_total_are_the_median_of_the_last_snapshot_before_tip_off() -> None:
    """Spreads of -3.5, -4.5 and -7 for LAL; of totals only the earlier snapshot has any."""
    offers = [
        offer(book, "spreads", team, sign * points, 17)
        for book, points in (("a", 3.5), ("b", 4.5), ("c", 7.0))
        for team, sign in (("LAL", -1), ("BOS", 1))
    ]
    offers += [offer("a", "spreads", "LAL", -1.5, 12), offer("a", "h2h", "LAL", None, 17)]
    offers += [offer(b, "totals", "over", p, 16) for b, p in (("a", 220.5), ("b", 221.5))]
    offers += [offer("a", "spreads", "LAL", 9.5, 18), offer("a", "totals", "over", 180.5, 18)]
    rows = context([game(6, date(2024, 1, 10), "LAL", "BOS")], BEFORE, offers)
    told = {team: (row["game_spread"], row["game_total"]) for team, row in rows.items()}
    assert told == {"LAL": (-4.5, 221.0), "BOS": (4.5, 221.0)}


def test_a_side_that_a_book_prices_alone_tells_the_other() -> None:
    """Spreads of -3.5 for LAL, and 5.5 for BOS alone; totals 220.5, and 223.5 of under alone."""
    offers = [offer("a", "spreads", "LAL", -3.5, 17), offer("a", "spreads", "BOS", 3.5, 17)]
    offers += [offer("b", "spreads", "BOS", 5.5, 17), offer("b", "totals", "under", 223.5, 17)]
    offers += [offer("a", "totals", side, 220.5, 17) for side in ("over", "under")]
    rows = context([game(6, date(2024, 1, 10), "LAL", "BOS")], BEFORE, offers)
    told = {team: (row["game_spread"], row["game_total"]) for team, row in rows.items()}
    assert told == {"LAL": (-4.5, 222.0), "BOS": (4.5, 222.0)}


def test_a_tip_off_of_the_schedule_comes_before_the_bookmakers_own() -> None:
    """At 17 by the schedule: what was offered at 16 counts, what was offered at 17 does not."""
    today = game(6, date(2024, 1, 10), "LAL", "BOS")
    today |= {"tipoff_at": datetime(2024, 1, 10, 17, tzinfo=UTC)}
    offers = [offer("a", "spreads", "LAL", p, hour) for p, hour in ((-3.5, 16), (-9.5, 17))]
    rows = context([today], BEFORE, offers)
    assert (rows["LAL"]["game_spread"], rows["BOS"]["game_spread"]) == (-3.5, 3.5)
    assert rows["LAL"]["game_total"] is None
