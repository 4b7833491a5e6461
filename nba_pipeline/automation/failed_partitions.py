"""Partitions whose last attempt failed, as whoever asks for work sees them.

The book of failures says what each was to be made from, Dagster's books of what kind the error was. What
failed for good is nobody's to start again until it would be made from something else, or by other code:
a person may compute it, a sensor or schedule does not. What failed in passing has its pause, whoever
asks. A failure of a run that Dagster's books do not know keeps nobody from trying.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg

from nba_pipeline.automation.attempts import Ended, ended, may_pass
from nba_pipeline.automation.work import Cells
from nba_pipeline.coordination.failures import Mark
from nba_pipeline.engine.meaning import with_code
from nba_pipeline.engine.staleness import Survey

_LONGEST = 200


@dataclass(frozen=True)
class FailedPartitions:
    """Those that would be made from what they failed with.

    for_good has each with why, in_passing with the run that failed. one_of_few are those that failed
    for good with a few others as one set, any of which may be to blame: each is to be tried by itself.
    """

    for_good: Cells
    in_passing: Cells
    one_of_few: Cells


def failed_partitions(survey: Survey, instance: dg.DagsterInstance) -> FailedPartitions:
    """The failed partitions that would be made from the same, by the same code.

    Args:
        survey: what is stored.
        instance: Dagster's books.
    """
    for_good: dict[str, dict[date, str]] = {}
    in_passing: dict[str, dict[date, str]] = {}
    one_of_few: dict[str, dict[date, str]] = {}
    runs: dict[str, Ended | None] = {}
    for mark in still_failed(survey):
        if mark.run_id not in runs:
            record = instance.get_run_record_by_id(mark.run_id)
            runs[mark.run_id] = ended(record, instance) if record else None
        how = runs[mark.run_id]
        if how and may_pass(how.steps.get(mark.table, ())):
            in_passing.setdefault(mark.table, {})[mark.partition] = mark.run_id
        elif how:
            found = one_of_few if mark.is_one_of_few else for_good
            found.setdefault(mark.table, {})[mark.partition] = why_failed(mark)
    return FailedPartitions(for_good, in_passing, one_of_few)


def still_failed(survey: Survey) -> Iterator[Mark]:
    """The marks of partitions that would be made from the same as when they failed."""
    marks: dict[str, list[Mark]] = {}
    for mark in survey.warehouse.failures.marks():
        if mark.made_from and mark.partition in _failed(survey, mark.table):
            marks.setdefault(mark.table, []).append(mark)
    for name, of_table in marks.items():
        table = survey.tables[name]
        now = with_code(table, survey.inputs(table, [mark.partition for mark in of_table]))
        yield from (mark for mark in of_table if mark.tried_with == now[mark.partition])


def why_failed(mark: Mark) -> str:
    """The failure in a sentence."""
    return f"failed: {mark.reason[:_LONGEST]}"


def _failed(survey: Survey, name: str) -> Mapping[date, str]:
    return survey.failed(name) if name in survey.tables else {}
