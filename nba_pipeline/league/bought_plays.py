"""BigDataBall's events and the schedule: of which game each is, and of which file a game is taken."""

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.schedule import both_teams, final

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_PLACE = ("source_file", "row_number", "season")


def placed(bigdataball: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The events with the game that the schedule knows by the code's date and teams."""
    in_order = nbac_schedule.home_team < nbac_schedule.away_team
    one = ibis.ifelse(in_order, _.home_team, _.away_team)
    other = ibis.ifelse(in_order, _.away_team, _.home_team)
    games = nbac_schedule.select(
        coded_game="game_id", coded_date="game_date", coded_teams=one + "_" + other
    )
    events = bigdataball.left_join(
        games,
        [bigdataball.game_teams == games.coded_teams, bigdataball.game_date == games.coded_date],
    )
    return events.mutate(game_id=_.game_id.fill_null(_.coded_game), team_abbr=_.event_team).drop(
        "coded_game", "coded_date", "coded_teams", "event_team"
    )


def with_first_files(events: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The placed events of final covered games, with the other team and their game's first_file.

    That is the file that the game is taken from: the one that has most of its events; of several
    that have as many, the first by what they say.
    """
    games = final(nbac_schedule).select("game_id", "game_date").distinct()
    events = events.semi_join(games, ["game_id", "game_date"])
    sides = both_teams(nbac_schedule).select("game_id", "game_date", "team_abbr", "opponent_abbr")
    events = events.left_join(sides, ["game_id", "game_date", "team_abbr"])
    events = events.drop("game_id_right", "game_date_right", "team_abbr_right")
    # A team that does not play is in rejected_rows.
    events = events.filter(_.team_abbr.isnull() | _.opponent_abbr.notnull())
    return events.join(_first_files(events), "game_id")


def _first_files(events: ir.Table) -> ir.Table:
    files = events.group_by("game_id", "source_file").agg(told=_.count())
    several = files.group_by("game_id").agg(files=_.count()).filter(_.files > 1)
    columns = sorted(set(events.columns) - {*_PLACE})
    texts = [events[name].cast("string").fill_null("") for name in columns]
    said = events.mutate(text=ibis.literal("|").join(texts)).semi_join(several, "game_id")
    said = said.group_by("game_id", "source_file").agg(
        said=_.text.group_concat(" ", order_by=_.text)
    )
    on = ["game_id", "source_file"]
    files = files.left_join(said, on).drop(*(f"{name}_right" for name in on))
    order = ibis.window(group_by="game_id", order_by=[_.told.desc(), _.said, _.source_file])
    return files.select("game_id", first_file=_.source_file.first().over(order)).distinct()
