"""Three seasons from landing files to graded predictions: the pipeline beside plain DuckDB SQL.

    python benchmarks/backfill.py --landing ../shared/data/landing

Prints seconds per phase of the pipeline, what Dagster and the rest cost, the same work as floor.sql
with one model a month, the ratio of the two, and how far their features and errors differ.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
from deltalake import DeltaTable
from threadpoolctl import threadpool_limits

from nba_pipeline.model import boosting
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import TRAINING_MINIMUM_GAMES

PROGRAM = Path(sys.executable).parent / "nba-pipeline"
FIRST, LAST = date(2021, 10, 19), date(2024, 4, 14)
COVERED = {"2", "4", "5", "6"}
FINAL = 3
FEATURES = TABLES["ml_feature_store_v2"].features
_ROUNDS = 45
"""Trees of a floor's model: what the months' stop slices come to on average."""


def pipeline(home: Path, landing: Path) -> float:
    """Runs the command into an empty home and prints its parts; returns its wall seconds."""
    places = os.environ | {"NBA_PIPELINE_HOME": str(home), "NBA_PIPELINE_LANDING": str(landing)}
    places.pop("DAGSTER_HOME", None)
    command = [str(PROGRAM), "backfill", "--from", str(FIRST), "--to", str(LAST)]
    started = time.perf_counter()
    subprocess.run(command, env=places, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    told = subprocess.run(
        [str(PROGRAM), "progress", "--json"], env=places, check=True, capture_output=True
    )
    phases: dict[int, float] = {}
    for step in json.loads(told.stdout):
        phase = TABLES[step["table"]].phase
        phases[phase] = phases.get(phase, 0.0) + step["seconds"]
        print(f"  {step['table']:<30} {step['seconds']:6.1f} s")
    for phase, seconds in phases.items():
        print(f"phase {phase:<26} {seconds:6.1f} s")
    rest = wall - sum(phases.values())
    print(f"Dagster, start and the rest      {rest:6.1f} s  ({rest / wall:.0%})")
    print(f"pipeline                         {wall:6.1f} s")
    return wall


def documents(folder: Path) -> Iterator[object]:
    """The folder's season files."""
    for path in sorted(folder.glob("*.json*")):
        content = path.read_bytes()
        yield json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def scheduled(landing: Path) -> pd.DataFrame:
    """The covered games that were played, FIRST to LAST."""
    games = [
        {
            "game_id": game["gameId"],
            "game_date": pd.Timestamp(game["gameDateEst"][:10]),
            "season": document["leagueSchedule"]["seasonYear"],
            "season_type": game["gameId"][2],
            "home": game["homeTeam"]["teamTricode"],
            "away": game["awayTeam"]["teamTricode"],
        }
        for document in documents(landing / "nba_stats/schedule")
        for day in document["leagueSchedule"]["gameDates"]
        for game in day["games"]
        if game["gameId"][2] in COVERED and game["gameStatus"] == FINAL
    ]
    frame = pd.DataFrame(games)
    return frame[frame.game_date.between(pd.Timestamp(FIRST), pd.Timestamp(LAST))]


def logged(landing: Path, kind: str) -> pd.DataFrame:
    """The lines of a game log, under lower-case names."""
    parts = [
        pd.DataFrame(result["rowSet"], columns=[name.lower() for name in result["headers"]])
        for document in documents(landing / "nba_stats/league_game_log" / kind)
        for result in document["resultSets"][:1]
    ]
    lines = pd.concat(parts, ignore_index=True)
    lines["game_date"] = pd.to_datetime(lines.game_date)
    inside = lines.game_date.between(pd.Timestamp(FIRST), pd.Timestamp(LAST))
    return lines[inside].rename(columns={"team_abbreviation": "team"})


def plain(landing: Path, folder: Path) -> tuple[float, duckdb.DuckDBPyConnection]:
    """The same work without the pipeline; returns its seconds and the tables."""
    started = time.perf_counter()
    connection = duckdb.connect()
    for name, frame in (
        ("games", scheduled(landing)),
        ("team_log", logged(landing, "team")),
        ("player_log", logged(landing, "player")),
    ):
        connection.register("frame", frame)
        connection.execute(
            f"CREATE TABLE {name} AS SELECT * REPLACE (game_date::DATE AS game_date) FROM frame"
        )
    connection.execute((Path(__file__).parent / "floor.sql").read_text())
    made = time.perf_counter()
    print(f"  parsing and floor.sql          {made - started:6.1f} s")
    features = connection.sql(
        "FROM ml_feature_store_v2 ORDER BY game_date, game_id, player_id"
    ).df()
    results = connection.sql(
        "SELECT game_id, player_id, pts AS scored FROM player_game_summary"
    ).df()
    rows = features.merge(results, how="inner")
    known = [name for name in FEATURES if name in features.columns]
    month = features.game_date.dt.to_period("M").dt.to_timestamp()

    def predicted(first: pd.Timestamp) -> pd.DataFrame:
        behind = rows[rows.game_date < first]
        wanted = features[month == first]
        if behind.game_id.nunique() < TRAINING_MINIMUM_GAMES.value:
            return wanted[[]]
        booster = boosting.train(behind, known, _ROUNDS)
        keys = wanted[["game_id", "player_id"]]
        return keys.assign(p50=boosting.predict(booster, wanted, known))

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as threads:
        predictions = pd.concat(threads.map(predicted, sorted(month.unique())))
    connection.register("predicted", predictions[predictions.p50.notna()])
    connection.execute("CREATE TABLE player_prop_predictions AS FROM predicted")
    connection.execute(
        "CREATE TABLE prediction_accuracy AS SELECT *, abs(p50 - pts) AS absolute_error "
        "FROM player_prop_predictions JOIN player_game_summary USING (game_id, player_id)"
    )
    print(f"  models and predictions         {time.perf_counter() - made:6.1f} s")
    names = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
    for name in names:
        connection.execute(f"COPY {name} TO '{folder}/{name}.parquet'")
    seconds = time.perf_counter() - started
    print(f"plain DuckDB SQL                 {seconds:6.1f} s")
    return seconds, connection


def compare(home: Path, floor: duckdb.DuckDBPyConnection) -> None:
    """Prints how the two results differ: the floor is an independent route to the same numbers."""
    for name in ("ml_feature_store_v2", "prediction_accuracy"):
        floor.register(
            f"delta_{name}", DeltaTable(str(home / "warehouse" / name)).to_pyarrow_table()
        )
    # The floor needs no feature that came after it; it says which those are.
    columns = floor.table("ml_feature_store_v2").columns
    compared = [name for name in FEATURES if name in columns]
    worst = ", ".join(
        f"max(CASE WHEN (d.{name} IS NULL) <> (p.{name} IS NULL) THEN 'inf'::DOUBLE "
        f"ELSE abs(d.{name}::DOUBLE - p.{name}::DOUBLE) END)"
        for name in compared
    )
    row = floor.execute(
        f"SELECT count(*), {worst} FROM delta_ml_feature_store_v2 d "
        "FULL JOIN ml_feature_store_v2 p USING (game_id, player_id)"
    ).fetchone()
    differences = dict(zip(compared, row[1:], strict=True))
    name, most = max(differences.items(), key=lambda pair: pair[1])
    print(f"{row[0]} rows of features; the most that any differs: {most:.2g} ({name})")
    if left := sorted(set(FEATURES) - set(compared)):
        print(f"not in floor.sql, so neither compared nor trained on there: {', '.join(left)}")
    errors = floor.execute(
        "SELECT (SELECT avg(absolute_error) FROM delta_prediction_accuracy WHERE system = 'xgboost' "
        "AND minutes > 0), (SELECT avg(absolute_error) FROM prediction_accuracy)"
    ).fetchone()
    print(f"MAE of xgboost: pipeline {errors[0]:.4f}, plain {errors[1]:.4f}")


def main() -> None:
    """Both, in one run on one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    landing = parser.parse_args().landing.absolute()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        wall = pipeline(home, landing)
        (home / "plain").mkdir()
        floor, connection = plain(landing, home / "plain")
        print(f"ratio                            {wall / floor:6.1f}")
        compare(home, connection)


if __name__ == "__main__":
    main()
