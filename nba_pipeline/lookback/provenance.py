"""How gaps and completeness travel: the only ways to join rows that carry them.

Every row from phase 3 on carries gap_ids (sorted ids of the phase 2 gaps that its values depend
on) and, per input family it uses, <family>_games_expected and <family>_games_present. `join`,
`with_holes` and `of_games` here, and `as_of` in windows, carry both; engine.lineage refuses a transform that does
not.
"""

from collections.abc import Iterable, Sequence
from functools import reduce

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.columns import QUALITY
from nba_pipeline.thresholds import FAMILY_COMPLETENESS, MINIMUM_GAMES

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

FAMILIES = {"nbac_player_boxscore": "box", "nbac_team_boxscore": "team", "shots": "zone"}
"""Raw table (or unit) to the input family that its rows feed."""
REQUIRED_FAMILIES = ("box", "team")
_FAMILY_NAMES = tuple(FAMILIES.values())


class ClashingColumns(NbaPipelineError, ValueError):
    """Columns of one name on both sides of a join."""


def no_gaps() -> ir.ArrayValue:
    """The empty list of gap ids."""
    return ibis.literal([], type="array<string>")


def expected_column(family: str) -> str:
    """Name of the column that counts a family's expected games."""
    return f"{family}_games_expected"


def present_column(family: str) -> str:
    """Name of the column that counts a family's present games."""
    return f"{family}_games_present"


def families_of(table: ir.Table) -> list[str]:
    """The input families whose counts the table carries."""
    return [family for family in _FAMILY_NAMES if expected_column(family) in table.columns]


def tracking_columns(table: ir.Table) -> list[str]:
    """The columns of the table that carry provenance."""
    counts = [
        name
        for family in families_of(table)
        for name in (expected_column(family), present_column(family))
    ]
    return [*counts, *(["gap_ids"] if "gap_ids" in table.columns else [])]


def union_of(*lists: ir.ArrayValue) -> ir.ArrayValue:
    """The sorted union of gap lists; a NULL list counts as empty."""
    known = [gaps.coalesce(no_gaps()) for gaps in lists]
    joined = known[0]
    for other in known[1:]:
        joined = joined.concat(other)
    # Almost every list is empty; sorting those would cost more than the whole join.
    return ibis.ifelse(joined.length() == 0, joined, joined.unique().sort())


def with_holes(units: ir.Table, data_gaps: ir.Table, unit: str) -> ir.Table:
    """Valid rows of a raw table, and one all-NULL row for each unit that is a gap.

    Args:
        units: the raw table, with game_id, team_abbr and game_date.
        data_gaps: the gaps of at least the same dates.
        unit: the raw table's name; its family counts 1 expected, and 1 or 0 present.
    """
    family = FAMILIES[unit]
    holes = (
        data_gaps.filter(_.table_name == unit)
        .group_by("game_id", "team_abbr", "game_date")
        .agg(gap_ids=_.gap_id.collect(order_by=_.gap_id))
    )
    known = units.anti_join(holes, ["game_id", "team_abbr"]).mutate(
        gap_ids=no_gaps(),
        **{
            expected_column(family): ibis.literal(1, "int64"),
            present_column(family): ibis.literal(1, "int64"),
        },
    )
    unknown = holes.select(
        **{
            name: holes[name] if name in holes.columns else ibis.null().cast(kind)
            for name, kind in units.schema().items()
        },
        gap_ids=_.gap_ids,
        **{
            expected_column(family): ibis.literal(1, "int64"),
            present_column(family): ibis.literal(0, "int64"),
        },
    )
    return known.union(unknown)


def of_games(games: ir.Table, data_gaps: ir.Table, unit: str) -> ir.Table:
    """Each game_id with the gaps of a unit that its whole game, or its date's season, is.

    Args:
        games: game_id and game_date; one row per game.
        data_gaps: the gaps of at least the same dates.
        unit: the unit's name; its family counts 1 expected, and 1 or 0 present.
    """
    family = FAMILIES[unit]
    games = games.select("game_id", "game_date")
    gaps = data_gaps.filter(_.table_name == unit)
    gaps = gaps.select("gap_id", gap_date="game_date", gap_game="game_id")
    meant = [
        games.game_date == gaps.gap_date,
        gaps.gap_game.isnull() | (gaps.gap_game == games.game_id),
    ]
    found = (
        games.left_join(gaps, meant)
        .group_by("game_id")
        .agg(
            gap_ids=_.gap_id.collect(where=_.gap_id.notnull(), order_by=_.gap_id),
            gaps=_.gap_id.count(),
        )
    )
    return found.select(
        "game_id",
        gap_ids=_.gap_ids.coalesce(no_gaps()),
        **{
            expected_column(family): ibis.literal(1, "int64"),
            present_column(family): ibis.ifelse(_.gaps == 0, 1, 0).cast("int64"),
        },
    )


def of_window(rows: ir.Table, window: str) -> ir.Table:
    """Rows with the gaps and counts of one of their windows, such as last_10, in the place of all.

    For a table that reads columns of that window alone; the rows have to tell it apart.
    """
    own = {name: rows[f"{name}_{window}"] for name in tracking_columns(rows)}
    return rows.mutate(**own).drop(*(f"{name}_{window}" for name in own))


def gathered(rows: ir.Table, on: Sequence[str], **values: ir.Value) -> ir.Table:
    """One row per key with the values over its rows, and the gaps of all of them."""
    gaps = rows.select(*on, gap_id=rows.gap_ids).unnest("gap_id").distinct()
    gaps = gaps.group_by(on).agg(gap_ids=_.gap_id.collect(order_by=_.gap_id))
    gaps = gaps.rename({f"gap_{key}": key for key in on})
    found = rows.group_by(on).agg(**values)
    found = found.left_join(gaps, [found[key] == gaps[f"gap_{key}"] for key in on])
    found = found.drop(*(f"gap_{key}" for key in on))
    return found.mutate(gap_ids=found.gap_ids.coalesce(no_gaps()))


def join(left: ir.Table, right: ir.Table, on: Sequence[str], *, how: str = "left") -> ir.Table:
    """Left rows with the right's columns: gaps united, each family's counts the less complete.

    A left row without a right one counts every family of the right as expected and absent: what
    is not there is not complete.

    Raises:
        ClashingColumns: a column other than the keys and the provenance stands on both sides.
    """
    # The row that is made is judged anew.
    right = right.drop(*(n for n in QUALITY if n in right.columns and n != "gap_ids"))
    tracked = {*tracking_columns(left), *tracking_columns(right)}
    clash = (set(left.columns) & set(right.columns)) - set(on) - tracked
    if clash:
        raise ClashingColumns(f"both sides of the join have {sorted(clash)}; rename or drop one")
    theirs = right.rename({f"{name}__right": name for name in tracking_columns(right)})
    theirs = theirs.rename({f"{key}__key": key for key in on})
    matches = [left[key] == theirs[f"{key}__key"] for key in on]
    both = left.join(theirs, matches, how=how)
    found = both[f"{on[0]}__key"].notnull()
    changed: dict[str, ir.Value] = {}
    if "gap_ids" in right.columns:
        mine = both.gap_ids if "gap_ids" in left.columns else no_gaps()
        changed["gap_ids"] = union_of(mine, both.gap_ids__right)
    for family in families_of(right):
        changed |= _less_complete(both, family, found, in_left=family in families_of(left))
    drops = [f"{name}__right" for name in tracking_columns(right)]
    return both.mutate(**changed).drop(*drops, *(f"{key}__key" for key in on))


def _less_complete(
    both: ir.Table, family: str, found: ir.BooleanValue, *, in_left: bool
) -> dict[str, ir.Value]:
    """The family's counts of the side whose share of present games is lower."""
    expected, present = expected_column(family), present_column(family)
    right_expected = ibis.ifelse(found, both[f"{expected}__right"], 1)
    right_present = ibis.ifelse(found, both[f"{present}__right"], 0)
    if not in_left:
        return {expected: right_expected, present: right_present}
    # present/expected compared crosswise: 0 of 0 expected is neither better nor worse.
    left_is_lower = both[present] * right_expected <= right_present * both[expected]
    keep_left = ibis.ifelse(
        right_expected == 0, True, ibis.ifelse(both[expected] == 0, False, left_is_lower)
    )
    return {
        expected: ibis.ifelse(keep_left, both[expected], right_expected),
        present: ibis.ifelse(keep_left, both[present], right_present),
    }


Reasons = Sequence[tuple[ir.BooleanValue, str]]
"""Conditions under which a row is not ready, each with its code; the first that holds is told."""


def with_quality(rows: ir.Table, first: Reasons = ()) -> ir.Table:
    """Rows with the quality columns computed from what they carry.

    completeness is the least present / expected over the required families, NULL when nothing
    was expected. A row is ready when every required family reaches its threshold and none of the
    first reasons holds.
    """
    families = [family for family in families_of(rows) if family in REQUIRED_FAMILIES]
    shares = {
        family: rows[present_column(family)] / rows[expected_column(family)].nullif(0)
        for family in families
    }
    reason = [
        *first,
        *(
            (share < FAMILY_COMPLETENESS.value, f"incomplete_{family}")
            for family, share in shares.items()
        ),
    ]
    not_ready = ibis.cases(*reason) if reason else ibis.null().cast("string")
    return rows.mutate(
        completeness=reduce(_least_known, shares.values()) if shares else ibis.literal(1.0),
        not_ready_reason=not_ready.cast("string"),
        gap_ids=rows.gap_ids if "gap_ids" in rows.columns else no_gaps(),
    ).mutate(is_production_ready=_.not_ready_reason.isnull())


def _least_known(one: ir.FloatingValue, other: ir.FloatingValue) -> ir.FloatingValue:
    """The lesser of two; where one is NULL the other."""
    is_one = other.isnull() | (one <= other)
    return ibis.ifelse(is_one, one, other)


def bootstrap(rows: ir.Table) -> Reasons:
    """That fewer games than the minimum are behind a row made of windows."""
    return [
        (rows[expected_column(family)] < MINIMUM_GAMES.value, "bootstrap")
        for family in families_of(rows)
        if family in REQUIRED_FAMILIES
    ]


def sources_of(table: ir.Table, column: str) -> set[tuple[str, str]]:
    """The (table, column) pairs that the values of a column are made from.

    What only decides which rows there are (filters, join keys) is not a source.
    """
    found: set[tuple[str, str]] = set()
    seen: set[tuple[ops.Relation, str]] = set()
    queue: list[tuple[ops.Relation, str]] = [(table.op(), column)]
    while queue:
        relation, name = queue.pop()
        if (relation, name) in seen:
            continue
        seen.add((relation, name))
        if isinstance(relation, ops.AliasedRelation | ops.JoinReference):
            queue.append((relation.parent, name))
        elif isinstance(relation, ops.PhysicalTable):
            found.add((relation.name, name))
        elif isinstance(relation, ops.Set):
            queue += [(relation.left, name), (relation.right, name)]
        elif name in getattr(relation, "values", {}):
            queue += _fields(relation.values[name])
        elif name in getattr(relation, "groups", {}):
            queue += _fields(relation.groups[name])
        elif name in getattr(relation, "metrics", {}):
            queue += _fields(relation.metrics[name])
        else:
            queue += [
                (parent, name)
                for parent in relation.__children__
                if isinstance(parent, ops.Relation)
            ][:1]
    return found


def _fields(value: ops.Value) -> Iterable[tuple[ops.Relation, str]]:
    """The columns that a value is computed from, without descending into their tables."""
    stack: list[ops.Node] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ops.Field):
            yield node.rel, node.name
        elif not isinstance(node, ops.Relation):
            stack += node.__children__
