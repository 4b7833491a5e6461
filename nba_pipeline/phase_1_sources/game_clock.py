"""The clock of a period, in every spelling in which a source gives it."""

import re

VERSION = 1
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

_CLOCK = re.compile(r"(?:PT|0{1,2}:)?(\d{1,2})[:M](\d{1,2}(?:\.\d+)?)S?", re.ASCII)
_SECONDS = 60


def seconds_of(value: object) -> float | None:
    """Seconds: "PT11M42.00S", "0:11:42" and "11:42" are 702; None of what is no clock."""
    match = _CLOCK.fullmatch(str(value).strip())
    if match is None or float(match[2]) >= _SECONDS:
        return None
    return int(match[1]) * _SECONDS + float(match[2])
