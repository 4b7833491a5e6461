"""The simulated sources' files have the native files' fields."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from nba_pipeline.simulation import shots
from nba_pipeline_tests.conftest import REAL_LANDING


def _json(path: Path) -> dict:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _keys(document: object) -> object:
    """A document's keys all the way down; lists by their first element."""
    if isinstance(document, dict):
        return {key: _keys(value) for key, value in document.items()}
    return [_keys(document[0])] if isinstance(document, list) and document else None


@pytest.mark.skipif(not REAL_LANDING.exists(), reason="no real landing zone here")
def test_files_have_the_native_files_fields(landing, samples) -> None:
    """Field by field, in order where it counts."""
    real = REAL_LANDING
    chart = _json(real / "nba_stats/shot_chart_detail/2023-24.json.gz")
    own = _json(landing / "nba_stats/shot_chart_detail/2023-24.json")
    assert _keys(own) == _keys(chart)
    assert own["resultSets"][0]["headers"] == chart["resultSets"][0]["headers"] == shots.HEADERS
    assert [type(v) for v in own["resultSets"][0]["rowSet"][0]] == [
        type(v) for v in chart["resultSets"][0]["rowSet"][0]
    ]
    for name in ("SHOT_ZONE_BASIC", "SHOT_ZONE_AREA", "SHOT_ZONE_RANGE", "ACTION_TYPE"):
        place = shots.HEADERS.index(name)
        said, known = ({row[place] for row in d["resultSets"][0]["rowSet"]} for d in (own, chart))
        assert said <= known, name
    for path in ("bettingpros/player_points/2022-23.csv", "prosportstransactions/2023-24.csv"):
        with gzip.open(real / f"{path}.gz", "rt") as file:
            header = file.readline()
        assert (landing / path.replace("2022-23", "2023-24")).read_text().startswith(header)
    event = next((real / "odds_api/player_points").rglob("*.json.gz"))
    ours = max((landing / "odds_api/player_points").rglob("*.json"))
    assert _keys(_json(ours)) == _keys(_json(event))
    lines = _json(samples / "odds_api_event_odds_lines_2024-01-25.json")["data"]["bookmakers"][0]
    book = _json(next((landing / "odds_api/game_lines").rglob("*.json")))["data"]["bookmakers"][0]
    by_key = {market["key"]: market for market in book["markets"]}
    assert [_keys(by_key[market["key"]]) for market in lines["markets"]] == _keys_each(lines)
    report = _json(samples / "nba_injury_report_2024-01-04.expected.json")
    mine = _json(next((landing / "nba_injury_report").rglob("*05PM.json")))
    assert _keys(mine["records"]) == _keys(report["records"])
    assert _keys(mine["metadata"]) == _keys(report["metadata"])


def _keys_each(book: dict) -> list[object]:
    return [_keys(market) for market in book["markets"]]


def test_actions_have_the_native_actions_fields(landing, samples) -> None:
    """Per kind of action, every field that all native ones have."""
    native: dict[str, list[set]] = defaultdict(list)
    for action in _json(samples / "nba_cdn_playbyplay_a.json.gz")["game"]["actions"]:
        native[action["actionType"]].append(set(action))
    seen = set()
    for path in (landing / "nba_cdn/play_by_play").glob("*.json"):
        for action in _json(path)["game"]["actions"]:
            kind = action["actionType"]
            seen.add(kind)
            assert set.intersection(*native[kind]) <= set(action), kind
            assert set(action) <= set.union(*native[kind]), kind
    assert seen == {"period", "2pt", "3pt", "foul", "freethrow", "game"}
