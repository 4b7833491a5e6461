"""What teams allowed, on games small enough to add up by hand."""

from datetime import date

import ibis
import pytest

from nba_pipeline.phase_4_precompute.team_defense_zone_analysis import (
    teams_outside_schedule,
    transform,
)
from nba_pipeline_tests.window_rows import (
    answers,
    lost_shots,
    no_gaps,
    on,
    table,
    tracked,
    unknown_zones,
    zones,
)

EVEN = zones(paint=(5, 10), mid_range=(2, 5), three=(3, 10))
ALLOWED = [f"opponent_{name}" for name in EVEN]


def game(number: int, *, lal, bos, possessions=100.0, overtimes=0, day=None) -> list[dict]:
    """LAL at home to BOS: each side's points and shots, (points, zones)."""
    pace = None if possessions is None else possessions * 48 / (48 + 5 * overtimes)
    return [
        {
            "game_id": f"{number:010d}",
            "game_date": day or on(number),
            "team_abbr": team,
            "opponent_abbr": other,
            "possessions": possessions,
            "pace": pace,
            "points_allowed": allowed,
            **{f"opponent_{name}": count for name, count in theirs.items()},
        }
        for team, other, (_points, _shots), (allowed, theirs) in (
            ("LAL", "BOS", lal, bos),
            ("BOS", "LAL", bos, lal),
        )
    ]


def known(*games, at: int, gaps=(), without=()) -> dict[str, dict]:
    """Both teams' rows as of a day; without: (table, team) of which game 1 has no row."""
    sides = [side for both in games for side in both]
    keys = ("game_id", "game_date", "team_abbr", "opponent_abbr")

    def of(name, *columns):
        kept = [s for s in sides if (name, s["team_abbr"]) not in without]
        return table([{c: s[c] for c in (*keys, *columns)} | _tracked(s, gaps) for s in kept])

    scheduled = {
        "game_id": "0022300999",
        "game_date": on(at),
        "season": "2023-24",
        "season_type": "regular",
        "status": "scheduled",
        "home_team": "LAL",
        "away_team": "BOS",
        "home_score": None,
        "away_score": None,
    }
    rows = transform(
        table([scheduled]),
        of("offense", "possessions", "pace"),
        of("defense", "points_allowed", *ALLOWED),
        table(list(gaps)) if gaps else no_gaps(),
    )
    found = answers(rows)
    assert {row["game_date"] for row in found} == {on(at)}
    return {row["team_abbr"]: row for row in found}


def _tracked(side, gaps) -> dict[str, object]:
    """How whole a team's row is: a lost box score of its game is a gap of it, lost zones are too."""
    mine = [gap for gap in gaps if gap["game_id"] == side["game_id"]]
    is_whole = not any(gap["table_name"] == "nbac_team_boxscore" for gap in mine)
    has_zones = side[ALLOWED[0]] is not None
    gap_ids = sorted(gap["gap_id"] for gap in mine)
    return tracked("team", present=is_whole) | tracked(
        "zone", gaps=tuple(gap_ids), present=has_zones
    )


def test_sums_over_both_games_beside_the_leagues_of_the_same_days() -> None:
    """Of 20 attempts each from the paint LAL allowed 12 makes and BOS 8, of the league's 40 it is 20."""
    one = game(
        1,
        lal=(110, zones(paint=(6, 12), mid_range=(3, 6), three=(4, 10))),
        bos=(90, zones(paint=(5, 10), mid_range=(0, 4), three=(2, 8))),
    )
    two = game(
        2,
        lal=(100, zones(paint=(2, 8), mid_range=(0, 0), three=(2, 10))),
        bos=(120, zones(paint=(7, 10), mid_range=(0, 2), three=(1, 2))),
        possessions=106.0,
        overtimes=1,
    )
    # That of the day itself would change everything.
    today = game(5, lal=(200, zones(three=(50, 50))), bos=(10, zones(paint=(0, 90))))
    found = known(one, two, today, at=5)
    lal, bos = found["LAL"], found["BOS"]
    assert (lal["paint_pct_allowed_last_15"], bos["paint_pct_allowed_last_15"]) == (0.6, 0.4)
    assert lal["paint_pct_allowed_vs_league"] == pytest.approx(10)
    assert bos["paint_pct_allowed_vs_league"] == pytest.approx(-10)
    # None of 6 went in: a zero that is known. Of the other 6 half did, of all 12 a quarter.
    assert (lal["mid_range_pct_allowed_last_15"], bos["mid_range_pct_allowed_last_15"]) == (0, 0.5)
    assert lal["mid_range_pct_allowed_vs_league"] == pytest.approx(-25)
    assert lal["three_pct_allowed_last_15"] == pytest.approx(0.3)
    assert lal["three_pct_allowed_vs_league"] == pytest.approx(0)
    assert (lal["strongest_zone"], lal["weakest_zone"]) == ("mid_range", "paint")
    assert (bos["strongest_zone"], bos["weakest_zone"]) == ("paint", "mid_range")
    attempts = [f"{z}_attempts_allowed_avg_last_15" for z in ("paint", "mid_range", "three")]
    assert [lal[name] for name in attempts] == [10, 3, 5]
    assert [bos[name] for name in attempts] == [10, 3, 10]
    beside = [f"{z}_attempts_allowed_vs_league" for z in ("paint", "mid_range", "three")]
    assert [lal[name] for name in beside] == [0, 0, -2.5]
    assert lal["defensive_rating_last_15"] == pytest.approx(100 * 210 / 206)
    assert lal["opponent_points_per_game"] == 105
    # 106 possessions in 53 minutes are 96 in 48.
    assert lal["pace_last_15"] == lal["league_pace_last_30_days"] == pytest.approx(98)
    assert (lal["league_pace_coverage"], lal["league_zone_coverage"]) == (1, 1)
    assert (lal["team_games_expected"], lal["zone_games_present"]) == (2, 2)


def test_the_last_fifteen_games_and_the_leagues_last_thirty_days() -> None:
    """Five games of the first week, faster and with more points, are in neither."""
    early = [game(n, lal=(99, EVEN), bos=(130, EVEN), possessions=110.0) for n in range(5)]
    late = [game(n, lal=(99, EVEN), bos=(90, EVEN), possessions=98.0) for n in range(40, 55)]
    found = known(*early, *late, at=60)["LAL"]
    assert found["opponent_points_per_game"] == 90
    assert found["pace_last_15"] == found["league_pace_last_30_days"] == 98
    assert found["paint_pct_allowed_last_15"] == 0.5
    assert found["paint_pct_allowed_vs_league"] == 0


def test_before_the_first_game_of_a_season_nothing_is_known() -> None:
    """The season before is in no window."""
    last_year = game(1, lal=(99, EVEN), bos=(90, EVEN), day=date(2023, 3, 1))
    found = known(last_year, at=1)["LAL"]
    counts = {
        name: value for name, value in found.items() if name.endswith(("expected", "present"))
    }
    assert set(counts.values()) == {0}
    others = set(found) - set(counts) - {"team_abbr", "game_date", "gap_ids"}
    assert {name for name in others if found[name] is not None} == set()


def test_lost_shots_leave_the_zones_unknown_and_nothing_else() -> None:
    """Nine of ten games are enough for the team and not for the league; eight for neither."""
    for lost, pct in ((1, 0.5), (2, None)):
        gaps = [lost_shots(n) for n in range(lost)]
        games = [
            game(n, lal=(99, shots := unknown_zones() if n < lost else EVEN), bos=(90, shots))
            for n in range(10)
        ]
        found = known(*games, at=12, gaps=gaps)["LAL"]
        assert found["paint_pct_allowed_last_15"] == pct
        assert found["paint_pct_allowed_vs_league"] is None
        assert (found["strongest_zone"], found["weakest_zone"]) == (None, None)
        assert found["league_zone_coverage"] == pytest.approx(1 - lost / 10)
        assert (found["opponent_points_per_game"], found["pace_last_15"]) == (90, 100)
        assert found["league_pace_coverage"] == 1
        assert found["gap_ids"] == [gap["gap_id"] for gap in gaps]
        assert (found["zone_games_expected"], found["zone_games_present"]) == (10, 10 - lost)
        assert (found["team_games_expected"], found["team_games_present"]) == (10, 10)


def test_a_lost_box_score_is_a_hole_of_its_team_and_unknown_to_the_other() -> None:
    """Possessions need both sides: neither team's rating is known, and both name the gap."""
    gap = lost_shots(1) | {
        "gap_id": "nbac_team_boxscore:BOS",
        "table_name": "nbac_team_boxscore",
        "team_abbr": "BOS",
    }
    one = game(1, lal=(99, EVEN), bos=(90, EVEN), possessions=None)
    without = {("offense", "BOS"), ("defense", "LAL")}
    found = known(one, at=3, gaps=[gap], without=without)
    for row in found.values():
        assert row["gap_ids"] == ["nbac_team_boxscore:BOS"]
        assert (row["team_games_expected"], row["team_games_present"]) == (1, 0)
        assert row["defensive_rating_last_15"] is row["pace_last_15"] is None
        assert row["league_pace_coverage"] == 0
        assert row["paint_pct_allowed_last_15"] is None


def test_a_lost_roster_leaves_what_was_allowed_to_it_unknown() -> None:
    """From where Boston's players shot is not known: LAL's zones are, by name, not."""
    gap = lost_shots(1) | {
        "gap_id": "nbac_player_boxscore:BOS",
        "table_name": "nbac_player_boxscore",
        "team_abbr": "BOS",
    }
    one = game(1, lal=(99, EVEN), bos=(90, unknown_zones()))
    found = known(one, at=3, gaps=[gap])
    assert found["LAL"]["paint_pct_allowed_last_15"] is None
    assert (found["LAL"]["zone_games_expected"], found["LAL"]["zone_games_present"]) == (1, 0)
    assert found["LAL"]["gap_ids"] == found["BOS"]["gap_ids"] == ["nbac_player_boxscore:BOS"]
    assert found["LAL"]["opponent_points_per_game"] == 90
    assert found["BOS"]["paint_pct_allowed_last_15"] == 0.5


def test_a_team_that_does_not_play_has_no_row() -> None:
    """A row of a third team on the date is an offence."""
    scheduled = table(
        [
            {
                "game_id": "0022300999",
                "game_date": on(1),
                "season": "2023-24",
                "season_type": "regular",
                "status": "final",
                "home_team": "LAL",
                "away_team": "BOS",
                "home_score": 99,
                "away_score": 90,
            }
        ]
    )
    rows = table([{"team_abbr": team, "game_date": on(1)} for team in ("LAL", "BOS", "OKC")])
    (found,) = answers(teams_outside_schedule(rows, scheduled).select(ibis._.team_abbr))
    assert found == {"team_abbr": "OKC"}
