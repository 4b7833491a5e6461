"""Partitions whose last attempt failed, as whoever asks for work sees them.

The book of failures says what each was to be made from, Dagster's books of what kind the error was. What
failed for good is nobody's to start again until it would be made from something else, or by other code:
a person may compute it, a sensor or schedule does not. What failed in passing has its pause, whoever
asks. A failure of a run that Dagster's books do not know keeps nobody from trying.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from nba_pipeline.automation.attempts import Ended, ended, may_pass
from nba_pipeline.automation.work import Cells
from nba_pipeline.coordination.failures import Mark
from nba_pipeline.engine.meaning import attempt_at
from nba_pipeline.engine.staleness import Survey

_LONGEST = 200
_FEW = 7


@dataclass(frozen=True)
class FailedPartitions:
    """Those that would be made from what they failed with.

    for_good has each with why, in_passing with the run that failed.
    """

    for_good: Cells
    in_passing: Cells


def failed_partitions(survey: Survey, instance: dg.DagsterInstance) -> FailedPartitions:
    """The failed partitions that would be made from the same, by the same code.

    Any date of a set that failed for good may be to blame, so its later half is free to be tried by
    itself, and then the rest: what is good is made, and what is left is to blame. Of a long set, which
    is hardly one date's fault, the earlier half is left alone until one of them changes.

    Args:
        survey: what is stored.
        instance: Dagster's books.
    """
    for_good: dict[str, dict[date, str]] = {}
    in_passing: dict[str, dict[date, str]] = {}
    runs: dict[str, Ended | None] = {}
    for tried in still_failed(survey):
        name, run_id = tried.marks[0].table, tried.marks[0].run_id
        if run_id not in runs:
            record = instance.get_run_record_by_id(run_id)
            runs[run_id] = ended(record, instance) if record else None
        how = runs[run_id]
        if how and may_pass(how.steps.get(name, ())):
            in_passing.setdefault(name, {}).update((m.partition, run_id) for m in tried.marks)
        elif how:
            barred = {mark.partition: why_failed(mark) for mark in tried.to_blame}
            for_good.setdefault(name, {}).update(barred)
    return FailedPartitions(for_good, in_passing)


@dataclass(frozen=True)
class FailedSet:
    """What is still failed of what a run tried as one set of a table's dates, in order of dates.

    is_whole: whether that is all of it.
    """

    marks: Sequence[Mark]
    is_whole: bool

    @property
    def to_blame(self) -> Sequence[Mark]:
        """Those that are not to be tried again by themselves."""
        if len(self.marks) == 1 or not self.is_whole:
            return self.marks if self.is_whole or len(self.marks) > _FEW else ()
        return self.marks[: len(self.marks) // 2]


def still_failed(survey: Survey) -> Iterator[FailedSet]:
    """The failed partitions of sets of which none would be made from something else by now."""
    sets: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in survey.warehouse.failures.marks():
        if mark.made_from and mark.partition in _failed(survey, mark.table):
            together = mark.made_from.rpartition(" ")[-1]
            sets.setdefault((mark.table, mark.run_id, together), []).append(mark)
    for (name, _run_id, _together), marks in sets.items():
        table = survey.tables[name]
        now = attempt_at(table, survey.inputs(table, [mark.partition for mark in marks]))
        pairs = [(mark.made_from or "", now[mark.partition]) for mark in marks]
        if all(then.split()[0] == today.split()[0] for then, today in pairs):
            yield FailedSet(marks, is_whole=all(then == today for then, today in pairs))


def why_failed(mark: Mark) -> str:
    """The failure in a sentence."""
    return f"failed: {mark.reason[:_LONGEST]}"


def _failed(survey: Survey, name: str) -> Mapping[date, str]:
    return survey.failed(name) if name in survey.tables else {}
