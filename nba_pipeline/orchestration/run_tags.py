"""What the tags of a run ask for: its partitions, and how they are to be computed."""

from collections.abc import Mapping
from datetime import date, datetime

import dagster as dg

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.errors import WrongRequest
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.dagster_run import CANCEL_REASON_TAG

BYPASS_TAG = "nba_pipeline/bypass"
REASON_TAG = "nba_pipeline/bypass_reason"
FORCE_TAG = "nba_pipeline/force"
WAIT_TAG = "nba_pipeline/wait"
ONLY_STORED_TAG = "nba_pipeline/only_stored"
BACKFILL_TAG = "nba_pipeline/backfill"
DEADLINE_TAG = "nba_pipeline/deadline"
WORK_TAG = "nba_pipeline/work"
"""Identity of the work for which a sensor or schedule has asked; see automation.work."""
_TAGS = {
    *(BYPASS_TAG, REASON_TAG, FORCE_TAG, WAIT_TAG, ONLY_STORED_TAG, BACKFILL_TAG),
    *(DEADLINE_TAG, WORK_TAG, CANCEL_REASON_TAG),
}
PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def days_of(run: dg.DagsterRun) -> list[date]:
    """The partitions of a run, by their keys' dates.

    Raises:
        WrongRequest: the run has no partition, one that is no date, or a range that ends before it
            begins.
    """
    tags = run.tags
    if PARTITION_TAG in tags:
        return [_date_of(tags, PARTITION_TAG)]
    if not all(tag in tags for tag in RANGE_TAGS):
        raise WrongRequest("choose partitions: every table is partitioned by date or month")
    first, last = (_date_of(tags, tag) for tag in RANGE_TAGS)
    if first > last:
        raise WrongRequest(f"the range of partitions begins on {first} and ends on {last}")
    return days_between(first, last)


def _date_of(tags: Mapping[str, str], tag: str) -> date:
    try:
        return date.fromisoformat(tags[tag])
    except ValueError as error:
        raise WrongRequest(f"tag {tag} is {tags[tag]!r}: give a date, as 2024-01-31") from error


def days_between(first: date, last: date) -> list[date]:
    """The days that a range of partitions stands for, from its first key to its last."""
    # A month's key is its first day, which may lie before the season that begins in it.
    return sorted({first, *calendar.season_days(first, last), last})


def is_on(tags: Mapping[str, str], tag: str) -> bool:
    """Whether the tag is true; absent is false."""
    value = tags.get(tag, "false")
    if value not in ("true", "false"):
        raise WrongRequest(f"tag {tag} is {value!r}: give true or false")
    return value == "true"


def only_stored_of(tags: Mapping[str, str]) -> frozenset[str]:
    """The tables of which the run computes no date that was never stored."""
    return frozenset(filter(None, tags.get(ONLY_STORED_TAG, "").split(",")))


def deadline_of(tags: Mapping[str, str]) -> datetime | None:
    """When the run begins no further table; None where it has no deadline.

    Raises:
        WrongRequest: what the tag says is no time with its zone.
    """
    text = tags.get(DEADLINE_TAG)
    try:
        deadline = datetime.fromisoformat(text) if text else None
    except ValueError:
        deadline = None
    if text and (deadline is None or deadline.tzinfo is None):
        raise WrongRequest(
            f"tag {DEADLINE_TAG} is {text!r}: give a time, such as 2024-01-15T18:50-05:00"
        )
    return deadline


def refuse_unknown_tags(tags: Mapping[str, str]) -> None:
    """Raises WrongRequest where a tag asks this program for what it does not know."""
    unknown = [name for name in tags if name.startswith("nba_pipeline/") and name not in _TAGS]
    if unknown:
        raise WrongRequest(f"no tag {', '.join(unknown)}; there are {', '.join(sorted(_TAGS))}")
    if tags.get(REASON_TAG) and not tags.get(BYPASS_TAG):
        raise WrongRequest(f"tag {REASON_TAG} gives a reason, and {BYPASS_TAG} names no bypass")


def bypasses_of(tags: Mapping[str, str]) -> list[Bypass]:
    """The bypasses that are asked for, each with the reason that is given."""
    named = [name.strip() for name in tags.get(BYPASS_TAG, "").split(",")]
    return [Bypass(name, tags.get(REASON_TAG, "")) for name in named if name]
