"""What other sources say of the simulated season agrees with what was played, in their own shapes."""

import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean, median

import pytest

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league.identity import team_named
from nba_pipeline.phase_1_sources.nba_injury_report import nba_injury_report
from nba_pipeline.simulation import odds
from nba_pipeline.simulation.league import HEADERS, League, Simulated, write_landing
from nba_pipeline.simulation.names import at_bookmaker, last_first, slug, spoken_name
from nba_pipeline.simulation.sources import ALL_SOURCES, NO_SOURCES, Sources


def _lines(played: Simulated) -> dict[tuple[str, int], dict]:
    lines = [dict(zip(HEADERS["player"], line, strict=True)) for line in played.lines["player"]]
    return {(line["GAME_ID"], line["PLAYER_ID"]): line for line in lines}


def _chart(landing: Path) -> list[dict]:
    result = json.loads((landing / "nba_stats/shot_chart_detail/2023-24.json").read_text())
    result = result["resultSets"][0]
    return [dict(zip(result["headers"], row, strict=True)) for row in result["rowSet"]]


def _csv(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def _json(path: Path) -> dict:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def test_shots_add_up_to_every_line_of_the_games_that_have_them(landing, played, told) -> None:
    """Attempts and makes, of threes and in all; the one lost game has none."""
    sums: dict[tuple, Counter] = defaultdict(Counter)
    for row in _chart(landing):
        is_three = row["SHOT_TYPE"] == "3PT Field Goal"
        assert (row["EVENT_TYPE"] == "Made Shot") == row["SHOT_MADE_FLAG"]
        sums[row["GAME_ID"], row["PLAYER_ID"]].update(
            FGA=1, FGM=row["SHOT_MADE_FLAG"], FG3A=is_three, FG3M=is_three * row["SHOT_MADE_FLAG"]
        )
    assert len(told.lost_shots) == 1
    for key, line in _lines(played).items():
        wanted = {name: line[name] for name in ("FGA", "FGM", "FG3A", "FG3M")}
        if key[0] in told.lost_shots:
            wanted = dict.fromkeys(wanted, 0)
        assert {name: sums[key][name] for name in wanted} == wanted


def test_a_shots_zone_is_that_of_its_distance(landing) -> None:
    """A three is from 22 feet or more, and no two from the paint's eight feet is called mid-range."""
    counts: Counter = Counter()
    for row in _chart(landing):
        if row["SHOT_TYPE"] == "3PT Field Goal":
            assert row["SHOT_DISTANCE"] >= 22
            counts["three"] += 1
            continue
        is_paint = row["SHOT_DISTANCE"] <= 8
        assert is_paint == (row["SHOT_ZONE_BASIC"] != "Mid-Range")
        counts["paint" if is_paint else "mid_range"] += 1
    assert min(counts.values()) > 0.1 * counts.total()


def test_play_by_play_scores_every_players_points_and_ends_at_the_games_score(
    landing, played, told
) -> None:
    """Field goals and free throws per player; assists are a team-mate's and at most those of his line."""
    lines = _lines(played)
    files = sorted((landing / "nba_cdn/play_by_play").glob("*.json"))
    assert [path.stem for path in files] == told.games_with_plays
    assert len(files) >= 5
    and_ones = assisted = 0
    for path in files:
        actions = _json(path)["game"]["actions"]
        sums: dict[int, Counter] = defaultdict(Counter)
        team_of = {p: line["TEAM_ABBREVIATION"] for (g, p), line in lines.items() if g == path.stem}
        for before, action in zip([actions[0], *actions], actions, strict=False):
            kind, is_made = action["actionType"], action.get("shotResult") == "Made"
            worth = {"2pt": 2, "3pt": 3, "freethrow": 1}.get(kind, 0)
            sums[action["personId"]].update(
                FGA=action["isFieldGoal"], FTA=kind == "freethrow", PTS=worth * is_made
            )
            if passer := action.get("assistPersonId"):
                assert is_made
                assert passer != action["personId"]
                assert team_of[passer] == action["teamTricode"]
                sums[passer]["AST"] += 1
                assisted += 1
            if kind == "freethrow" and action["subType"] == "1 of 1" and "descriptor" not in action:
                assert (before["actionType"], before["clock"]) == ("foul", action["clock"])
                assert before["qualifiers"] == ["1freethrow"]
                and_ones += 1
        for player in team_of:
            line, found = lines[path.stem, player], sums[player]
            assert [found[n] for n in ("FGA", "FTA", "PTS")] == [
                line["FGA"],
                line["FTA"],
                line["PTS"],
            ]
            assert found["AST"] <= line["AST"]
        game = next(game for game in played.games if game["gameId"] == path.stem)
        assert actions[-1]["scoreHome"] == str(game["homeTeam"]["score"])
        assert actions[-1]["scoreAway"] == str(game["awayTeam"]["score"])
        assert [a["actionNumber"] for a in actions] == list(range(1, len(actions) + 1))
    assert and_ones > 10
    assert assisted > 100


def test_who_is_told_to_be_out_does_not_play_and_comes_back_when_he_does(landing, played) -> None:
    """By the entries of the file alone: after Relinquished no line until Acquired or the next game."""
    days: dict[tuple, list[str]] = defaultdict(list)
    for line in _lines(played).values():
        days[slug(line["PLAYER_NAME"])].append(line["GAME_DATE"])
    entries = _csv(landing / "prosportstransactions/2023-24.csv")
    assert {bool(entry["Acquired"]) for entry in entries} == {True, False}
    for entry in entries:
        assert bool(entry["Acquired"]) != bool(entry["Relinquished"])
        name = (entry["Acquired"] or entry["Relinquished"]).split(" / ")[0].split(" (")[0]
        played_on, day = sorted(days[slug(name)]), entry["Date"]
        assert played_on[-1] >= day
        if entry["Relinquished"]:
            assert day not in played_on
            assert played_on[-1] > day
        team_named(entry["Team"])


def test_absences_are_the_games_between_two_of_a_player_without_a_line(told, played) -> None:
    """Counted game by game, for players of one team."""
    lines = _lines(played)
    teams: dict[int, set] = defaultdict(set)
    for line in lines.values():
        teams[line["PLAYER_ID"]].add(line["TEAM_ABBREVIATION"])
    missed = set()
    for player, of in teams.items():
        if len(of) == 1:
            ids = [
                game["gameId"]
                for game in played.games
                if of & {game["homeTeam"]["teamTricode"], game["awayTeam"]["teamTricode"]}
            ]
            own = [n for n, game_id in enumerate(ids) if (game_id, player) in lines]
            span = ids[own[0] : own[-1] + 1]
            missed |= {(game_id, player) for game_id in span if (game_id, player) not in lines}
    found = {
        (row.game_id, row.player_id)
        for row in told.absences.itertuples()
        if len(teams[row.player_id]) == 1
    }
    assert found == missed
    assert found


def test_the_injury_reports_are_taken_whole_by_the_sources_own_parser(landing, played) -> None:
    """Every record a row; Out of the evening's report misses the game; of Questionable some play."""
    lines, counts = set(), Counter()
    for line in _lines(played).values():
        lines.add((line["GAME_DATE"], slug(line["PLAYER_NAME"]).replace("-", "")))
    files = sorted((landing / "nba_injury_report").rglob("*.json"))
    assert {path.stem[-4:] for path in files} == {"09AM", "05PM"}
    for path in files:
        document = _json(path)
        parsed = nba_injury_report.parse(document, SourceFile(path.name, "2023-24"))
        assert len(parsed.rejected) == 0
        assert len(parsed.rows) == len(document["records"])
        if path.stem.endswith("05PM"):
            for record in document["records"]:
                last, first = record["player"].split(", ")
                name = slug(f"{first} {last}").replace("-", "")
                counts[record["status"], (path.parent.name, name) in lines] += 1
    assert counts["Out", True] == counts["Doubtful", True] == 0
    assert min(counts[key] for key in (("Out", False), ("Questionable", True))) > 5
    assert min(counts[key] for key in (("Questionable", False), ("Probable", True))) > 5


def _main_lines(book: dict) -> dict[str, float]:
    """Per slug without its suffix, the point whose price is nearest to even."""
    nearest: dict[str, tuple[float, float]] = {}
    for outcome in book["markets"][0]["outcomes"]:
        if outcome["name"] == "Over":
            name = slug(outcome["description"].removesuffix(" Jr").removesuffix(" Jr."))
            said = abs(abs(outcome["price"]) - 100), outcome["point"]
            nearest[name] = min(nearest.get(name, said), said)
    return {name: point for name, (_distance, point) in nearest.items()}


def test_the_median_of_the_books_main_lines_is_the_true_line(landing, told) -> None:
    """At the last snapshot; the book whose prices are none is left out, the alternates are not."""
    found: dict[tuple, list] = defaultdict(list)
    days, longest = set(), 0
    for path in sorted((landing / "odds_api/player_points").rglob("*.json")):
        event = _json(path)
        assert event["data"]["commence_time"] > event["timestamp"]
        days.add(path.parent.name)
        for book in event["data"]["bookmakers"]:
            outcomes = book["markets"][0]["outcomes"]
            is_absurd = book["key"] == odds.ABSURD
            assert {abs(outcome["price"]) < 100 for outcome in outcomes} == {is_absurd}
            if not is_absurd and "T133000" not in path.name:
                for name, point in _main_lines(book).items():
                    found[path.parent.name, name].append(point)
                    longest = max(longest, len(outcomes) // len(_main_lines(book)))
    closed = told.points_lines[told.points_lines.is_closed]
    expected = {
        (row.game_date, slug(row.player_name.removesuffix(" Jr."))): row.line
        for row in closed.itertuples()
        if row.game_date in told.days_with_odds
    }
    assert days == set(told.days_with_odds)
    assert {key: median(points) for key, points in found.items()} == expected
    assert {len(points) for points in found.values()} == {len(odds.BOOKS)}
    assert longest == 14


def test_the_consensus_has_the_same_lines_by_slug(landing, told) -> None:
    """One per player and day; over_odds are american, with their sign."""
    rows = _csv(landing / "bettingpros/player_points/2023-24.csv")
    closed = told.points_lines[told.points_lines.is_closed]
    assert {(row["date"], row["player_slug"], float(row["points_line"])) for row in rows} == {
        (row.game_date, slug(row.player_name), row.line) for row in closed.itertuples()
    }
    assert len({(row["date"], row["player_slug"]) for row in rows}) == len(rows) > 100
    assert all(row["over_odds"][0] in "+-" and abs(int(row["over_odds"])) >= 100 for row in rows)


def test_a_line_is_made_of_the_ten_games_before_it(played, told) -> None:
    """Within five points of their mean, and on neither side of it more often than not."""
    points: dict[int, list[tuple]] = defaultdict(list)
    for line in _lines(played).values():
        points[line["PLAYER_ID"]].append((line["GAME_DATE"], line["PTS"]))
    misses = []
    for row in told.points_lines.itertuples():
        before = [scored for day, scored in sorted(points[row.player_id]) if day < row.game_date]
        assert len(before) >= 3
        misses.append(row.line - mean(before[-10:]))
    assert max(map(abs, misses)) < 5
    assert abs(mean(misses)) < 0.2


@pytest.mark.parametrize(
    ("source", "spelling"), [("bettingpros", slug), ("injury report", last_first)]
)
def test_names_are_unlike_each_other_in_every_spelling(source, spelling) -> None:
    """Among 900 players, as many as ten seasons of thirty teams have."""
    spelled = {spelling(spoken_name(place)) for place in range(900)}
    assert len(spelled) == 900, source


def test_names_are_spelled_as_each_source_spells_them() -> None:
    """Real names, whose spellings are in the sources' real files."""
    assert slug("Gary Trent Jr.") == "garytrent-jr"
    assert slug("Jimmy Butler III") == "jimmybutler"
    assert slug("Shai Gilgeous-Alexander") == "shaigilgeous-alexander"
    assert slug("Royce O'Neale") == "royceoneale"
    assert last_first("David Duke Jr.") == "Duke Jr., David"
    assert at_bookmaker("Nikola Jokić", "draftkings") == "Nikola Jokic"
    assert at_bookmaker("Jabari Smith Jr.", "fanduel") == "Jabari Smith Jr"


def test_a_source_that_is_switched_off_writes_nothing_and_changes_nothing_else(tmp_path) -> None:
    """Shots alone are the same shots; the logs are those of no source at all."""
    small = League(teams=4, days=12, seed=3)
    for name, also in (("none", NO_SOURCES), ("shots", Sources(shots=True)), ("all", ALL_SOURCES)):
        write_landing(tmp_path / name, small, also=also)
    written = {
        name: {
            str(path.relative_to(tmp_path / name)): path.read_bytes()
            for path in (tmp_path / name).rglob("*.*")
        }
        for name in ("none", "shots", "all")
    }
    assert {path.split("/")[1] for path in written["none"]} == {"schedule", "league_game_log"}
    assert set(written["shots"]) - set(written["none"]) == {
        "nba_stats/shot_chart_detail/2023-24.json"
    }
    assert written["none"].items() <= written["shots"].items()
    lines = "nba_stats/league_game_log/player/2023-24.json"
    assert written["none"].items() - written["all"].items() == {(lines, written["none"][lines])}
