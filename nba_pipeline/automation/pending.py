"""What there is to do without being asked: requests of the planner, and nothing about when.

What is stale is the survey's to say and what is affected the planner's; here is only which of it
the sensors and schedules are for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from nba_pipeline.automation.landing_listing import EVERY_SEASON
from nba_pipeline.backfill.planner import RAW, Request, parts, predicting, repairs
from nba_pipeline.engine.bypass import Bypass, outlived
from nba_pipeline.engine.preconditions import UPSTREAM_FAILED, UPSTREAM_STALE
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar

_TONIGHT_FIRST = "tonight first: a correction of older data is still to be made"
WITHOUT_CORRECTIONS = (
    Bypass(UPSTREAM_STALE, _TONIGHT_FIRST),
    Bypass(UPSTREAM_FAILED, _TONIGHT_FIRST),
)
"""Under which what cannot wait is made; all of it is made again once the correction is there."""


@dataclass(frozen=True)
class PendingWork:
    """Requests in the order in which they are carried out, and the only dates that are meant.

    Without such dates all of the requests' are.
    """

    requests: tuple[Request, ...] = ()
    only: frozenset[date] | None = None
    unmet: tuple[str, ...] = field(default=())
    """Why nothing is asked for yet, where something is to be waited for."""


def landed(survey: Survey, changed: Iterable[tuple[str, str]], today: date) -> PendingWork:
    """The raw tables on exactly the dates of which changed files now say something else.

    Of a required source, the dates before the last that it speaks of are known too, though they have
    no game. What other sources say of a season waits until the required ones speak of it, and dates
    after today until they come.

    Args:
        survey: what is stored.
        changed: names of sources, each with the season whose files are not what they were.
        today: the last date.
    """
    raw = [table for table in survey.tables.values() if table.phase == RAW]
    days_of: dict[str, set[date]] = {}
    for name, season in changed:
        days_of.setdefault(name, set()).update(_days(season, today))
    meant: set[date] = set()
    required = {source for table in raw for source in table.sources if source.is_required}
    for table in raw:
        for source in dict.fromkeys((*table.sources, *table.players_from)):
            if days := sorted(days_of.get(source.name, ())):
                stale = set(survey.stale(table, days))
                missing = stale - set(survey.stamps(table.name))
                meant |= stale - missing
                if missing and source in table.sources:
                    meant |= missing & _spoken_of(source, days, survey, required)
    if not meant:
        return PendingWork()
    return PendingWork((Request(tuple(raw), min(meant), max(meant)),), frozenset(meant))


def _days(season: str, today: date) -> list[date]:
    """The days of a season, or of all, up to today."""
    spans = [s for s in calendar.seasons() if season in (s.name, EVERY_SEASON)]
    return [day for span in spans for day in span.days() if day <= today]


def _spoken_of(
    source: Source, days: Sequence[date], survey: Survey, required: Iterable[Source]
) -> set[date]:
    """The days that the source's files say anything of, if only that there is no game."""
    told = survey.landing.days_with_content(source, days)
    if not source.is_required:
        seasons = set(calendar.seasons_of(days))
        for needed in required:
            seasons &= set(survey.landing.seasons_with_files(needed, sorted(seasons)))
        return {day for day in told if calendar.season_of(day).name in seasons}
    last: dict[str, date] = {}
    for day in sorted(told):
        last[calendar.season_of(day).name] = day
    return told | {day for day in days if day <= last.get(calendar.season_of(day).name, date.min)}


def repaired(survey: Survey) -> PendingWork:
    """What is affected by what changed; models are left as they are, but those that could not wait."""
    request = repairs(list(survey.tables.values()), survey, retrain=False)
    affected = parts(request, survey) if request else []
    return PendingWork((*affected, *_trained_without_corrections(survey)))


def _trained_without_corrections(survey: Survey) -> Iterator[Request]:
    """The months that were without a model while a correction was put off, once that is made.

    Nobody has decided on what they were trained on, and predictions need the month's own row, even
    where it says that an earlier model serves on.
    """
    for name, table in survey.tables.items():
        marked = [
            month
            for month, stamp in survey.stamps(name).items()
            if table.is_model and is_without_corrections(stamp.bypass)
        ]
        for month in outlived(table, marked, survey):
            yield Request((table,), month, month, only_stored=frozenset({name}))


def is_without_corrections(bypass: str | None) -> bool:
    """Whether rows under the bypass are made again by themselves, once a correction is there."""
    return _TONIGHT_FIRST in (bypass or "")


def before_games(survey: Survey, today: date) -> PendingWork:
    """Everything that today's predictions need, and the predictions."""
    if not calendar.season_days(today, today):
        return PendingWork()
    wanted = _named(survey, predicting(survey, today))
    return PendingWork(tuple(parts(Request(wanted, today, today), survey)))


def after_games(survey: Survey, today: date) -> PendingWork:
    """All tables on the dates up to yesterday from the first on that a table lacks, then the sums.

    Once their games are over, or are so long ago that they will hardly be played: where a table that
    tells so lacks a date, the raw tables come first and alone. Where the season before is stored they
    begin with the season's first. In summer the season is the one that has ended.
    """
    begun_seasons = [season for season in calendar.seasons() if season.first < today]
    if not begun_seasons:
        return PendingWork()
    season = begun_seasons[-1]
    yesterday = min(today - timedelta(days=1), season.last)
    before = calendar.season_before(season)
    daily = [table for table in survey.tables.values() if table.partitions == "daily"]
    every = [survey.stamps(table.name) for table in daily]
    stored = [[day for day in of_it if season.first <= day <= yesterday] for of_it in every]
    begun = min(map(min, filter(None, stored)), default=None)
    if before and any(before.first <= day <= before.last for of_it in every for day in of_it):
        begun = season.first
    if begun is None:
        return PendingWork()
    so_far = calendar.season_days(begun, yesterday)
    lacking = [day for of_it in map(set, stored) for day in so_far if day not in of_it]
    if not lacking:
        return PendingWork(tuple(_missed_sums(survey, begun, yesterday)))
    first = min(lacking)
    raw = tuple(table for table in daily if table.phase == RAW)
    days = calendar.season_days(first, yesterday)
    tell = [table for table in raw if table.unsettled]
    if any(day not in survey.stamps(table.name) for table in tell for day in days):
        return PendingWork(tuple(parts(Request(raw, first, yesterday), survey)))
    open_days = {
        day: why
        for table in raw
        for day, why in survey.unsettled(table.name).items()
        if first <= day <= yesterday
    }
    if open_days:
        return PendingWork(unmet=tuple(f"{day}: {why}" for day, why in sorted(open_days.items())))
    return PendingWork(tuple(_made_up(survey, daily, first, yesterday)))


def _made_up(survey: Survey, daily: Sequence[Table], first: date, last: date) -> Iterator[Request]:
    """The dates of all daily tables, and the months that lack a model; others are left as they are."""
    models = [table for table in survey.tables.values() if table.is_model]
    after = {
        name
        for name, table in survey.tables.items()
        if any(model.name in table.upstream for model in models)
    }
    names = {table.name for table in daily}
    yield from parts(Request(_named(survey, names - after), first, last), survey)
    for model in models:
        for month in model.partitions_between(first, last):
            if month not in survey.stamps(model.name):
                yield Request((model,), month, month)
    yield from parts(Request(_named(survey, names & after), first, last), survey)


def _missed_sums(survey: Survey, first: date, last: date) -> Iterator[Request]:
    """The months that lack sums of what was known before them: nobody may have looked in time."""
    for name, table in survey.tables.items():
        if table.partitions == "monthly" and not table.is_model:
            for month in table.partitions_between(first, last):
                if month not in survey.stamps(name):
                    yield Request((table,), month, month)


def month_trained(survey: Survey, today: date) -> PendingWork:
    """The models of today's month, where they are missing or out of date."""
    if not calendar.season_days(today, today):
        return PendingWork()
    monthly = tuple(t for t in survey.tables.values() if t.partitions == "monthly")
    return PendingWork(tuple(parts(Request(monthly, today, today), survey)))


def _named(survey: Survey, names: Iterable[str]) -> tuple[Table, ...]:
    wanted = set(names)
    return tuple(table for name, table in survey.tables.items() if name in wanted)
