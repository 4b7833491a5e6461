"""The report for who is on call, from stamps alone."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

from nba_pipeline import clock
from nba_pipeline.automation.on_call import OnCall, on_call
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

MONTH = date(2024, 6, 1)
FIRST, SECOND, THIRD = (date(2023, 10, day) for day in (24, 25, 26))


def report(survey: Survey, tmp_path, at: datetime) -> OnCall:
    """The report on what the survey finds, at that time."""
    engine = connect(f"sqlite:///{tmp_path / 'coordination.db'}")
    home = SimpleNamespace(
        engine=engine,
        tables=TABLES,
        warehouse=survey.warehouse,
        leases=Leases(engine, 60, lambda _name: None),
        survey=lambda: survey,
    )
    with clock.set_to(at):
        return on_call(home)


def test_what_repair_would_compute_is_stale_whatever_its_partitions(tmp_path) -> None:
    """The sums of a month are; its model serves on until somebody asks for another."""
    stored = {name: {MONTH: stamp(MONTH)} for name in ("points_model", "system_performance")}
    survey = Survey(TABLES, StampsAlone(stored), Landing(str(tmp_path)))
    told = report(survey, tmp_path, datetime(2024, 7, 15, 15, tzinfo=UTC))
    assert [(line["table"], line["first"]) for line in told.stale] == [
        ("system_performance", MONTH)
    ]
    assert told.next == ["nba-pipeline repair"]


class _Waiting(Survey):
    """A morning that waits for the one before it, of which the features were never begun."""

    def outdated(self, _name: str) -> dict[date, str]:
        """All that is stored is current."""
        return {}

    def failed(self, name: str) -> dict[date, str]:
        """Refused alone is what looks back on the features."""
        return {THIRD: "refused"} if name == "player_similar_games" else {}


def test_what_repair_leaves_alone_a_backfill_fills(tmp_path) -> None:
    """From the first date that is not there to the one that waits for it."""
    daily = [name for name, table in TABLES.items() if table.partitions == "daily"]
    stored = {name: {day: stamp(day) for day in (FIRST, SECOND, THIRD)} for name in daily}
    del stored["ml_feature_store_v2"][SECOND], stored["player_similar_games"][THIRD]
    landing = tmp_path / "landing" / "nba_stats"
    landing.mkdir(parents=True)
    (landing / "a.json").write_text("{}")
    survey = _Waiting(TABLES, StampsAlone(stored), Landing(str(landing.parent)))
    noon = datetime(THIRD.year, THIRD.month, THIRD.day, 16, tzinfo=UTC)
    told = report(survey, tmp_path, noon)
    assert f"nba-pipeline backfill --from {SECOND} --to {THIRD}" in told.next
    assert "nba-pipeline repair" not in told.next
    # What is played today no file says: what needs it is not to be asked for.
    assert f"nba-pipeline fetch nba_stats_schedule --from {THIRD} --to {THIRD}" in told.next
    assert not {"predict", "train"} & {command.split()[1] for command in told.next}
    whole = stored | {"ml_feature_store_v2": stored["nbac_schedule"]}
    survey = _Waiting(TABLES, StampsAlone(whole), Landing(str(landing.parent)))
    assert "nba-pipeline repair" in report(survey, tmp_path, noon + timedelta(hours=1)).next
