"""The declaration of a table: everything that is particular to it, and nothing else."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

import ibis.expr.types as ir
import pandera.ibis as pa
from pyarrow import Table as ArrowTable

from nba_pipeline import clock
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.checkpoint import Checkpoint
from nba_pipeline.kernel.columns import (
    MINIMUM_GAMES,
    QUALITY,
    STAMP,
    AddedColumn,
    counts_of,
    declared,
)
from nba_pipeline.kernel.feature import features_of
from nba_pipeline.kernel.reads import Read
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.units import Units
from nba_pipeline.league.calendar import month_of, season_days, season_months
from nba_pipeline.warehouse.protocol import Storage

Transform = Callable[..., ir.Table]


@dataclass(frozen=True)
class InPython:
    """What Python computes of a table's inputs: further inputs of its transform, which stays one query.

    Args:
        asked: inputs to the rows that it is computed from.
        told: those rows as `asked`, a data frame, and inputs, to tables by name.
        gives: the names.
    """

    asked: Transform
    told: Callable[..., Mapping[str, ArrowTable]]
    gives: tuple[str, ...]


class ContradictoryDeclaration(NbaPipelineError, ValueError):
    """A declaration that contradicts itself."""


@dataclass(frozen=True, eq=False)
class Table:
    """A declared table. Name, phase and docs come from its module; see `table_asset` for the rest.

    upstream names every table that it is made from, however far, and inherited gives the columns that
    are described upstream; only assembled tables have them.
    """

    name: str
    group: str
    description: str
    grain: tuple[str, ...]
    version: int
    schema: type[pa.DataFrameModel]
    reads: tuple[Read, ...]
    sources: tuple[Source, ...]
    expected: Transform | None
    transform: Transform
    parts: Mapping[str, Transform]
    in_python: InPython | None
    assertions: tuple[Transform, ...]
    violations: tuple[Transform, ...]
    warnings: tuple[Transform, ...]
    shares: tuple[Transform, ...]
    refusals: Callable[..., Mapping[date, str]] | None
    gate: Callable[..., Mapping[date, str]] | None
    card: Callable[[Mapping[str, Any]], str] | None
    checkpoints: tuple[Checkpoint, ...]
    unsettled: Transform | None
    is_unique_over_all: bool
    partitions: Literal["daily", "monthly"]
    ready_when: tuple[str, ...]
    counts: tuple[str, ...]
    blocked_by: tuple[str, ...]
    volatile: tuple[str, ...]
    units: Units | None
    rejections: Transform | None
    players_from: tuple[Source, ...]
    needs_sources: bool
    knows_places: bool
    appends: bool
    upstream: tuple[str, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=dict)

    @property
    def phase(self) -> int:
        """The number in the group's name."""
        return int(self.group.split("_")[1])

    @property
    def is_tracked(self) -> bool:
        """Whether rows carry quality columns: from phase 3 on."""
        return self.phase >= 3 and self.partitions == "daily"

    @property
    def is_model(self) -> bool:
        """Whether it is trained behind a gate: a stored one serves on until another is asked for."""
        return self.gate is not None

    @property
    def needs_minimum_games(self) -> bool:
        """Whether rows are of use only after MINIMUM_GAMES."""
        return MINIMUM_GAMES in self.ready_when

    @property
    def families(self) -> tuple[str, ...]:
        """The input families whose games the rows count."""
        return (*(name for name in self.ready_when if name != MINIMUM_GAMES), *self.counts)

    @property
    def added(self) -> dict[str, AddedColumn]:
        """The columns that rows get beside the declared ones."""
        quality = {**counts_of(self.families), **QUALITY} if self.is_tracked else {}
        own = declared(self.schema)
        return {n: c for n, c in {**quality, **STAMP}.items() if n not in own}

    @cached_property
    def knows_today(self) -> bool:
        """Whether the rows depend on the day on which they are computed: `today`, a table of one."""
        return "today" in inspect.signature(self.transform).parameters

    @cached_property
    def knows_earlier(self) -> bool:
        """Whether the rows depend on what was stored before them: `earlier`, the table's own rows."""
        return "earlier" in inspect.signature(self.transform).parameters

    @cached_property
    def tells_places(self) -> bool:
        """Whether its rows say, or depend on, in which file and row of a source they were found."""
        return self.knows_places or {"source_file", "row_number"} <= set(self.columns)

    @property
    def date_column(self) -> str:
        """The column that partitions replace by."""
        return "game_date" if self.partitions == "daily" else "month"

    def partition_of(self, day: date) -> date:
        """The table's partition that holds the day."""
        return day if self.partitions == "daily" else month_of(day)

    def partitions_between(self, first: date, last: date) -> list[date]:
        """The partitions from first to last: season days, or the months of season_months."""
        is_daily = self.partitions == "daily"
        return season_days(first, last) if is_daily else season_months(first, last)

    def partitions_of(self, days: Iterable[date]) -> list[date]:
        """The partitions that hold the days: the days themselves, or their months."""
        return sorted(set(days) if self.partitions == "daily" else {month_of(d) for d in days})

    @property
    def storage(self) -> Storage:
        """How the warehouse keeps it."""
        return Storage(self.name, self.grain, self.date_column, self.volatile, self.appends)

    def is_closed(self, day: date) -> bool:
        """Whether nothing can be added to the day's rows any more: what is stored of it stands."""
        return self.appends and day < clock.today()

    @cached_property
    def described(self) -> dict[str, str]:
        """Each column that the table's own file describes, and its description."""
        fields = declared(self.schema)
        return {name: f.description for name, f in fields.items() if f.description}

    @cached_property
    def columns(self) -> dict[str, str]:
        """Each declared column and its description: its own, or that of where it comes from."""
        texts = {**self.inherited, **self.described}
        return {name: texts.get(name, "") for name in declared(self.schema)}

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that are marked as features, in the schema's order."""
        return features_of(self.schema)


def table_asset(
    module: str,
    *,
    version: int,
    schema: type[pa.DataFrameModel],
    transform: Transform,
    reads: Sequence[Read] = (),
    sources: Sequence[Source] = (),
    parts: Mapping[str, Transform] | None = None,
    in_python: InPython | None = None,
    expected: Transform | None = None,
    assertions: Sequence[Transform] = (),
    violations: Sequence[Transform] = (),
    warnings: Sequence[Transform] = (),
    shares: Sequence[Transform] = (),
    refusals: Callable[..., Mapping[date, str]] | None = None,
    gate: Callable[..., Mapping[date, str]] | None = None,
    card: Callable[[Mapping[str, Any]], str] | None = None,
    checkpoints: Sequence[Checkpoint] = (),
    unsettled: Transform | None = None,
    is_unique_over_all: bool = False,
    partitions: Literal["daily", "monthly"] = "daily",
    ready_when: Sequence[str] = (),
    counts: Sequence[str] = (),
    blocked_by: Sequence[str] = (),
    volatile: Sequence[str] = (),
    units: Units | None = None,
    rejections: Transform | None = None,
    players_from: Sequence[Source] = (),
    needs_sources: bool = False,
    knows_places: bool = False,
    appends: bool = False,
) -> Table:
    """The table that a module declares; its parameters are its lineage.

    Args:
        module: the table file's __name__; its docstring and GRAIN are the table's.
        version: counts the meanings of the code; a newer one's rows are never replaced by older.
        schema: the columns.
        transform: inputs to rows. Of `earlier` it gets the table's own rows of all partitions before its
            last, as they stand; a later change of those makes it stale.
        reads: upstream tables.
        sources: phase 1 sources, for raw tables; functions take their rows under their names, and
            as `seasons_with_files` the (source, season) of which there is any file.
        parts: functions of the inputs whose rows the transform takes by these names; each is a query of
            its own, which is not asked where the sources that it takes say nothing of the dates.
        in_python: what Python computes of the inputs, for the transform to take by name.
        expected: inputs to the keys that the schedule demands.
        assertions: rows and inputs to the offending rows; where there are any nothing is written.
        violations: the same, told as an error of the stored date.
        warnings: the same, where the real world offends without harm.
        shares: rows to present and expected counts per date; below its threshold in thresholds.SHARES,
            summed over the season to date, what is downstream refuses.
        refusals: inputs to the partitions that must not be computed from them, and why.
        gate: inputs to the partitions that they are not good enough for, and why, where what becomes
            of those is the transform's to say: what `validate` asks in the place of refusals.
        card: a row to a page of Markdown, which Dagster shows with the row's partition.
        checkpoints: the names of these checks, where one is to be asked under another than its own.
        unsettled: rows to those that are still to change: nothing looks back on their dates.
        is_unique_over_all: whether a key may be on one date only, over all stored partitions.
        partitions: by day, or by month for models.
        ready_when: what makes a row production ready, from phase 3 on: the input families that have to
            be complete enough, and minimum_games where it is of use only after those.
        counts: further input families whose games the rows count, without which they are ready too.
        blocked_by: shares of the tables read that refuse the dates after them while they are below
            their threshold; what blocks every table alike is in engine.preconditions.
        volatile: columns that say when a row was made, which do not make its content differ.
        units: what makes an expected unit of a raw table a gap; none where the table is optional.
        rejections: of a raw table, inputs to the source's rows that the transform could not take, in
            the columns of rejected_rows.
        players_from: sources that know players' names; functions then may take `known_players`: one
            row per season and each of season, player_id, player_lookup and team_abbr that was seen in
            it or the season before, with player_name and known_from, the first date that may know it.
        needs_sources: whether there are no rows of dates of which none of its sources says anything, so
            that it is not asked for them.
        knows_places: whether the rows depend on the file in which a source says something, which most
            do not: one that is renamed then makes its dates stale.
        appends: whether rows are added and never replaced. The transform then gives the rows to
            add, until the day is over, and may take `stored`, the dates' rows so far, and
            `made_from`: one row per date that is not over, with the versions of everything upstream
            as JSON text, and `now`, UTC.

    Raises:
        ContradictoryDeclaration: a function's parameter names nothing that is read, or a read is used by none;
            a checkpoint names a check that is not declared, or one that another has.
    """
    declaring_module = sys.modules[module]
    group, name = module.split(".")[-2:]
    given = {read.parameter for read in reads} | {source.name for source in sources}
    given |= {f"{source.name}_rejected" for source in sources}
    given |= {"stored", "made_from"} if appends else set()
    given |= {"known_players"} if players_from else set()
    given |= {"seasons_with_files"} if sources else set()
    given |= {"asked", *in_python.gives} if in_python else set()
    given |= set(parts or {})
    used: set[str] = set()
    figures = [point.figures for point in checkpoints]
    checks = [*assertions, *violations, *warnings, *shares]
    python = (in_python.asked, in_python.told) if in_python else ()
    others = (expected, refusals, gate, rejections, unsettled)
    for function in (transform, *(parts or {}).values(), *python, *others, *checks, *figures):
        if function is None:
            continue
        taken = parameters(function, given)
        if unknown := taken - given - {"rows", "partitions", "today", "earlier"}:
            raise ContradictoryDeclaration(
                f"{name}: {function.__name__} takes {sorted(unknown)}, which is not read"
            )
        used |= taken
    if unread := {read.parameter for read in reads} - used:
        raise ContradictoryDeclaration(f"{name}: {sorted(unread)} is read but used by no function")
    unnamed = [check.__name__ for check in (*checks, *filter(None, [refusals]))]
    for check in (check for point in checkpoints for check in point.checks):
        if check not in unnamed:
            raise ContradictoryDeclaration(
                f"{name}: a checkpoint names {check}, which is no check or is in another already"
            )
        unnamed.remove(check)
    return Table(
        name=name,
        group=group,
        description=inspect.cleandoc(declaring_module.__doc__ or ""),
        grain=tuple(declaring_module.GRAIN),
        version=version,
        schema=schema,
        reads=tuple(reads),
        sources=tuple(sources),
        expected=expected,
        transform=transform,
        parts=parts or {},
        in_python=in_python,
        assertions=tuple(assertions),
        violations=tuple(violations),
        warnings=tuple(warnings),
        shares=tuple(shares),
        refusals=refusals,
        gate=gate or refusals,
        card=card,
        checkpoints=tuple(checkpoints),
        unsettled=unsettled,
        is_unique_over_all=is_unique_over_all,
        partitions=partitions,
        ready_when=tuple(ready_when),
        counts=tuple(counts),
        blocked_by=tuple(blocked_by),
        volatile=tuple(volatile),
        units=units,
        rejections=rejections,
        players_from=tuple(players_from),
        needs_sources=needs_sources,
        knows_places=knows_places,
        appends=appends,
    )


def parameters(function: Callable[..., object], given: Collection[str]) -> set[str]:
    """The names that a function takes; all that are given where it takes any number of them."""
    taken = inspect.signature(function).parameters.values()
    names = {each.name for each in taken if each.kind is not inspect.Parameter.VAR_KEYWORD}
    return names | set(given) if len(names) < len(taken) else names
