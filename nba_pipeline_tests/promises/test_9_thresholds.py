"""Every limit has a value and a reason in one versioned file, and checks show what they used."""

import importlib
from dataclasses import replace
from datetime import date

import ibis

from nba_pipeline import thresholds
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.verdicts import checks
from nba_pipeline.league import box_score
from nba_pipeline.lookback.provenance import with_quality
from nba_pipeline.phase_2_raw.rejected_rows import REJECTING
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import Threshold

OF_VERSION = {
    1: {
        "WINDOW_PRESENT_SHARE": 0.9,
        "FAMILY_COMPLETENESS": 0.9,
        "MINIMUM_GAMES": 5,
        "BOOTSTRAP_DAYS": 14,
        "PHASE_4_COVERAGE": 0.95,
        "USAGE_RATE_COVERAGE": 0.95,
        "USAGE_TEAM_MEAN_TOLERANCE": 0.35,
        "TRAINING_MINIMUM_GAMES": 400,
        "TRAINING_FEATURE_COVERAGE": 0.95,
        "TRAINING_IMPLAUSIBLE_MAE": 4.0,
    }
}
OF_VERSION[2] = OF_VERSION[1] | {
    "FEWEST_PLAYERS": 5,
    "MOST_PLAYERS": 15,
    "FEWEST_TEAM_POINTS": 50,
    "MOST_TEAM_POINTS": 220,
    "MOST_PLAYER_MINUTES": 80,
    "MOST_TEAM_MINUTES": 400,
    "UNSETTLED_DAYS": 3,
    "PLAYERS_PER_ROSTER": 10,
    "AUDITABLE_DAYS": 30,
}
OF_VERSION[3] = OF_VERSION[2] | {"LEAGUE_COVERAGE": 0.95}
OF_VERSION[4] = OF_VERSION[3] | {
    "MOST_POINTS": 60,
    "UNIVERSE_GAMES": 10,
    "SAMPLED_ONE_IN": 50,
    "RECOMPUTED_TOLERANCE": 1e-6,
}
OF_VERSION[5] = OF_VERSION[4] | {
    "EARLY_SEASON_DAYS": 45,
    "LATE_SEASON_DAYS": 120,
    "PLAYER_MINUTES_AGREE": 1,
    "TEAM_MINUTES_AGREE": 10,
}
OF_VERSION[6] = OF_VERSION[5] | {
    "EARLIEST_TIPOFF": 16,
    "PAINT_FEET": 8,
    "THREES_AGREE": 1,
    "GAME_PLAYERS_MATCHED": 0.95,
}
OF_VERSION[7] = OF_VERSION[6] | {
    "COVERAGE_DROP": 0.02,
    "COVERAGE_WEEKS": 4,
    "STALLED_SECONDS": 120,
}
OF_VERSION[8] = {k: v for k, v in OF_VERSION[7].items() if k != "TRAINING_IMPLAUSIBLE_MAE"} | {
    "TRAINING_CLEAN_ROWS": 50_000,
    "TRAINING_FUNNEL": 0.9,
    "TRAINING_CONSTANT_SHARE": 0.5,
    "TRAINING_COPIED_TARGET": 0.9,
    "TRAINING_TARGET_FOLLOWS": 0.3,
    "TRAINING_LEAST_ERROR_SHARE": 0.9,
    "TRAINING_WORSE_STANDARD_ERRORS": 3,
}
OF_VERSION[9] = OF_VERSION[8] | {"TRAINING_WORSE_SHARE": 0.01}
OF_VERSION[10] = OF_VERSION[9] | {"WEIGHTS_ROWS": 2000, "EDGE_RECORD_ROWS": 300}
OF_VERSION[11] = {k: v for k, v in OF_VERSION[10].items() if k != "TRAINING_WORSE_SHARE"} | {
    "TRAINING_DRIFT": 0.1,
    "TRAINING_DRIFT_KNOWN_ROWS": 20_000,
    "TRAINING_DRIFT_OUTSIDE": 0.01,
}
OF_VERSION[12] = OF_VERSION[11] | {"EDGE_HIGHEST_PRICE": 1.91}
OF_VERSION[13] = OF_VERSION[12] | {
    "TRAINING_FORMULA_ERROR_SHARE": 0.98,
    "TRAINING_FORMULA_ROWS": 1000,
}
OF_VERSION[14] = OF_VERSION[13] | {"SNAPSHOT_SHARE": 0.5}
OF_VERSION[15] = OF_VERSION[14] | {"TRAINING_MONTH_SHARE": 0.25}
OF_VERSION[16] = OF_VERSION[15] | {"TRAINING_WORSE_POINTS": 0.01}
"""What each version of the thresholds says; a change of one is a new version here and there."""


def _limits() -> dict[str, Threshold]:
    return {name: v for name, v in vars(thresholds).items() if isinstance(v, Threshold)}


def test_a_change_of_a_value_is_a_change_of_version() -> None:
    """The file's values are those of its version."""
    assert {name: v.value for name, v in _limits().items()} == OF_VERSION[thresholds.VERSION]


def test_every_limit_has_a_reason() -> None:
    """A sentence, not a word."""
    assert [name for name, limit in _limits().items() if len(limit.reason.split()) < 8] == []


def test_a_check_shows_the_limit_its_reason_and_version_and_follows_them(
    league, monkeypatch
) -> None:
    """The same stamps fail once the limit is above what they have."""
    table = TABLES["player_game_summary"]
    stamps = dict(league.warehouse.stamps(table.name))
    day = max(day for day, stamp in stamps.items() if stamp.row_count)
    stamps[day] = replace(stamps[day], shares={"usage_rate_coverage": (98, 100)})

    def told() -> tuple[bool, dict[str, object]]:
        (check,) = [c for c in checks(table, [day], stamps) if c.name == "usage_rate_coverage"]
        return check.passed, dict(check.metadata)

    passed, metadata = told()
    assert passed
    assert metadata["threshold"] == 0.95
    assert metadata["threshold_reason"] == thresholds.USAGE_RATE_COVERAGE.reason
    assert metadata["thresholds_version"] == thresholds.VERSION
    stricter = Threshold(0.99, "for this test, one in a hundred is much")
    monkeypatch.setitem(thresholds.SHARES, "usage_rate_coverage", stricter)
    passed, metadata = told()
    assert not passed
    assert metadata["threshold"] == 0.99
    assert metadata["threshold_reason"] == stricter.reason
    assert isinstance(day, date)


def test_a_changed_limit_makes_stale_exactly_the_tables_that_use_it(league, monkeypatch) -> None:
    """The tolerance of a warning on one table is that table's alone; a window's share is of all that looks back.

    The feature store joins what others have looked back for; the training gate looks back again.
    """

    def stale_under(limit: Threshold, value: float) -> set[str]:
        with monkeypatch.context() as patch:
            patch.setitem(vars(limit), "value", value)
            meaning.cache_clear()
            survey = Survey(TABLES, league.warehouse, league.landing)
            stored = {name: list(survey.stamps(name)) for name in TABLES}
            found = {name for name, table in TABLES.items() if survey.stale(table, stored[name])}
        meaning.cache_clear()
        return found

    assert stale_under(thresholds.USAGE_TEAM_MEAN_TOLERANCE, 0.4) == {"player_game_summary"}
    assert stale_under(thresholds.WINDOW_PRESENT_SHARE, 0.8) == {
        *("upcoming_team_game_context", "upcoming_player_game_context", "player_daily_cache"),
        *("player_shot_zone_analysis", "team_defense_zone_analysis", "player_composite_factors"),
        *("player_similar_games", "points_model"),
    }
    assert stale_under(thresholds.WINDOW_PRESENT_SHARE, 0.9) == set()
    # Every row that says how whole it is says so by this limit; what was said before a game stands.
    judged = {n for n, table in TABLES.items() if table.is_tracked and not table.appends}
    assert stale_under(thresholds.FAMILY_COMPLETENESS, 0.8) == judged
    of_windows = {n for n in judged if TABLES[n].needs_minimum_games}
    assert stale_under(thresholds.MINIMUM_GAMES, 4) == of_windows


def test_a_changed_limit_of_a_share_makes_stale_the_table_that_tells_it(monkeypatch) -> None:
    """The usage of players, and the readiness of dates: each is one table's."""

    def means() -> dict[str, str]:
        meaning.cache_clear()
        return {name: meaning(table) for name, table in TABLES.items()}

    before = means()
    changed = {}
    for share in thresholds.SHARES:
        limit = Threshold(0.5, "for this test, half of them are enough")
        with monkeypatch.context() as patch:
            patch.setitem(thresholds.SHARES, share, limit)
            after = means()
        changed[share] = [name for name in TABLES if after[name] != before[name]]
    assert means() == before
    assert changed == {
        "usage_rate_coverage": ["player_game_summary"],
        "phase4_coverage": ["player_daily_cache"],
    }


def test_a_row_is_ready_from_the_share_that_the_limit_says(monkeypatch) -> None:
    """17 of 20 are 85 percent: too few of 90, enough of 80."""
    rows = ibis.memtable([{"box_games_expected": 20, "box_games_present": 17}])
    for least, reason in ((0.9, "incomplete_box"), (0.8, None)):
        monkeypatch.setitem(vars(thresholds.FAMILY_COMPLETENESS), "value", least)
        (row,) = with_quality(rows).to_pyarrow().to_pylist()
        assert (row["completeness"], row["not_ready_reason"]) == (0.85, reason)


def test_a_new_version_of_a_parser_or_of_formulas_makes_stale_what_uses_it(
    league, monkeypatch
) -> None:
    """The box score formulas, and who of it played, are those of who asks; a parser its raw table's."""

    def stale_tables(tables) -> set[str]:
        survey = Survey(tables, league.warehouse, league.landing)
        return {n for n, t in tables.items() if survey.stale(t, list(survey.stamps(n)))}

    monkeypatch.setattr(box_score, "VERSION", box_score.VERSION + 1)
    meaning.cache_clear()
    assert stale_tables(TABLES) == {
        *("player_game_summary", "team_offense_game_summary", "upcoming_player_game_context"),
        *("player_daily_cache", "player_shot_zone_analysis", "player_composite_factors"),
        *("player_similar_games", "points_model", "data_gaps"),
    }
    monkeypatch.undo()
    meaning.cache_clear()
    raw = TABLES["nbac_team_boxscore"]
    newer = tuple(replace(source, version=source.version + 1) for source in raw.sources)
    changed = {**TABLES, raw.name: replace(raw, sources=newer)}
    assert stale_tables(changed) == {"nbac_team_boxscore"}


def test_what_is_assembled_from_raw_tables_follows_their_sources_and_their_versions(
    monkeypatch,
) -> None:
    """One source more, or rejections of a newer file: neither needs a version of rejected_rows."""
    table = TABLES["rejected_rows"]
    source = replace(table.sources[0], name="another")
    assert meaning(replace(table, sources=(*table.sources, source))) != meaning(table)
    before = meaning(table)
    newer = {name: replace(of, version=of.version + 1) for name, of in REJECTING.items()}
    module = importlib.import_module("nba_pipeline.phase_2_raw.rejected_rows")
    monkeypatch.setattr(module, "REJECTING", newer)
    meaning.cache_clear()
    assert meaning(table) != before
    monkeypatch.undo()
    meaning.cache_clear()
    assert meaning(table) == before
