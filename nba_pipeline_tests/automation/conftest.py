"""Compiled queries are kept between these tests, which compute the same tables over and over."""

import pytest

from nba_pipeline.engine import compiled


@pytest.fixture(scope="package", autouse=True)
def _compiled_once(tmp_path_factory) -> None:
    compiled.keep_in(tmp_path_factory.mktemp("compiled"))
