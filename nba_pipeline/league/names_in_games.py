"""Names that can mean nobody but who is in one game's box score, matched as everywhere else."""

from collections.abc import Sequence

import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.player_names import matched_names, nearest_names

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def matched_in_games(names: ir.Table, box_score: ir.Table, on: Sequence[str]) -> ir.Table:
    """The player of the game whom each name means, as `matched_names` tells it.

    Only who is in the game's box score can be meant, whoever else is known by that name.

    Args:
        names: `on`, which has game_id, team_abbr and player_lookup.
        box_score: the players of the games.
        on: the columns that name what is matched: none of them NULL.
    """
    found = matched_names(*_asked_in_games(names, box_score, on), [f"asked_{name}" for name in on])
    return found.rename({name: f"asked_{name}" for name in on})


def nearest_in_games(names: ir.Table, box_score: ir.Table, on: Sequence[str]) -> ir.Table:
    """Per `on` the nearest names of its team in the game, as `nearest_names` tells them.

    Arguments are those of `matched_in_games`.
    """
    found = nearest_names(*_asked_in_games(names, box_score, on), [f"asked_{name}" for name in on])
    return found.rename({name: f"asked_{name}" for name in on})


def _asked_in_games(
    names: ir.Table, box_score: ir.Table, on: Sequence[str]
) -> tuple[ir.Table, ir.Table, ir.Table]:
    """Names, known players and evidence, where each game is a season; `on` has asked_ in front."""
    columns = ["player_id", "player_lookup", "team_abbr", "player_name"]
    known = box_score.select(*columns, season=_.game_id, known_from=_.game_date)
    days = box_score.select("game_id", "game_date").distinct()
    named = names.join(days, "game_id").select(
        *(names[name].name(f"asked_{name}") for name in on),
        season=_.game_id,
        game_date=_.game_date,
        player_lookup=_.player_lookup,
    )
    evidence = named.select(*(f"asked_{name}" for name in on), team_abbr=_.asked_team_abbr)
    return named, known, evidence
