"""The report for who is on call, from stamps alone."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

from nba_pipeline import clock
from nba_pipeline.automation.on_call import on_call
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

MONTH = date(2024, 6, 1)


def test_what_repair_would_compute_is_stale_whatever_its_partitions(tmp_path) -> None:
    """The sums of a month are; its model serves on until somebody asks for another."""
    stored = {name: {MONTH: stamp(MONTH)} for name in ("points_model", "system_performance")}
    survey = Survey(TABLES, StampsAlone(stored), Landing(str(tmp_path)))
    engine = connect(f"sqlite:///{tmp_path / 'coordination.db'}")
    home = SimpleNamespace(
        engine=engine,
        tables=TABLES,
        warehouse=survey.warehouse,
        leases=Leases(engine, 60, lambda _name: None),
        survey=lambda: survey,
    )
    with clock.set_to(datetime(2024, 7, 15, 15, tzinfo=UTC)):
        report = on_call(home)
    assert [(line["table"], line["first"]) for line in report.stale] == [
        ("system_performance", MONTH)
    ]
    assert report.next == ["nba-pipeline repair"]
