"""Windowed values as of a date: the one way to look back over games.

`as_of` gives each target (an entity on a date) statistics over the entries of a timeline strictly
before that date. Sums are taken in whole billionths: a sum of fixed-point numbers does not depend
on the order of its terms, so a date computed alone equals, bit for bit, the same date computed
among a thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import previous_season_name, season_name
from nba_pipeline.lookback.fixed_point import BILLION, in_billionths
from nba_pipeline.lookback.provenance import join, no_gaps, tracking_columns
from nba_pipeline.lookback.timeline import Timeline, computed_once
from nba_pipeline.thresholds import LEAGUE_COVERAGE, WINDOW_PRESENT_SHARE

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_EPOCH = "2000-01-01"


@dataclass(frozen=True)
class Statistic:
    """A statistic over the present values of a window's entries."""

    kind: Literal["count", "total", "mean", "weighted", "deviation", "ratio", "latest"]
    columns: tuple[str, ...] = ()
    scale: float = 1.0


def count() -> Statistic:
    """How many known games the window has."""
    return Statistic("count")


def total(column: str) -> Statistic:
    """Sum of the column; zero over no games."""
    return Statistic("total", (column,))


def mean(column: str) -> Statistic:
    """Mean of the column per game."""
    return Statistic("mean", (column,))


def weighted_mean(column: str) -> Statistic:
    """Mean of the column in a last-N window whose latest entry weighs N, the one before it N-1, ...

    Of weights that fall evenly the sums are whole numbers, as those of a plain mean are; of
    exponential ones they are not, and what they predict is the same.
    """
    return Statistic("weighted", (column,))


def deviation(column: str) -> Statistic:
    """Sample standard deviation of the column; NULL for one game."""
    return Statistic("deviation", (column,))


def ratio(numerator: str, denominator: str, scale: float = 1.0) -> Statistic:
    """Scale * sum of numerator / sum of denominator, over games that have both."""
    return Statistic("ratio", (numerator, denominator), scale)


def latest(column: str) -> Statistic:
    """The column's value in the latest entry; NULL when that entry is a hole."""
    return Statistic("latest", (column,))


@dataclass(frozen=True)
class Window:
    """Which entries before the target's date, and what is computed over them."""

    span: Literal["games", "season", "days", "previous_season"]
    length: int
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    is_told_apart: bool = False

    @property
    def label(self) -> str:
        """Prefix of the window's intermediate columns."""
        return f"{self.span}_{self.length}"


def last(games: int, **statistics: Statistic) -> Window:
    """The last so many entries of the season."""
    return Window("games", games, statistics)


def season_to_date(**statistics: Statistic) -> Window:
    """All entries of the season."""
    return Window("season", 0, statistics)


def last_days(days: int, **statistics: Statistic) -> Window:
    """The season's entries of the last so many days, the target's own day excluded."""
    return Window("days", days, statistics)


def in_previous_season(**statistics: Statistic) -> Window:
    """All entries of the season before."""
    return Window("previous_season", 0, statistics)


def told_apart(last_games: Window) -> Window:
    """One of last, of which rows tell the gaps and counts beside their own, such as gap_ids_last_10.

    provenance.of_window is for the tables that read no other window of those rows.
    """
    return replace(last_games, is_told_apart=True)


def as_of(targets: ir.Table, past: Timeline, *windows: Window) -> ir.Table:
    """The targets with each window's statistics over entries strictly before their game_date.

    A value is NULL when fewer than WINDOW_PRESENT_SHARE of the window's entries have one, or when
    there are none. The family counts are those of the longest last-N window (of all the season's
    entries where there is none); gap_ids are those of every entry that any window holds. A window
    that is told apart has both of its own as well.

    Args:
        targets: with past.keys and game_date, unique in them.
        past: the timeline of at least the targets' season up to the day before.
    """
    of, keys = past.of, past.keys
    targets = computed_once(targets)
    entries, measures = _measured(past, windows)
    keyed = computed_once(past.keyed(targets.select(*keys, "game_date")))
    season = season_name(_.game_date)
    wanted = keyed.select("game_date", *past.within, season=season, **{of: "entry_of"})
    placed = _placed(wanted, entries, keys, windows, measures)
    reached = _reached(entries, placed, keys, windows)
    states = reached.mutate(**_frames(keys, windows, measures, past.entries))
    kept = {"n": "n", **{name: name for name in states.columns if name not in entries.columns}}
    lookups = _looked_up(windows)
    states = states.select(
        *keys,
        "season",
        **kept,
        **{f"latest__{c}": ibis.ifelse(_.is_hole, ibis.null(), _[c]) for c in lookups},
    )
    same = [*keys, "season", "n"]
    states = states.rename({f"state_{name}": name for name in same})
    found = placed.left_join(states, [placed[name] == states[f"state_{name}"] for name in same])
    found = found.drop(*(f"state_{name}" for name in same))
    if any(window.span == "previous_season" for window in windows):
        found = _with_previous_season(found, entries, keys, measures)
    found = computed_once(found)
    values = {
        name: _value(found, window, statistic, WINDOW_PRESENT_SHARE.value)
        for window in windows
        for name, statistic in window.statistics.items()
    }
    counts = {
        f"{name}{suffix}": _entries(found[f"{label}__{name}"]).cast("int64")
        for label, suffix in _counted(windows)
        for name in tracking_columns(past.entries)
        if name != "gap_ids"
    }
    dated = [*keys, "game_date"]
    answer = found.select(*dated, **values, **counts)
    touching = _touching_gaps(found, entries, keys, windows)
    lists = [name for name in touching.columns if name not in dated]
    touching = touching.rename({f"gap_{name}": name for name in dated})
    answer = answer.left_join(touching, [answer[name] == touching[f"gap_{name}"] for name in dated])
    answer = answer.drop(*(f"gap_{name}" for name in dated)).rename(entry_of=of)
    answer = answer.mutate(**{name: answer[name].coalesce(no_gaps()) for name in lists})
    known = keyed.inner_join(answer, ["entry_of", *past.within, "game_date"]).drop("entry_of")
    return join(targets, known, dated)


def league_as_of(days: ir.Table, past: Timeline, window: Window, *, coverage: str) -> ir.Table:
    """League-wide statistics over all entries of the days strictly before each date.

    No gap travels through them: a value is NULL when fewer than LEAGUE_COVERAGE of the window's
    entries have one, and the share of the statistic that has fewest is told as a number.

    Args:
        days: any rows with game_date.
        past: the timeline of all entities, such as the teams.
        window: one of last_days.
        coverage: the name of the column that tells the share, 0 to 1; NULL when there is no entry.

    Returns:
        One row per game_date: the statistics and the coverage.
    """
    whole = ["league"]
    entries, measures = _measured(past, [window])
    wanted = days.select("game_date").distinct()
    wanted = wanted.mutate(season=season_name(_.game_date), league=1)
    found = _placed(wanted, entries.mutate(league=1), whole, [window], measures)
    limit = LEAGUE_COVERAGE.value
    values = {name: _value(found, window, s, limit) for name, s in window.statistics.items()}
    expected = _entries(found[f"{window.label}__expected"])
    known = [_entries(found[f"{window.label}__{name}_count"]) for name in _needed(window, measures)]
    # The count so far is a bound, which SQL has once: a case of it would have it thrice.
    fewest = reduce(lambda fewest, count: count.clip(upper=fewest), known)
    share = fewest / expected.nullif(0)
    return found.select("game_date", **values, **{coverage: share})


def _principal(windows: Sequence[Window]) -> Window:
    """The window whose counts speak for the row: the longest of the last-N ones."""
    last_games = [window for window in windows if window.span == "games"]
    return max(last_games, key=lambda w: w.length) if last_games else Window("season", 0)


def _counted(windows: Sequence[Window]) -> list[tuple[str, str]]:
    """The label of each window whose games are counted, and what its columns' names end with."""
    apart = [(window.label, _suffix(window)) for window in windows if window.is_told_apart]
    return [(_principal(windows).label, ""), *apart]


def _suffix(window: Window) -> str:
    """What the names of the columns of a window that is told apart end with."""
    return f"_last_{window.length}"


def _looked_up(windows: Sequence[Window]) -> list[str]:
    """The columns that a latest() statistic reads."""
    return sorted(
        {s.columns[0] for w in windows for s in w.statistics.values() if s.kind == "latest"}
    )


def _measured(past: Timeline, windows: Sequence[Window]) -> tuple[ir.Table, list[str]]:
    """The entries with each summed quantity as a whole number of billionths, and their names."""
    measures: dict[str, ir.Value] = {"known": ibis.ifelse(past.entries.is_hole, ibis.null(), 1)}
    rows = past.entries
    for window in windows:
        for statistic in window.statistics.values():
            if statistic.kind in ("total", "mean", "weighted", "deviation"):
                name = statistic.columns[0]
                column = rows[name]
                measures[name] = in_billionths(column)
                if statistic.kind == "deviation":
                    measures[f"{name}_squared"] = in_billionths(column * column)
                if statistic.kind == "weighted":
                    measures[f"{name}_times_n"] = in_billionths(column) * rows.n
                    measures[f"{name}_n"] = ibis.ifelse(column.isnull(), ibis.null(), rows.n)
            if statistic.kind == "ratio":
                top, bottom = (rows[name] for name in statistic.columns)
                name = "_over_".join(statistic.columns)
                measures[f"{name}_top"] = in_billionths(
                    ibis.ifelse(bottom.isnull(), ibis.null(), top)
                )
                measures[f"{name}_bottom"] = in_billionths(
                    ibis.ifelse(top.isnull(), ibis.null(), bottom)
                )
    named = {f"measure__{name}": value.cast("int64") for name, value in measures.items()}
    kept = {
        *past.keys,
        "season",
        "game_date",
        "n",
        "is_hole",
        *tracking_columns(rows),
        *_looked_up(windows),
    }
    narrow = rows.select(*sorted(kept), day=_day(rows.game_date), **named)
    return computed_once(narrow), list(measures)


def _day(game_date: ir.DateValue) -> ir.IntegerValue:
    """Days since a fixed day: range frames need a number to count in."""
    return game_date.delta(ibis.date(_EPOCH), unit="day").cast("int64")


def _frames(
    keys: Sequence[str], windows: Sequence[Window], measures: Sequence[str], entries: ir.Table
) -> dict[str, ir.Value]:
    """For each window over entries, the sums and counts up to and with each entry."""
    frames: dict[str, ir.Value] = {}
    counted = dict(_counted(windows))
    for window in {w.label: w for w in [_principal(windows), *windows]}.values():
        if window.span not in ("games", "season"):
            continue
        preceding = window.length - 1 if window.span == "games" else None
        line = [*keys, "season"]
        frame = ibis.window(group_by=line, order_by="n", preceding=preceding, following=0)
        frames[f"{window.label}__expected"] = (
            _.n.clip(upper=window.length) if window.span == "games" else _.n
        )
        for name in _needed(window, measures):
            frames[f"{window.label}__{name}_sum"] = _[f"measure__{name}"].sum().over(frame)
            frames[f"{window.label}__{name}_count"] = _[f"measure__{name}"].count().over(frame)
        if window.label in counted:
            for name in tracking_columns(entries):
                if name != "gap_ids":
                    frames[f"{window.label}__{name}"] = _[name].sum().over(frame)
    return frames


def _needed(window: Window, measures: Sequence[str]) -> list[str]:
    """The measures that a window's statistics are made of."""
    needed = {"known"}
    for statistic in window.statistics.values():
        if statistic.kind == "ratio":
            joined = "_over_".join(statistic.columns)
            needed |= {f"{joined}_top", f"{joined}_bottom"}
        elif statistic.kind not in ("count", "latest"):
            needed.add(statistic.columns[0])
        if statistic.kind == "deviation":
            needed.add(f"{statistic.columns[0]}_squared")
        if statistic.kind == "weighted":
            needed |= {f"{statistic.columns[0]}_times_n", f"{statistic.columns[0]}_n"}
    return [name for name in measures if name in needed]


def _placed(
    wanted: ir.Table,
    entries: ir.Table,
    keys: Sequence[str],
    windows: Sequence[Window],
    measures: Sequence[str],
) -> ir.Table:
    """The targets with n of their latest entry strictly before, and their last-days sums."""
    names = [f"measure__{name}" for name in measures]
    asked = entries.semi_join(wanted, [*keys, "season"])
    line = asked.select(*keys, "season", "game_date", "day", "n", *names, after=1)
    marks = wanted.select(
        *keys,
        "season",
        "game_date",
        day=_day(_.game_date),
        n=ibis.null().cast("int64"),
        **{name: ibis.null().cast("int64") for name in names},
        after=0,
    )
    # On its own day a target stands before the entry, so that day's game is never behind it.
    both = line.mutate(n=_.n.cast("int64"), after=_.after.cast("int8")).union(
        marks.mutate(after=_.after.cast("int8"))
    )
    before = ibis.window(
        group_by=[*keys, "season"], order_by=["game_date", "after"], preceding=None, following=0
    )
    columns: dict[str, ir.Value] = {"n": _.n.max().over(before)}
    for window in windows:
        if window.span == "days":
            frame = ibis.range_window(
                preceding=(window.length, 1), group_by=[*keys, "season"], order_by="day"
            )
            columns[f"{window.label}__expected"] = _.n.count().over(frame)
            for name in _needed(window, measures):
                columns[f"{window.label}__{name}_sum"] = _[f"measure__{name}"].sum().over(frame)
                columns[f"{window.label}__{name}_count"] = _[f"measure__{name}"].count().over(frame)
    return both.mutate(**columns).filter(_.after == 0).drop("after", "day", *names)


def _reached(
    entries: ir.Table, placed: ir.Table, keys: Sequence[str], windows: Sequence[Window]
) -> ir.Table:
    """The entries in a frame that ends where a target stands: what one date needs is few of them."""
    line = [*keys, "season"]
    asked = placed.group_by(line).agg(first_n=_.n.min(), last_n=_.n.max())
    asked = asked.rename({f"asked_{name}": name for name in line})
    same = [entries[name] == asked[f"asked_{name}"] for name in line]
    bounds = [entries.n <= asked.last_n]
    frames = [_principal(windows), *windows]
    if not any(window.span == "season" for window in frames):
        longest = max(window.length for window in frames if window.span == "games")
        bounds.append(entries.n > asked.first_n - longest)
    return entries.inner_join(asked, [*same, *bounds]).select(*entries.columns)


def _with_previous_season(
    found: ir.Table, entries: ir.Table, keys: Sequence[str], measures: Sequence[str]
) -> ir.Table:
    """Adds the sums over the season before each target's."""
    label = Window("previous_season", 0).label
    sums = {
        f"{label}__{name}_{kind}": getattr(entries[f"measure__{name}"], kind)()
        for name in measures
        for kind in ("sum", "count")
    }
    line = [*keys, "season"]
    whole = entries.group_by(line).agg(**{f"{label}__expected": entries.count()}, **sums)
    earlier = whole.rename({f"earlier_{name}": name for name in line})
    same = [found[key] == earlier[f"earlier_{key}"] for key in keys]
    before = previous_season_name(found.season) == earlier.earlier_season
    return found.left_join(earlier, [*same, before]).drop(*(f"earlier_{name}" for name in line))


def _value(
    found: ir.Table,
    window: Window,
    statistic: Statistic,
    least_share: float,
) -> ir.Value:
    """The statistic from its window's sums, NULL where too few of the entries have a value."""
    if statistic.kind == "latest":
        return found[f"latest__{statistic.columns[0]}"]

    def sums(name: str) -> ir.FloatingValue:
        return found[f"{window.label}__{name}_sum"].cast("float64") / BILLION

    def present(name: str) -> ir.IntegerValue:
        return _entries(found[f"{window.label}__{name}_count"])

    expected = _entries(found[f"{window.label}__expected"])
    if statistic.kind == "count":
        return _where_present(present("known"), present("known"), expected, least_share)
    name = (
        "_over_".join(statistic.columns) + "_top"
        if statistic.kind == "ratio"
        else statistic.columns[0]
    )
    games = present(name)
    if statistic.kind == "total":
        value = ibis.ifelse(expected == 0, 0.0, sums(name))
    elif statistic.kind == "mean":
        value = sums(name) / games.nullif(0)
    elif statistic.kind == "weighted":
        value = _weighted(found, window, name, games)
    elif statistic.kind == "deviation":
        spread = games * sums(f"{name}_squared") - sums(name) * sums(name)
        value = (spread.clip(lower=0.0) / (games * (games - 1)).nullif(0)).sqrt()
    else:
        bottom = sums("_over_".join(statistic.columns) + "_bottom")
        value = statistic.scale * sums(name) / bottom.nullif(0)
    return _where_present(value, games, expected, least_share)


def _weighted(
    found: ir.Table, window: Window, name: str, games: ir.IntegerValue
) -> ir.FloatingValue:
    """The mean with weights of 1 to the window's length, each the entry's n plus the same shift."""
    shift = window.length - found.n
    label = f"{window.label}__{name}"
    top = shift * found[f"{label}_sum"] + found[f"{label}_times_n_sum"]
    weights = shift * games + found[f"{label}_n_sum"]
    return top.cast("float64") / BILLION / weights.nullif(0).cast("float64")


def _entries(count: ir.IntegerValue) -> ir.IntegerValue:
    """A count of a window's entries: a target that met none in the join has none."""
    return ibis.ifelse(count.isnull(), 0, count)


def _where_present(
    value: ir.Value, present: ir.IntegerValue, expected: ir.IntegerValue, least_share: float
) -> ir.Value:
    """The value, or NULL below the share of entries that must have one."""
    # Compared as whole numbers: 9 of 10 must pass whatever 0.9 is in binary.
    share = round(least_share * 100)
    return ibis.ifelse(present * 100 >= expected * share, value, ibis.null())


def _touching_gaps(
    found: ir.Table, entries: ir.Table, keys: Sequence[str], windows: Sequence[Window]
) -> ir.Table:
    """Per target, the gap ids of every entry in any of its windows; targets with none are absent."""
    gapped = entries.filter(_.gap_ids.length() > 0).select(
        **{f"entry_{name}": name for name in (*keys, "season", "n", "day")}, gap_id=_.gap_ids
    )
    gapped = gapped.unnest("gap_id")
    here = found.select(*keys, "season", "game_date", day=_day(found.game_date), last_n=found.n)
    pairs = here.join(gapped, [here[key] == gapped[f"entry_{key}"] for key in keys])
    inside = {window.label: _is_inside(window, pairs) for window in windows}
    apart = {f"gap_ids{_suffix(w)}": inside[w.label] for w in windows if w.is_told_apart}
    dated = [*keys, "game_date"]
    touched = pairs.filter(ibis.or_(*inside.values())).select(*dated, "gap_id", **apart)
    touched = touched.group_by(*dated, "gap_id").agg(
        **{name: touched[name].any() for name in apart}
    )
    return touched.group_by(dated).agg(
        gap_ids=touched.gap_id.collect(order_by=touched.gap_id),
        **{
            name: touched.gap_id.collect(where=touched[name], order_by=touched.gap_id)
            for name in apart
        },
    )


def _is_inside(window: Window, pairs: ir.Table) -> ir.BooleanValue:
    """Whether the entry of a pair of target and entry is in the target's window."""
    same_season = pairs.season == pairs.entry_season
    if window.span == "games":
        behind = pairs.last_n - pairs.entry_n
        return same_season & (behind >= 0) & (behind < window.length)
    if window.span == "season":
        return same_season & (pairs.entry_n <= pairs.last_n)
    if window.span == "days":
        ago = pairs.day - pairs.entry_day
        return same_season & (ago >= 1) & (ago <= window.length)
    return previous_season_name(pairs.season) == pairs.entry_season
