"""The gate lets a clean league through, and names each way of spoiling it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import training_gate
from nba_pipeline.model.training import Training
from nba_pipeline_tests.model import test_absences
from nba_pipeline_tests.model.rows_to_train_on import games, training

SPOILED = "2021-22"


@pytest.fixture(scope="module")
def clean() -> Training:
    """Rows of which nothing is wrong."""
    return training(games())


def changed(clean: Training, **columns: object) -> Training:
    """The training with other values in some columns of its rows."""
    return replace(clean, rows=clean.rows.assign(**columns))


def names(told: list[str]) -> set[str]:
    """The checks that found something."""
    return {text.split(":")[0] for text in told}


def test_clean_rows_pass_every_check(clean) -> None:
    """Nothing is told of them."""
    assert len(clean.rows) == 30 * 60 * 2
    assert training_gate.failures(clean) == []


def test_a_feature_shifted_one_game_into_the_future_is_not_as_of(clean) -> None:
    """Each row has what should be the next one's: it holds the game that is to be predicted."""
    own = clean.rows.groupby(["player_id", "season"]).points_avg_last_10
    later = own.shift(-1).fillna(clean.rows.points_avg_last_10)
    told = training_gate.failures(changed(clean, points_avg_last_10=later))
    assert names(told) == {"as_of"}
    assert "points_avg_last_10 is not that of the games strictly before" in told[0]


def test_half_of_usage_rate_gone_in_one_season_is_told_of_that_season() -> None:
    """Every second game of the season has none, so that no window of ten has nine."""
    played = games()
    is_lost = (played.season == SPOILED) & (played.index % 2 == 0)
    told = training_gate.failures(
        training(played.assign(usage_rate=played.usage_rate.mask(is_lost)))
    )
    assert names(told) == {"feature_coverage"}
    assert told[0].startswith(
        f"feature_coverage: usage_rate_last_10 is known in 0.0% of the ready rows of season {SPOILED}"
    )
    assert "(unexplained 100.0%), the least is 95%" in told[0]
    assert not [text for text in told if "2022-23" in text or "month 2022-1" in text]


def test_an_optional_feature_may_be_unknown_for_a_cause(clean) -> None:
    """No report tells of anybody, so that nobody's risk is known; of usage that is no cause."""
    unknown = changed(clean, usage_rate_last_10=float("nan"))
    assert len(training_gate.feature_coverage(unknown)) > 2
    optional = replace(unknown, optional={"usage_rate_last_10": "report"})
    assert training_gate.feature_coverage(optional) == []
    told = replace(optional, rows=optional.rows.assign(is_reported=True))
    assert len(training_gate.feature_coverage(told)) > 2


def test_a_date_that_is_there_twice_is_told_with_its_date(clean) -> None:
    """Its thirty rows repeat a game and a date each."""
    day = date(2021, 12, 18)
    rows = pd.concat([clean.rows, clean.rows[clean.rows.game_date == day]])
    doubled = replace(clean, rows=rows.sort_values("game_date", kind="stable"))
    assert "unique" in names(training_gate.failures(doubled))
    told = training_gate.unique(doubled)
    assert told == [
        f"30 rows repeat a player and {what}, the first on {day}" for what in ("game", "date")
    ]


def test_rows_out_of_order_make_no_split(clean) -> None:
    """Slices by position of rows that are not sorted overlap in time."""
    told = training_gate.failures(replace(clean, rows=clean.rows.sample(frac=1, random_state=3)))
    assert "split" in names(told)
    assert any("begins on" in text and "reaches to" in text for text in told)


def test_a_constant_in_the_place_of_what_is_unknown_is_told(clean) -> None:
    """One season's usage is 20 in every row."""
    usage = clean.rows.usage_rate_last_10.mask(clean.rows.season == SPOILED, 20.0)
    told = training_gate.constant(changed(clean, usage_rate_last_10=usage))
    assert len(told) == 1
    assert told[0].startswith(f"usage_rate_last_10 is 20 in 100.0% of the rows of {SPOILED}")


def test_a_default_is_told_of_an_optional_feature_too(clean) -> None:
    """Nothing of it in a season is NULL; a zero in all rows or in nine of ten was filled in."""
    for is_filled in (_is_spoiled(clean), _is_spoiled(clean) & (clean.rows.player_id > 3)):
        usage = clean.rows.usage_rate_last_10.mask(is_filled, 0)
        filled = replace(
            changed(clean, usage_rate_last_10=usage), optional={"usage_rate_last_10": "report"}
        )
        (told,) = training_gate.constant(filled)
        assert told.startswith("usage_rate_last_10 is 0 in ")
        assert "of the rows of 2021-22" in told


def test_counts_repeat_themselves_and_flags_may_not_change(clean) -> None:
    """Two days of rest are the rule, whatever a long pause is; a count that never changes is none."""
    rest = pd.Series(2, clean.rows.index).where(clean.rows.index % 3 > 0, clean.rows.index % 97)
    with_counts = replace(
        changed(clean, days_rest=rest, is_playoff_game=False),
        features=("days_rest", "is_playoff_game"),
    )
    assert training_gate.constant(with_counts) == []
    for filled in (2, 0):
        told = training_gate.constant(changed(with_counts, days_rest=filled))
        assert [text.split(":")[0] for text in told] == [
            f"days_rest is {filled} in 100.0% of the rows of {season}"
            for season in ("2021-22", "2022-23")
        ]


def _is_spoiled(clean: Training) -> pd.Series:
    return clean.rows.season == SPOILED


def test_the_target_in_the_place_of_a_feature_is_told(clean) -> None:
    """The points themselves, under an honest name."""
    told = training_gate.copied_target(changed(clean, minutes_avg_last_10=clean.rows.scored * 1.0))
    assert [text.split(" in 20")[0] for text in told] == [
        "minutes_avg_last_10 has correlation 1.00 with the points of the same game"
    ] * 2


def test_transactions_of_the_same_day_are_told(clean) -> None:
    """Who went out on the day of a game is among those out of it: partly hindsight."""
    entries = test_absences.OUT_ON_SECOND
    played = pd.concat([clean.games, test_absences.games()])
    honest = replace(clean, games=played, universe=test_absences.HONEST, transactions=entries)
    assert training_gate.same_day(honest) == []
    told = training_gate.failures(replace(honest, universe=test_absences.HINDSIGHT))
    assert names(told) == {"same_day"}
    assert any(
        "teammates_out_usage is not that of the transactions strictly before: 2 of 6 sampled rows, 2 "
        "of which are what transactions of the day itself come to" in text
        for text in told
    )


def test_points_of_other_rows_are_told(clean) -> None:
    """Shuffled, they follow from nobody's past."""
    shuffled = np.random.default_rng(5).permutation(clean.rows.scored)
    told = training_gate.failures(changed(clean, scored=shuffled))
    assert names(told) == {"target", "shuffled_target"}
    assert "with points_avg_last_10" in told[-1]


def test_one_row_with_the_points_of_another_game_is_told(clean) -> None:
    """By player and game: a join that went wrong, however seldom."""
    line = clean.rows.iloc[7]
    scored = clean.rows.scored.where(clean.rows.index != 7, line.scored + 1)
    told = training_gate.failures(changed(clean, scored=scored))
    assert [text.split(", as ") for text in told] == [
        [
            "target: 1 rows have other points than the player's game",
            f"{line.scored + 1} of player {line.player_id} in game {line.game_id}",
        ]
    ]
    lost = replace(clean, games=clean.games[clean.games.game_id != line.game_id])
    assert "target" in names(training_gate.failures(lost))


def test_a_formula_that_has_seen_the_game_is_told(clean) -> None:
    """A tenth of the way from averages to the points, its error is 90% of theirs."""
    averages = (clean.rows.points_avg_season + clean.rows.points_weighted_carried_30) / 2
    honest = changed(clean, similarity=averages)
    assert training_gate.failures(replace(honest, formulas=("similarity",))) == []
    seen = changed(clean, similarity=averages + (clean.rows.scored - averages) / 10)
    told = training_gate.failures(replace(seen, formulas=("similarity",)))
    begins = [text.split(" rows of")[0] for text in told]
    assert begins == ["formulas: similarity has 90.0% of the error of averages on 1770"] * 2


def test_rows_of_the_month_itself_are_told(clean) -> None:
    """A model for February would have seen it."""
    february = date(2023, 2, 1)
    assert training_gate.past_only(replace(clean, month=february)) == [
        f"rows of {clean.rows.game_date.max()} are not before {february}"
    ]


def test_a_thin_month_is_named_with_the_threshold(clean) -> None:
    """Of December's rows every tenth is incomplete: 90% are ready, and 95% are asked."""
    is_thin = (clean.rows.month == "2022-12") & (clean.rows.index % 10 == 0)
    reason = clean.rows.not_ready_reason.mask(is_thin, "incomplete_box")
    told = training_gate.readiness(
        changed(
            clean,
            is_production_ready=clean.rows.is_production_ready & ~is_thin,
            not_ready_reason=reason,
        )
    )
    assert told[0].startswith("month 2022-12: 90.0% of ")
    assert len(told) == 1


def test_a_short_month_is_asked_for_with_the_one_before_it(clean) -> None:
    """Two dates of February: a tenth of their rows is nothing of January's and theirs together."""
    last = sorted(clean.rows.game_date[clean.rows.month == "2023-01"].unique())[-2:]
    is_short = clean.rows.game_date.isin(last)
    is_later = clean.rows.month > "2023-01"
    rows = clean.rows.assign(month=clean.rows.month.mask(is_short, "2023-02"))[~is_later]
    is_lost = is_short[~is_later] & (rows.player_id % 10 == 0)
    thin = replace(clean, rows=rows.assign(is_production_ready=rows.is_production_ready & ~is_lost))
    assert is_lost.sum() == 6
    assert training_gate.readiness(thin) == []
    whole = rows.is_production_ready & (rows.month < "2023-01")
    told = training_gate.readiness(replace(clean, rows=rows.assign(is_production_ready=whole)))
    assert [text.split(":")[0] for text in told] == ["season 2022-23", "month 2023-01"]


def test_rows_lost_in_a_join_are_told(clean, monkeypatch) -> None:
    """A fifth of a season's player-games are no rows."""
    monkeypatch.setitem(vars(training_gate.TRAINING_MINIMUM_GAMES), "value", 50)
    is_lost = (clean.rows.season == SPOILED) & (clean.rows.player_id % 5 == 0)
    told = training_gate.failures(replace(clean, rows=clean.rows[~is_lost]))
    assert "funnel: season 2021-22: 80.0% of 1800 player-games are rows" in told[0] + told[-1]
    assert training_gate.is_bootstrap(clean.rows[:0])
