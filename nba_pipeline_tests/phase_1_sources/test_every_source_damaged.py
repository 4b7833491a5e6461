"""Whatever comes of a source's files, they are refused, rejected by row, or taken as declared.

The sources are those that are declared, the files those of nba_pipeline_tests/seeds: a small landing
zone that has one of each.
"""

import copy
import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from nba_pipeline.engine.file_dates import facts_of, filed
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.landing_files import LandingFiles
from nba_pipeline.kernel.formats import CsvLines
from nba_pipeline.kernel.source import (
    REJECTED_TYPES,
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    UnreadableFile,
)
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID, TEAMS
from nba_pipeline.tables import SOURCES

EXAMPLES = int(os.environ.get("NBA_PIPELINE_TEST_EXAMPLES", "30"))
SEEDS = Path(__file__).parents[1] / "seeds"
TEAM_COLUMNS = ("team_abbr", "home_team", "away_team")
JUNK = st.sampled_from(
    [
        *(None, True, False, 0, -1, 3, 7.5, 10**18, 10**30, float("nan"), float("inf")),
        *("", " ", "x", "BOS", "0022400561", "2024-01-15", "PT12M", "9" * 400, "\x00"),
        *([], {}, [None], [[1]], {"a": 1}, ["x", "y"]),
    ]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["replace", "remove", "repeat", "swap", "turn", "cut", "number"]),
        st.integers(0, 10**6),
        JUNK,
    ),
    min_size=1,
    max_size=3,
)


@cache
def landing() -> Landing:
    """The seeds."""
    return Landing(str(SEEDS))


@cache
def files_of(name: str) -> list[SourceFile]:
    """The source's seeds, as the landing zone finds them."""
    source = SOURCES[name]

    def game_dates(schedule: Source, season: str) -> dict[str, date]:
        rows = landing().load(schedule, calendar.season(season).days()).rows
        return dict(zip(rows.game_id, rows.game_date, strict=True))

    found = LandingFiles(UPath(SEEDS), lambda schedule: lambda season: game_dates(schedule, season))
    each = {
        one.file.path: one
        for season in calendar.seasons()
        for one in reversed(found.of_season(source, season.name))
        if one.trouble is None or one.trouble[0] != "missing_file"
    }
    assert [one for one in each.values() if one.trouble] == []
    return [one.file for one in each.values()]


@cache
def document_of(name: str, path: str) -> object:
    """A seed's document; a test changes a copy of it."""
    return SOURCES[name].decoded((SEEDS / path).read_bytes(), path)


def nodes(document: object) -> list[tuple[object, object]]:
    """Every place in the document: what it is in, and its key or index there."""
    found: list[tuple[object, object]] = []
    held = [document]
    while held:
        holder = held.pop()
        keys = [*holder] if isinstance(holder, dict) else range(len(holder))  # type: ignore[arg-type]
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):  # type: ignore[index]
                held.append(holder[key])  # type: ignore[index]
    return found


def damaged(document: object, steps: list[tuple[str, int, object]]) -> object:
    """The document after the steps; of bytes, its bytes."""
    if isinstance(document, bytes):
        for step, number, junk in steps:
            document = _damaged_bytes(document, step, number, junk)
        return document
    document = copy.deepcopy(document)
    for step, number, junk in steps:
        if not isinstance(document, dict | list):
            break
        places = nodes(document)
        if not places or number % 97 == 0:
            return copy.deepcopy(junk)
        holder, key = places[number % len(places)]
        _change(holder, key, step, number, junk)
    return document


def damaged_lines(document: CsvLines, steps: list[tuple[str, int, object]]) -> CsvLines:
    """The lines of a CSV file after the steps: some with more or fewer fields, or another header."""
    header, lines = list(document.header), [list(line) for line in document.lines]
    for step, number, junk in steps:
        if not lines:
            break
        place = number % len(lines)
        column = number % len(header)
        if step == "repeat":
            lines.insert(place, list(lines[place]))
        elif step == "turn":
            lines.reverse()
        elif step == "remove" and number % 5 == 0:
            header[column] = "removed"
        elif step == "remove":
            del lines[place]
        elif step == "cut":
            lines[place] = lines[place][: column or 1]
        elif step == "number":
            lines[place].append(str(junk))
        else:
            lines[place][column : column + 1] = ["" if junk is None else str(junk)]
    return CsvLines(header, lines, is_ended=len(steps) % 2 == 1)


def _change(holder, key, step: str, number: int, junk: object) -> None:
    """One change of what is at the key of a dict or list."""
    value = holder[key]
    if step == "remove":
        del holder[key]
    elif step == "repeat" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(value))
    elif step == "swap":
        other = (
            [*holder][number % len(holder)] if isinstance(holder, dict) else number % len(holder)
        )
        holder[key], holder[other] = holder[other], value
    elif step == "turn" and isinstance(value, list):
        value.reverse()
    elif step == "cut" and isinstance(value, list | str):
        holder[key] = value[: len(value) // 2]
    elif step == "number" and isinstance(value, int | float):
        holder[key] = str(value) if number % 2 else -value
    else:
        holder[key] = copy.deepcopy(junk)


def _damaged_bytes(content: bytes, step: str, number: int, junk: object) -> bytes:
    place = number % (len(content) or 1)
    changes = {
        "remove": content[:place] + content[place + 9 :],
        "repeat": content[:place] + content[max(0, place - 40) :],
        "swap": content[place:] + content[:place],
        "turn": content[:place] + content[place : place + 30][::-1] + content[place + 30 :],
        "cut": content[:place],
    }
    other = str(junk).encode("utf-8", "replace")
    return changes.get(step, content[:place] + other + content[place + len(other) :])


def is_whole(source: Source, file: SourceFile, parsed: Parsed) -> None:
    """Asserts that what was taken is of the declared kind, and what was not is told by row."""
    declared = source.parse(None, file).rows.dtypes
    rows, rejected = parsed.rows, parsed.rejected
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == {
        name: str(kind) for name, kind in declared.items()
    }
    assert {name: str(kind) for name, kind in rejected[[*REJECTED_TYPES]].dtypes.items()} == {
        **REJECTED_TYPES
    }
    assert set(rows.source_file) | set(rejected.source_file) <= {file.path}
    assert all(isinstance(day, date) for day in (*rows.game_date, *rejected.game_date))
    if "game_id" in rows:
        assert rows.game_id.str.fullmatch(GAME_ID).all()
    for column in ("player_id", "official_id"):
        if column in rows:
            assert rows[column].dropna().ge(1).all()
    if "player_lookup" in rows:
        assert rows.player_lookup.dropna().str.fullmatch("[a-z0-9]+").all()
    for column in set(TEAM_COLUMNS) & set(rows.columns):
        # Only an exhibition has teams that are not the league's.
        own = rows[~rows.game_id.str[2].isin(["1", "3"])] if "game_id" in rows else rows
        assert set(own[column].dropna()) <= set(TEAMS)
    assert rejected.rule.notna().all()
    assert rejected.detail.str.contains(file.path, regex=False).all()
    key = ["game_date", "source_file", "row_number", "field", "rule"]
    assert not rejected.duplicated(key).any()
    for frame in (rows, rejected):
        pa.Table.from_pandas(frame, preserve_index=False)
    facts_of(source, parsed, file)


def taken(source: Source, file: SourceFile, document: object) -> Parsed | None:
    """The document as the landing zone files it; None where it is refused as a whole."""
    try:
        return filed(source.parse(document, file), file)
    except (UnknownShape, UnreadableFile) as error:
        if file.path not in str(error):
            raise AssertionError("the error does not name the file") from error
        return None


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_source_has_a_seed_that_is_taken_whole(name) -> None:
    """A source that is damaged nowhere else is not either; each seed has rows and no rejection."""
    assert files_of(name), f"no file of {name} under {SEEDS}/{SOURCES[name].place}: put a few lines"
    for file in files_of(name):
        parsed = taken(SOURCES[name], file, document_of(name, file.path))
        assert parsed is not None
        assert parsed.rejected.empty, parsed.rejected.detail.tolist()
        assert len(parsed.rows)
        is_whole(SOURCES[name], file, parsed)


@pytest.mark.parametrize("name", list(SOURCES))
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_a_damaged_document_is_refused_or_gives_rows_of_the_declared_kind(name, data) -> None:
    """Cut, swapped, wrongly typed, re-ordered, doubled: never another error, nor another kind of row."""
    file = data.draw(st.sampled_from(files_of(name)))
    steps = data.draw(STEPS)
    whole = document_of(name, file.path)
    is_csv = file.path.endswith(".csv")
    document = damaged_lines(whole, steps) if is_csv else damaged(whole, steps)
    if parsed := taken(SOURCES[name], file, document):
        is_whole(SOURCES[name], file, parsed)


@pytest.mark.parametrize("name", list(SOURCES))
@settings(max_examples=15, deadline=None)
@given(place=st.integers(0, 10**6), junk=st.binary(max_size=6), is_packed=st.booleans())
def test_damaged_bytes_are_unreadable_or_a_document(name, place, junk, is_packed) -> None:
    """A file cut off anywhere, with anything behind it, packed or not."""
    for file in files_of(name):
        content = (SEEDS / file.path).read_bytes()
        path = f"{file.path}.gz" if is_packed else file.path
        try:
            document = SOURCES[name].decoded(content[: place % len(content)] + junk, path)
        except UnreadableFile as error:
            if path not in str(error):
                raise AssertionError("the error does not name the file") from error
            continue
        taken(SOURCES[name], file, document)


def _spoilt(content: bytes) -> Iterator[bytes]:
    yield from (b"", b"<html>Access Denied</html>", content[: len(content) // 2], b"[]", b"{}")


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_spoilt_file_costs_the_others_nothing(name, tmp_path) -> None:
    """Beside it, every other file of the source gives the rows that it gave; the spoilt one is told."""
    source = SOURCES[name]
    own = SEEDS / source.place
    if own.is_file():
        shutil.copy(own, tmp_path / source.place)
    else:
        shutil.copytree(own, tmp_path / source.place)
    if source.dated_by:
        shutil.copytree(
            SEEDS / source.dated_by.place, tmp_path / source.dated_by.place, dirs_exist_ok=True
        )
    for file in files_of(name)[:1]:
        path = tmp_path / file.path
        whole = path.read_bytes()
        days = [d for d in _days(file) if calendar.season_of(d)]
        before = Landing(str(tmp_path)).load(source, days)
        for content in _spoilt(whole):
            path.write_bytes(content)
            after = Landing(str(tmp_path)).load(source, days)
            own_days = before.rows[before.rows.source_file == file.path].game_date
            others = before.rows[~before.rows.game_date.isin(own_days)]
            if source.layout != "snapshots":
                # Of a date whose own file is spoilt the season's file may tell.
                kept = after.rows[~after.rows.game_date.isin(own_days)]
                pd.testing.assert_frame_equal(
                    kept.reset_index(drop=True), others.reset_index(drop=True)
                )
            told = after.rejected.source_file.eq(file.path).any()
            assert told or _says_nothing(source, file, content)


def _says_nothing(source: Source, file: SourceFile, content: bytes) -> bool:
    """Whether it is a whole file without a line, as of a day on which nobody is hurt."""
    parsed = source.parse(source.decoded(content, file.path), file)
    return parsed.rows.empty and parsed.rejected.empty


def _days(file: SourceFile) -> list[date]:
    """The days of which the file may speak."""
    if file.game_date:
        return [file.game_date, file.game_date + timedelta(days=file.days_after)]
    spans = [calendar.season(file.season)] if file.season else calendar.seasons()[-4:]
    return [day for span in spans for day in span.days()]
