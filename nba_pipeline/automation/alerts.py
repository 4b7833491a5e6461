"""What somebody is told of without asking: found in the books, each once, the worst first."""

import dagster as dg

from nba_pipeline import clock
from nba_pipeline.automation.alert import Alert
from nba_pipeline.automation.alerts_of_runs import of_runs
from nba_pipeline.automation.alerts_of_tables import of_tables
from nba_pipeline.automation.cancelled_partitions import cancelled_partitions
from nba_pipeline.automation.left_alone import left_alone
from nba_pipeline.automation.on_call import Installation


def alerts(home: Installation, instance: dg.DagsterInstance) -> list[Alert]:
    """Everything that is amiss now, or was lately, the worst first.

    Args:
        home: the installation.
        instance: Dagster's books on its runs.
    """
    survey, now = home.survey(), clock.now().astimezone(clock.EASTERN)
    left = left_alone(survey, cancelled_partitions(home.engine, survey))
    found = [*of_runs(home, instance, survey, now), *of_tables(survey, now, left)]
    by_key = {alert.key: alert for alert in sorted(found, key=lambda a: a.severity, reverse=True)}
    return sorted(by_key.values(), key=lambda alert: (alert.severity, alert.kind, alert.key))
