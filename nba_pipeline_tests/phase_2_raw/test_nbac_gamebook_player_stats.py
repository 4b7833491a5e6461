"""Everybody's status in a game: who the surnames of the inactive mean."""

import json
import shutil
from datetime import date

import ibis
import pandas as pd
import pytest

from nba_pipeline.kernel.source import REJECTED_TYPES, SourceFile, rejection
from nba_pipeline.league.identity import normalise_name
from nba_pipeline.phase_2_raw import nbac_gamebook_player_stats as gamebook
from nba_pipeline.phase_2_raw.nbac_gamebook_player_stats import unlike_box_score
from nba_pipeline_tests.compiled_once import compiled_once
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.phase_1_sources.test_nba_gamebook import of_sample

transform, rejections = compiled_once(gamebook.transform), compiled_once(gamebook.rejections)
GAME, DAY, FILE = "0022301158", date(2024, 4, 10), "nba_gamebook/0022301158.pdf"
SEEN, LATER = date(2023, 11, 1), date(2024, 1, 10)
OTHER = {"game_id": "0022301159", "home_team": "MEM", "away_team": "BOS"}
KNOWN = [
    (1, "GG Jackson", "MEM", SEEN),
    (2, "Jaren Jackson Jr.", "MEM", SEEN),
    (3, "Vince Williams Jr.", "MEM", SEEN),
    (4, "Ziaire Williams", "MEM", SEEN),
    (5, "Derrick Rose", "MEM", SEEN),
    (6, "Steven Adams", "MEM", SEEN),
    (6, "Steven Adams", "HOU", date(2024, 2, 1)),
    (7, "Luc Mbah a Moute", "MEM", SEEN),
    (8, "Desmond Bane", "MEM", SEEN),
    (9, "D\u0101vis Bert\u0101ns", "MEM", SEEN),
    (10, "Trey Jemison", "MEM", date(2024, 4, 11)),
    (11, "John Konchar", "MEM", SEEN),
    (12, "Vernon Konchar", "MEM", SEEN),
]
NUMBERS = ["minutes", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast"]
NUMBERS += ["stl", "blk", "tov", "pf", "pts", "plus_minus"]


def document(*said: tuple[int, str, str, str | None], game: str = GAME) -> ibis.Table:
    """A box score document of Memphis: the team's line, and (player_id, name, status, reason)."""
    said = ((None, None, None, None), *said)
    rows = [
        {
            "source_file": f"nba_stats/boxscore/{game}.json",
            "row_number": number,
            "game_id": game,
            "game_date": DAY,
            "team_abbr": "MEM",
            "is_of_team": player is None,
            "player_id": player,
            "player_name": name,
            "player_lookup": name and normalise_name(name),
            "status": status,
            "dnp_reason": reason,
            "is_starter": name == "GG Jackson",
            **dict.fromkeys(NUMBERS, 20 if status == "active" else None),
        }
        for number, (player, name, status, reason) in enumerate(said)
    ]
    texts = dict.fromkeys(("player_name", "player_lookup", "status", "dnp_reason"), "string")
    kinds = texts | {"player_id": "int64"} | dict.fromkeys(NUMBERS, "float64")
    return ibis.memtable(rows).cast(kinds)


def refused(*teams: str) -> ibis.Table:
    """A rejected line per team of the game."""
    lines = [
        rejection(
            SourceFile(FILE, "2023-24", DAY, game_id=GAME),
            *("contradicting_line", f"a line of {team}"),
            row_number=20 + number,
            game_id=GAME,
            team_abbr=team,
            field="line",
        )
        for number, team in enumerate(teams)
    ]
    kinds = {name: "int64" if name == "row_number" else "string" for name in REJECTED_TYPES}
    return ibis.memtable(lines, schema=kinds | {"game_date": "date"})


def inputs(*said: tuple[str, str], known=KNOWN) -> dict[str, ibis.Table]:
    """Inputs of Memphis's players of (name, status), all of one game; Jackson's line is in the box."""
    rows = [
        {
            "source_file": FILE,
            "row_number": number,
            "game_id": GAME,
            "game_date": DAY,
            "team_abbr": "MEM",
            "away_team": "MEM",
            "home_team": "CLE",
            "player_name": name,
            "player_lookup": normalise_name(name),
            "status": status,
            "dnp_reason": None,
            "starter": False,
            **dict.fromkeys(NUMBERS, 22 if status == "active" else None),
        }
        for number, (name, status) in enumerate(said)
    ]
    schedule = {
        "game_id": GAME,
        "game_date": DAY,
        "season": "2023-24",
        "season_type": "regular",
        "status": "final",
        "home_team": "CLE",
        "away_team": "MEM",
        "home_score": 110,
        "away_score": 98,
    }
    names = [
        {
            "season": "2023-24",
            "player_id": player,
            "player_lookup": normalise_name(name),
            "team_abbr": team,
            "player_name": name,
            "known_from": day,
        }
        for player, name, team, day in known
    ]
    box = {"season": "2023-24", "player_id": 1, "player_lookup": "ggjackson", "game_id": GAME}
    box |= {"team_abbr": "MEM", "player_name": "GG Jackson", "game_date": DAY, "pts": 22}
    box |= {"minutes": 31.0}
    texts = ("source_file", "game_id", "team_abbr", "away_team", "home_team")
    texts += ("player_name", "player_lookup", "status")
    kinds = dict.fromkeys((*texts, "dnp_reason"), "string") | dict.fromkeys(NUMBERS, "int64")
    kinds |= {"row_number": "int64", "game_date": "date", "starter": "boolean"}
    return {
        "nba_gamebook": ibis.memtable(rows, schema=kinds),
        "nba_gamebook_rejected": refused(),
        "nba_stats_boxscore": document(),
        "nba_stats_boxscore_rejected": refused(),
        "nbac_schedule": ibis.memtable([schedule, schedule | OTHER]),
        "nbac_player_boxscore": ibis.memtable([box]),
        "known_players": ibis.memtable(names),
    }


def found(*said: tuple[str, str]) -> list[tuple[int, str]]:
    """Who was found: (player_id, player_lookup), in the file's order."""
    rows = transform(**inputs(*said)).to_pandas().sort_values("row_number")
    return list(zip(rows.player_id, rows.player_lookup, strict=True))


def lost(*said: tuple[str, str]) -> dict[str, str]:
    """Who was not: the name and the detail."""
    rows = rejections(**inputs(*said)).to_pandas()
    return dict(zip(rows.value, rows.detail, strict=True))


PLAYED = (("GG Jackson", "active"),)


SURNAMES = {
    "Bane": (8, "desmondbane"),
    "Jackson": (2, "jarenjacksonjr"),
    "Mbah a Moute": (7, "lucmbahamoute"),
    "Bertans": (9, "davisbertans"),
    "Derrick Rose": (5, "derrickrose"),
    "Williams Jr.": (3, "vincewilliamsjr"),
}


def test_a_surname_is_the_one_player_of_the_team_who_has_it_and_did_not_play() -> None:
    """With its suffix, without it, of several words, with accents folded, or as a whole name."""
    assert found(*PLAYED, *((name, "inactive") for name in SURNAMES)) == [
        (1, "ggjackson"),
        *SURNAMES.values(),
    ]


def test_a_surname_that_may_be_anybody_s_is_told_with_the_nearest() -> None:
    """Two have it, he is with another team by now, nobody knew him yet, or it is a part of a name."""
    said = ["Konchar", "Adams", "Jemison", "Se", "Ackson", "Moute"]
    told = lost(*PLAYED, *((name, "inactive") for name in said))
    assert set(told) == set(said)
    assert f"{FILE} row 1: Konchar is no player for certain; nearest are" in told["Konchar"]
    assert "John Konchar (MEM, 11)" in told["Konchar"]


def test_williams_means_the_one_who_is_not_listed_otherwise() -> None:
    """Both are meant by the surname alone; one of them was listed with his whole name."""
    assert found(("Williams", "inactive")) == [(4, "ziairewilliams")]
    assert found(("Ziaire Williams", "dnp"), ("Williams", "inactive")) == [
        (4, "ziairewilliams"),
        (3, "vincewilliamsjr"),
    ]


def test_a_surname_is_nobody_who_played() -> None:
    """A surname of one who is listed in whole is only his if he is listed twice."""
    assert set(lost(*PLAYED, ("Jackson Jr.", "inactive"), ("Jackson", "inactive"))) == {"Jackson"}
    told = lost(*PLAYED, ("Desmond Bane", "dnp"), ("Desmond Bane", "inactive"))
    assert told["Desmond Bane"].endswith(
        "row 2: Desmond Bane is desmondbane, who is listed already"
    )


@pytest.mark.parametrize(
    ("minutes", "jaren", "meant"), [(31.0, True, [2]), (31.0, False, []), (0.0, False, [1])]
)
def test_a_surname_is_nobody_who_played_by_the_box_score(minutes, jaren, meant) -> None:
    """GG Jackson's line of the book is rejected: the inactive one is another, or nobody is known."""
    known = [who for who in KNOWN if jaren or who[0] != 2]
    tables = inputs(("Jackson", "inactive"), known=known)
    tables["nba_gamebook_rejected"] = refused("MEM")
    box = tables["nbac_player_boxscore"].mutate(minutes=ibis.literal(minutes))
    tables["nbac_player_boxscore"] = box
    assert transform(**tables).to_pandas().player_id.tolist() == meant
    told = rejections(**tables).to_pandas()
    expected = [] if meant else [("unmatched_player", "Jackson")]
    assert list(zip(told.rule, told.value, strict=True)) == expected


def test_somebody_s_first_game_makes_his_name_known_to_its_own_book() -> None:
    """Nobody knew him by that date but the game's box score."""
    tables = inputs(*PLAYED, known=[KNOWN[1]])
    assert list(transform(**tables).to_pandas().player_id) == [1]


@pytest.mark.parametrize(
    ("known", "listed"),
    [
        ([("Shaq Buchanan", "MEM", SEEN), ("Shaq Buchanan", None, LATER)], "Buchanan"),
        ([("Jake LaRavia", "MEM", SEEN), ("Jake LaRavia", "SAC", LATER)], "LaRavia"),
        ([("Alan Bane", "MEM", SEEN), ("Alan Bane", "SAC", LATER)], "Bane"),
        ([("Jimmy Butler", "MEM", SEEN), ("Jimmy Butler III", "MEM", LATER)], "Jimmy Butler"),
        ([], "New Man"),
    ],
)
def test_a_book_s_names_mean_the_same_whatever_box_scores_are_at_hand(known, listed) -> None:
    """He played for the team five days before: a range has that box score, a date alone has not."""
    names = [(20, *each) for each in known]
    alone = inputs(*PLAYED, (listed, "inactive"), known=[*KNOWN, *names])
    box = alone["nbac_player_boxscore"]
    name = known[0][0] if known else listed
    before = {"game_id": "0022301100", "game_date": date(2024, 4, 5), "team_abbr": "MEM"}
    before |= {"player_id": 20, "player_name": name, "player_lookup": normalise_name(name)}
    line = box.to_pandas().iloc[0].to_dict() | before
    ranged = alone | {"nbac_player_boxscore": box.union(ibis.memtable([line]).cast(box.schema()))}
    for told in (transform, rejections):
        one, many = (told(**t).order_by("row_number").to_pandas() for t in (alone, ranged))
        pd.testing.assert_frame_equal(one, many)
    book = transform(**alone).to_pandas()
    assert len(book) + len(rejections(**alone).to_pandas()) == 2


def test_other_points_than_in_the_box_score_are_told() -> None:
    """22 in both is none; a player whom the box score lacks is one."""
    tables = inputs(*PLAYED, ("Derrick Rose", "active"))
    rows = unlike_box_score(transform(**tables), tables["nbac_player_boxscore"])
    assert list(rows.to_pandas().player_lookup) == ["derrickrose"]


def test_a_game_without_a_book_has_the_players_of_its_box_score() -> None:
    """With their ids, and no team's line; a team that its book has keeps it, however few."""
    said = ((1, "GG Jackson", "active", None), (99, "Not Known", "dnp", "DND - Rest"))
    tables = inputs(*PLAYED) | {"nba_stats_boxscore": document(*said, game=OTHER["game_id"])}
    rows = transform(**tables).to_pandas().sort_values(["game_id", "player_id"])
    columns = ["game_id", "player_id", "status", "dnp_reason", "starter", "pts", "source_name"]
    rows = rows[columns].astype("object")
    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        [GAME, 1, "active", None, False, 22, "nba_gamebook"],
        [OTHER["game_id"], 1, "active", None, True, 20, "nba_stats_boxscore"],
        [OTHER["game_id"], 99, "dnp", "DND - Rest", False, None, "nba_stats_boxscore"],
    ]
    assert rejections(**tables).to_pandas().empty
    tables["nba_stats_boxscore"] = document(*said)
    assert list(transform(**tables).to_pandas().source_name) == ["nba_gamebook"]


KNOWN_LINE = ((1, "GG Jackson", "active", None), (8, "Desmond Bane", "active", None))


@pytest.mark.parametrize(
    ("book", "rejected_of", "taken"),
    [
        (PLAYED, (), {"nba_gamebook": {1}}),
        (PLAYED, ("CLE",), {"nba_gamebook": {1}}),
        (PLAYED, ("MEM",), {"nba_stats_boxscore": {1, 8}}),
        (PLAYED, (None,), {"nba_stats_boxscore": {1, 8}}),
        ((*PLAYED, ("No Body", "active")), (), {"nba_stats_boxscore": {1, 8}}),
        ((("No Body", "dnp"),), (), {"nba_stats_boxscore": {1, 8}}),
        ((*PLAYED, ("Body", "inactive")), (), {"nba_gamebook": {1}}),
    ],
)
def test_a_team_that_its_book_says_badly_has_the_players_of_its_box_score(
    book, rejected_of, taken
) -> None:
    """A line of it, or of nobody's team, is rejected, or a name in the box is nobody's; not another team's."""
    tables = inputs(*book) | {"nba_gamebook_rejected": refused(*rejected_of)}
    tables["nba_stats_boxscore"] = document(*KNOWN_LINE)
    rows = transform(**tables).to_pandas()
    assert rows.groupby("source_name").player_id.agg(set).to_dict() == taken


TOLD_BADLY = [(PLAYED, ("MEM",)), ((*PLAYED, ("No Body", "active")), ())]


@pytest.mark.parametrize(("book", "rejected_of"), TOLD_BADLY)
def test_a_team_of_the_box_score_keeps_its_book_s_inactive_players(book, rejected_of) -> None:
    """Rose is in no box score; Bane, whom the book calls inactive, is in it and there once."""
    tables = inputs(*book, ("Rose", "inactive"), ("Bane", "inactive"))
    tables["nba_stats_boxscore"] = document(*KNOWN_LINE)
    tables["nba_gamebook_rejected"] = refused(*rejected_of)
    rows = transform(**tables).to_pandas().sort_values("player_id")
    assert rows[["player_id", "status", "source_name"]].to_numpy().tolist() == [
        [1, "active", "nba_stats_boxscore"],
        [5, "inactive", "nba_gamebook"],
        [8, "active", "nba_stats_boxscore"],
    ]
    told = rejections(**tables).to_pandas()
    assert set(told.value) == {name for name, _status in book} - {"GG Jackson"}
    game = tables["nbac_schedule"]
    tables["nbac_schedule"] = game.mutate(status=ibis.literal("live"))
    assert transform(**tables).to_pandas().empty


def test_a_book_of_the_return_game_is_of_another_meeting() -> None:
    """Its sides are the other way round: every row is told, and the box score's stand."""
    tables = inputs(*PLAYED, ("Derrick Rose", "inactive"))
    tables["nba_stats_boxscore"] = document(*KNOWN_LINE)
    book = tables["nba_gamebook"]
    tables["nba_gamebook"] = book.mutate(home_team="away_team", away_team="home_team")
    assert set(transform(**tables).to_pandas().source_name) == {"nba_stats_boxscore"}
    told = rejections(**tables).to_pandas().sort_values("row_number")
    assert list(zip(told.row_number, told.rule, told.value, strict=True)) == [
        (0, "other_meeting", "CLE@MEM"),
        (1, "other_meeting", "CLE@MEM"),
    ]
    assert told.detail.iloc[0].endswith("row 0: the book is of CLE@MEM, the game is MEM@CLE")
    tables["nba_gamebook"] = book.mutate(home_team=ibis.null("string"))
    assert set(transform(**tables).to_pandas().source_name) == {"nba_gamebook"}


def test_a_book_of_another_meeting_of_which_one_side_cannot_be_read_is_told() -> None:
    """Memphis is the visitor, not at home; who its guest was is not known."""
    tables = inputs(*PLAYED, ("Rose", "inactive"))
    tables["nba_stats_boxscore"] = document(*KNOWN_LINE)
    tables["nba_gamebook_rejected"] = refused("MEM")
    sides = {"away_team": ibis.null("string"), "home_team": ibis.literal("MEM")}
    tables["nba_gamebook"] = tables["nba_gamebook"].mutate(**sides)
    assert set(transform(**tables).to_pandas().source_name) == {"nba_stats_boxscore"}
    told = rejections(**tables).to_pandas().sort_values("row_number")
    assert told.value.tolist() == ["?@MEM", "?@MEM"]
    assert told.detail.iloc[0].endswith("row 0: the book is of ?@MEM, the game is MEM@CLE")


def test_what_both_say_badly_is_the_book_s() -> None:
    """The one source is as bad as the other, and the book is trusted first; without it, the box score is."""
    tables = inputs(*PLAYED) | {"nba_gamebook_rejected": refused("MEM")}
    tables |= {"nba_stats_boxscore_rejected": refused("MEM")}
    tables["nba_stats_boxscore"] = document(*KNOWN_LINE)
    assert list(transform(**tables).to_pandas().source_name) == ["nba_gamebook"]
    tables["nba_gamebook"] = inputs(("No Body", "active"))["nba_gamebook"]
    assert set(transform(**tables).to_pandas().source_name) == {"nba_stats_boxscore"}


def test_two_of_one_name_in_a_box_score_are_one_and_a_rejected_line() -> None:
    """The table has one row per name and game."""
    said = ((1, "GG Jackson", "active", None), (2, "G.G. Jackson", "active", None))
    tables = inputs() | {"nba_stats_boxscore": document(*said)}
    assert list(transform(**tables).to_pandas().player_id) == [2]
    (told,) = rejections(**tables).to_pandas().detail
    assert told.endswith("row 1: GG Jackson is ggjackson, who is listed already")


def test_a_box_score_is_not_compared_with_itself() -> None:
    """20 points by one document, 22 by the table that is made of the same: it is told there."""
    tables = inputs() | {"nba_stats_boxscore": document((1, "GG Jackson", "active", None))}
    rows = transform(**tables)
    assert len(rows.to_pandas()) == 1
    assert unlike_box_score(rows, tables["nbac_player_boxscore"]).to_pandas().empty


def test_the_sample_s_players_are_those_of_the_real_game(real_landing, samples, tmp_path) -> None:
    """All 21 who played have the box score's points; the inactive are known by name or told."""
    for name in (
        "schedule/2023-24",
        "league_game_log/player/2023-24",
        "league_game_log/team/2023-24",
        "league_game_log/player/2022-23",
    ):
        path = tmp_path / f"landing/nba_stats/{name}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_landing / f"nba_stats/{name}.json.gz", path)
    content, said = of_sample(json.loads((samples / "nba_gamebook_a.expected.json").read_text()))
    path = tmp_path / f"landing/{FILE}"
    path.parent.mkdir()
    path.write_bytes(content)
    lab = Lab(tmp_path, tmp_path / "landing")
    lab.compute(with_upstream("nbac_gamebook_player_stats", "rejected_rows"), DAY, DAY)
    rows = lab.rows("nbac_gamebook_player_stats")
    assert lab.rows("rejected_rows") == []
    assert len(rows) == len(said)
    assert {row["player_lookup"] for row in rows if row["status"] == "inactive"} == {
        *("desmondbane", "jordangoodwin", "jarenjacksonjr", "johnkonchar", "jamorant"),
        *("derrickrose", "marcussmart", "yutawatanabe", "vincewilliamsjr"),
        *("tyjerome", "sammerrill", "deanwade"),
    }
    box = {row["player_id"]: row for row in lab.rows("nbac_player_boxscore", game_id=GAME)}
    played = {row["player_id"]: row for row in rows if row["status"] == "active"}
    assert set(played) == set(box)
    # The log's minutes are whole, the book's to the second.
    assert all(abs(row["minutes"] - box[player]["minutes"]) < 1 for player, row in played.items())
    same = [name for name in NUMBERS if name not in ("minutes", "plus_minus")]
    unlike = {
        (player, name): (row[name], box[player][name])
        for player, row in played.items()
        for name in same
        if row[name] != box[player][name]
    }
    assert unlike == {}
