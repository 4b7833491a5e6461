"""Who is out is known from the transactions strictly before a game; those of its day are told."""

from datetime import date

import pandas as pd
import pytest

from nba_pipeline.model import absences, training

FIRST, SECOND, THIRD = date(2023, 11, 1), date(2023, 11, 3), date(2023, 11, 5)
IDS = {FIRST: "0022300050", SECOND: "0022300100", THIRD: "0022300150"}
# Player 3 used 24% of the plays in 30 of 48 minutes.
LEFT = 24 * 30 / 48


def games() -> pd.DataFrame:
    """Three teammates play the first game, and the first two of them the others."""
    played = [(day, player) for day in IDS for player in (1, 2, 3) if (day, player) != (THIRD, 3)]
    rows = [(IDS[d], d, p, "2023-24", 24.0, 30.0) for d, p in played if (d, p) != (SECOND, 3)]
    columns = ["game_id", "game_date", "player_id", "season", "usage_rate", "minutes"]
    return pd.DataFrame(rows, columns=columns)


def universe(left: dict[date, float], out: dict[date, bool]) -> pd.DataFrame:
    """All three before the second and the third game, with what is told of them."""
    rows = [
        (IDS[day], day, player, "LAL", "2023-24", False, False)
        + ((3.0 if out[day] else None, 0.0) if player == 3 else (None, left[day]))
        for day in (SECOND, THIRD)
        for player in (1, 2, 3)
    ]
    flags = ["has_lost_games", "is_reported", "injury_risk", "teammates_out_usage"]
    columns = ["game_id", "game_date", "player_id", "team_abbr", "season", *flags]
    return pd.DataFrame(rows, columns=columns)


def entries(*told: tuple[int, date, str]) -> pd.DataFrame:
    """The entries, and one of somebody else, with which the season's begin."""
    rows = [(99, date(2023, 10, 20), "out"), *told]
    return pd.DataFrame(rows, columns=["player_id", "event_date", "event"]).assign(season="2023-24")


OUT_ON_SECOND = entries((3, SECOND, "out"))
HONEST = universe({SECOND: 0.0, THIRD: LEFT}, {SECOND: False, THIRD: True})
HINDSIGHT = universe({SECOND: LEFT, THIRD: LEFT}, {SECOND: True, THIRD: True})


def test_who_went_out_on_a_date_is_out_of_the_next_game() -> None:
    """His entry is of the second game's date: it tells of the third, and not of the second."""
    assert absences.unlike(HONEST, games(), OUT_ON_SECOND) == {}


def test_entries_of_the_day_itself_are_told() -> None:
    """The second game's rows have what its own date tells: each feature that a month's universe has."""
    told = absences.unlike(HINDSIGHT, games(), OUT_ON_SECOND)
    assert set(told) == set(training._AVAILABILITY)
    assert told["teammates_out_usage"] == (
        "2 of 6 sampled rows, 2 of which are what transactions of the day itself come to, as 15.000 "
        "of player 1 on 2023-11-03 instead of 0.000"
    )
    assert told["injury_risk"].startswith("1 of 6 sampled rows, 1 of which are what transactions")


@pytest.mark.parametrize("last", [(3, date(2023, 11, 4), "back"), (3, SECOND, "back")])
def test_who_came_back_since_or_on_the_same_date_is_not_out(last) -> None:
    """Then nobody leaves anything to the third game."""
    nobody = universe({SECOND: 0.0, THIRD: 0.0}, {SECOND: False, THIRD: False})
    assert absences.unlike(nobody, games(), entries((3, SECOND, "out"), last)) == {}


def test_what_a_report_tells_or_a_lost_game_hides_is_not_asked() -> None:
    """Nor anything before the season's first entry."""
    for name in ("is_reported", "has_lost_games"):
        assert absences.unlike(HINDSIGHT.assign(**{name: True}), games(), OUT_ON_SECOND) == {}, name
    late = OUT_ON_SECOND[OUT_ON_SECOND.player_id == 3].assign(event_date=THIRD)
    assert absences.unlike(HINDSIGHT, games(), late) == {}
