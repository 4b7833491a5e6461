"""Three processes that are told at once to write the same days: the newest code's rows stand."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from nba_pipeline_tests.backfill.raced_writer import TABLE
from nba_pipeline_tests.backfill.simulated_writers import DAYS, PLAYERS

WRITERS = 3


@pytest.fixture
def writers(tmp_path, request) -> Iterator[list[subprocess.Popen]]:
    """Processes on one warehouse and one coordination database of the kind that the parameter names."""
    coordination = f"sqlite:///{tmp_path / 'coordination.db'}"
    if request.param == "postgres":
        coordination = request.getfixturevalue("postgres").database()
    module = "nba_pipeline_tests.backfill.raced_writer"
    started = [
        subprocess.Popen(
            [sys.executable, "-m", module, str(tmp_path / "tables"), coordination],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WRITERS)
    ]
    yield started
    for process in started:
        process.kill()
        process.wait()


def _stored(folder: Path) -> dict[date, set[tuple[int, int, int]]]:
    """Each day's runs and code versions, with how many rows there are of each."""
    found: dict[date, list[tuple[int, int]]] = {}
    for row in DeltaTable(str(folder)).to_pyarrow_table().to_pylist():
        found.setdefault(row["game_date"], []).append((row["mark"], row["code_version"]))
    return {day: {(*one, rows.count(one)) for one in rows} for day, rows in found.items()}


@pytest.mark.parametrize(
    ("writers", "trials"),
    [
        ("postgres", 4),
        *(pytest.param(kind, 50, marks=pytest.mark.slow) for kind in ("sqlite", "postgres")),
    ],
    indirect=["writers"],
)
def test_no_correction_is_lost(writers, tmp_path, trials) -> None:
    """On every day the rows of the newest code that was written; who could not says by whom."""
    random.seed(trials)
    newest: dict[date, tuple[int, int]] = {}
    refused = written = 0
    for trial in range(trials):
        wishes = []
        for number in range(WRITERS):
            first, last = sorted(random.choices(DAYS, k=2))
            wishes.append(
                {
                    "mark": 1 + trial * WRITERS + number,
                    "version": 1 + trial * WRITERS + random.choice((number, -number % WRITERS)),
                    "wait": random.random() < 0.5,
                    "pause": random.uniform(0, 0.05),
                    "first": str(first),
                    "last": str(last),
                }
            )
        for process, wish in zip(writers, wishes, strict=True):
            process.stdin.write(json.dumps(wish) + "\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for process in writers]
        for wish, answer in zip(wishes, answers, strict=True):
            if "error" in answer:
                refused += 1
                assert "run-" in answer["error"], answer
                continue
            written += 1
            for day in DAYS:
                if wish["first"] <= str(day) <= wish["last"]:
                    newest.setdefault(day, (0, 0))
                    newest[day] = max(newest[day], (wish["version"], wish["mark"]))
        stored = _stored(tmp_path / "tables" / TABLE)
        assert set(stored) == set(newest), trial
        for day, runs in stored.items():
            ((mark, version, rows),) = runs
            assert rows == len(PLAYERS), (trial, day)
            assert version == newest[day][0], (trial, day, mark)
    assert refused
    assert written > trials
