"""Every event of a final game, as BigDataBall has it: one row per event.

A game is the one of its id, or of its code's date and teams in the schedule, and is taken from one
file. A player is the one of the game's box score who has the id in front of his name, or else the
name. A game of which too few players are found so is in rejected_rows, whole.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.kernel.units import off_schedule
from nba_pipeline.league.bought_plays import placed, with_first_files
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.names_in_games import matched_in_games, nearest_in_games
from nba_pipeline.league.player_names import unmatched_rows
from nba_pipeline.league.rejected import rejected
from nba_pipeline.phase_1_sources.bigdataball import PEOPLE
from nba_pipeline.phase_1_sources.bigdataball import bigdataball as source
from nba_pipeline.thresholds import GAME_PLAYERS_MATCHED

GRAIN = ["game_id", "event_id"]
_NAME = ["game_id", "team_abbr", "player_lookup", "told_id"]
_NO_ID = 0
_PLAYS = ("shot", "free throw", "rebound", "turnover")
"""What only a player does: fouls are also those of coaches."""


class BigdataballPlayByPlay(pa.DataFrameModel):
    """The columns; what is a shot's is NULL of any other event.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    event_id: int = pa.Field(
        ge=0, description="Number of the event in its game, as its source counts"
    )
    period: int = pa.Field(ge=1, description="Period of the game; overtimes count from 5")
    seconds_remaining: float = pa.Field(ge=0, description="Seconds left in the period")
    event_type: str = pa.Field(nullable=True, description="Kind of event, as the source names it")
    event_subtype: str = pa.Field(nullable=True, description="The same, more closely")
    team_abbr: str = pa.Field(nullable=True)
    player_id: int = pa.Field(nullable=True, ge=1)
    player_lookup: str = pa.Field(nullable=True)
    assist_player_id: int = pa.Field(
        nullable=True, ge=1, description="The league's id of who assisted the shot"
    )
    block_player_id: int = pa.Field(
        nullable=True, ge=1, description="The league's id of who blocked the shot"
    )
    is_field_goal: bool = pa.Field(description="Whether the event is a field goal, made or missed")
    is_three: bool = pa.Field(
        nullable=True, description="Whether it was tried for three points; NULL if no field goal"
    )
    is_made: bool = pa.Field(
        nullable=True, description="Whether it went in; NULL if neither field goal nor free throw"
    )
    is_assisted: bool = pa.Field(
        nullable=True, description="Whether somebody assisted the shot; NULL if no field goal"
    )
    is_and_one_free_throw: bool = pa.Field(
        description="Whether it is a free throw alone, and not for a technical foul"
    )
    shot_distance: float = pa.Field(
        nullable=True, ge=0, description="Distance of the shot from the basket, feet"
    )
    description: str = pa.Field(nullable=True, description="The event in the source's words")

    class Config:
        """One row per event of a game."""

        unique = GRAIN
        strict = "filter"


def transform(
    bigdataball: ir.Table, nbac_schedule: ir.Table, nbac_player_boxscore: ir.Table
) -> ir.Table:
    """The events of final covered games, each with its players' ids."""
    events = _first_of_each(_told_once(placed(bigdataball, nbac_schedule), nbac_schedule))
    players = _players(events, nbac_player_boxscore)
    lost = _too_few_players(players)
    events = events.anti_join(lost, ["game_id"])
    for who in PEOPLE:
        ids = players.select(*_NAME, found=_.player_id).rename(
            {f"known_{name}": name for name in _NAME}
        )
        side = events.opponent_abbr if who == "block" else events.team_abbr
        events = events.left_join(
            ids,
            [
                events.game_id == ids.known_game_id,
                side.fill_null("") == ids.known_team_abbr,
                events[f"{who}_lookup"] == ids.known_player_lookup,
                events[f"{who}_told_id"].fill_null(_NO_ID) == ids.known_told_id,
            ],
        )
        events = events.rename({f"{who}_id": "found"}).drop(*(f"known_{name}" for name in _NAME))
    untold = ibis.null().cast("boolean")
    assisted = ibis.ifelse(events.is_field_goal, events.assist_lookup.notnull(), untold)
    return events.rename(assist_player_id="assist_id", block_player_id="block_id").mutate(
        is_assisted=assisted
    )


def rejections(
    bigdataball: ir.Table, nbac_schedule: ir.Table, nbac_player_boxscore: ir.Table
) -> ir.Table:
    """Events off the schedule or told twice, names of nobody, and games of which too few are known."""
    events = placed(bigdataball, nbac_schedule)
    unknown = off_schedule(events.mutate(game_id=_.game_id.fill_null(_.game_teams)), nbac_schedule)
    columns = unknown.columns
    unknown = unknown.mutate(field=ibis.literal("game_id")).select(*columns)
    found = _told_once(events, nbac_schedule)
    again = rejected(
        found.filter(_.is_first_file, _.place > 0),
        field="play_id",
        value=_.event_id.cast("string"),
        rule="repeated_event_id",
        tells="event " + _.event_id.cast("string") + " of " + _.game_id + " is there already",
    )
    others = (
        found.filter(~_.is_first_file)
        .group_by("source_file", "game_id", "game_date")
        .agg(row_number=_.row_number.min(), first_file=_.first_file.min())
    )
    others = others.mutate(
        team_abbr=ibis.null().cast("string"),
        field=ibis.literal("game_id"),
        value=_.game_id,
        rule=ibis.literal("repeated_game"),
        detail=_.source_file + ": game " + _.game_id + " is taken from " + _.first_file,
    )
    events = _first_of_each(found)
    players = _players(events, nbac_player_boxscore)
    games = events.group_by("game_id", "game_date", "source_file").agg(
        row_number=_.row_number.min()
    )
    few = games.join(_too_few_players(players), "game_id").mutate(
        team_abbr=ibis.null().cast("string"),
        field=ibis.literal("player"),
        value=_.unmatched_names,
        rule=ibis.literal("players_unmatched"),
        detail=_.source_file
        + ": only "
        + _.matched.cast("string")
        + " of "
        + _.named.cast("string")
        + " players of game "
        + _.game_id
        + " are in its box score, so that none of it is taken",
    )
    nobody = players.filter(_.player_id.isnull(), _.is_counted)
    nearest = nearest_in_games(nobody, nbac_player_boxscore, _NAME)
    nobody = nobody.join(games.select("game_id", "game_date", "source_file"), "game_id")
    nobody = nobody.mutate(row_number=_.first_row, player_name=_.player_lookup)
    lost = [unmatched_rows(nobody.filter(_.field == who), nearest, _NAME, who) for who in PEOPLE]
    return ibis.union(unknown, *(part.select(*columns) for part in (again, others, few, *lost)))


def _told_once(placed_events: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The events of final covered games, with the other team, and which are the first told."""
    events = with_first_files(placed_events, nbac_schedule)
    events = in_order(events, [*GRAIN, "source_file"])
    return events.mutate(is_first_file=_.source_file == _.first_file)


def _first_of_each(events: ir.Table) -> ir.Table:
    return events.filter(_.is_first_file, _.place == 0)


def _players(events: ir.Table, nbac_player_boxscore: ir.Table) -> ir.Table:
    """Everybody whom the events name, with who he is in the box score, NULL where that is nobody.

    is_counted are those who must be somebody: they made a play for a team that has a roster. field
    and first_row are where a name is first.
    """
    named = ibis.union(
        *(
            events.select(
                "game_id",
                "row_number",
                field=ibis.literal(who),
                team_abbr=(_.opponent_abbr if who == "block" else _.team_abbr).fill_null(""),
                player_lookup=_[f"{who}_lookup"],
                told_id=_[f"{who}_told_id"].fill_null(_NO_ID),
                is_play=ibis.literal(True) if who != "player" else _.event_type.isin(list(_PLAYS)),
            )
            for who in PEOPLE
        )
    ).filter(_.player_lookup.notnull())
    first = _.row_number.min().over(ibis.window(group_by=_NAME))
    names = named.mutate(first_row=first).group_by(*_NAME, "first_row")
    names = names.agg(
        field=_.field.min(where=_.row_number == _.first_row),
        is_play=_.is_play.fill_null(False).any(),
    )
    sides = nbac_player_boxscore.select("game_id", "team_abbr").distinct()
    by_id = nbac_player_boxscore.select(
        box_game="game_id", box_id="player_id", box_team="team_abbr"
    )
    by_id = names.join(
        by_id,
        [
            names.game_id == by_id.box_game,
            names.told_id == by_id.box_id,
            (names.team_abbr == by_id.box_team) | (names.team_abbr == ""),
        ],
    ).select(*_NAME, player_id="box_id")
    rest = names.anti_join(by_id, _NAME)
    by_name = matched_in_games(rest, nbac_player_boxscore, _NAME).select(*_NAME, "player_id")
    known = by_id.union(by_name)
    rostered = sides.select(*_NAME[:2], has_roster=True)
    found = names.left_join(known, _NAME).drop(*(f"{name}_right" for name in _NAME))
    found = found.left_join(rostered, _NAME[:2]).drop(*(f"{name}_right" for name in _NAME[:2]))
    return found.mutate(is_counted=_.is_play & _.has_roster.notnull())


def _too_few_players(players: ir.Table) -> ir.Table:
    """The games of whose counted players too small a share is in the box score."""
    people = players.filter(_.is_counted)
    people = people.group_by("game_id", "team_abbr", "player_lookup").agg(
        is_matched=_.player_id.notnull().any()
    )
    games = people.group_by("game_id").agg(
        named=_.count(),
        matched=_.is_matched.cast("int64").sum(),
        unmatched_names=_.player_lookup.group_concat(
            ", ", where=~_.is_matched, order_by=_.player_lookup
        ),
    )
    return games.filter(_.matched < GAME_PLAYERS_MATCHED.value * _.named)


bigdataball_play_by_play = table_asset(
    __name__,
    version=2,
    schema=BigdataballPlayByPlay,
    reads=same_date("nbac_schedule", "nbac_player_boxscore"),
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
)
