"""BigDataBall's events: whose they are, in either format, and what of them is not taken."""

import ibis

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.phase_1_sources.bigdataball import bigdataball as source
from nba_pipeline.phase_1_sources.bigdataball import parse
from nba_pipeline.phase_2_raw import bigdataball_play_by_play as bigdataball
from nba_pipeline.phase_2_raw.bigdataball_play_by_play import BigdataballPlayByPlay
from nba_pipeline_tests.compiled_once import compiled_once
from nba_pipeline_tests.shot_rows import (
    DAY,
    GAME,
    PLAYS,
    ROSTER,
    SEASON,
    box_score,
    events,
    schedule,
    table,
)

transform = compiled_once(bigdataball.transform)
rejections = compiled_once(bigdataball.rejections)


def taken(*frames, roster=ROSTER) -> list[dict]:
    """The table's columns of its rows, in order of event, and the file that they are from."""
    rows = transform(table(*frames), schedule(), box_score(roster)).order_by("event_id")
    columns = BigdataballPlayByPlay.to_schema().columns
    return rows.select(*columns, "source_file").to_pyarrow().to_pylist()


def rejected(*frames, roster=ROSTER) -> list[dict]:
    """What was rejected."""
    rows = rejections(table(*frames), schedule(), box_score(roster)).to_pyarrow().to_pylist()
    return sorted(rows, key=lambda row: (row["source_file"], row["row_number"], row["rule"]))


def told(*frames, roster=ROSTER) -> list[tuple]:
    """Of what was rejected file, row, rule, value."""
    names = ("source_file", "row_number", "rule", "value")
    return sorted(tuple(row[n] for n in names) for row in rejected(*frames, roster=roster))


def test_old_and_new_format_give_the_same_rows() -> None:
    """Names alone, and names with ids in front; two Jalen Johnsons but for a suffix."""
    old, new = (taken(events(new_format=new_format)) for new_format in (False, True))
    assert old == new
    assert [row["player_id"] for row in old] == [1630552] * 4 + [2, 2, 3, 4]
    assert [row["assist_player_id"] for row in old] == [2] + [None] * 7
    assert [row["is_assisted"] for row in old] == [
        *(True, None, False, False, False, None, False, None)
    ]
    assert told(events()) == told(events(new_format=True)) == []


def test_a_game_is_the_same_under_every_kind_of_id() -> None:
    """Codes in either order and ids without zeros, mixed in one file."""
    parts = ["20250622_INDOKC", "20250622_OKC_IND", "42400407", GAME]
    mixed = [
        events(PLAYS[2 * n : 2 * n + 2], game_id=text, first=2 * n + 1)
        for n, text in enumerate(parts)
    ]
    assert taken(*mixed) == taken(events())
    assert {row["game_id"] for row in taken(*mixed)} == {GAME}


def test_a_game_that_the_schedule_does_not_have_is_told_row_by_row() -> None:
    """Another id, and another two teams."""
    lost = told(events(PLAYS[:1], game_id="42400406"), events(PLAYS[:1], game_id="20250622_LALBOS"))
    file = f"bigdataball/{DAY}/game.csv"
    assert lost == [
        (file, 0, "unknown_game", "0042400406"),
        (file, 0, "unknown_game", "BOS_LAL"),
    ]


def test_a_game_of_two_files_is_taken_from_the_fuller_one_and_the_other_is_told() -> None:
    """The file of the whole day has it again, and lacks the last play."""
    day = events(PLAYS[:-1], name="a_whole_day", game_id="42400407")
    assert [row["source_file"] for row in taken(events(), day)] == [
        f"bigdataball/{DAY}/game.csv"
    ] * len(PLAYS)
    assert told(events(), day) == [(f"bigdataball/{DAY}/a_whole_day.csv", 0, "repeated_game", GAME)]


def test_which_of_two_files_of_as_many_events_stands_is_no_matter_of_their_names() -> None:
    """One has another distance: under either pair of names the same rows are taken."""
    name, team, kind, subtype, result, _feet, when, assist = PLAYS[0]
    other = [(name, team, kind, subtype, result, "1", when, assist), *PLAYS[1:]]
    told_so = [
        taken(events(name=one), events(other, name=another))
        for one, another in (("a", "b"), ("b", "a"))
    ]
    assert {row["source_file"] for row in told_so[0]} != {row["source_file"] for row in told_so[1]}
    for rows in told_so:
        for row in rows:
            del row["source_file"]
    assert told_so[0] == told_so[1]


def test_too_few_players_in_the_box_score_reject_the_game_aloud() -> None:
    """Three of four is less than 95%: no row, and who is nobody is named."""
    roster = {who: shot for who, shot in ROSTER.items() if who[0] != 2}
    file = f"bigdataball/{DAY}/game.csv"
    for new_format in (False, True):
        plays = events(new_format=new_format)
        assert taken(plays, roster=roster) == []
        assert told(plays, roster=roster) == [
            (file, 0, "players_unmatched", "jarenjacksonjr"),
            (file, 0, "unmatched_player", "jarenjacksonjr"),
        ]


def test_one_unknown_of_twenty_is_told_and_the_game_is_taken() -> None:
    """Nineteen matched of twenty are 95%."""
    more = {(100 + n, f"Player {chr(97 + n)}", "OKC"): (0, 0) for n in range(16)}
    plays = [
        *PLAYS,
        *((name, "OKC", "rebound", "", "", "", "05:00", "") for _id, name, _team in more),
    ]
    roster = {who: shot for who, shot in (ROSTER | more).items() if who[0] != 115}
    assert len(taken(events(plays), roster=roster)) == len(plays)
    assert [line[2:] for line in told(events(plays), roster=roster)] == [
        ("unmatched_player", "playerp")
    ]


def test_a_row_of_two_unknowns_tells_each_in_its_field() -> None:
    """A shot of one on the pass of the other, among forty who are known."""
    more = {
        (100 + n, f"Player {chr(97 + n // 26)}{chr(97 + n % 26)}", "OKC"): (0, 0) for n in range(44)
    }
    names = [name for _id, name, _team in more]
    plays = [
        *PLAYS,
        *((name, "OKC", "rebound", "", "", "", "05:00", "") for name in names[2:]),
        (names[0], "OKC", "shot", "layup", "made", "2", "04:00", names[1]),
    ]
    roster = {who: shot for who, shot in (ROSTER | more).items() if who[1] not in names[:2]}
    lost = rejected(events(plays), roster=roster)
    assert {(row["row_number"], row["field"], row["value"], row["rule"]) for row in lost} == {
        (len(plays) - 1, "player", "playeraa", "unmatched_player"),
        (len(plays) - 1, "assist", "playerab", "unmatched_player"),
    }


def test_a_name_of_nobody_is_told_with_file_row_field_and_who_is_nearest() -> None:
    """Indiana's third player is not in the box score; those who are of his team are named."""
    roster = {who: shot for who, shot in ROSTER.items() if who[0] != 2}
    roster[5, "Jaron Jacksun", "IND"] = (0, 0)
    file = f"bigdataball/{DAY}/game.csv"
    for new_format in (False, True):
        few, nobody = rejected(events(PLAYS[4:], new_format=new_format), roster=roster)
        place = ("source_file", "row_number", "field", "rule", "game_id", "team_abbr")
        assert [nobody[name] for name in place] == [
            *(file, 0, "player", "unmatched_player", GAME, "IND")
        ]
        assert nobody["detail"] == (
            f"{file} row 0: jarenjacksonjr is no player for certain; nearest are "
            "Jaron Jacksun (IND, 5), Jalen Johnson (IND, 1630552)"
        )
        assert (few["rule"], few["field"]) == ("players_unmatched", "player")
        assert few["detail"] == (
            f"{file}: only 2 of 3 players of game {GAME} are in its box score, so that none of it "
            "is taken"
        )


def test_an_id_that_the_box_score_does_not_have_is_matched_by_the_name() -> None:
    """Of 999jalenjohnson the name is his; an id of the box score is believed before the name."""
    rows = events(PLAYS[:1], new_format=True)
    for number, player in ((999, 1630552), (2, 2)):
        changed = rows.assign(player_told_id=number)
        assert [row["player_id"] for row in taken(changed)] == [player]
        assert told(changed) == []


def test_a_game_of_no_id_is_told_with_its_field() -> None:
    """The code's two teams do not play on the date."""
    (lost,) = rejected(events(PLAYS[:1], game_id="20250622_LALBOS"))
    assert (lost["row_number"], lost["field"], lost["value"], lost["rule"]) == (
        *(0, "game_id", "BOS_LAL", "unknown_game"),
    )


def test_a_team_without_a_roster_is_not_asked_who_its_players_are() -> None:
    """Its box score is a gap of its own; the other team's players are known all the same."""
    roster = {who: shot for who, shot in ROSTER.items() if who[2] == "IND"}
    rows = taken(events(), roster=roster)
    assert [row["player_id"] for row in rows] == [1630552] * 4 + [2, 2, None, None]
    assert told(events(), roster=roster) == []


def test_a_name_that_a_suffix_sets_apart_is_found_without_it() -> None:
    """Robert Williams is Robert Williams III: nobody else of his team has the name."""
    plays = [("Robert Williams", *PLAYS[-1][1:])]
    assert [row["player_id"] for row in taken(events(plays))] == [4]


def test_the_sample_s_points_are_the_final_score(samples) -> None:
    """Twos, threes and free throws made come to 91 and 103, and every player is found by name."""
    name = "bigdataball_play_by_play_2025-06-22.csv.gz"
    file = SourceFile(f"bigdataball/{DAY}/{name}", SEASON, DAY)
    rows = parse(source.decoded((samples / name).read_bytes(), name), file).rows
    names = rows[["player_lookup", "event_team"]].dropna().drop_duplicates()
    roster = {
        (number, lookup, team): (0, 0)
        for number, (lookup, team) in enumerate(names.itertuples(index=False), 1)
    }
    found = transform(table(rows), schedule(), box_score(roster))
    points = ibis.cases((~found.is_field_goal, 1), (found.is_three, 3), else_=2)
    scored = found.filter(found.is_made).mutate(points=points).group_by("team_abbr")
    scored = scored.agg(points=lambda t: t.points.sum()).to_pandas()
    assert dict(zip(scored.team_abbr, scored.points, strict=True)) == {"IND": 91, "OKC": 103}
    assert found.filter(found.is_field_goal & found.player_id.isnull()).count().execute() == 0
