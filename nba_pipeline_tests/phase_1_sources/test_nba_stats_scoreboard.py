"""The scoreboard of a date, in both of its shapes."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from nba_pipeline import clock
from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching.fetch import fetch
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_stats_scoreboard import nba_stats_scoreboard, parse
from nba_pipeline.simulation import scoreboard
from nba_pipeline_tests.fetching.stats_host import FIRST, stats
from nba_pipeline_tests.league_files import change_games, games
from nba_pipeline_tests.local_host import Answer

DAY = date(2024, 1, 16)
FILE = SourceFile(f"nba_stats/scoreboard/{DAY}.json", "2023-24", DAY)
NEWER = json.loads(
    (Path(__file__).parents[1] / f"seeds/nba_stats/scoreboard/{DAY}.json").read_text()
)


def board(**changed: object) -> dict[str, object]:
    """A scoreboard of the newer shape whose first game is changed."""
    document = json.loads(json.dumps(NEWER))
    document["scoreboard"]["games"][0] |= changed
    return document


def test_the_sample_says_eleven_games_and_their_scores(samples) -> None:
    """Houston lost at Philadelphia, 115 to 124; all are over."""
    document = json.loads((samples / "nba_stats_scoreboardv2.json").read_text())
    file = SourceFile("nba_stats/scoreboard/2024-01-15.json", "2023-24", date(2024, 1, 15))
    parsed = parse(document, file)
    assert parsed.rejected.empty
    assert (len(parsed.rows), set(parsed.rows.status)) == (11, {"final"})
    columns = ["game_id", "away_team", "home_team", "away_score", "home_score"]
    assert list(parsed.rows.loc[0, columns]) == ["0022300555", "HOU", "PHI", 115, 124]


def test_of_two_scores_of_a_side_neither_is_believed(samples) -> None:
    """Of the older shape, which tells each side's points by itself; the same one twice is one."""
    document = json.loads((samples / "nba_stats_scoreboardv2.json").read_text())
    lines = next(part for part in document["resultSets"] if part["name"] == "LineScore")
    points = lines["headers"].index("PTS")
    again = [[*row] for row in lines["rowSet"][:3]]
    again[0][points] = 99
    lines["rowSet"] = [*again, *lines["rowSet"]]
    file = SourceFile("nba_stats/scoreboard/2024-01-15.json", "2023-24", date(2024, 1, 15))
    found = parse(document, file)
    assert [*found.rejected.rule] == ["bad_score"]
    assert len(found.rows) == 10


@pytest.mark.parametrize("more", [1, -4])
def test_of_a_side_s_line_of_another_length_no_score_is_believed(samples, more) -> None:
    """Its cells are not where the headers say: a field too many, or some too few."""
    document = json.loads((samples / "nba_stats_scoreboardv2.json").read_text())
    lines = next(part for part in document["resultSets"] if part["name"] == "LineScore")
    lines["rowSet"][0] = [0, *lines["rowSet"][0]][: len(lines["headers"]) + more]
    file = SourceFile("nba_stats/scoreboard/2024-01-15.json", "2023-24", date(2024, 1, 15))
    found = parse(document, file)
    assert [(r.rule, r.game_id) for r in found.rejected.itertuples()] == [
        ("bad_score", "0022300555")
    ]
    assert len(found.rows) == 10


@pytest.mark.parametrize("text", ["PPD", "Cancelled"])
def test_a_game_that_has_not_begun_has_no_score_and_a_postponed_one_is_told(text) -> None:
    """The source's zeros are none."""
    rows = parse(board(gameStatus=1, gameStatusText=text), FILE).rows
    assert list(rows.status) == ["postponed", "scheduled"]
    assert rows[["home_score", "away_score"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"gameId": "1"}, "bad_game_id"),
        ({"gameCode": "20240116/XXXPHI"}, "unknown_team"),
        ({"gameStatus": 4}, "bad_status"),
        ({"homeTeam": {"score": "many"}}, "bad_score"),
        ({"awayTeam": {"score": -1}}, "bad_score"),
        ({"homeTeam": {"score": 1104}}, "bad_score"),
        ({"gameStatusText": "PPD"}, "unknown_status"),
        ({"gameStatusText": "Cancelled"}, "unknown_status"),
        ({"gameStatusText": " 7:00 pm ET"}, "unknown_status"),
        ({"gameStatus": 2, "gameStatusText": "Postponed"}, "unknown_status"),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(changed, rule) -> None:
    """The other game is kept."""
    parsed = parse(board(**changed), FILE)
    assert list(parsed.rejected.rule) == [rule]
    assert list(parsed.rows.game_id) == ["0022300567"]


@pytest.mark.parametrize(
    ("status", "text"), [(3, "Final/OT2"), (3, None), (2, "Q4 5:12"), (2, "7:00 pm ET")]
)
def test_words_that_a_played_game_may_have_say_nothing_against_it(status, text) -> None:
    """A game just begun may still have its time beside it."""
    parsed = parse(board(gameStatus=status, gameStatusText=text), FILE)
    assert (len(parsed.rows), len(parsed.rejected)) == (2, 0)


@pytest.mark.parametrize("told", [{}, [], 7, {"scoreboard": {"games": []}}, board(homeTeam=3)])
def test_other_documents_are_of_another_shape(told) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="nba_stats/scoreboard/2024-01-16"):
        parse(told, FILE)


def test_an_exhibition_is_no_row_and_no_rejection() -> None:
    """Its teams are not the league's."""
    parsed = parse(board(gameId="0032300001", gameCode="20240218/WSTEST"), FILE)
    assert (len(parsed.rows), len(parsed.rejected)) == (1, 0)


def of_day(host) -> list[dict[str, Any]]:
    """The first day's games as its scoreboard has them."""
    own = [game for game in games(host.truth) if game["date"] == str(FIRST)]
    return scoreboard.board(FIRST, *own)["scoreboard"]["games"]


def test_a_running_day_is_asked_for_each_time_and_an_ended_one_once(tmp_path) -> None:
    """As the stored schedule has the day's games."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        told = of_day(host)
        answer = {"scoreboard": {"gameDate": str(FIRST), "games": told}}
        host.host.serve = lambda _question: Answer(json.dumps(answer).encode())
        host.leave_open()
        name = f"nba_stats/scoreboard/{FIRST}.json"
        with clock.set_to(datetime.combine(FIRST, time(23), clock.EASTERN)):
            assert fetch(nba_stats_scoreboard, [FIRST], host.access()).new == [name]
            assert fetch(nba_stats_scoreboard, [FIRST], host.access()).unchanged == [name]
        host.lay_schedule()
        assert fetch(nba_stats_scoreboard, [FIRST], host.access()).there == [name]
        assert host.host.asked[-1].query["GameDate"] == str(FIRST)


def test_a_board_is_asked_for_days_later_where_the_schedule_was_not(tmp_path) -> None:
    """It is the board that tells that the games are over; then it stands."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        host.leave_open()
        answer = {"scoreboard": {"gameDate": str(FIRST), "games": of_day(host)}}
        host.host.serve = lambda _question: Answer(json.dumps(answer).encode())
        for state in ("new", "there"):
            fetched = fetch(nba_stats_scoreboard, [FIRST], host.access())
            assert getattr(fetched, state) == [f"nba_stats/scoreboard/{FIRST}.json"]


def test_a_board_with_a_game_open_is_asked_for_again_though_the_schedule_has_moved_it(
    tmp_path,
) -> None:
    """It was asked for in the evening, before the game was called off; the next one says that."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        first, *others = of_day(host)

        def move(game: dict[str, Any]) -> None:
            if game["gameId"] == first["gameId"]:
                game["gameDateEst"] = f"{FIRST + timedelta(days=40)}T00:00:00Z"
                game |= {"gameDateTimeUTC": "", "gameStatus": 1, "gameStatusText": ""}

        change_games(host.landing, move)
        for text, state in (("7:00 pm ET", "new"), ("PPD", "changed"), ("PPD", "there")):
            board = [first | {"gameStatus": 1, "gameStatusText": text}, *others]
            answer = json.dumps({"scoreboard": {"gameDate": str(FIRST), "games": board}}).encode()
            host.host.serve = lambda _question, answer=answer: Answer(answer)
            fetched = fetch(nba_stats_scoreboard, [FIRST], host.access())
            assert getattr(fetched, state) == [f"nba_stats/scoreboard/{FIRST}.json"]


@pytest.mark.parametrize(
    ("earlier", "later", "stands"),
    [
        ((1, "7:00 pm ET"), (1, "PPD"), "postponed"),
        ((1, "PPD"), (1, "7:00 pm ET"), "scheduled"),
        ((3, "Final"), (1, "PPD"), "final"),
        ((2, "Q4 0:10"), (1, "7:00 pm ET"), "live"),
    ],
)
def test_of_a_date_s_boards_the_last_one_stands_unless_one_has_the_game_as_begun(
    tmp_path, earlier, later, stands
) -> None:
    """The one that is fetched is later than those in the date's folder."""
    place = tmp_path / "nba_stats/scoreboard"
    (place / str(DAY)).mkdir(parents=True)
    for path, (status, text) in (
        (place / f"{DAY}/evening.json", earlier),
        (place / f"{DAY}.json", later),
    ):
        path.write_text(json.dumps(board(gameStatus=status, gameStatusText=text)))
    rows = Landing(str(tmp_path)).load(nba_stats_scoreboard, [DAY]).rows
    first = NEWER["scoreboard"]["games"][0]["gameId"]
    assert rows.set_index("game_id").status[first] == stands
