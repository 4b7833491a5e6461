"""What the command says of a plan, line by line."""

from datetime import timedelta
from types import SimpleNamespace

from nba_pipeline.backfill.lease_rows import Claim
from nba_pipeline.backfill.planner import Request
from nba_pipeline.cli import run
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST
from nba_pipeline_tests.stored import Changed


def test_a_plan_says_what_was_asked_for_what_comes_along_and_who_holds_it(league) -> None:
    """The store of a date whose cache has changed, while another run holds that and the store before."""
    survey = Changed(TABLES, league.warehouse, league.landing)
    survey.changed = {"player_daily_cache": [LAST]}
    before, store = LAST - timedelta(days=1), "ml_feature_store_v2"
    claims = [Claim("player_daily_cache", before, LAST), Claim(store, before, before)]
    held = SimpleNamespace(claims=claims, run_id="another")
    home = SimpleNamespace(leases=SimpleNamespace(living=lambda: [held]))
    request = Request((TABLES[store],), LAST, LAST)
    names = ("table", "stale", "is_brought_along", "first", "last", "why", "refused", "leased_by")
    told = [tuple(line[name] for name in names) for line in run._planned(home, request, survey)]
    of_cache, of_store = "inputs changed (1)", "player_daily_cache would change (1)"
    assert told == [
        ("player_daily_cache", 1, True, LAST, LAST, [of_cache], 0, "another"),
        (store, 1, False, LAST, LAST, [of_store], 0, None),
    ]
