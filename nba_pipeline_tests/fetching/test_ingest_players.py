"""Lists of players are kept against what was cut, and come in where players are gone."""

import pytest

from nba_pipeline_tests.fetching.test_ingest import INDEX


def players(count: int, *, without_team: int = 0) -> dict[str, object]:
    """A list of so many players with a team, and so many without."""
    (result,) = INDEX["resultSets"]
    teams = [(1, "LAL")] * count + [(0, "")] * without_team
    rows = [[7 + n, "A.", f"One{'x' * n}", *team, "G"] for n, team in enumerate(teams)]
    return {"resultSets": [result | {"rowSet": rows}]}


@pytest.mark.parametrize("day", ["2023-10-21", "2023-10-23", "2023-11-05"])
def test_a_list_of_far_fewer_players_than_the_one_in_force_is_refused(zone, day) -> None:
    """Before the season and in it; half of them may be gone, as between two seasons a quarter is."""
    zone.ingest(zone.laid("2023-10-20.json", players(8)))
    cut = zone.laid(f"{day}.json", players(3))
    ((_file, reason),) = zone.ingest(cut).refused
    assert "8 players with a team in nba_stats/player_index/2023-10-20.json.gz (3 now)" in reason
    assert "(3 now); --accept-fewer" in reason
    assert len(zone.files()) == 1
    assert [each.rows for each in zone.ingest(cut, accept_fewer=True).new] == [3]
    assert len(zone.ingest(zone.laid(f"{day}.json", players(4))).changed) == 1
    assert len(zone.ingest(zone.laid("2023-11-06.json", players(2))).new) == 1


@pytest.mark.parametrize("day", ["2023-10-23", "2023-11-05"])
def test_a_date_s_list_may_not_lose_a_player_of_that_date(zone, day) -> None:
    """7 of 8 is no list of a later date, from which somebody may be gone; 8 with one renamed is.

    Nor are 8 of whom 4 are others, or 8 of whom one has no position any more.
    """
    whole = players(8)
    zone.ingest(zone.laid(f"{day}.json", whole))
    before = zone.files()
    ((_file, reason),) = zone.ingest(zone.laid(f"{day}.json", players(7))).refused
    assert "it has players with a team: A. Onexxxxxxx (14); --accept-fewer" in reason
    four, positions = players(8), players(8)
    for row in four["resultSets"][0]["rowSet"][:4]:
        row[0] += 20
    ((_file, reason),) = zone.ingest(zone.laid(f"{day}.json", four)).refused
    assert "players with a team: A. One (7), A. Onex (8), A. Onexx (9) and 1 more; -" in reason
    positions["resultSets"][0]["rowSet"][1][5] = ""
    ((_file, reason),) = zone.ingest(zone.laid(f"{day}.json", positions)).refused
    assert "it has positions of players: A. Onex (8); --accept-fewer" in reason
    assert zone.files() == before
    whole["resultSets"][0]["rowSet"][0][2] = "Two"
    assert len(zone.ingest(zone.laid(f"{day}.json", whole)).changed) == 1
    assert len(zone.ingest(zone.laid("2023-11-06.json", players(7))).new) == 1


@pytest.mark.parametrize("day", ["2023-10-20", "2023-10-25"])
def test_a_list_of_all_times_holds_none_of_a_season_s_players_back(zone, day) -> None:
    """Of its 20 players 4 have a team: a list of 4 is whole beside it, one of 1 was cut."""
    zone.ingest(zone.laid("2023-10-20.json", players(4, without_team=16)))
    ((_file, reason),) = zone.ingest(zone.laid(f"{day}.json", players(1, without_team=19))).refused
    assert "players with a team" in reason
    done = zone.ingest(zone.laid(f"{day}.json", players(4)))
    assert [each.rows for each in (*done.new, *done.changed)] == [4]
