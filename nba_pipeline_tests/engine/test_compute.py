"""What a failed attempt leaves behind."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest

from nba_pipeline.engine import compute as compute_module
from nba_pipeline.engine.compute import Computed, Writer, compute
from nba_pipeline.engine.inputs import read_inputs
from nba_pipeline.engine.meaning import with_code
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.protocol import DuplicateKeys, LostLease, SchemaChanged
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import SHOT_CHART, damaged

DAY, SHOTS = date(2023, 10, 24), "nbac_shot_chart"


def with_shots(folder: Path, last: date = DAY) -> Lab:
    """A home in which the shots of four teams are stored, of each day up to the last."""
    landing = folder / "landing"
    write_landing(landing, League(teams=4, days=2, rest=0.0, seed=3))
    lab = Lab(folder, landing)
    lab.compute(with_upstream(SHOTS), DAY, last)
    assert lab.rows(SHOTS, game_date=last)
    return lab


def test_a_repair_forgets_nothing_of_a_date_that_it_leaves_alone(tmp_path) -> None:
    """It was refused, was never stored and would be refused again: it is not current either."""
    write_landing(tmp_path / "landing", League(teams=4, days=2, rest=0.0, seed=3))
    lab, table = Lab(tmp_path, tmp_path / "landing"), TABLES["player_game_summary"]
    lab.warehouse.failures.mark(table.name, {DAY: "refused"}, "run-1")
    writer, survey = Writer("run-2", 2, lambda: None), Survey(TABLES, lab.warehouse, lab.landing)
    done = compute(table, [DAY], survey, writer, only_stored=True)
    assert (done.current, done.refused, done.replaced.written) == ((), {}, ())
    assert lab.warehouse.failures.of(table.name) == {DAY: "refused (run run-1)"}


def test_repeated_keys_are_a_failure_of_the_date(tmp_path) -> None:
    """What is downstream of it is refused until it succeeds, as after any other error."""
    write_landing(tmp_path / "landing", League(teams=4, days=2, rest=0.0, seed=3))
    lab = Lab(tmp_path, tmp_path / "landing")

    own = TABLES["nbac_schedule"]

    def twice(nba_stats_schedule: ir.Table, nba_stats_scoreboard: ir.Table) -> ir.Table:
        rows = own.transform(nba_stats_schedule, nba_stats_scoreboard)
        return rows.union(rows)

    table = replace(own, transform=twice)
    writer = Writer("run-1", 1, lambda: None)
    with pytest.raises(DuplicateKeys):
        compute(table, [DAY], Survey(TABLES, lab.warehouse, lab.landing), writer)
    failed = lab.warehouse.failures.of("nbac_schedule")
    assert failed[DAY].startswith("DuplicateKeys: nbac_schedule: rows that share a key")
    assert lab.compute(["nbac_schedule"], DAY, DAY)["nbac_schedule"].refused == {}
    assert lab.warehouse.failures.of("nbac_schedule") == {}


@pytest.mark.parametrize(
    ("error", "is_of_its_inputs"),
    [(OSError("disk full"), True), (SchemaChanged("points was int64, is float64"), False)],
)
def test_a_mark_says_what_a_date_was_tried_with_and_nothing_of_one_that_was_refused(
    tmp_path, monkeypatch, error: Exception, *, is_of_its_inputs: bool
) -> None:
    """Nor of one whose rows did not fit what is stored beside them."""
    lab, table = with_shots(tmp_path), TABLES[SHOTS]

    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(compute_module, "read_inputs", broken)
    survey = Survey(TABLES, lab.warehouse, lab.landing)
    after = DAY + timedelta(days=1)
    with pytest.raises(type(error)):
        compute(table, [DAY, after], survey, Writer("run-9", 9, lambda: None), force=True)
    tried, refused = lab.warehouse.failures.marks()
    assert (tried.partition, refused.partition) == (DAY, after)
    assert tried.reason.startswith(type(error).__name__)
    assert refused.reason == "nbac_schedule has no partition 2023-10-25"
    inputs = survey.inputs(table, [DAY])
    wanted = with_code(table, inputs)[DAY] if is_of_its_inputs else None
    assert (tried.made_from, refused.made_from) == (wanted, None)


def test_who_lost_its_lease_says_nothing_of_the_dates_any_more(tmp_path) -> None:
    """It fails or is refused on what it saw before; another has made the dates since, or failed."""
    write_landing(tmp_path / "landing", League(teams=4, days=2, rest=0.0, seed=3))
    zombie, other = Lab(tmp_path, tmp_path / "landing"), Lab(tmp_path, tmp_path / "landing")
    schedule, boxscore = TABLES["nbac_schedule"], TABLES["nbac_team_boxscore"]

    def lost() -> None:
        raise LostLease("recovered")

    def fail(nba_stats_schedule: ir.Table) -> ir.Table:
        raise OSError(f"the files of {nba_stats_schedule.get_name()} are gone")

    def compute_late(table: Table) -> Computed:
        survey = Survey(TABLES, zombie.warehouse, zombie.landing)
        return compute(table, [DAY], survey, Writer("zombie", 0, lost))

    with zombie.warehouse.snapshot():
        other.compute(with_upstream(boxscore.name), DAY, DAY)
        with pytest.raises(OSError, match="are gone"):
            compute_late(replace(schedule, transform=fail))
        assert set(compute_late(boxscore).refused) == {DAY}
    assert other.warehouse.failures.of(schedule.name) == {}
    assert other.warehouse.failures.of(boxscore.name) == {}
    other.warehouse.failures.mark(schedule.name, {DAY: "a file is cut short"}, "other")
    assert compute_late(schedule).current == (DAY,)
    assert set(other.warehouse.failures.of(schedule.name)) == {DAY}


@pytest.mark.parametrize("is_mount_point", [False, True])
def test_without_a_landing_zone_nothing_is_made_of_no_files(tmp_path, *, is_mount_point) -> None:
    """Not of an optional source either, whose rows would be gone; it is as it was once it is back."""
    lab, table = with_shots(tmp_path), SHOTS
    landing, rows = lab.landing_folder, lab.rows(table)
    landing.rename(tmp_path / "away")
    if is_mount_point:
        landing.mkdir()
    done = Lab(tmp_path, landing, token=1).compute([table], DAY, DAY, force=True)[table]
    says = f"the landing zone {landing} is empty" if is_mount_point else None
    assert done.refused == {DAY: says or f"there is no landing zone at {landing}"}
    assert lab.rows(table) == rows
    if is_mount_point:
        landing.rmdir()
    (tmp_path / "away").rename(landing)
    assert Lab(tmp_path, landing, token=2).compute([table], DAY, DAY)[table].current == (DAY,)


def test_files_that_are_away_while_a_table_is_computed_are_missed_afterwards(tmp_path) -> None:
    """The same files are there before and after it, but its rows are not made of them."""
    landing = tmp_path / "landing"
    write_landing(landing, League(teams=4, days=2, rest=0.0, seed=3))
    lab = Lab(tmp_path, landing)
    table, writer = TABLES["shot_sources"], Writer("run-1", 1, lambda: None)
    with lab.warehouse.snapshot():
        survey = Survey(TABLES, lab.warehouse, lab.landing)
        for name in with_upstream(table.name):
            if name == table.name:
                assert survey.stale(table, [DAY]) == {DAY: "missing"}
                (landing / "nba_stats/shot_chart_detail").rename(tmp_path / "away")
            compute(TABLES[name], [DAY], survey, writer)
    (tmp_path / "away").rename(landing / "nba_stats/shot_chart_detail")
    after = Survey(TABLES, lab.warehouse, lab.landing)
    assert after.stale(table, [DAY]) == {DAY: "inputs changed"}


def test_a_date_whose_files_change_while_they_are_read_is_refused_alone(
    tmp_path, monkeypatch
) -> None:
    """The other date of the run is written; the refused one is as it was, and stale."""
    table, last = SHOTS, DAY + timedelta(days=1)
    lab = with_shots(tmp_path, last)
    landing, rows = lab.landing_folder, lab.rows(table, game_date=last)

    def without_last(shots: list[dict]) -> None:
        shots[:] = [shot for shot in shots if shot["GAME_DATE"] != f"{last:%Y%m%d}"]

    def change(*asked: Any) -> dict[str, ir.Table]:
        given = read_inputs(*asked)
        damaged(landing, tmp_path, SHOT_CHART, without_last)
        return given

    with monkeypatch.context() as patch:
        patch.setattr(compute_module, "read_inputs", change)
        done = Lab(tmp_path, landing, token=1).compute([table], DAY, last, force=True)[table]
    assert set(done.refused) == {last}
    assert done.replaced.unchanged == (DAY,)
    assert lab.rows(table, game_date=last) == rows
    survey = Survey(TABLES, lab.warehouse, Lab(tmp_path, landing).landing)
    assert survey.stale(TABLES[table], [DAY, last]) == {last: "inputs changed"}


def test_a_landing_zone_that_goes_away_after_it_was_read_is_asked_nothing_more(
    tmp_path, monkeypatch
) -> None:
    """The rows are those that were read, whatever is there by the time that they are written."""
    lab, table = with_shots(tmp_path), SHOTS
    landing, rows = lab.landing_folder, lab.rows(table)
    look_once_more = compute_module._changed_meanwhile

    def away(*asked: Any) -> dict[date, str]:
        refused = look_once_more(*asked)
        landing.rename(tmp_path / "away")
        return refused

    with monkeypatch.context() as patch:
        patch.setattr(compute_module, "_changed_meanwhile", away)
        done = Lab(tmp_path, landing, token=1).compute([table], DAY, DAY, force=True)[table]
    assert done.replaced.unchanged == (DAY,)
    assert lab.rows(table) == rows != []


def test_a_landing_zone_that_goes_away_while_it_is_read_replaces_nothing(
    tmp_path, monkeypatch
) -> None:
    """It is there when the dates are judged, and gone when their files are read."""
    lab, table = with_shots(tmp_path), SHOTS
    landing, rows = lab.landing_folder, lab.rows(table)

    def away(*asked: Any) -> dict[str, ir.Table]:
        landing.rename(tmp_path / "away")
        return read_inputs(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(compute_module, "read_inputs", away)
        done = Lab(tmp_path, landing, token=1).compute([table], DAY, DAY, force=True)[table]
    assert done.refused == {DAY: "its files changed while they were read; run it again"}
    assert lab.rows(table) == rows
    (tmp_path / "away").rename(landing)
    assert Lab(tmp_path, landing, token=2).compute([table], DAY, DAY)[table].current == (DAY,)
