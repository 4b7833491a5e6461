"""What windows look back over: one entry per game of a player or team, and its holes.

A hole stands for a game whose needed raw rows are a gap, and which the entity played or may have
played.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import previous_season_name, season_name, season_turn
from nba_pipeline.lookback.provenance import (
    FAMILIES,
    expected_column,
    families_of,
    no_gaps,
    present_column,
    union_of,
)

VERSION = 8
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

# More than anybody changes teams in the seasons that one look back reads.
_KEYS_PER_ENTITY = 64


@dataclass(frozen=True)
class Need:
    """A raw table that an entry's values need: the entity's own side of a game, or both sides."""

    unit: str
    sides: Literal["own", "both"]


def own(unit: str) -> Need:
    """The raw rows of the entry's own team."""
    return Need(unit, "own")


def both_sides(unit: str) -> Need:
    """The raw rows of both teams of the entry's game."""
    return Need(unit, "both")


PLAYER_GAMES = (own("nbac_player_boxscore"), own("nbac_team_boxscore"))
"""What a player's game needs: his team's roster, and its box score for his usage."""
TEAM_GAMES = (both_sides("nbac_team_boxscore"),)
"""What a team's game needs: both teams' box scores, for possessions."""
_SHOTS_OF_GAME = (both_sides("nbac_player_boxscore"), both_sides("shots"))
"""Which source of shots is believed hangs on both rosters."""
PLAYER_SHOTS = (own("nbac_player_boxscore"), *_SHOTS_OF_GAME)
"""What the shots of a player's game need: that he is known to have played, and the game's shots."""
TEAM_SHOTS = (*TEAM_GAMES, *_SHOTS_OF_GAME)
"""What a team's game with its shots needs."""


@dataclass(frozen=True)
class Timeline:
    """Entries in order: `of` (the entity's key), season, game_date, n (1 for the season's first).

    within names what the entries are split by besides, each part numbered by itself: see `against`.

    What is known of a player's past can change without his playing: once his first game for a new
    team is behind a date, that team's holes before it are his. His entries are then there once more
    for those later dates, under another `of`: arrivals has the player as `entity`, that `of`, and
    the dates from `after` (excluded) `until` (included, NULL for ever) for which it stands.
    """

    entries: ir.Table
    of: str
    arrivals: ir.Table | None = None
    within: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The columns whose values have a line of entries of their own."""
        return [self.of, *self.within]

    def keyed(self, targets: ir.Table) -> ir.Table:
        """The targets with `entry_of`, the `of` under which the entries as of their date are."""
        if self.arrivals is None:
            return targets.mutate(entry_of=targets[self.of])
        known = self.arrivals
        found = targets.left_join(
            known,
            [
                targets[self.of] == known.entity,
                targets.game_date > known.after,
                known.until.isnull() | (targets.game_date <= known.until),
            ],
        )
        plain = targets[self.of].cast("int64") * _KEYS_PER_ENTITY
        return found.mutate(entry_of=found.key.coalesce(plain)).drop(
            "entity", "key", "after", "until"
        )


def timeline(
    rows: ir.Table, data_gaps: ir.Table | None = None, *, of: str, needs: Sequence[Need] = ()
) -> Timeline:
    """The entries of each entity: its rows, and its holes.

    Args:
        rows: one per entity and game, with `of`, team_abbr, game_id, game_date.
        data_gaps: the gaps of the same dates; none for rows of the schedule, which has no holes: an
            entry then has the gap_ids that its row brings, if it brings any.
        of: the entity's key: team_abbr, or player_id, whose team at a time is that of the latest
            row.
        needs: what an entry's values need: of other units nothing is carried. A gap of the first
            makes a hole, and a hole depends on the gaps of all.
    """
    if data_gaps is None:
        gap_ids = rows.gap_ids if "gap_ids" in rows.columns else no_gaps()
        return Timeline(_in_order(rows.mutate(is_hole=False, gap_ids=gap_ids), [of]), of)
    holes = _holes(data_gaps, needs)
    rows = _of_needs(rows, needs).mutate(is_hole=False)
    if of == "team_abbr":
        return Timeline(_in_order(rows.union(_padded(holes, rows)), [of]), of)
    stays = _stays(holes, rows, of)
    entries = computed_once(rows.union(_padded(_members(holes, stays, of), rows)))
    late = computed_once(_arrival_holes(holes, stays, of))
    arrivals = computed_once(_arrivals(late, of))
    again = arrivals.select("entity", "key", "after")
    kept = entries.inner_join(again, entries[of] == again.entity)
    joined = late.inner_join(again, [late[of] == again.entity, late.known_after <= again.after])
    copies = kept.drop("entity", "after").union(_padded(joined, entries.mutate(key=0)))
    plain = entries.mutate(key=entries[of].cast("int64") * _KEYS_PER_ENTITY)
    every = plain.union(copies.select(*plain.columns)).drop(of).rename({of: "key"})
    return Timeline(_in_order(every.select(*entries.columns), [of]), of, arrivals)


def against(past: Timeline, sides: ir.Table) -> Timeline:
    """The timeline split by opponent: each entity's games against each, numbered by themselves.

    Args:
        past: any timeline of teams or players.
        sides: game_id, team_abbr and opponent_abbr of at least its games, as the schedule has them:
            of a hole nothing but the game is known.
    """
    opponents = sides.select(met_in="game_id", met_by="team_abbr", met="opponent_abbr")
    entries = past.entries.drop(*({"opponent_abbr", "n"} & set(past.entries.columns)))
    entries = entries.inner_join(
        opponents,
        [entries.game_id == opponents.met_in, entries.team_abbr == opponents.met_by],
    ).drop("met_in", "met_by")
    entries = entries.rename(opponent_abbr="met")
    ordered = _in_order(entries, [past.of, "opponent_abbr"])
    return Timeline(ordered, past.of, past.arrivals, within=("opponent_abbr",))


def entries_before(past: Timeline, entity: object, day: date) -> ir.Table:
    """The entity's entries strictly before the day, the latest first."""
    kind = past.arrivals.entity.type() if past.arrivals is not None else "string"
    target = ibis.memtable(
        [{past.of: entity, "game_date": day}],
        schema={past.of: kind, "game_date": "date"},
    )
    wanted = past.keyed(target).select("entry_of")
    mine = past.entries.semi_join(wanted, past.entries[past.of] == wanted.entry_of)
    return strictly_before(mine, day).order_by(ibis.desc("game_date"))


def _of_needs(rows: ir.Table, needs: Sequence[Need]) -> ir.Table:
    """The rows without what they carry of other units and sides: those families' counts and gaps."""
    families = {FAMILIES[need.unit] for need in needs}
    others = [family for family in families_of(rows) if family not in families]
    rows = rows.drop(*(n for f in others for n in (expected_column(f), present_column(f))))
    own_side = ":" + rows.team_abbr

    def is_needed(gap_id: ir.StringValue) -> ir.BooleanValue:
        return ibis.or_(
            *(
                gap_id.startswith(f"{need.unit}:")
                & (gap_id.endswith(own_side) if need.sides == "own" else ibis.literal(True))
                for need in needs
            )
        )

    # Almost every list is empty.
    kept = ibis.ifelse(rows.gap_ids.length() == 0, rows.gap_ids, rows.gap_ids.filter(is_needed))
    return rows.mutate(gap_ids=kept)


def _padded(holes: ir.Table, like: ir.Table) -> ir.Table:
    """The holes with the columns of the rows: no values, each family expected and absent."""
    counts = {
        name: ibis.literal(int(name == expected_column(family)), "int64")
        for family in families_of(like)
        for name in (expected_column(family), present_column(family))
    }
    holes = holes.mutate(**counts, is_hole=True)
    return holes.select(
        **{
            name: holes[name] if name in holes.columns else ibis.null().cast(kind)
            for name, kind in like.schema().items()
        }
    )


def _in_order(entries: ir.Table, keys: Sequence[str]) -> ir.Table:
    """The entries numbered within their season."""
    return numbered(entries.mutate(season=season_name(_.game_date)), keys)


def numbered(entries: ir.Table, keys: Sequence[str]) -> ir.Table:
    """The entries with n, 1 for the first of each of the keys' lines within a season."""
    # Who moved between its two teams may have two holes of one game.
    order = ibis.window(group_by=[*keys, "season"], order_by=["game_date", "game_id", "team_abbr"])
    return computed_once(entries.mutate(n=ibis.row_number().over(order) + 1))


def computed_once(rows: ir.Table) -> ir.Table:
    """The rows as a common table expression: what several parts read is computed once."""
    return rows.alias(ibis.util.gen_name("rows"))


def with_back_to_backs(past: Timeline) -> Timeline:
    """The timeline with is_back_to_back: whether the entry is on the day after the one before.

    NULL for a hole, and on the day after a hole, whose gaps the entry then depends on.
    """
    order = ibis.window(group_by=[*past.keys, "season"], order_by="n")
    rows = past.entries.mutate(
        before_date=_.game_date.lag().over(order),
        before_is_hole=_.is_hole.lag().over(order),
        before_gaps=_.gap_ids.lag().over(order),
    )
    follows = rows.game_date.delta(rows.before_date, unit="day") == 1
    is_unknown = rows.is_hole | (follows & rows.before_is_hole)
    rows = rows.mutate(
        is_back_to_back=ibis.cases((is_unknown, ibis.null()), (follows, 1), else_=0),
        gap_ids=ibis.ifelse(
            follows & rows.before_is_hole, union_of(rows.gap_ids, rows.before_gaps), rows.gap_ids
        ),
    )
    rows = computed_once(rows.drop("before_date", "before_is_hole", "before_gaps"))
    return Timeline(rows, past.of, past.arrivals, past.within)


def strictly_before(rows: ir.Table, day: date) -> ir.Table:
    """The rows that are known as of the day: those dated before it."""
    return rows.filter(rows.game_date < day)


def is_latest_on(day: ir.DateValue, since: ir.DateValue, until: ir.DateValue) -> ir.BooleanValue:
    """Whether a row of before_and_after is its entity's latest as of the day."""
    return (since < day) & (until.isnull() | (day <= until))


def before_and_after(rows: ir.Table, of: str) -> ir.Table:
    """Rows with `since`, their own date, and `until`, the date of the entity's next row or NULL."""
    order = ibis.window(group_by=of, order_by="game_date")
    return rows.mutate(since=rows.game_date, until=rows.game_date.lead().over(order))


def _holes(data_gaps: ir.Table, needs: Sequence[Need]) -> ir.Table:
    """One row per gap of the first need, with the gap ids that its missing row depends on.

    A gap without a game is one of its whole date.
    """
    game = data_gaps.filter(_.table_name == needs[0].unit).distinct()
    game = game.select("game_id", "game_date", "team_abbr").distinct()
    every = data_gaps.select(
        "gap_id", "table_name", side="team_abbr", gap_date="game_date", gap_game="game_id"
    )
    of_game = every.gap_game.isnull() | (every.gap_game == game.game_id)
    needed = game.join(every, [game.game_date == every.gap_date, of_game]).filter(
        ibis.or_(
            *(
                (_.table_name == need.unit)
                & ((_.side == _.team_abbr) if need.sides == "own" else ibis.literal(True))
                for need in needs
            )
        )
    )
    return needed.group_by("game_id", "game_date", "team_abbr").agg(
        gap_ids=_.gap_id.collect(order_by=_.gap_id)
    )


def _stays(holes: ir.Table, rows: ir.Table, of: str) -> ir.Table:
    """With which team each entity was on which date, of those that were ever with a hole's team."""
    stays = rows.select(of, "team_abbr", "game_date")
    concerned = stays.semi_join(holes, "team_abbr").select(of).distinct()
    return computed_once(stays.semi_join(concerned, of))


def _members(holes: ir.Table, rows: ir.Table, of: str) -> ir.Table:
    """Each hole for every entity that was with its team, as far as its rows tell.

    An entity is with the team of its latest row, from the day after it to the one before its next; a row of
    an earlier season than the last one says nothing. One without such a row is with the team of
    its first row from the season's start on: its first game may be the one that is lost. Who reads
    the timeline as of a day before that row is not in it, so no day learns of a later one.
    """
    stints = before_and_after(rows, of).select(of, "since", "until", member_of="team_abbr")
    order = ibis.window(group_by=of, order_by="game_date")
    debuts = rows.mutate(season=season_name(_.game_date), before=_.game_date.lag().over(order))
    debuts = debuts.filter(_.before.isnull() | ~_is_recent(_.before, _.season))
    debuts = debuts.select(
        of,
        since=season_turn(_.season),
        until="game_date",
        member_of="team_abbr",
    )
    stints = stints.union(debuts)
    return (
        holes.join(
            stints,
            [
                holes.team_abbr == stints.member_of,
                holes.game_date > stints.since,
                # On the day of his next row he is known to have played in that game.
                stints.until.isnull() | (holes.game_date < stints.until),
            ],
        )
        .filter(_is_recent(_.since, season_name(_.game_date)))
        .drop("member_of", "since", "until")
    )


def _arrival_holes(holes: ir.Table, rows: ir.Table, of: str) -> ir.Table:
    """The new team's holes between an entity's last row for the old team and its first for the new.

    known_after is the date of that first row: from then on, not before, they are the entity's. A
    season that is over stays as it was: who comes in the next one has none of its holes.
    """
    order = ibis.window(group_by=of, order_by="game_date")
    moves = rows.mutate(old_team=_.team_abbr.lag().over(order), left=_.game_date.lag().over(order))
    moves = moves.filter(_.old_team != _.team_abbr)
    moves = moves.select(of, "left", new_team="team_abbr", known_after="game_date")
    return (
        holes.join(
            moves,
            [
                holes.team_abbr == moves.new_team,
                holes.game_date > moves.left,
                holes.game_date < moves.known_after,
            ],
        )
        .filter(season_name(_.known_after) == season_name(_.game_date))
        .filter(_is_recent(_.left, season_name(_.game_date)))
        .drop("left", "new_team")
    )


def _arrivals(late: ir.Table, of: str) -> ir.Table:
    """Per entity, the dates after which it has more holes than before, each with a key of its own."""
    dates = late.select(of, "known_after").distinct()
    order = ibis.window(group_by=of, order_by="known_after")
    return dates.select(
        entity=dates[of],
        key=ibis.row_number().over(order) + 1 + dates[of].cast("int64") * _KEYS_PER_ENTITY,
        after=dates.known_after,
        until=dates.known_after.lead().over(order),
    )


def _is_recent(day: ir.DateValue, season: ir.StringValue) -> ir.BooleanValue:
    """Whether the day is in the season or the one before it."""
    return (season_name(day) == season) | (season_name(day) == previous_season_name(season))
