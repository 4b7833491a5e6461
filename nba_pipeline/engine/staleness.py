"""What is stored of every table, and what of it is out of date: decided from stamps alone.

A partition is current when its code version is the table's, what its rows mean is what they meant,
everything that it was computed from still has the content that it had then, and no bypass that its
rows name could be done without. It is out of date when it is not current, or when something that it
was computed from is out of date.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date

from nba_pipeline.engine.bypass import outlived
from nba_pipeline.engine.known_players import contents_known
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.stretches import DayList, spans
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.kernel.units import is_overdue
from nba_pipeline.league import calendar
from nba_pipeline.warehouse.protocol import Stamp, Warehouse

Stamps = Mapping[date, Stamp]
OVERDUE = "overdue"
OUTLIVED = "its bypass is no longer needed"


class RowsOffSeason(NbaPipelineError):
    """Rows of games are stored on a date that no season of the calendar holds."""


class Survey:
    """Stamps, failures and staleness of all tables, each looked at once, when first asked for.

    So are the files of sources, until look_again: what rows are made of is told as it is then.
    """

    def __init__(self, tables: Mapping[str, Table], warehouse: Warehouse, landing: Landing) -> None:
        self.tables = tables
        self.warehouse = warehouse
        self.landing = landing
        self._stamps: dict[str, Stamps] = {}
        self._failed: dict[str, Mapping[date, str]] = {}
        self._before: dict[str, Callable[[str, date], str]] = {}
        self._sources: dict[Source, dict[date, tuple[str, str]]] = {}
        self._inputs: dict[str, dict[date, str]] = {}
        self._outdated: dict[str, dict[date, str]] = {}
        self._unsettled: dict[str, dict[date, str]] = {}
        self._owed: dict[str, set[date]] = {}

    def forget(self, name: str) -> None:
        """Makes the next question about the table, and about what reads it, look again."""
        for known in (self._stamps, self._failed, self._before):
            known.pop(name, None)
        self._owed.clear()
        for table in self.tables.values():
            if any(read.table == name for read in table.reads):
                self._inputs.pop(table.name, None)
            if name == table.name or name in table.upstream:
                for answer in (self._outdated, self._unsettled, self._failed):
                    answer.pop(table.name, None)

    def look_again(self, table: Table) -> None:
        """Makes the next question about what the table is computed from look at its files again."""
        self._inputs.pop(table.name, None)
        for source in table.sources:
            self._sources.pop(source, None)

    def stamps(self, name: str) -> Stamps:
        """The table's stored partitions.

        A date that is in no season, since a season has turned out to end earlier, is none where
        nothing of a game is stored on it.

        Raises:
            RowsOffSeason: something is.
        """
        if name not in self._stamps:
            stored = self.warehouse.stamps(name)
            table = self.tables.get(name)
            if stored and table and table.partitions == "daily":
                stored = _in_season(table, stored)
            self._stamps[name] = stored
        return self._stamps[name]

    def failed(self, name: str) -> Mapping[date, str]:
        """The table's partitions whose last attempt failed, and why.

        A stored one that is current is none of them, whatever attempt failed meanwhile: what it was
        made from is as it was then.
        """
        if name not in self._failed:
            table, stored = self.tables[name], self.stamps(name)
            marked = self.warehouse.failures.of(name)
            # A season may have turned out to end earlier.
            marked = {d: why for d, why in marked.items() if table.partitions_between(d, d)}
            stale = self.stale(table, [day for day in marked if day in stored])
            self._failed[name] = {
                day: why for day, why in marked.items() if day not in stored or day in stale
            }
        return self._failed[name]

    def refused(self, name: str) -> set[date]:
        """Those of the failed that were never stored, and not tried since their upstream was not ready."""
        absent = self.failed(name).keys() - self.stamps(name).keys()
        return absent & self.warehouse.failures.refused(name) if absent else absent

    def stale(self, table: Table, partitions: Iterable[date]) -> dict[date, str]:
        """Those of the partitions that are not current, each with why."""
        stored, means = self.stamps(table.name), meaning(table)
        partitions = list(partitions)
        reasons: dict[date, str] = {}
        changed: list[date] = []
        for day, now in self.inputs(table, partitions).items():
            stamp = stored.get(day)
            if stamp is None:
                reasons[day] = "missing"
            elif table.is_closed(day):
                continue
            elif stamp.code_version < table.version:
                reasons[day] = f"code version {stamp.code_version}, now {table.version}"
            # What newer code means is not for older code to judge.
            elif stamp.code_version == table.version and stamp.meaning != means:
                reasons[day] = "limits, formulas or parsers changed"
            elif stamp.inputs != now:
                changed.append(day)
        if changed:
            # What cannot be read tells nothing, and not that there is nothing.
            is_away = self.landing.out_of_reach() if table.sources else None
            reasons |= dict.fromkeys(changed, is_away or "inputs changed")
        others = [day for day in partitions if day not in reasons and not table.is_closed(day)]
        return reasons | dict.fromkeys(outlived(table, others, self), OUTLIVED)

    def outdated(self, name: str) -> Mapping[date, str]:
        """The table's stored partitions that are out of date, each with the first cause."""
        if name not in self._outdated:
            table, stored = self.tables[name], sorted(self.stamps(name))
            reasons = self.stale(table, stored)
            for read in table.reads:
                if self.tables[read.table].partitions == "daily":
                    outdated_days = DayList(self.outdated(read.table))
                    for day in stored if outdated_days else ():
                        first = outdated_days.first_in(spans(read, day))
                        if first and day not in reasons and not table.is_closed(day):
                            why = self.outdated(read.table)[first]
                            reasons[day] = why if ": " in why else f"{read.table} {first}: {why}"
            current = [day for day in stored if day not in reasons]
            for day, first in self.first_behind(table, current, [*reasons]).items():
                reasons[day] = f"{name} {first}: {reasons[first]}"
            self._outdated[name] = reasons
        return self._outdated[name]

    def owed(self, name: str) -> set[date]:
        """The partitions, not stored, that stored ones which are out of date are to be made from.

        Of a table that is new in the code, every date on which another that reads it is stored.
        """
        if name not in self._owed:
            readers = [
                other.name
                for other in self.tables.values()
                if other.partitions == "daily"
                and any(read.table == name and read.reach == "same_date" for read in other.reads)
            ]
            days = {d for reader in readers for d in (*self.outdated(reader), *self.owed(reader))}
            self._owed[name] = days - set(self.stamps(name))
        return self._owed[name]

    def unsettled(self, name: str) -> Mapping[date, str]:
        """The table's stored dates whose games are not over, as it or its upstream was told.

        A date that has been open for more than UNSETTLED_DAYS is a gap, and no longer among them.
        """
        if name not in self._unsettled:
            open_days = {
                day: f"{name} has {len(stamp.unsettled)} open, such as {stamp.unsettled[0]}"
                for day, stamp in self.stamps(name).items()
                if stamp.unsettled and not is_overdue(day)
            }
            for read in self.tables[name].reads:
                if not read.looks_back and self.tables[read.table].partitions == "daily":
                    open_days |= self.unsettled(read.table)
            self._unsettled[name] = open_days
        return self._unsettled[name]

    def inputs(
        self, table: Table, partitions: Sequence[date], *, made: Collection[date] = ()
    ) -> dict[date, str]:
        """Per partition, a fingerprint of everything that it is computed from.

        It is unchanged exactly when nothing that the partition reads has changed content.

        Args:
            table: the declaration.
            partitions: those wanted.
            made: those of a table that knows its earlier rows which are made together, each from the
                ones before it; it is made from any other as that is stored.
        """
        known = self._inputs.setdefault(table.name, {})
        known |= self._fingerprints(table, [day for day in partitions if day not in known])
        own = {day: known[day] for day in partitions}
        return self._with_earlier(table, own, made) if table.knows_earlier else own

    def first_behind(
        self, table: Table, partitions: Iterable[date], anew: Collection[date]
    ) -> dict[date, date]:
        """Those of the partitions that are made from an earlier one of anew, each with the first."""
        if not table.knows_earlier:
            return {}
        behind = {day: [d for d in anew if _window(table, day) <= d < day] for day in partitions}
        return {day: min(before) for day, before in behind.items() if before}

    def _with_earlier(
        self, table: Table, own: Mapping[date, str], made: Collection[date]
    ) -> dict[date, str]:
        """The fingerprints with those of the earlier partitions that each is made from too.

        One that is made in the same run counts by what it is made from now, any other by what the
        stored one was made from.
        """
        earlier = {day: stamp.inputs for day, stamp in self.stamps(table.name).items()}
        found: dict[date, str] = {}
        for day in sorted(own):
            first = _window(table, day)
            before = [(str(d), earlier[d]) for d in sorted(earlier) if first <= d < day]
            found[day] = hashlib.sha256(json.dumps([own[day], before]).encode()).hexdigest()[:16]
            if day in made:
                earlier[day] = found[day]
        return found

    def _fingerprints(self, table: Table, partitions: Sequence[date]) -> dict[date, str]:
        parts: dict[date, list[str]] = {day: [] for day in partitions}
        for read in table.reads:
            if read.looks_back:
                before = self._contents_before(read.table)
                for day in partitions:
                    parts[day] += [before(span.name, day) for span in read.seasons(day)]
                continue
            stamps = self.stamps(read.table)
            for day in partitions:
                stamp = stamps.get(read.partition(day))
                parts[day].append(stamp.content if stamp else "missing")
                if table.knows_today and stamp and stamp.unsettled and is_overdue(day):
                    parts[day].append(OVERDUE)
        for source in table.sources:
            said = self._said(source, partitions)
            for day in partitions:
                content, with_places = said[day]
                parts[day].append(with_places if table.tells_places else content)
        if table.players_from:
            names = contents_known(self.landing, table.players_from, partitions)
            for day in partitions:
                parts[day].append(names[day])
        return {
            day: hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
            for day, values in parts.items()
        }

    def _said(self, source: Source, days: Sequence[date]) -> Mapping[date, tuple[str, str]]:
        """Per date what the source's files say of it, without and with where."""
        known = self._sources.setdefault(source, {})
        known |= self.landing.said(source, [day for day in days if day not in known])
        return known

    def _contents_before(self, name: str) -> Callable[[str, date], str]:
        """A function of season and day: the fingerprint of the season's contents before the day."""
        if name not in self._before:
            self._before[name] = _chained(
                {day: stamp.content for day, stamp in self.stamps(name).items()}
            )
        return self._before[name]


def _window(table: Table, day: date) -> date:
    """The first of the table's own partitions from which the partition may be made."""
    seasons = [span for read in table.reads for span in read.seasons(day)]
    # A month may begin before the first season that there is.
    return min((table.partition_of(span.first) for span in seasons), default=day)


def _in_season(table: Table, stored: Stamps) -> Stamps:
    """The stamps of the daily table's dates in a season.

    Raises:
        RowsOffSeason: a date in none has rows of a table of games. Of other news, as transactions
            are, there is some on every day.
    """
    inside = set(calendar.season_days(min(stored), max(stored)))
    outside = sorted(stored.keys() - inside)
    of_games = [day for day in outside if stored[day].row_count and "game_id" in table.grain]
    if of_games:
        raise RowsOffSeason(
            f"{table.name} has {stored[of_games[0]].row_count} rows on {of_games[0]}, which is in no "
            "season of the calendar: NBA_PIPELINE_SEASONS=<name>:<first day>:<last day> says how "
            f"far its season goes, here to {of_games[-1]} at least"
        )
    return {day: stored[day] for day in stored if day in inside} if outside else stored


def _chained(contents: Mapping[date, str]) -> Callable[[str, date], str]:
    """A function of season and day: the fingerprint of the season's contents before the day."""
    chains: dict[str, tuple[list[date], list[str]]] = {}
    for day in sorted(contents):
        # An off day adds nothing; loading it later must not make anything stale.
        if contents[day] == "empty":
            continue
        days, marks = chains.setdefault(calendar.season_of(day).name, ([], []))
        text = f"{marks[-1] if marks else ''}{day}{contents[day]}"
        days.append(day)
        marks.append(hashlib.sha256(text.encode()).hexdigest()[:16])

    def before(name: str, day: date) -> str:
        days, marks = chains.get(name, ([], []))
        place = bisect_left(days, day)
        return marks[place - 1] if place else ""

    return before
