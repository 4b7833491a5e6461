"""What the landing zone of a lived season holds at a moment is what was known at it."""

import csv
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, simulate
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline_tests.replay.known import Known, Moment

LEAGUE = League(teams=6, days=24, seed=8, injuries=0.04, spoken_names=True)
FIRST = calendar.season(LEAGUE.season).first
LAST = FIRST + timedelta(days=LEAGUE.days - 1)


class Lived:
    """Every other source's files as they were at each moment."""

    def __init__(self, folder: Path) -> None:
        self.known = Known(
            simulate(LEAGUE), folder, dated="player", last=LAST, seed=4, also=ALL_SOURCES
        )
        self.at: dict[Moment, dict[str, str]] = {}
        for day in calendar.season_days(FIRST, LAST + timedelta(days=2)):
            for moment in (Moment(day, "morning"), Moment(day, "night")):
                self.known.write(moment)
                self.at[moment] = {
                    str(path.relative_to(folder)): path.read_text()
                    for path in folder.rglob("*.*")
                    if "league_game_log" not in str(path) and "schedule" not in str(path)
                }

    def of(self, day: date, part: str, place: str) -> dict[str, str]:
        """The files of a source that speak of the date, as they were at the moment."""
        files = self.at[Moment(day, part)]
        return {p: text for p, text in files.items() if p.startswith(place) and str(day) in p}


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> Lived:
    """The season, moment by moment."""
    return Lived(tmp_path_factory.mktemp("landing"))


def test_no_file_speaks_of_a_later_date(lived) -> None:
    """Of dated files their path says it; a game's play by play comes after the game."""
    days = {game["gameId"]: game["gameDateEst"][:10] for game in simulate(LEAGUE).games}
    for moment, files in lived.at.items():
        for path in files:
            if path.startswith("nba_cdn"):
                day = date.fromisoformat(days[Path(path).stem])
                assert Moment(day, "night") <= moment
            else:
                dated = re.search(r"\d{4}-\d\d-\d\d", path)
                assert dated is not None
                assert date.fromisoformat(dated[0]) <= moment.day, path


def test_shots_come_at_night_and_those_of_an_open_game_when_it_is_final(lived) -> None:
    """In the morning none of the day; at night all but the open games' and the lost one's."""
    lost, opened = set(lived.known.told.lost_shots), set()
    for text in lived.known.told.days:
        day = date.fromisoformat(text)
        assert not lived.of(day, "morning", "nba_stats/shot_chart_detail")
        games = lived.known.told.games
        ids = set(games.game_id[games.game_date == text])
        late = {i for i in ids if lived.known.incidents.get(i) == "open"}
        opened |= late
        for when, wanted in ((day, ids - lost - late), (day + timedelta(days=1), ids - lost)):
            files = lived.at[Moment(when, "night")]
            chart = files.get(f"nba_stats/shot_chart_detail/2023-24/{day}.json")
            rows = json.loads(chart)["resultSets"][0]["rowSet"] if chart else []
            assert {row[0] for row in rows} == wanted
    assert opened


def test_lines_of_the_morning_are_not_yet_those_of_the_close(lived) -> None:
    """One snapshot, then two; of the consensus somebody who is then out has gone."""
    gone = 0
    for text in lived.known.told.days_with_odds:
        day = date.fromisoformat(text)
        games = lived.known.told.games
        count = int((games.game_date == text).sum())
        assert len(lived.of(day, "morning", "odds_api/player_points")) == count
        assert len(lived.of(day, "night", "odds_api/player_points")) == 2 * count
    for text in lived.known.told.days:
        day = date.fromisoformat(text)
        slugs = []
        for part in ("morning", "night"):
            for content in lived.of(day, part, "bettingpros").values():
                rows = csv.DictReader(content.splitlines())
                slugs.append({row["player_slug"] for row in rows})
        if slugs:
            assert slugs[1] <= slugs[0]
            gone += len(slugs[0] - slugs[1])
    assert gone > 0


def test_the_evenings_report_and_the_late_entries_are_not_there_in_the_morning(lived) -> None:
    """Some transactions of a date are, some come by tip-off; none goes away."""
    early = late = 0
    for text in lived.known.told.days_spoken_of:
        day = date.fromisoformat(text)
        if day > LAST:
            continue
        names = [p[-9:-5] for p in lived.of(day, "morning", "nba_injury_report")]
        assert names in ([], ["09AM"])
        entries = [
            [
                line
                for content in lived.of(day, part, "prosports").values()
                for line in content.splitlines()[1:]
            ]
            for part in ("morning", "night")
        ]
        assert set(entries[0]) <= set(entries[1])
        early, late = early + len(entries[0]), late + len(entries[1]) - len(entries[0])
    assert early > 3
    assert late > 3


def test_a_scoreboard_says_what_has_happened_and_a_crew_changes_by_tip_off(lived) -> None:
    """Scheduled in the morning, final at night but for open games; each crew has another chief."""
    opened = {g for g, what in lived.known.incidents.items() if what == "open"}
    assert opened
    for text in lived.known.told.days:
        day, games = date.fromisoformat(text), lived.known.told.games
        ids = set(games.game_id[games.game_date == text])
        for part, wanted in (
            ("morning", dict.fromkeys(ids, 1)),
            ("night", {game_id: 2 if game_id in opened else 3 for game_id in ids}),
        ):
            (content,) = lived.of(day, part, "nba_stats/scoreboard").values()
            told = json.loads(content)["scoreboard"]["games"]
            assert {game["gameId"]: game["gameStatus"] for game in told} == wanted
        chiefs = [
            {
                row["game_id"]: row["official1"]
                for row in json.loads(content)["nba"]["Table"]["rows"]
            }
            for part in ("morning", "night")
            for content in lived.of(day, part, "nba_referee_assignments").values()
        ]
        assert set(chiefs[0]) == set(chiefs[1]) == ids
        assert all(chiefs[0][game_id] != chiefs[1][game_id] for game_id in ids)


def test_the_fallback_has_every_third_dates_final_games(lived) -> None:
    """The one of which the log lacks a team apart."""
    told = lived.known.told
    for place, text in enumerate(told.days):
        day = date.fromisoformat(text)
        assert not lived.of(day, "morning", "balldontlie")
        files = lived.at[Moment(day + timedelta(days=1), "night")]
        path = f"balldontlie/box_scores/{day}.json"
        found = (
            {line["game"]["id"] for line in json.loads(files[path])["data"]}
            if path in files
            else set()
        )
        games = told.games
        wanted = (
            set(games.game_id[games.game_date == text].astype(int)) if place % 3 == 0 else set()
        )
        assert found == wanted - {int(game_id) for game_id, _team in told.lost_sides}


def test_in_the_end_everything_is_there(lived) -> None:
    """The same entries, lines, reports and shots as the season's own files have."""
    last = lived.at[max(lived.at)]
    whole = {str(file.path): file.text for file in lived.known.told.files()}
    dated = {path for path in whole if "2023-24." not in path}
    assert {path: last[path] for path in dated} == {path: whole[path] for path in dated}
    for place in ("bettingpros/player_points/2023-24", "prosportstransactions/2023-24"):
        by_day = [last[path].splitlines() for path in sorted(last) if path.startswith(f"{place}/")]
        season = whole[f"{place}.csv"].splitlines()
        assert [line for lines in by_day for line in lines[1:]] == season[1:]


def test_nothing_changes_where_nothing_is_new(tmp_path) -> None:
    """Written twice at a moment, no file is written again."""
    known = Known(simulate(LEAGUE), tmp_path, dated="team", last=LAST, seed=4, also=ALL_SOURCES)
    assert known.write(Moment(LAST, "night"))
    assert known.write(Moment(LAST, "night")) == []
