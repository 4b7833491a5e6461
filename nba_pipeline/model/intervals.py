"""Intervals that hold 95% of what luck does."""

from typing import Any

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

Z = 1.96
"""Standard errors to either side."""


def wilson(rate: Any, count: Any) -> tuple[Any, Any]:
    """Lower and upper end of the interval of a share, as columns or numbers.

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.

    Args:
        rate: the share that came in, 0 to 1.
        count: of how many; NULL, not zero, where there are none.
    """
    center = rate + Z**2 / (2 * count)
    reach = Z * (rate * (1 - rate) / count + Z**2 / (4 * count * count)) ** 0.5
    scale = 1 + Z**2 / count
    return (center - reach) / scale, (center + reach) / scale
