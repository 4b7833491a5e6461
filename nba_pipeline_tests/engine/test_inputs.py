"""What a table's functions are given of the tables upstream."""

from contextlib import ExitStack

from nba_pipeline.engine.inputs import read_inputs
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST, Lab


def test_what_is_read_for_its_rows_alone_says_whose_rows_they_are_and_no_more(league: Lab) -> None:
    """A value taken of it would come without its gaps: there is none, and no gap either."""
    universe = "upcoming_player_game_context"
    for name in ("player_daily_cache", "player_shot_zone_analysis"):
        with ExitStack() as staged:
            inputs = read_inputs(TABLES[name], [LAST], league.warehouse, league.landing, staged)
            of_whom = {"game_id", "game_date", "player_id", "player_lookup", "team_abbr"}
            assert set(inputs[universe].columns) == of_whom
            given = inputs[universe].count().to_pyarrow().as_py()
        assert given == len(league.rows(universe, game_date=LAST)) > 0
