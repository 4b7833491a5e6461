"""Who played in each game, who did not and why: one row per player of either team's whole list.

From the official game book, and of a team of which that has no line, or one that is rejected, from
the game's box score, which lists nobody who was inactive: those are the book's also then. The book's
inactive players have surnames alone, which mean the player of the team who has that surname and did
not play; who is not known for certain is in rejected_rows.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import UNIT, in_order, most_trusted, told_by, told_of
from nba_pipeline.kernel.units import rejected_units, scheduled_rows
from nba_pipeline.league.availability import GameStatus
from nba_pipeline.league.calendar import season_name
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.player_names import (
    matched_names,
    matched_surnames,
    nearest_names,
    unmatched_rows,
    with_known_names,
)
from nba_pipeline.league.rejected import rejected
from nba_pipeline.phase_1_sources.nba_gamebook import COUNTED
from nba_pipeline.phase_1_sources.nba_gamebook import nba_gamebook as gamebook
from nba_pipeline.phase_1_sources.nba_stats_boxscore import nba_stats_boxscore as boxscore
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES

GRAIN = ["game_id", "player_lookup"]
_ROW = ["source_file", "row_number"]
_TYPES = {
    "source_file": "string",
    "row_number": "int64",
    **dict.fromkeys(("player_lookup", "player_name"), "string"),
    **dict.fromkeys(("status", "dnp_reason"), "string"),
    **dict.fromkeys(("player_id", *COUNTED), "int64"),
    **dict.fromkeys(("minutes", "plus_minus"), "float64"),
    "starter": "boolean",
}
"""What either source says of a player of a team, and its types."""


class NbacGamebookPlayerStats(pa.DataFrameModel):
    """The columns; numbers are NULL of who did not play.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    player_id: int = pa.Field(ge=1)
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$")
    player_name: str
    status: str = pa.Field(
        isin=[status.value for status in GameStatus],
        description="Whether the player played, was listed and did not, or was inactive",
    )
    dnp_reason: str = pa.Field(
        nullable=True, description="Why he did not play, as the source writes it; NULL if untold"
    )
    starter: bool = pa.Field(description="Whether he was in the team's starting five")
    minutes: float = pa.Field(nullable=True, ge=0, le=MOST_PLAYER_MINUTES.value)
    fgm: int = pa.Field(nullable=True, ge=0)
    fga: int = pa.Field(nullable=True, ge=0)
    fg3m: int = pa.Field(nullable=True, ge=0)
    fg3a: int = pa.Field(nullable=True, ge=0)
    ftm: int = pa.Field(nullable=True, ge=0)
    fta: int = pa.Field(nullable=True, ge=0)
    oreb: int = pa.Field(nullable=True, ge=0)
    dreb: int = pa.Field(nullable=True, ge=0)
    reb: int = pa.Field(nullable=True, ge=0)
    ast: int = pa.Field(nullable=True, ge=0)
    stl: int = pa.Field(nullable=True, ge=0)
    blk: int = pa.Field(nullable=True, ge=0)
    tov: int = pa.Field(nullable=True, ge=0)
    pf: int = pa.Field(nullable=True, ge=0)
    pts: int = pa.Field(nullable=True, ge=0)
    plus_minus: float = pa.Field(nullable=True)
    source_name: str = pa.Field(isin=[gamebook.name, boxscore.name])

    class Config:
        """One row per game and player."""

        unique = GRAIN
        strict = "filter"


def transform(
    nba_gamebook: ir.Table,
    nba_gamebook_rejected: ir.Table,
    nba_stats_boxscore: ir.Table,
    nba_stats_boxscore_rejected: ir.Table,
    nbac_schedule: ir.Table,
    nbac_player_boxscore: ir.Table,
    known_players: ir.Table,
) -> ir.Table:
    """The players of final covered games; player_lookup is the name by which the league knows them."""
    listed = _listed(nba_gamebook, nbac_schedule)
    known = _known(listed, nbac_player_boxscore, known_players)
    found = _found(listed, known, nbac_player_boxscore)
    book = _of_book(listed, found, nba_gamebook_rejected, nbac_schedule)
    lines = _of_box_score(nba_stats_boxscore, nba_stats_boxscore_rejected, nbac_schedule)
    return _in_order(_taken(book, lines)).filter(_.place == 0)


def rejections(
    nba_gamebook: ir.Table,
    nba_gamebook_rejected: ir.Table,
    nba_stats_boxscore: ir.Table,
    nba_stats_boxscore_rejected: ir.Table,
    nbac_schedule: ir.Table,
    nbac_player_boxscore: ir.Table,
    known_players: ir.Table,
) -> ir.Table:
    """Names that mean nobody of the team for certain, and players who are listed a second time."""
    listed = _listed(nba_gamebook, nbac_schedule)
    known = _known(listed, nbac_player_boxscore, known_players)
    found = _found(listed, known, nbac_player_boxscore)
    lost = listed.anti_join(found, _ROW)
    told = unmatched_rows(lost, nearest_names(lost, known, lost, _ROW), _ROW, "name")
    others = scheduled_rows(_sided(nba_gamebook, nbac_schedule).filter(_.is_other), nbac_schedule)
    said = _.away_team.fill_null("?") + "@" + _.home_team.fill_null("?")
    others = rejected(
        others,
        field="team",
        value=said,
        rule="other_meeting",
        tells="the book is of " + said + ", the game is " + _.sides,
    )
    book = _of_book(listed, found, nba_gamebook_rejected, nbac_schedule)
    lines = _of_box_score(nba_stats_boxscore, nba_stats_boxscore_rejected, nbac_schedule)
    again = rejected(
        _in_order(_taken(book, lines)).filter(_.place > 0),
        field="name",
        value=_.player_name,
        rule="repeated_player",
        tells=_.player_name + " is " + _.player_lookup + ", who is listed already",
    )
    return ibis.union(told, others, again)


def _taken(book: ir.Table, lines: ir.Table) -> ir.Table:
    """Each team's players from the source of which it is taken, and its book's inactive ones.

    Of a player whom the taken source lists, that one's word stands.
    """
    taken = most_trusted(book, lines).drop("place")
    inactive = book.filter(_.status == GameStatus.INACTIVE.value).select(*taken.columns)
    return taken.union(inactive.anti_join(taken, [*UNIT, "player_id"]))


def _in_order(taken: ir.Table) -> ir.Table:
    """The players that are taken; place counts the lines of one, from 0. The fuller name is first."""
    return in_order(taken, GRAIN, _.player_name.length().desc())


def _of_book(
    listed: ir.Table, found: ir.Table, nba_gamebook_rejected: ir.Table, nbac_schedule: ir.Table
) -> ir.Table:
    """What the game book says, and of which teams it does so whole.

    An inactive player who is nobody for certain is no reason to ask the box score, which lists none.
    """
    units = listed.select(*UNIT).distinct()
    broken = rejected_units(units, nba_gamebook_rejected, nbac_schedule)
    is_lost = _.player_id.isnull() & (_.status != GameStatus.INACTIVE.value)
    named = listed.drop("player_lookup").left_join(
        found.select(*_ROW, "player_id", "player_lookup"), _ROW
    )
    lost = is_lost.cast("int64").sum().over(ibis.window(group_by=UNIT))
    rows = named.mutate(lost=lost).filter(_.player_id.notnull())
    rows = rows.drop(*(f"{name}_right" for name in _ROW)).left_join(
        broken.select(*UNIT, is_broken=True), UNIT
    )
    rows = rows.mutate(is_whole=(_.lost == 0) & _.is_broken.isnull())
    return told_of(
        gamebook.name, rows.select(*listed.columns, "player_id", "is_whole"), nbac_schedule, _TYPES
    )


def _of_box_score(
    nba_stats_boxscore: ir.Table, nba_stats_boxscore_rejected: ir.Table, nbac_schedule: ir.Table
) -> ir.Table:
    """What the players' lines of box scores say, and of which teams they do so whole."""
    lines = nba_stats_boxscore.filter(~_.is_of_team).rename(starter="is_starter")
    return told_by(boxscore.name, lines, nba_stats_boxscore_rejected, nbac_schedule, _TYPES)


def _sided(nba_gamebook: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The book's rows with the game's sides, and whether it has them the other way round.

    Such a book is of another meeting of the two teams. Of a side that it does not say nothing is told.
    """
    games = nbac_schedule.select("game_id", "game_date", guest="away_team", host="home_team")
    is_other = (_.away_team != _.guest) | (_.home_team != _.host)
    rows = nba_gamebook.join(games, ["game_id", "game_date"])
    rows = rows.mutate(is_other=is_other.fill_null(False), sides=_.guest + "@" + _.host)
    return rows.drop("guest", "host")


def _listed(nba_gamebook: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The rows of the books of final covered games that are of that meeting of its teams."""
    own = _sided(nba_gamebook, nbac_schedule).filter(~_.is_other)
    own = own.drop("away_team", "home_team", "is_other", "sides")
    listed = scheduled_rows(own, nbac_schedule).drop("opponent_abbr", "is_home")
    return listed.mutate(season=_.game_date.cast("string"))


def _known(listed: ir.Table, nbac_player_boxscore: ir.Table, known_players: ir.Table) -> ir.Table:
    """The names known by each date, and those of its own box scores: a game book is of no forecast.

    Each date is a season of its own, so that no date knows the box scores of others.
    """
    columns = ["player_id", "player_lookup", "team_abbr", "player_name", "known_from"]
    dates = listed.select("game_date").distinct().mutate(season=season_name(_.game_date))
    before = known_players.join(dates, "season").filter(_.known_from <= _.game_date)
    before = before.select(*columns, season=_.game_date.cast("string"))
    here = nbac_player_boxscore.mutate(known_from=_.game_date)
    return before.union(here.select(*columns, season=_.game_date.cast("string")))


def _found(listed: ir.Table, known: ir.Table, nbac_player_boxscore: ir.Table) -> ir.Table:
    """The rows whose name means a player for certain."""
    whole = matched_names(listed, known, listed, _ROW)
    rest = listed.filter(_.status == GameStatus.INACTIVE.value).anti_join(whole, _ROW)
    # Whoever is on the list under his whole name, or played by the box score, is nobody's surname.
    listed_whole = rest.select(*_ROW).join(whole.select("source_file", "player_id"), "source_file")
    played = nbac_player_boxscore.filter(_.minutes > 0).select("game_id", "player_id")
    others = listed_whole.union(
        rest.select(*_ROW, "game_id").join(played, "game_id").select(*_ROW, "player_id")
    )
    by_surname = matched_surnames(rest, known, rest, others, _ROW)
    players = whole.union(by_surname).select(*_ROW, "player_id")
    return with_known_names(listed.join(players, _ROW), known, _ROW)


def unlike_box_score(rows: ir.Table, nbac_player_boxscore: ir.Table) -> ir.Table:
    """Players who played by a game book whose points are others in the box score, or who are not in it.

    What is itself of a box score is compared where that table is made.
    """
    keys = ["game_id", "player_id"]
    games = nbac_player_boxscore.select("game_id").distinct()
    box = nbac_player_boxscore.select(*keys, box_points="pts")
    played = rows.filter(_.source_name == gamebook.name, _.status == GameStatus.ACTIVE.value)
    played = played.semi_join(games, "game_id")
    return played.left_join(box, keys).filter(~_.pts.identical_to(_.box_points))


nbac_gamebook_player_stats = table_asset(
    __name__,
    version=7,
    schema=NbacGamebookPlayerStats,
    reads=same_date("nbac_schedule", "nbac_player_boxscore"),
    sources=[gamebook, boxscore],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
    warnings=[unlike_box_score],
    checkpoints=[checkpoint("gamebook", unlike_box_score)],
)
