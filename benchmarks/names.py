"""How well names without ids are matched, and what lines and transactions then say: real seasons.

    python benchmarks/names.py --landing ../shared/data/landing

Of each source of lines: its rows on dates with covered games that mean a player, how many of them
then played, and how far the closing line was from the points. Of the transactions: their rows that
mean a player, and, where a file with the statuses that were published before games is given
(--statuses), how their word on who is out agrees with it.
"""

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.compute import Writer, compute
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar
from nba_pipeline.league.availability import out_by_transactions
from nba_pipeline.league.betting_lines import closing_lines
from nba_pipeline.league.identity import normalise_name
from nba_pipeline.league.player_names import ALIASES
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse

FIRST, LAST = date(2021, 10, 19), date(2024, 4, 14)
ODDS, CONSENSUS = "odds_api_player_points_props", "bettingpros_player_points_props"
ASKED = ("nbac_team_boxscore", "nbac_player_boxscore", ODDS, CONSENSUS, "injury_transactions")
COMPUTED = {*ASKED, *(above for name in ASKED for above in TABLES[name].upstream)}
KEY = ["game_date", "player_id"]
SO_FAR = ["played_games", "minutes_avg"]


def computed(folder: Path, landing: Path) -> DeltaWarehouse:
    """A warehouse with the raw tables of the three seasons."""
    warehouse = DeltaWarehouse(folder / "warehouse", connect(f"sqlite:///{folder / 'c.db'}"))
    survey = Survey(TABLES, warehouse, Landing(str(landing), folder / "parsed"))
    days = calendar.season_days(FIRST, LAST)
    for name in TABLES:
        if name in COMPUTED:
            compute(TABLES[name], days, survey, Writer("names", 1, lambda: None))
    return warehouse


def matched(warehouse: DeltaWarehouse, landing: Path) -> pd.DataFrame:
    """Per source and season, the rows that could be matched and the share of them that was."""
    landed = Landing(str(landing))
    days = calendar.season_days(FIRST, LAST)
    schedule = warehouse.table("nbac_schedule").to_pandas()
    played_on = set(schedule.game_date.dt.date)
    told = []
    for name in (ODDS, CONSENSUS, "injury_transactions"):
        (source,) = TABLES[name].sources
        rows = landed.load(source, days).rows
        on_dates = rows[rows.game_date.isin(played_on)] if name != "injury_transactions" else rows
        stored = warehouse.table(name).to_pandas()
        if name == ODDS:
            on_dates = on_dates.drop_duplicates(
                ["event_id", "snapshot_at", "bookmaker", "player_lookup", "points_line"]
            )
        seasons = {
            "asked": on_dates.game_date.map(lambda day: calendar.season_of(day).name),
            "matched": stored.season,
        }
        told.append(
            pd.DataFrame({word: of.value_counts() for word, of in seasons.items()}).assign(
                source=source.name
            )
        )
    counts = pd.concat(told).rename_axis("season").reset_index()
    return counts.assign(share=counts.matched / counts.asked).set_index(["source", "season"])


def lines_against_points(warehouse: DeltaWarehouse) -> pd.DataFrame:
    """Per source of lines and season: lines, the share whose player then played, and the error."""
    odds, consensus, schedule = (warehouse.table(n) for n in (ODDS, CONSENSUS, "nbac_schedule"))
    offered = odds.select("game_id", *KEY).distinct()
    # The consensus names no game, and has its date for one; who has an offer of a book too is asked for once.
    named = (
        consensus.anti_join(offered, KEY)
        .select(*KEY)
        .mutate(game_id=ibis._.game_date.cast("string"))
    )
    players = offered.union(named.select("game_id", *KEY))
    lines = closing_lines(players, odds, consensus, schedule)
    closing = players.inner_join(lines, ["game_id", "player_id"]).to_pandas()
    points = warehouse.table("nbac_player_boxscore").to_pandas()
    points = points.loc[points.minutes > 0, [*KEY, "pts"]]
    both = closing.merge(points, on=KEY, how="left")
    both["season"] = both.game_date.map(lambda day: calendar.season_of(day.date()).name)
    both["error"] = (both.pts - both.points_line).abs()
    return (
        both.groupby(["line_source", "season"])
        .agg(
            lines=("points_line", "size"),
            played=("pts", "count"),
            mean_absolute_error=("error", "mean"),
        )
        .assign(share_played=lambda frame: frame.played / frame.lines)
    )


def regulars(warehouse: DeltaWarehouse) -> pd.DataFrame:
    """Per date and team that plays, the players who are with it and have played much this season.

    With last_game, the date of each one's latest game before, and whether he then played.
    """
    games = warehouse.table("nbac_player_boxscore").to_pandas()
    games = games[games.minutes > 0].sort_values("game_date")
    games["season"] = games.season.astype(str)
    of_player = games.groupby(["player_id", "season"])
    games["played_games"] = of_player.cumcount() + 1
    games["minutes_avg"] = of_player.minutes.cumsum() / games.played_games
    schedule = warehouse.table("nbac_schedule").to_pandas()
    sides = pd.concat(
        schedule[["game_date", side, "season"]].rename(columns={side: "team_abbr"})
        for side in ("home_team", "away_team")
    )
    rosters = sides.merge(games[["player_id", "season"]].drop_duplicates(), on="season")
    past = games.rename(columns={"game_date": "last_game", "team_abbr": "latest_team"})
    past = past[["player_id", "player_lookup", "season", "last_game", "latest_team", *SO_FAR]]
    latest = pd.merge_asof(
        rosters.sort_values("game_date"),
        past,
        left_on="game_date",
        right_on="last_game",
        by=["player_id", "season"],
        allow_exact_matches=False,
    )
    known = latest[(latest.team_abbr == latest.latest_team) & (latest.minutes_avg >= 20)]
    known = known[known.played_games >= 5]
    return marked(known, games, "played")


def marked(players: pd.DataFrame, those: pd.DataFrame, name: str) -> pd.DataFrame:
    """The players with whether each is among those on his date."""
    both = players.merge(those[KEY].assign(**{name: 1}), on=KEY, how="left")
    return both.assign(**{name: both[name].notna()})


def out_by_entries(warehouse: DeltaWarehouse, players: pd.DataFrame) -> pd.DataFrame:
    """The players with out_before and out_with_day: whether the transactions have them out."""
    targets = ibis.memtable(players[[*KEY, "last_game"]])
    targets = targets.mutate(game_date=_.game_date.cast("date"), last_game=_.last_game.cast("date"))
    entries = warehouse.table("injury_transactions")
    for name, with_day in (("out_before", False), ("out_with_day", True)):
        out = out_by_transactions(targets, entries, with_day=with_day).to_pandas()
        players = marked(players, out, name)
    return players


def against_statuses(players: pd.DataFrame, statuses: Path) -> pd.DataFrame:
    """Per status that was listed last before the evening of a game, what the transactions say."""
    said = pd.read_csv(statuses).dropna(subset="player")
    seen = pd.to_datetime(said.seen_at_utc, utc=True)
    # What is seen after the evening's first tip-offs is of the next day's games.
    said["game_date"] = (seen + timedelta(hours=1)).dt.tz_localize(None).dt.normalize()
    lookups = said.player.map(normalise_name)
    said["player_lookup"] = lookups.map(ALIASES).fillna(lookups)
    said = said.assign(seen=seen).sort_values("seen")
    said = said.drop_duplicates(["game_date", "player_lookup"], keep="last")
    both = players.merge(said[["game_date", "player_lookup", "status"]])
    return both.groupby("status").agg(
        player_games=("played", "size"),
        played=("played", "mean"),
        out_before=("out_before", "mean"),
        out_with_day=("out_with_day", "mean"),
    )


def main() -> None:
    """All of it, in one run on one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    parser.add_argument(
        "--statuses",
        type=Path,
        default=Path("../shared/data/extra/player_status_2024_spring.csv.gz"),
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = computed(Path(folder), given.landing)
        print(matched(warehouse, given.landing).to_string(), "\n")
        print(lines_against_points(warehouse).to_string(), "\n")
        players = out_by_entries(warehouse, regulars(warehouse))
        for name in ("out_before", "out_with_day"):
            flagged = players[players[name]]
            print(f"{name}: {len(flagged)} games of regulars, {flagged.played.mean():.1%} played")
        if given.statuses.exists():
            print(against_statuses(players, given.statuses).to_string())


if __name__ == "__main__":
    main()
