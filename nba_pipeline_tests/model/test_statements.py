"""The last statement, and whether it would be made from the same today."""

from datetime import datetime

import ibis
import pytest

from nba_pipeline.model.statements import last_said, with_inputs_changed

_SCHEMA = {
    "game_id": "string",
    "player_id": "int64",
    "system": "string",
    "features_fingerprint": "string",
    "model_version": "string",
    "points_line": "float64",
    "line_source": "string",
    "over_price": "float64",
    "under_price": "float64",
    "recommendation": "string",
    "made_at": "timestamp",
}
_LINE = (20.5, "odds_api", 1.9, 1.95, "PASS")
Row = tuple[str, int, str, str, str | None, int]


def _rows(*rows: Row, line: tuple[object, ...] = _LINE) -> ibis.Table:
    lines = [
        dict(zip(_SCHEMA, (*row[:-1], *line, datetime(2024, 1, 1, row[-1])), strict=True))  # noqa: DTZ001  stored without a zone
        for row in rows
    ]
    return ibis.memtable(lines, schema=_SCHEMA)


def test_the_last_of_each_game_player_and_system() -> None:
    """Another system's later statement takes nobody's place."""
    said = _rows(
        ("a", 1, "xgboost", "x", "m1", 9),
        ("a", 1, "xgboost", "y", "m1", 11),
        ("a", 1, "moving_average", "x", None, 12),
        ("b", 1, "xgboost", "x", "m1", 8),
    )
    last = last_said(said).execute()
    assert {(r.game_id, r.system, r.made_at.hour) for r in last.itertuples()} == {
        ("a", "xgboost", 11),
        ("a", "moving_average", 12),
        ("b", "xgboost", 8),
    }
    assert list(last.columns) == list(_SCHEMA)


def test_inputs_change_with_the_features_the_model_or_the_universe() -> None:
    """A formula has no model, and none is no change; who is predicted no more has changed."""
    said = _rows(
        ("a", 1, "xgboost", "x", "m1", 9),
        ("a", 2, "xgboost", "x", "m1", 9),
        ("a", 3, "xgboost", "x", "m1", 9),
        ("a", 4, "xgboost", "x", "m1", 9),
        ("a", 1, "moving_average", "x", None, 9),
        ("a", 2, "moving_average", "x", None, 9),
    )
    now = _rows(
        ("a", 1, "xgboost", "x", "m1", 15),
        ("a", 2, "xgboost", "y", "m1", 15),
        ("a", 3, "xgboost", "x", "m2", 15),
        ("a", 1, "moving_average", "x", None, 15),
        ("a", 2, "moving_average", "y", None, 15),
    )
    told = with_inputs_changed(said, now).execute()
    assert {(r.player_id, r.system): bool(r.inputs_changed) for r in told.itertuples()} == {
        (1, "xgboost"): False,
        (2, "xgboost"): True,
        (3, "xgboost"): True,
        (4, "xgboost"): True,
        (1, "moving_average"): False,
        (2, "moving_average"): True,
    }
    assert list(told.columns) == [*_SCHEMA, "inputs_changed"]


@pytest.mark.parametrize(
    ("line", "is_changed"),
    [
        (_LINE, False),
        ((21.5, "odds_api", 1.9, 1.95, "PASS"), True),
        ((20.5, "bettingpros", 1.9, 1.95, "PASS"), True),
        ((20.5, "odds_api", 1.8, 1.95, "PASS"), True),
        ((20.5, "odds_api", 1.9, None, "PASS"), True),
        ((20.5, "odds_api", 1.9, 1.95, "UNDER"), True),
        ((None, None, None, None, "NO_LINE"), True),
    ],
)
def test_inputs_change_with_the_line_and_with_what_is_advised_beside_it(line, is_changed) -> None:
    """A line is what a system may be made from; advice depends on what edges have paid."""
    said = ("a", 1, "xgboost_with_line", "x", "m1", 9)
    (told,) = with_inputs_changed(_rows(said), _rows(said, line=line)).execute().itertuples()
    assert bool(told.inputs_changed) == is_changed
