"""Minutes played, in every spelling in which a source gives them."""

import re

import numpy as np

VERSION = 2
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

# The league's older box scores write 45:58 as 45.000000:58.
_NUMBER = re.compile(r"\d+(?:\.\d*)?")
_CLOCK = re.compile(r"(?:PT)?(\d+)(?:\.0+)?[:M](\d{1,2})(?:\.\d+)?S?")


def parse_minutes(value: object) -> float:
    """Minutes as a decimal, to a hundredth: 35, "35", "45:58" and "PT45M58.00S" (45.97).

    Raises:
        ValueError: anything else, negative minutes, or 60 seconds and more.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number of minutes")
    if isinstance(value, int | float | np.number):
        minutes = float(value)
    elif match := _CLOCK.fullmatch(str(value).strip()):
        if int(match[2]) > 59:
            raise ValueError(f"{value!r} has 60 seconds or more")
        minutes = round(int(match[1]) + int(match[2]) / 60, 2)
    elif _NUMBER.fullmatch(str(value).strip()):
        minutes = float(str(value))
    else:
        raise ValueError(f"{value!r} is no number of minutes")
    if not 0 <= minutes < np.inf:
        raise ValueError(f"{value!r} is no number of minutes")
    return minutes


def minutes_of(value: object, longest: float) -> float | None:
    """The minutes; None where the value says none, or more than anyone has ever played."""
    try:
        minutes = parse_minutes(value)
    except ValueError:
        return None
    return minutes if minutes <= longest else None
