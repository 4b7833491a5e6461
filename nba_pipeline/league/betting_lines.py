"""Bookmakers' lines: of which game an offer is, and which of a book's numbers is its line.

Prices are decimal: what a stake of 1 pays back.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.injury_reports import in_games
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import both_teams

VERSION = 5
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

CONSENSUS = "consensus"
"""The bookmaker that is no book but what many of them say together."""

ODDS_API, BETTINGPROS = "odds_api", "bettingpros"
LINE_SOURCES = (ODDS_API, BETTINGPROS)
"""Where a player's line is from; the first that has one."""

_OF_LINE = ["game_id", "player_id"]
_SIDE = ("game_id", "game_date", "season", "team_abbr", "opponent_abbr")


def offers_in_games(offers: ir.Table, sides: ir.Table) -> ir.Table:
    """The offers with the game between the event's two teams on its date; others are left out.

    Args:
        offers: rows with game_date, home_team and away_team.
        sides: the schedule's games by team.
    """
    # The team that the event calls home stands for the event.
    found = in_games(offers.mutate(team_abbr=_.home_team), sides.select(*_SIDE))
    return found.drop("team_abbr", "opponent_abbr")


def offers_of_no_game(offers: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Events that are no game of the schedule, in the columns of rejected input: once per file."""
    known = offers_in_games(offers, both_teams(nbac_schedule))
    # By the row: another file may have the same event at another time, or between other teams.
    strange = offers.anti_join(known, ["source_file", "row_number"])
    strange = strange.group_by(
        "source_file", "event_id", "game_date", "home_team", "away_team"
    ).agg(row_number=_.row_number.min())
    value = _.away_team + "@" + _.home_team
    tells = value + " is in no game of the schedule on its date"
    strange = strange.mutate(game_id=_.event_id)
    return rejected(strange, field="event_id", value=value, rule="unknown_game", tells=tells)


def with_main_lines(lines: ir.Table, of: list[str]) -> ir.Table:
    """The lines with is_main: of each `of` the number that is nearest to even prices.

    A bookmaker who lists many numbers lists alternates. A number with both prices comes before one
    with a single price, and of equally near ones the lower number.

    Args:
        lines: rows with points_line, over_price and under_price, either of them NULL where it is not
            offered.
        of: the columns whose rows are alternatives.
    """
    # Between them over and under say how likely each is, the book's margin taken off. Of the same two
    # prices the other way round this is the same number, and no rounding decides.
    from_even = (_.under_price - _.over_price).abs() / (_.under_price + _.over_price)
    alone = (ibis.coalesce(_.over_price, _.under_price) - 2).abs().round(9)
    single = ibis.ifelse(_.from_even.isnull(), alone, 0.0)
    nearest = ibis.window(
        group_by=of, order_by=[_.from_even.isnull(), _.from_even, single, _.points_line]
    )
    ranked = lines.mutate(from_even=from_even)
    return ranked.mutate(is_main=ibis.row_number().over(nearest) == 0).drop("from_even")


def closing_lines(
    players: ir.Table,
    odds_api_player_points_props: ir.Table,
    bettingpros_player_points_props: ir.Table,
    nbac_schedule: ir.Table,
) -> ir.Table:
    """Each player's line at his game's tip-off: one row per game_id and player_id that has any.

    It is the median over the books' main lines in the last snapshot before tip-off that has one of
    the player; where there is no such snapshot it is the consensus. The prices are the median ones
    of the books whose own number it is. The opening line is that of the first snapshot, NULL where
    there is but one.

    Tip-off is as scheduled; where the schedule does not say when, the snapshot's own commence_time.
    The consensus names no game: it is of the one that the player plays on its date.

    Args:
        players: whose lines are asked for: rows with game_id, player_id and game_date.
        odds_api_player_points_props: the books' offers; those in another game are not his.
        bettingpros_player_points_props: the consensus.
        nbac_schedule: the schedule of the dates.
    """
    scheduled = nbac_schedule.select("game_id", "tipoff_at")
    main = odds_api_player_points_props.filter(_.is_main).semi_join(players, _OF_LINE)
    main = main.join(scheduled, "game_id")
    main = main.filter(_.snapshot_at < ibis.coalesce(_.tipoff_at, _.commence_time))
    player = ibis.window(group_by=_OF_LINE)
    main = main.mutate(
        first_at=_.snapshot_at.min().over(player), last_at=_.snapshot_at.max().over(player)
    )
    closing = main.filter(_.snapshot_at == _.last_at)
    line = median_of(closing, _OF_LINE, "points_line")
    at_line = closing.join(line.rename(closing_line="points_line"), _OF_LINE)
    at_line = at_line.filter(_.points_line == _.closing_line)
    opening = main.filter((_.snapshot_at == _.first_at) & (_.first_at < _.last_at))
    odds = line
    for rows, column, name in (
        (opening, "points_line", "opening_points_line"),
        (at_line, "over_price", "over_price"),
        (at_line, "under_price", "under_price"),
    ):
        odds = odds.left_join(
            median_of(rows, _OF_LINE, column).rename({name: column}), _OF_LINE
        ).drop(*(f"{key}_right" for key in _OF_LINE))
    odds = odds.mutate(line_source=ibis.literal(ODDS_API))
    consensus = bettingpros_player_points_props.filter(_.bookmaker == CONSENSUS)
    consensus = players.select(*_OF_LINE, "game_date").join(consensus, ["game_date", "player_id"])
    consensus = consensus.anti_join(odds, _OF_LINE).select(
        *_OF_LINE,
        "points_line",
        "over_price",
        opening_points_line=ibis.null().cast("float64"),
        under_price=ibis.null().cast("float64"),
        line_source=ibis.literal(BETTINGPROS),
    )
    lines = odds.select(*sorted(odds.columns)).union(consensus.select(*sorted(odds.columns)))
    return lines.mutate(line_movement=_.points_line - _.opening_points_line)


def closing_game_lines(odds_api_game_lines: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Per game_id and team_abbr, game_spread and game_total at tip-off; NULL where there is none.

    Each is the median over the books in the last snapshot before tip-off that has one, whichever side
    a book prices; a team's spread is what is added to its score: negative for the favourite, and the
    opponent's the other way round. Tip-off is that of `closing_lines`.
    """
    scheduled = nbac_schedule.select("game_id", "tipoff_at")
    lines = odds_api_game_lines.join(scheduled, "game_id")
    lines = lines.filter(_.snapshot_at < ibis.coalesce(_.tipoff_at, _.commence_time))
    market = ibis.window(group_by=["game_id", "market"])
    lines = lines.filter(_.snapshot_at == _.snapshot_at.max().over(market))
    sides = both_teams(nbac_schedule).select("game_id", "team_abbr", "opponent_abbr")
    told = lines.filter(_.market == "spreads").rename(team_abbr="outcome")
    told = told.join(sides, ["game_id", "team_abbr"])
    of_book = ("game_id", "bookmaker")
    mirrored = told.select(*of_book, team_abbr=_.opponent_abbr, point=0 - _.point)
    spreads = told.select(*of_book, "team_abbr", "point").union(mirrored, distinct=True)
    spreads = median_of(spreads, ["game_id", "team_abbr"], "point").rename(game_spread="point")
    totals = lines.filter(_.market == "totals").select(*of_book, "point").distinct()
    totals = median_of(totals, ["game_id"], "point").rename(game_total="point")
    rows = sides.left_join(spreads, ["game_id", "team_abbr"]).select(
        "game_id", "team_abbr", "game_spread"
    )
    return rows.left_join(totals, "game_id").select(
        "game_id", "team_abbr", "game_spread", "game_total"
    )


def median_of(rows: ir.Table, of: Sequence[str], column: str) -> ir.Table:
    """The median of the column's known values per `of`: the mean of the two in the middle.

    By rank, since engines differ in what their own median of few values is.
    """
    order = ibis.window(group_by=list(of), order_by=column)
    known = rows.filter(rows[column].notnull()).select(*of, column)
    known = known.mutate(
        place=ibis.row_number().over(order),
        values=_[column].count().over(ibis.window(group_by=list(of))),
    )
    middle = known.filter((known.place * 2 - (known["values"] - 1)).abs() <= 1)
    return middle.group_by(list(of)).agg(**{column: middle[column].mean()})
