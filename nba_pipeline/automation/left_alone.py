"""Partitions that nobody starts again by itself, since they would come to the same."""

from collections.abc import Collection, Mapping
from datetime import date

from nba_pipeline.automation.failed_partitions import still_failed, why_failed
from nba_pipeline.automation.work import Cells
from nba_pipeline.engine.staleness import Survey

CANCELLED = "cancelled"


def left_alone(survey: Survey, cancelled: Mapping[str, Collection[date]]) -> Cells:
    """Per table, what is cancelled or failed, also in passing, each with why."""
    failed: dict[str, dict[date, str]] = {}
    for mark in still_failed(survey):
        failed.setdefault(mark.table, {})[mark.partition] = why_failed(mark)
    return with_cancelled(failed, cancelled)


def left_upstream(name: str, left: Cells, survey: Survey) -> Cells:
    """Those of the partitions that are the table's, or of what it is made from."""
    needed = {name, *survey.tables[name].upstream}
    return {other: cells for other, cells in left.items() if other in needed}


def with_cancelled(failed: Cells, cancelled: Mapping[str, Collection[date]]) -> Cells:
    """The failed partitions, and the cancelled ones."""
    found = {name: dict(cells) for name, cells in failed.items()}
    for name, days in cancelled.items():
        found.setdefault(name, {}).update(dict.fromkeys(days, CANCELLED))
    return found
