"""What each player of a date's universe scored in those of his last games that were like this one.

A game is like another by the tier of the opponent's defence, the days of rest, the court and the
player's form, each as it was known before the game: the conditions are those of the feature store's
row of that game, and all that row's gaps come with them. A table of its own, so that the gaps of all
the opponents met lately reach the systems that look at such games, and no others.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import from_previous_season, from_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.timeline import (
    PLAYER_GAMES,
    Timeline,
    before_and_after,
    computed_once,
    is_latest_on,
    timeline,
)
from nba_pipeline.lookback.windows import as_of, count, last
from nba_pipeline.model import similarity

GRAIN = ["game_id", "player_id"]
_GAMES = 30
_CONDITIONS = ("is_home", "days_rest", "opponent_def_rating", "points_avg_last_5")
_KEPT = (*_CONDITIONS, "points_avg_season")


class PlayerSimilarGames(pa.DataFrameModel):
    """The columns; of the player's last 30 games of the season.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_lookup: str
    team_abbr: str
    similar_games: int = pa.Field(
        ge=0, nullable=True, description="How many were like this one: a similarity of 70 of 100"
    )
    points_avg_similar: float = pa.Field(
        ge=0, nullable=True, description="Points in those games, each weighed by its similarity"
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(ml_feature_store_v2: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return ml_feature_store_v2


def transform(
    ml_feature_store_v2: ir.Table,
    features_before: ir.Table,
    player_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The similar ones among the last games, and the mean of their points."""
    rows = ml_feature_store_v2.select(
        *(*GRAIN, "game_date", "season", "player_lookup", "team_abbr"),
        *_KEPT,
        *provenance.tracking_columns(ml_feature_store_v2),
    )
    played = of_who_played(player_game_summary).semi_join(rows, "player_id")
    games = _with_conditions(
        timeline(
            played.mutate(person=_.player_id),
            data_gaps,
            of="player_id",
            needs=PLAYER_GAMES,
        ),
        features_before,
    )
    known = as_of(rows.select("player_id", "game_date"), games, last(_GAMES, known=count()))
    rows = provenance.join(rows, known, ["player_id", "game_date"])
    similar = _similar(rows, games)
    rows = rows.left_join(similar, GRAIN).drop("game_id_right", "player_id_right")
    # Without a known game behind it nothing is known; with some there may be none that is like it.
    games_found = ibis.ifelse(rows.known.notnull(), rows.found.fill_null(0), ibis.null())
    return rows.mutate(
        similar_games=games_found,
        points_avg_similar=ibis.ifelse(
            rows.known.notnull(), rows.weighted / rows.weights.nullif(0), ibis.null()
        ),
    )


def _with_conditions(games: Timeline, features_before: ir.Table) -> Timeline:
    """The games with what was known before each; NULL of one that the feature store does not have."""
    conditions = features_before.select(
        "game_id",
        *_KEPT,
        *(n for n in provenance.tracking_columns(features_before) if n == "gap_ids"),
        person="player_id",
    )
    kept = games.entries.drop(*({*_KEPT} & set(games.entries.columns)))
    entries = provenance.join(kept, conditions, ["game_id", "person"])
    return Timeline(computed_once(entries), games.of, games.arrivals, games.within)


def _similar(rows: ir.Table, games: Timeline) -> ir.Table:
    """Per row how many of the last games are similar, and the sums of their weights and points.

    Similarities and points are whole numbers: their sums do not depend on any order.
    """
    targets = games.keyed(rows.select(*GRAIN, "season", "game_date", *_KEPT))
    targets = targets.rename({f"own_{name}": name for name in _KEPT})
    entries = games.entries.select("season", "n", "game_date", "points", *_KEPT, entry_key=games.of)
    spans = before_and_after(entries.mutate(line=_.entry_key.cast("string") + _.season), "line")
    latest = spans.select("since", "until", last_n="n", line_key="entry_key", line_season="season")
    placed = targets.join(
        latest,
        [
            targets.entry_of == latest.line_key,
            targets.season == latest.line_season,
            is_latest_on(targets.game_date, latest.since, latest.until),
        ],
    )
    past = entries.drop("game_date").rename(past_season="season")
    pairs = placed.join(
        past,
        [
            placed.entry_of == past.entry_key,
            placed.season == past.past_season,
            past.n <= placed.last_n,
            past.n > placed.last_n - _GAMES,
        ],
    )
    pairs = pairs.mutate(like=similarity.score(pairs, {name: f"own_{name}" for name in _KEPT}))
    pairs = pairs.filter(_.like >= similarity.LEAST, _.points.notnull())
    return pairs.group_by(GRAIN).agg(
        found=_.count(),
        weights=_.like.sum().cast("float64"),
        weighted=(_.like * _.points.cast("int64")).sum().cast("float64"),
    )


player_similar_games = table_asset(
    __name__,
    version=1,
    schema=PlayerSimilarGames,
    reads=[
        *same_date("ml_feature_store_v2"),
        *from_season(features_before="ml_feature_store_v2"),
        *from_previous_season("player_game_summary", "data_gaps"),
    ],
    expected=expected,
    transform=transform,
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
    blocked_by=["usage_rate_coverage"],
)
