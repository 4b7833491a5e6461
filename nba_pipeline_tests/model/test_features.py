"""Fingerprints of features."""

import numpy as np
import pandas as pd

from nba_pipeline.model import features


def _rows(*changes: dict[str, object]) -> pd.DataFrame:
    known = {name: float(place) for place, name in enumerate(features.FEATURES)}
    return pd.DataFrame([known | change for change in changes])


def test_any_feature_changes_the_fingerprint() -> None:
    """Each by itself, and each to unknown; values that change places too."""
    changes: list[dict[str, object]] = [{}]
    for name in features.FEATURES:
        changes += [{name: -1.0}, {name: None}]
    first, second = features.FEATURES[3:5]
    changes.append({first: 4.0, second: 3.0})
    found = features.fingerprints(_rows(*changes))
    assert len(set(found)) == len(changes) == 2 * len(features.FEATURES) + 2


def test_equal_features_have_one_fingerprint() -> None:
    """Whatever pandas holds them as: integers, floats, both zeros, NULL and NaN."""
    name = features.FEATURES[0]
    plain = _rows({name: 0.0}, {name: -0.0})
    assert len(set(features.fingerprints(plain))) == 1
    whole = _rows({}).astype("Int64")
    assert features.fingerprints(whole) == features.fingerprints(_rows({}))
    unknown = [_rows({name: value}) for value in (None, np.nan)]
    assert len({features.fingerprints(rows)[0] for rows in unknown}) == 1


def test_another_list_of_features_is_another_fingerprint(monkeypatch) -> None:
    """The same numbers under another name are not the same inputs."""
    before = features.fingerprints(_rows({}))
    renamed = (*features.FEATURES[:-1], "something_else")
    monkeypatch.setattr(features, "FEATURES", renamed)
    assert features.fingerprints(_rows({})) != before
