"""What was known before a game of each player's chance to play, and from where.

A team's word in the last official report before tip-off comes first; where it had said nothing, the
transactions speak of those who went out.
"""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.availability import InjuryStatus, out_by_transactions
from nba_pipeline.league.calendar import season_name
from nba_pipeline.league.injury_reports import before_tipoff

VERSION = 6
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

INJURY_REPORT, TRANSACTIONS, NONE = "injury_report", "transactions", "none"
INJURY_SOURCES = (INJURY_REPORT, TRANSACTIONS, NONE)
"""Who says what is known of a player before his game."""


def injury_statuses(
    players: ir.Table,
    nbac_injury_report: ir.Table,
    nbac_injury_report_teams: ir.Table,
    injury_transactions: ir.Table,
    nbac_schedule: ir.Table,
    *,
    earliest_tipoff: int,
) -> ir.Table:
    """Per game_id and player_id, injury_status, injury_source, and out_since.

    The status is NULL for whom his team, where it has spoken, does not list, and for whom no entry of
    the season's transactions, where there is any yet, has out. Otherwise nobody says anything of him.
    Of those who are out by the transactions, out_since is the date of the entry.

    Args:
        players: unique game_id and player_id, with team_abbr, game_date, and last_game, the date of
            his latest game before it.
        nbac_injury_report: the listed players of at least these games.
        nbac_injury_report_teams: the teams of its reports.
        injury_transactions: the entries of at least the season.
        nbac_schedule: the games.
        earliest_tipoff: as before_tipoff takes it.
    """
    before = before_tipoff(nbac_schedule, earliest_tipoff)
    heard = _heard_of(players, nbac_injury_report, nbac_injury_report_teams, before)
    said = nbac_injury_report.select(
        said_of="game_id", said_player="player_id", said_at="report_at", said="injury_status"
    )
    out = out_by_transactions(players, injury_transactions)
    same = [("game_id", "said_of"), ("player_id", "said_player"), ("spoken_at", "said_at")]
    known = (
        heard.left_join(said, same)
        .select("game_id", "player_id", "game_date", "spoken_at", "said")
        .left_join(out, ["player_id", "game_date"])
    )
    known = known.mutate(season=season_name(known.game_date))
    entries = injury_transactions.group_by(entry_season=season_name(_.event_date)).agg(
        first_entry=_.event_date.min()
    )
    known = known.left_join(entries, known.season == entries.entry_season)
    has_entries = (known.first_entry < known.game_date).fill_null(False)
    # Who was out in the spring may have come back in entries of which nothing has landed yet.
    is_out = known.spoken_at.isnull() & known.out_since.notnull() & has_entries
    return known.select(
        "game_id",
        "player_id",
        injury_status=ibis.ifelse(is_out, InjuryStatus.OUT.value, known.said),
        injury_source=ibis.cases(
            (known.spoken_at.notnull(), INJURY_REPORT), (has_entries, TRANSACTIONS), else_=NONE
        ),
        out_since=ibis.ifelse(is_out, known.out_since, ibis.null()),
    )


_RISKS = {
    InjuryStatus.AVAILABLE: 0,
    InjuryStatus.PROBABLE: 1,
    InjuryStatus.QUESTIONABLE: 2,
    InjuryStatus.DOUBTFUL: 3,
    InjuryStatus.OUT: 3,
}


def injury_risk(status: ir.StringValue, source: ir.StringValue) -> ir.IntegerValue:
    """How unlikely it is said to be that a player plays, 0 to 3; NULL where nobody says anything.

    Whom a team's report does not list is available; one that is hurt, and no more is said, is not
    known to be anything.

    Args:
        status: injury_status.
        source: injury_source.
    """
    said = [(status == word.value, risk) for word, risk in _RISKS.items()]
    return ibis.cases(*said, (status.isnull() & (source == INJURY_REPORT), 0))


def _heard_of(
    players: ir.Table,
    nbac_injury_report: ir.Table,
    nbac_injury_report_teams: ir.Table,
    before: Callable[[ir.Table], ir.Table],
) -> ir.Table:
    """The players with spoken_at, the report in which his team was last heard of him.

    That is its last one before tip-off; where a line of that could not be taken, it may have been his,
    and the last one counts that lists him or is whole, if there is any.
    """
    key = ["game_id", "team_abbr", "report_at"]
    listed = before(nbac_injury_report.select(*key, "player_id"))
    counts = listed.group_by(key).agg(taken=_.count())
    submitted = before(nbac_injury_report_teams.filter(_.has_submitted))
    official = submitted.left_join(counts, key).select(
        *key, is_whole=(_.taken.fill_null(0) >= _.players_listed)
    )
    # The unofficial list says of no team whether it has spoken; whom it lists, it does.
    unofficial = counts.anti_join(official, key).select(*key, is_whole=True)
    words = official.union(unofficial)
    of_team = words.group_by("game_id", "team_abbr").agg(
        last_at=_.report_at.max(), whole_at=_.report_at.max(where=_.is_whole)
    )
    of_player = listed.group_by("game_id", "player_id").agg(listed_at=_.report_at.max())
    rows = players.left_join(of_team, ["game_id", "team_abbr"]).select(
        "game_id", "player_id", "game_date", "last_at", "whole_at"
    )
    rows = rows.left_join(of_player, ["game_id", "player_id"]).select(
        "game_id", "player_id", "game_date", "last_at", "whole_at", "listed_at"
    )
    # Not greatest(), of which one of two unknown moments makes NULL in one warehouse and not the other.
    is_listed_later = rows.whole_at.isnull() | (rows.listed_at > rows.whole_at)
    surely = ibis.ifelse(rows.listed_at.notnull() & is_listed_later, rows.listed_at, rows.whole_at)
    return rows.mutate(spoken_at=ibis.coalesce(surely, rows.last_at))
