"""What is planted in the simulated league's files is missing from them, and nothing else is."""

from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, simulate, write_landing
from nba_pipeline.simulation.sources import ALL_SOURCES, Sources
from nba_pipeline.simulation.told import Told
from nba_pipeline_tests.conftest import RAW, Lab


def test_the_first_seasons_can_be_without_shots(tmp_path) -> None:
    """Neither charts nor play by play of the first; both of the second, its one lost game apart."""
    also = Sources(shots=True, plays_every=4, seasons_without_shots=1, games_without_shots=1)
    write_landing(
        tmp_path, League(teams=4, days=10, seed=3, season="2022-23"), seasons=2, also=also
    )
    charts = [path.name for path in (tmp_path / "nba_stats/shot_chart_detail").iterdir()]
    assert charts == ["2023-24.json"]
    plays = [path.name[:5] for path in (tmp_path / "nba_cdn/play_by_play").iterdir()]
    assert set(plays) == {"00223"}


def test_what_is_planted_is_a_gap_and_nothing_else_is(tmp_path) -> None:
    """Of the box score, as the tables themselves find it."""
    league = League(teams=4, days=6, rest=0.0, seed=3, spoken_names=True)
    write_landing(tmp_path / "landing", league, also=ALL_SOURCES)
    planted = Told(simulate(league), ALL_SOURCES, seed=3).gap_ids
    assert [gap_id.split(":")[0] for gap_id in planted] == ["nbac_player_boxscore", "shots"]
    (tmp_path / "home").mkdir()
    lab = Lab(tmp_path / "home", tmp_path / "landing")
    days = calendar.season(league.season).days()
    lab.compute(RAW, days[0], days[5])
    found = {str(row["gap_id"]) for row in lab.rows("data_gaps")}
    assert {g for g in found if "boxscore" in g} == {g for g in planted if "boxscore" in g}
    assert found <= set(planted)
