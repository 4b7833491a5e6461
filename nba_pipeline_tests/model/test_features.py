"""Fingerprints of features."""

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import boosting, features

FEATURES = ("points_avg_last_5", "minutes_avg_season", "days_rest", "opponent_pace", "is_home")


def _rows(*changes: dict[str, object]) -> pd.DataFrame:
    known = {name: float(place) for place, name in enumerate(FEATURES)}
    return pd.DataFrame([known | change for change in changes])


def test_any_feature_changes_the_fingerprint() -> None:
    """Each by itself, and each to unknown; values that change places too."""
    changes: list[dict[str, object]] = [{}]
    for name in FEATURES:
        changes += [{name: -1.0}, {name: None}]
    first, second = FEATURES[3:5]
    changes.append({first: 4.0, second: 3.0})
    found = features.fingerprints(_rows(*changes), FEATURES)
    assert len(set(found)) == len(changes) == 2 * len(FEATURES) + 2


def test_equal_features_have_one_fingerprint() -> None:
    """Whatever pandas holds them as: integers, floats, both zeros, NULL and NaN."""
    name = FEATURES[0]
    plain = _rows({name: 0.0}, {name: -0.0})
    assert len(set(features.fingerprints(plain, FEATURES))) == 1
    whole = _rows({}).astype("Int64")
    assert features.fingerprints(whole, FEATURES) == features.fingerprints(_rows({}), FEATURES)
    unknown = [_rows({name: value}) for value in (None, np.nan)]
    assert len({features.fingerprints(rows, FEATURES)[0] for rows in unknown}) == 1


def test_another_list_of_features_is_another_fingerprint() -> None:
    """The same numbers under another name, or in another order, are not the same inputs."""
    rows = _rows({}).assign(something_else=4.0, is_home=4.0)
    lists = [FEATURES, (*FEATURES[:-1], "something_else"), FEATURES[::-1], FEATURES[:-1]]
    assert len({features.fingerprints(rows, names)[0] for names in lists}) == len(lists)


def test_a_booster_refuses_without_one_of_its_own_and_takes_them_in_any_order() -> None:
    """It knows its features by name."""
    rows = pd.concat([_rows({})] * 40, ignore_index=True).assign(scored=np.arange(40.0))
    booster = boosting.train(rows, FEATURES, 5)
    said = boosting.predict(booster, rows, FEATURES)
    assert len(said) == 40
    assert list(boosting.predict(booster, rows, FEATURES[::-1])) == list(said)
    with pytest.raises(ValueError, match=f"was trained on {FEATURES[-1]}, which there is not"):
        boosting.predict(booster, rows, FEATURES[:-1])
