"""Who refereed the schedule's games."""

from datetime import date

import ibis

from nba_pipeline.phase_2_raw.nbac_referee_assignments import rejections, transform

DAY = date(2025, 1, 8)
GAME, EXHIBITION = "0022400509", "0012400001"


def scheduled(game_id: str = GAME, kind: str = "regular") -> dict[str, object]:
    """OKC at CLE."""
    teams = {"home_team": "CLE", "away_team": "OKC"}
    told = {"game_id": game_id, "game_date": DAY, "season_type": kind, "status": "scheduled"}
    return told | teams


def official(number: int, **changed: object) -> dict[str, object]:
    """An official of the game."""
    told = {"game_id": GAME, "game_date": DAY, "home_team": "CLE", "away_team": "OKC"}
    own = {"official_id": number, "official_name": "Ref", "official_position": 1}
    place = {"source_file": "file", "row_number": number, "jersey_number": "1"}
    return told | own | place | changed


def test_crews_of_covered_games_are_kept_and_unknown_games_rejected() -> None:
    """Another id, other teams and another date are no game of the schedule; an exhibition is no loss."""
    rows = ibis.memtable(
        [
            official(1),
            official(2, game_id="0022400599"),
            official(3, away_team="BOS"),
            official(4, game_date=date(2025, 1, 9)),
            official(5, game_id=EXHIBITION),
        ]
    )
    schedule = ibis.memtable([scheduled(), scheduled(EXHIBITION, "preseason")])
    assert list(transform(rows, schedule).to_pandas().official_id) == [1]
    told = rejections(rows, schedule).to_pandas().sort_values("row_number")
    assert list(told.row_number) == [2, 3, 4]
    assert set(told.rule) == {"unknown_game"}
    assert told.detail.iloc[1] == (
        "file row 3: the schedule has no game 0022400509, BOS at CLE on 2025-01-08"
    )
