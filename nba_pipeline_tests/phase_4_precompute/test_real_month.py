"""December 2023 by another route: every number of phases 3 and 4 to a billionth."""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pytest

from nba_pipeline_tests.phase_4_precompute import month

SEASON, FIRST, LAST = "2023-24", date(2023, 12, 1), date(2023, 12, 31)


@pytest.fixture(scope="module")
def teams(real_landing):
    """The season's team games."""
    return month.team_games(real_landing, SEASON)


@pytest.fixture(scope="module")
def players(real_landing, teams):
    """The season's player games."""
    return month.player_games(real_landing, SEASON, teams)


def of_month(lab, table: str) -> list[dict]:
    """The table's rows of the month."""
    return [row for row in lab.rows(table) if FIRST <= row["game_date"] <= LAST]


def unlike(row: dict, expected: dict[str, float]) -> list[str]:
    """The columns whose values differ; NULL is NaN."""
    return [
        f"{name}: {row[name]}, not {value}"
        for name, value in expected.items()
        if not np.isclose(
            np.nan if row[name] is None else row[name], value, rtol=1e-9, atol=1e-9, equal_nan=True
        )
    ]


def offences(rows: Iterable[tuple[dict, dict[str, float]]]) -> list[str]:
    """What differs, of the first rows in which anything does."""
    found = [(row, unlike(row, expected)) for row, expected in rows]
    return [f"{row}: {names}" for row, names in found if names][:3]


def test_team_games_of_the_month(real, teams) -> None:
    """Possessions, pace, ratings and shooting of both sides, and the defence as the other's offense."""
    known = teams.set_index(["game_id", "team"])
    names = ("possessions", "pace", "offensive_rating")
    rows = of_month(real, "team_offense_game_summary")
    assert len(rows) == ((teams.day >= FIRST) & (teams.day <= LAST)).sum() > 400
    pairs = [(row, known.loc[(row["game_id"], row["team_abbr"])]) for row in rows]
    assert offences((row, {name: line[name] for name in names}) for row, line in pairs) == []
    defense = of_month(real, "team_defense_game_summary")
    assert len(defense) == len(rows)
    pairs = [(row, known.loc[(row["game_id"], row["team_abbr"])]) for row in defense]
    assert (
        offences(
            (row, {"points_allowed": t["pts_other"], "defensive_rating": t["defensive_rating"]})
            for row, t in pairs
        )
        == []
    )


def test_player_games_of_the_month(real, players) -> None:
    """Usage and true shooting of every line, and every zone of its shots."""
    known = players.set_index(["game_id", "player_id"])
    names = {"usage_rate": "usage", "ts_pct": "ts_pct", "points": "pts", "minutes": "min"}
    rows = of_month(real, "player_game_summary")
    assert len(rows) == ((players.day >= FIRST) & (players.day <= LAST)).sum() > 4000
    assert offences((r, _named(known, r, names)) for r in rows) == []
    counts = [f"{zone}_{what}" for zone in month.ZONES for what in ("attempts", "makes")]
    shots = of_month(real, "player_game_shots")
    assert len(shots) == len(rows)
    assert (
        offences((r, _named(known, r, dict(zip(counts, counts, strict=True)))) for r in shots) == []
    )


def _named(known, row: dict, names: dict[str, str]) -> dict[str, float]:
    line = known.loc[(row["game_id"], row["player_id"])]
    return {name: line[theirs] for name, theirs in names.items()}


def test_what_was_known_before_each_game_of_the_month(real, teams, players) -> None:
    """Caches, zones, defences and factors of the whole universe of each date."""
    teams = month.with_zones_allowed(teams, players)
    by_team, by_player = (
        dict(tuple(teams.groupby("team"))),
        dict(tuple(players.groupby("player_id"))),
    )
    nobody = players.iloc[:0]
    defense = {}
    for row in of_month(real, "team_defense_zone_analysis"):
        team, day = row["team_abbr"], row["game_date"]
        everyone = month.before(teams, day, 30)
        defense[team, day] = (row, month.defense_row(month.before(by_team[team], day), everyone))
    assert len(defense) > 400
    assert offences(defense.values()) == []
    for row, _expected in defense.values():
        beside = {zone: row[f"{zone}_pct_allowed_vs_league"] for zone in month.ZONES}
        assert row["strongest_zone"] == min(beside, key=beside.get)
        assert row["weakest_zone"] == max(beside, key=beside.get)
    universe = of_month(real, "upcoming_player_game_context")
    cache = {(r["player_id"], r["game_date"]): r for r in of_month(real, "player_daily_cache")}
    shots = {
        (r["player_id"], r["game_date"]): r for r in of_month(real, "player_shot_zone_analysis")
    }
    factors = {
        (r["player_id"], r["game_date"]): r for r in of_month(real, "player_composite_factors")
    }
    assert len(universe) == len(cache) == len(shots) == len(factors) > 6000
    out: dict[tuple, dict[int, float]] = {}
    for row in universe:
        if row["injury_status"] == "out":
            games = month.before(by_player.get(row["player_id"], nobody), row["game_date"])
            left = games.usage.mean() * games["min"].mean() / 48 if len(games) else 0
            out.setdefault((row["game_id"], row["team_abbr"]), {})[row["player_id"]] = left
    assert sum(map(len, out.values())) > 100
    found: dict[str, list] = {"context": [], "cache": [], "shots": [], "factors": []}
    for row in universe:
        key = row["player_id"], row["game_date"]
        games = month.before(by_player.get(row["player_id"], nobody), row["game_date"])
        team = month.before(by_team[row["team_abbr"]], row["game_date"])
        mates = out.get((row["game_id"], row["team_abbr"]), {})
        left = sum(usage for mate, usage in mates.items() if mate != row["player_id"])
        cached = month.cache_row(games, team, row["game_date"])
        zones = month.shots_row(games)
        own, other = (defense[row[s], key[1]][1] for s in ("team_abbr", "opponent_abbr"))
        found["context"].append((row, {"teammates_out_usage": left}))
        found["cache"].append((cache[key], cached))
        found["shots"].append((shots[key], zones))
        wanted = month.factors_row(cached, zones, own, other, games, key[1], left)
        found["factors"].append((factors[key], wanted))
    assert {table: offences(pairs) for table, pairs in found.items()} == {n: [] for n in found}
