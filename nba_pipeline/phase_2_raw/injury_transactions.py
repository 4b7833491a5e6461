"""Who went out and who came back, by the press: one row per date, team, player, event and note.

Entries have no time of day: what is dated on a game's own date may have been known before it or
not. A partition has the entries of its date; those before a season's first day are in that day's.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.league import calendar
from nba_pipeline.league.player_names import matched_names, nearest_names, unmatched_rows
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES
from nba_pipeline.phase_1_sources.prosportstransactions import prosportstransactions as source

GRAIN = ["event_date", "team_abbr", "player_id", "event", "note"]
_ROW = ["source_file", "row_number"]


class InjuryTransactions(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    event_date: date = pa.Field(description="Date of the entry, which may be before the season")
    game_date: date = pa.Field(
        description="Date of the tip-off, US Eastern, or that the row is filed under; the partition"
    )
    team_abbr: str = pa.Field(description="Team tricode; a player's row has his team's")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    event: str = pa.Field(isin=["out", "back"], description="Whether he went out or came back")
    note: str = pa.Field(description="Why, in the source's words; empty where it says nothing")

    class Config:
        """One row per date, team, player, event and note."""

        unique = GRAIN
        strict = "filter"


def transform(prosportstransactions: ir.Table, known_players: ir.Table) -> ir.Table:
    """The entries of players whom one of the spellings means for certain."""
    entries = prosportstransactions.mutate(event_date=_.event_date.cast("date"))
    entries = entries.join(_matched(prosportstransactions, known_players), _ROW)
    return in_order(entries, GRAIN).filter(_.place == 0)


def rejections(prosportstransactions: ir.Table, known_players: ir.Table) -> ir.Table:
    """Names that mean nobody for certain."""
    found = _matched(prosportstransactions, known_players)
    lost = prosportstransactions.anti_join(found, _ROW)
    nearest = nearest_names(_names(lost), known_players, lost, _ROW)
    return unmatched_rows(lost, nearest, _ROW, "Name")


def _matched(entries: ir.Table, known_players: ir.Table) -> ir.Table:
    return matched_names(_names(entries), known_players, entries, _ROW)


def _names(entries: ir.Table) -> ir.Table:
    """One row per entry and spelling of its name."""
    spelled = entries.mutate(season=calendar.season_name(_.game_date)).drop("player_lookup")
    return spelled.mutate(player_lookup=_.player_lookups.split("/")).unnest("player_lookup")


injury_transactions = table_asset(
    __name__,
    version=2,
    schema=InjuryTransactions,
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
)
