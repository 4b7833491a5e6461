"""What a source says of a date, whatever other dates are asked with it."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.source import Source
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments
from nba_pipeline.phase_1_sources.nba_stats_scoreboard import nba_stats_scoreboard
from nba_pipeline.simulation.fallback import box_scores
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.moves import dated, unplayed
from nba_pipeline.simulation.scoreboard import board, crews
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, Lab
from nba_pipeline_tests.fallback_files import put_fallback
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines

DAYS = [FIRST + timedelta(days=number) for number in range(4)]
LEFT, PLAYED = DAYS[0], DAYS[2]
"""The date that a game was moved from, and the one on which it was played."""
SOURCES = {s.name: s for t in TABLES.values() for s in (*t.sources, *t.players_from)}
OF_DATES = [balldontlie_box_scores, nba_referee_assignments, nba_stats_scoreboard]


def put(landing: Path, source: Source, name: str, document: object) -> None:
    """Writes a file of the source."""
    path = landing / source.place / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    """Four days of all sources; a game that was played on the third is in files of the first, too."""
    folder = tmp_path_factory.mktemp("moved") / "landing"
    every_day = replace(ALL_SOURCES, plays_every=1, odds_every=1, reports_every=1)
    write_landing(folder, League(teams=4, days=4, rest=0.0, seed=3), also=every_day)
    told = games(folder)
    moved = next(game for game in told if game["date"] == str(PLAYED))
    log = [line for line in lines(folder, PLAYER_LOG) if line["GAME_ID"] == moved["gameId"]]
    for day in (LEFT, PLAYED):
        put_fallback(folder, str(day), box_scores(dated(moved, day), log))
        put(folder, nba_referee_assignments, str(day), crews(dated(moved, day)))
    postponed = unplayed(moved, is_postponed=True)
    of_day = [game for game in told if game["date"] == str(LEFT)]
    put(folder, nba_stats_scoreboard, str(LEFT), board(LEFT, *of_day, postponed))
    return folder


def rows_of(frame: pd.DataFrame, day: date) -> list[tuple[object, ...]]:
    """The frame's rows of the date."""
    rows = frame[frame.game_date == day].astype("object")
    return sorted(rows.where(rows.notna(), None).itertuples(index=False, name=None), key=repr)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_date_says_alone_what_it_says_among_others(landing: Path, source: Source) -> None:
    """Its fingerprints, rows and rejections."""
    together = Landing(str(landing))
    said, loaded = together.said(source, DAYS), together.load(source, DAYS)
    for day in DAYS:
        alone = Landing(str(landing))
        assert alone.said(source, [day]) == {day: said[day]}
        for name, frame in vars(alone.load(source, [day])).items():
            assert rows_of(frame, day) == rows_of(getattr(loaded, name), day)


@pytest.mark.parametrize("source", OF_DATES, ids=lambda source: source.name)
def test_both_dates_speak_of_a_game_that_has_moved(landing: Path, source: Source) -> None:
    """What was said of it before it was played is not taken back by what is said afterwards."""
    rows = Landing(str(landing)).load(source, DAYS).rows
    name = "event_id" if "event_id" in rows else "game_id"
    counts = rows.groupby(name).game_date.nunique()
    assert (counts == 2).sum() == 1


def test_the_date_that_a_game_has_left_is_not_stale_for_it(landing: Path, tmp_path: Path) -> None:
    """Nor is its postponed line on that date's scoreboard a rejected one."""
    later = landing / nba_stats_scoreboard.place / f"{PLAYED}.json"
    told = later.read_text()
    later.unlink()
    lab = Lab(tmp_path, landing)
    for day in DAYS[:2]:
        lab.compute(["nbac_schedule"], day, day)
    later.write_text(told)
    lab.landing = Landing(str(landing))
    lab.compute(["nbac_schedule"], DAYS[2], DAYS[3])
    assert not Survey(TABLES, lab.warehouse, lab.landing).outdated("nbac_schedule")
    of_phase_2 = [name for name in TABLES if TABLES[name].phase == 2]
    done = lab.compute(of_phase_2, DAYS[0], DAYS[3])
    assert not any(computed.refused for computed in done.values())
    rejected = lab.rows("rejected_rows", game_date=LEFT)
    assert rejected
    assert not [row for row in rejected if "scoreboard" in row["source_file"]]
