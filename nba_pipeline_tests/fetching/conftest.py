"""A landing zone for every test of what comes into one."""

from pathlib import Path

import pytest

from nba_pipeline_tests.fetching.zone import Zone


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """An empty landing zone."""
    return Zone(tmp_path)
