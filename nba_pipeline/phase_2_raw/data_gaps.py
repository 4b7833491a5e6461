"""Every expected unit of a required raw table that is missing or breaks an invariant, and lost shots.

Assembled from what the raw tables declare: the units that the schedule expects of each, and the
invariants beside its schema. A game that the schedule could not be read for is a gap of its own:
row-<n> is its game_id where none can be read, the season's first day its game_date. The shots of a
game are one unit, whatever source has them; of a season without any file of shots they are one gap,
which has a row on each date with a final game.
"""

from collections.abc import Iterable
from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table, parameters, table_asset
from nba_pipeline.kernel.units import Invariant, Units, broken_units, rejected_units
from nba_pipeline.league.identity import COVERED_SEASON_TYPES, SEASON_TYPES
from nba_pipeline.league.schedule import both_teams, open_games
from nba_pipeline.league.shots import NO_FILE, NO_SHOTS, asked_sides, believed_source, place_of
from nba_pipeline.phase_1_sources.accepted_gaps import accepted_gaps as source
from nba_pipeline.phase_2_raw import raw_tables
from nba_pipeline.thresholds import UNSETTLED_DAYS

GRAIN = ["gap_id", "game_date"]
RAW = {table.name: table for table in raw_tables()}
SHOTS = "shots"
"""What a gap of shots calls its table: the unit is a game, or a season, whichever table has it."""
REQUIRED = [table.name for table in RAW.values() if table.units]
EXPECTED_OF = [table for table in RAW.values() if any(s.is_required for s in table.sources)]
"""The tables that expectations are made of."""


class DataGaps(pa.DataFrameModel):
    """The columns; rule is the first that failed.

    Where the unit is a game, team_abbr is NULL, and where it is a season, game_id too.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    gap_id: str = pa.Field(
        description="<table>:<game_date>:<game_id>[:<team>], or <table>:<season>"
    )
    table_name: str = pa.Field(
        description="The raw table whose unit it is; shots, of any table that has them"
    )
    game_date: date
    game_id: str = pa.Field(nullable=True)
    team_abbr: str = pa.Field(nullable=True)
    kind: str = pa.Field(
        isin=["missing", "invalid", "unsettled"],
        description="Not there, not believable, or of a game that nobody has ended",
    )
    rule: str
    detail: str
    is_accepted: bool = pa.Field(description="Whether it is known that the unit will never come")
    accepted_reason: str = pa.Field(
        nullable=True, description="Why, by whom and when it was accepted; NULL when it is not"
    )

    class Config:
        """One row per gap and date."""

        unique = GRAIN
        strict = "filter"


def _rejections(rejected_rows: ir.Table, sources: Iterable[Source]) -> ir.Table:
    """The rejected rows of the sources, each with its source's name."""
    folders = [(_.source_file.startswith(f"{s.place}/"), s.name) for s in sources]
    named = rejected_rows.mutate(rejected_by=ibis.cases(*folders))
    return named.filter(_.rejected_by.notnull())


def _unit_gaps(
    table: Table,
    declared: Units,
    nbac_schedule: ir.Table,
    rejected_rows: ir.Table,
    raw: dict[str, ir.Table],
) -> ir.Table:
    """The table's expected units that are not there, were rejected, or break an invariant."""
    offered = {**raw, "sides": declared.expected(nbac_schedule)}
    wanted = parameters(declared.measured, ())
    units = declared.measured(**{name: offered[name] for name in wanted})
    keys = ["game_id", "game_date", "team_abbr"]
    by_source = rejected_units(
        units, _rejections(rejected_rows, table.sources), nbac_schedule, "rejected_by"
    )
    by_source = by_source.join(units.select(*keys, "source_name"), keys)
    # What another source than the unit's own rejects of it makes the unit no worse.
    own = by_source.filter(_.source_name.isnull() | (_.source_name == _.rejected_by))
    own = own.group_by(keys).agg(
        rejected_rule=_.rejected_rule.min(), rejected_detail=_.rejected_detail.min()
    )
    own = own.rename({f"rejected_{key}": key for key in keys})
    units = units.left_join(own, [units[key] == own[f"rejected_{key}"] for key in keys])
    rejected = Invariant(_.rejected_rule, _.rejected_rule.notnull(), _.rejected_detail)
    return broken_units(table.name, units, rejected, *declared.invariants)


def _unread_games(table: Table, rejected_rows: ir.Table) -> ir.Table:
    """Games that cannot be expected because the schedule of them could not be read."""
    kinds = [digit for digit, kind in SEASON_TYPES.items() if kind in COVERED_SEASON_TYPES]
    required = [source for source in table.sources if source.is_required]
    games = _rejections(rejected_rows, required).filter(
        _.row_number.notnull(), _.game_id.isnull() | _.game_id[2].isin(kinds)
    )
    games = games.mutate(game_id=_.game_id.fill_null("row-" + _.row_number.cast("string")))
    gap_id = f"{table.name}:" + _.game_date.cast("string") + ":" + _.game_id
    return games.group_by("game_date", "game_id", gap_id=gap_id).agg(
        team_abbr=ibis.null().cast("string"),
        table_name=ibis.literal(table.name),
        kind=ibis.literal("invalid"),
        rule=_.rule.min(),
        detail=_.detail.min(),
    )


def _forgotten_games(nbac_schedule: ir.Table, today: ir.Table) -> list[ir.Table]:
    """Each required unit of games that are still open so many days after their date."""
    games = open_games(nbac_schedule).cross_join(today)
    age = games.today.delta(games.game_date, unit="day")
    overdue = games.filter(age > UNSETTLED_DAYS.value).drop("today")
    sides = both_teams(overdue).mutate(status=ibis.literal("neither final nor postponed"))
    forgotten = Invariant("open_game", _.status.notnull(), _.status, "unsettled")
    return [broken_units(name, sides, forgotten) for name in REQUIRED]


def _lost_shots(shot_sources: ir.Table, box_gaps: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Final games of which no source's shots are believed, and dates of a season without any.

    A game without a roster to compare with is not asked.
    """
    rosters = box_gaps.filter(_.table_name == "nbac_player_boxscore")
    asked = asked_sides(shot_sources, rosters).drop("season")
    games = asked.group_by("game_id", "game_date").agg(
        has_file=(_.rule != NO_FILE).fill_null(True).any(),
        first=place_of(_.shot_source).min(where=_.rule.notin([NO_FILE, NO_SHOTS])),
    )
    games = games.anti_join(believed_source(shot_sources, rosters), "game_id")
    seasons = nbac_schedule.select(known_game="game_id", of_season="season")
    games = games.join(seasons, games.game_id == seasons.known_game)
    told = asked.filter(_.rule.notin([NO_FILE, NO_SHOTS]))
    told = told.group_by(told_game="game_id", place=place_of(told.shot_source)).agg(
        rule=_.rule.min(), detail=_.shot_source.min() + ": " + _.detail.min()
    )
    games = games.left_join(
        told, [games.game_id == told.told_game, games.first == told.place]
    ).mutate(table_name=ibis.literal(SHOTS), team_abbr=ibis.null("string"))
    of_game = games.filter(_.has_file).mutate(
        gap_id=f"{SHOTS}:" + _.game_date.cast("string") + ":" + _.game_id,
        kind=ibis.ifelse(_.rule.isnull(), "missing", "invalid"),
        rule=_.rule.fill_null("shots_of_game"),
        detail=_.detail.fill_null("no source has a shot of the game"),
    )
    of_season = games.filter(~_.has_file).select(
        "game_date",
        "table_name",
        "team_abbr",
        gap_id=f"{SHOTS}:" + _.of_season,
        game_id=ibis.null("string"),
        kind=ibis.literal("missing"),
        rule=ibis.literal("shots_of_season"),
        detail="no source of shots has a file of " + _.of_season,
    )
    of_season = of_season.distinct()
    return of_game.select(*of_season.columns).union(of_season)


def _with_acceptance(gaps: ir.Table, accepted_gaps: ir.Table) -> ir.Table:
    """The gaps with whether and why each is accepted, by its id or with its table's season."""
    by_id = accepted_gaps.filter(_.gap_id.notnull())
    by_id = by_id.group_by(accepted_id="gap_id").agg(reason_of_gap=_.reason.min())
    by_season = accepted_gaps.filter(_.gap_id.isnull())
    by_season = by_season.group_by(accepted_table="table_name", accepted_date="game_date").agg(
        reason_of_season=_.reason.min()
    )
    gaps = gaps.left_join(by_id, gaps.gap_id == by_id.accepted_id)
    gaps = gaps.left_join(
        by_season,
        [
            gaps.table_name == by_season.accepted_table,
            gaps.game_date == by_season.accepted_date,
        ],
    )
    gaps = gaps.mutate(accepted_reason=ibis.coalesce(_.reason_of_gap, _.reason_of_season))
    return gaps.mutate(is_accepted=_.accepted_reason.notnull())


def transform(
    nbac_schedule: ir.Table,
    rejected_rows: ir.Table,
    shot_sources: ir.Table,
    accepted_gaps: ir.Table,
    today: ir.Table,
    **raw: ir.Table,
) -> ir.Table:
    """Expected units without a believable row, those of games that nobody has ended, lost shots."""
    columns = ["gap_id", "table_name", "game_date", "game_id", "team_abbr", "kind", "rule"]
    unlike = {
        table.name: _unit_gaps(table, table.units, nbac_schedule, rejected_rows, raw)
        for table in RAW.values()
        if table.units
    }
    found = [
        *unlike.values(),
        _lost_shots(shot_sources, unlike["nbac_player_boxscore"], nbac_schedule),
        *(_unread_games(table, rejected_rows) for table in EXPECTED_OF),
        *_forgotten_games(nbac_schedule, today),
    ]
    gaps = ibis.union(*(part.select(*columns, "detail") for part in found))
    return _with_acceptance(gaps, accepted_gaps)


def open_gaps(rows: ir.Table) -> ir.Table:
    """Gaps that nobody has accepted: the check is green only where the raw tables are whole."""
    return rows.filter(~_.is_accepted)


data_gaps = table_asset(
    __name__,
    version=6,
    schema=DataGaps,
    reads=same_date("nbac_schedule", "rejected_rows", "shot_sources", *REQUIRED),
    sources=[source],
    transform=transform,
    violations=[open_gaps],
    checkpoints=[checkpoint("gaps", open_gaps)],
)
