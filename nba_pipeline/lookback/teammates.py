"""What the teammates who are known to be out leave of their team's plays to a player."""

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.league.injury_status import NONE
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.fixed_point import BILLION, in_billionths
from nba_pipeline.lookback.timeline import Timeline, computed_once
from nba_pipeline.lookback.windows import as_of, count, mean, season_to_date

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_GAME_MINUTES = 48


def with_teammates_out_usage(
    players: ir.Table, games: Timeline, lost_rosters: ir.Table, lost_since_out: ir.Table
) -> ir.Table:
    """The players with teammates_out_usage: percent of the team's plays that those out used so far.

    Each one's season usage_rate times the share of a game that he plays. Who has not played this
    season left nothing; of whom that is not known, neither is the sum, and where nobody says who is
    out it is NULL.

    Args:
        players: unique game_id and player_id, with game_date, team_abbr, injury_status and
            injury_source, of whole teams.
        games: the timeline of players' games, with usage_rate and minutes.
        lost_rosters: per game_id and team_abbr the gap_ids of what may hide a teammate.
        lost_since_out: per game_id and player_id the gap_ids of what may hide that he is not out.
    """
    players = computed_once(players)
    out = players.filter(_.injury_status == InjuryStatus.OUT.value)
    out = out.select("game_id", "team_abbr", "game_date", "player_id")
    window = season_to_date(usage=mean("usage_rate"), minutes=mean("minutes"), played=count())
    known = as_of(out.select("player_id", "game_date"), games, window)
    known = known.drop(*(set(provenance.tracking_columns(known)) - {"gap_ids"}))
    out = computed_once(provenance.join(out, known, ["player_id", "game_date"]))
    # Who certainly left nothing leaves as much if he is not out.
    in_doubt = out.filter(_.played.isnull()).select("game_id", "player_id")
    lost_since_out = lost_since_out.semi_join(in_doubt, ["game_id", "player_id"])
    out = provenance.join(out, lost_since_out, ["game_id", "player_id"])
    used = ibis.ifelse(out.played == 0, 0.0, out.usage * out.minutes / _GAME_MINUTES)
    mates = out.select(
        "gap_ids",
        mate="player_id",
        of="game_id",
        with_team="team_abbr",
        billionths=in_billionths(used),
    )
    each = players.select("game_id", "player_id", "team_abbr")
    same_side = [each.game_id == mates.of, each.team_abbr == mates.with_team]
    pairs = computed_once(each.join(mates, [*same_side, each.player_id != mates.mate]))
    is_known = pairs.billionths.count() == pairs.count()
    left = ibis.ifelse(is_known, pairs.billionths.sum(), ibis.null())
    sums = provenance.gathered(pairs, ["game_id", "player_id"], mates_out=pairs.count(), left=left)
    found = provenance.join(players, sums, ["game_id", "player_id"])
    told = players.filter(_.injury_source != NONE).select("game_id", "team_abbr", "player_id")
    told = told.inner_join(lost_rosters, ["game_id", "team_abbr"])
    found = provenance.join(
        found, told.select("game_id", "player_id", "gap_ids"), ["game_id", "player_id"]
    )
    usage = ibis.cases(
        (found.injury_source == NONE, ibis.null()),
        (found.mates_out.isnull(), 0.0),
        else_=found.left.cast("float64") / BILLION,
    )
    return found.mutate(teammates_out_usage=usage).drop("mates_out", "left")
