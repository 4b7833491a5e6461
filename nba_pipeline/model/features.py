"""Features as models and fingerprints take them; which ones there are, the caller says."""

import hashlib
import json
from collections.abc import Sequence

import pandas as pd

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def matrix(rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """The features of the rows as floats, unknown as NaN; shape (rows, features)."""
    return rows[list(features)].astype("float32")


def fingerprint_of(rows: pd.DataFrame, labels: Sequence[str], features: Sequence[str]) -> str:
    """16 hexadecimal digits that change with any label, feature, points or line, and their order."""
    # As floats: whether pandas reads whole numbers as integers depends on rows that are not these.
    numbers = rows[[*features, "scored", "points_line"]].astype("float64")
    values = pd.util.hash_pandas_object(rows[list(labels)].join(numbers), index=False)
    return hashlib.sha256(values.to_numpy().tobytes()).hexdigest()[:16]


def fingerprints(rows: pd.DataFrame, features: Sequence[str]) -> list[str]:
    """Per row, 16 hexadecimal digits that change with any feature and with the list of features."""
    names = hashlib.sha256(json.dumps(list(features)).encode())
    # Adding zero makes one of both zeros.
    values = rows[list(features)].astype("float64").to_numpy() + 0.0
    found = []
    for line in values:
        row = names.copy()
        row.update(line.tobytes())
        found.append(row.hexdigest()[:16])
    return found
