"""The data platform behind NBA player-points predictions: one Dagster asset graph."""

import time

LOADED_AT = time.time()
"""When this process began to load the project's code, in seconds since 1970."""
