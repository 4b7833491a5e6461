"""The fallback's box scores."""

import json
from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores, parse

DAY = date(2025, 6, 22)
FILE = SourceFile(f"balldontlie/box_scores/{DAY}.json", "2024-25", DAY)
SEED = Path(__file__).parents[1] / f"seeds/balldontlie/box_scores/{DAY}.json"
LINE = json.loads(SEED.read_text())["data"][0]


def line(**changed: object) -> dict[str, object]:
    """Jalen Williams' line with changes; those of his game, team and name by "game.x" and so on."""
    told = json.loads(json.dumps(LINE))
    for name, value in changed.items():
        part, _, field = name.rpartition("__")
        (told[part] if part else told)[field] = value
    return told


def test_the_sample_sums_to_both_scores(samples) -> None:
    """Thirty lines of the last game of 2025: Oklahoma City beat Indiana by 103 to 91."""
    document = json.loads((samples / "balldontlie_player_box_scores.json").read_text())
    parsed = parse(document, FILE)
    assert parsed.rejected.empty
    assert len(parsed.rows) == 30
    sums = parsed.rows.groupby("team_abbr")[["pts", "team_points", "opponent_points"]]
    assert sums.agg({"pts": "sum", "team_points": "max", "opponent_points": "max"}).to_dict(
        "index"
    ) == {
        "OKC": {"pts": 103, "team_points": 103, "opponent_points": 91},
        "IND": {"pts": 91, "team_points": 91, "opponent_points": 103},
    }
    assert set(parsed.rows.home_team) == {"OKC"}
    star = parsed.rows.set_index("player_lookup").loc["shaigilgeousalexander"]
    assert (star.minutes, star.pts, star.fgm, star.fga) == (40, 29, 8, 27)


@pytest.mark.parametrize(
    ("changed", "rule", "field"),
    [
        ({"game__id": None}, "bad_game_id", "game.id"),
        ({"game__status": "3rd Qtr"}, "game_not_over", "game.status"),
        ({"game__home_team_id": 40}, "unknown_team", "game.home_team_id"),
        ({"team__abbreviation": "BOS"}, "unknown_team", "team.abbreviation"),
        ({"game__home_team_score": -1}, "bad_count", "game.home_team_score"),
        ({"player__first_name": None, "player__last_name": "?"}, "bad_player", "player"),
        ({"min": "99"}, "bad_minutes", "min"),
        ({"min": True}, "bad_minutes", "min"),
        ({"min": ["38"]}, "bad_minutes", "min"),
        ({"turnover": 1.5}, "bad_count", "turnover"),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(changed, rule, field) -> None:
    """Each by its rule and field; the line beside it is kept."""
    other = line(player__first_name="Other")
    parsed = parse({"data": [other, line(**changed)]}, FILE)
    told = list(
        zip(parsed.rejected.row_number, parsed.rejected.rule, parsed.rejected.field, strict=True)
    )
    assert (1, rule, field) in told
    assert list(parsed.rows.player_lookup) == ["otherwilliams"]


@pytest.mark.parametrize("minutes", [None, "", "00"])
def test_who_did_not_play_has_no_minutes(minutes) -> None:
    """However the source says it."""
    assert list(parse([line(min=minutes)], FILE).rows.minutes) == [0]


@pytest.mark.parametrize(
    "document", [{}, {"data": 3}, [3], [{"player": {}}], [{**LINE, "team": 1}], 7]
)
def test_other_documents_are_of_another_shape(document) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="balldontlie/box_scores/2025-06-22"):
        parse(document, FILE)


def test_of_a_game_in_two_files_the_last_one_stands(tmp_path) -> None:
    """A corrected line replaces the earlier file's game, which loses its other lines too."""
    folder = tmp_path / f"balldontlie/box_scores/{DAY}"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps([line(), line(player__first_name="Other")]))
    (folder / "2.json").write_text(json.dumps([line(pts=21)]))
    rows = Landing(str(tmp_path)).load(balldontlie_box_scores, [DAY]).rows
    assert list(rows.pts) == [21]
