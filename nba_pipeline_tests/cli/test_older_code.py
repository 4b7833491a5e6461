"""A home that older code has filled serves newer code, or says which command makes it do so."""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.commit_log import commit_properties
from nba_pipeline_tests.cli.home import LAST, Home
from nba_pipeline_tests.conftest import DAILY, Lab

LAST_DAY = ["--from", str(LAST), "--to", str(LAST)]
RENAMED = {
    "player_prop_predictions": ("features_fingerprint", "fingerprint"),
    "prediction_accuracy": ("absolute_error", "error"),
}
COMMAND = "replace every stored partition in one write, as nba-pipeline repair does"


def _stored(home: Home) -> Lab:
    return Lab(home.folder / "home", home.landing)


def _as_of_older_code(home: Home) -> None:
    """Every table one version back, two with a column under another name, one not yet there."""
    lab = _stored(home)
    stamps = {name: lab.warehouse.stamps(name) for name in TABLES}
    for name, of_table in stamps.items():
        path = Path(home.folder / "home/warehouse" / name)
        rows = DeltaTable(str(path)).to_pyarrow_table()
        now, then = RENAMED.get(name, ("", ""))
        rows = rows.rename_columns([then if c == now else c for c in rows.column_names])
        older = [replace(stamp, code_version=stamp.code_version - 1) for stamp in of_table.values()]
        _rewrite(path, rows, commit_properties(older), appends=TABLES[name].appends)
    shutil.rmtree(home.folder / "home/warehouse/predictions_made")


def _rewrite(path: Path, rows: pa.Table, properties, *, appends: bool) -> None:
    if appends:
        return
    write_deltalake(
        str(path), rows, mode="overwrite", schema_mode="overwrite", commit_properties=properties
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory, backfilled) -> Home:
    """A league computed in full, then put back to what older code would have left."""
    return Home(tmp_path_factory.mktemp("older"), backfilled)


def test_one_day_is_refused_with_the_command_that_brings_the_home_up_to_date(home) -> None:
    """After repair alone the day is current, and every table as if newer code had filled it."""
    whole = {name: _stored(home).rows(name) for name in DAILY}
    _as_of_older_code(home)
    refused = home.call("backfill", *LAST_DAY)
    assert refused.exit_code == 1
    assert COMMAND in " ".join(refused.stderr.split())
    # The same command again would come to the same.
    assert "now stale" not in refused.output
    repaired = home.call("repair")
    assert repaired.exit_code == 0, repaired.output + repaired.stderr
    assert "nothing to repair" in home.call("repair").output
    again = home.call("backfill", *LAST_DAY)
    assert again.exit_code == 0, again.output + again.stderr
    stored = _stored(home)
    assert {name: stored.rows(name) for name in DAILY} == whole
    assert set(stored.warehouse.stamps("predictions_made")) == set(
        stored.warehouse.stamps("prediction_accuracy")
    )
