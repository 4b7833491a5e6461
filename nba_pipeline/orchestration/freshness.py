"""By when a table's partition is expected, US Eastern, and Dagster's freshness policies made of it.

The policies are for the tables that people wait for. They hold from November to May, when every day
has a partition: a policy knows no season, and would be red all summer.
"""

from datetime import time, timedelta

import dagster as dg

from nba_pipeline.backfill.planner import GRADES
from nba_pipeline.quality.predictions import PREDICTIONS

EXPECTED_BY = {PREDICTIONS: time(17), GRADES: time(13)}
"""Of today's predictions, and of the grades of yesterday."""
EXPECTED_BY_NOON = time(12)
"""Of yesterday's partition of every other table."""
_MONTHS = "1-5,11,12"


def freshness_policy(name: str) -> dg.FreshnessPolicy | None:
    """The policy of a table that people wait for: something of it is computed on each day by then."""
    if name not in EXPECTED_BY:
        return None
    by = EXPECTED_BY[name]
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{by.minute} {by.hour} * {_MONTHS} *",
        lower_bound_delta=timedelta(hours=by.hour),
        timezone="America/New_York",
    )
