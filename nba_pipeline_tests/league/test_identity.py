"""Teams, game ids and names."""

from datetime import date

import pytest

from nba_pipeline.league import identity


@pytest.mark.parametrize(
    ("name", "lookup"),
    [
        ("Tim Hardaway Jr.", "timhardawayjr"),
        ("Luka Dončić", "lukadoncic"),
        ("Nikola Jokić", "nikolajokic"),
        ("D'Angelo Russell", "dangelorussell"),
        ("Dennis Schröder", "dennisschroder"),
        ("Luguentz Dort", "luguentzdort"),
        ("Alperen \u015eengün", "alperensengun"),
        ("Robert Williams III", "robertwilliamsiii"),
    ],
)
def test_names_are_folded_and_keep_their_suffix(name: str, lookup: str) -> None:
    """Accents and signs go, letters and digits stay."""
    assert identity.normalise_name(name) == lookup


@pytest.mark.parametrize(("text", "code"), [("brk", "BKN"), (" PHO ", "PHX"), ("LAL", "LAL")])
def test_other_spellings_of_a_team_are_known(text: str, code: str) -> None:
    """One place maps them."""
    assert identity.team_abbr(text) == code


def test_an_unknown_team_is_refused() -> None:
    """Nothing is guessed."""
    with pytest.raises(identity.UnknownTeam, match="'XYZ' is no team tricode"):
        identity.team_abbr("XYZ")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Los Angeles Lakers", "LAL"),
        ("Los Angeles Clippers", "LAC"),
        ("LA Clippers", "LAC"),
        ("Portland Trail Blazers", "POR"),
        ("Blazers", "POR"),
        (" philadelphia 76ers", "PHI"),
        ("Heat", "MIA"),
    ],
)
def test_a_team_is_known_by_its_full_name_and_by_its_nickname(text: str, code: str) -> None:
    """In any case."""
    assert identity.team_named(text) == code


@pytest.mark.parametrize("text", ["Los Angeles", "", "Seattle SuperSonics"])
def test_a_city_of_two_teams_names_none(text: str) -> None:
    """Nor does what no team is called."""
    with pytest.raises(identity.UnknownTeam, match="is no team's name"):
        identity.team_named(text)


def test_every_team_has_a_name() -> None:
    """Each tricode one, and no two the same."""
    assert tuple(identity.TEAM_NAMES) == identity.TEAMS
    assert len(set(identity.TEAM_NAMES.values())) == 30


def test_the_third_digit_says_the_kind_of_game() -> None:
    """Every kind of game has its digit."""
    kinds = [identity.season_type(f"00{digit}2300001") for digit in "123456"]
    assert kinds == ["preseason", "regular", "all_star", "playoffs", "play_in", "cup_final"]
    with pytest.raises(ValueError, match="is no game id"):
        identity.season_type("0092300001")


@pytest.mark.parametrize(
    ("text", "game_id"),
    [
        ("0042400407", "0042400407"),
        ("42400407", "0042400407"),
        (42400407, "0042400407"),
        ("2400407", None),
        ("72400407", None),
        ("42400407.0", None),
        ("", None),
        (None, None),
    ],
)
def test_an_id_without_its_leading_zeros_is_the_same_game(text, game_id) -> None:
    """What is no id even with them is none."""
    assert identity.ten_digits(text) == game_id


def test_a_game_code_reads_away_then_home() -> None:
    """YYYYMMDD_AWAY_HOME."""
    assert identity.game_code(date(2025, 1, 15), "LAL", "PHI") == "20250115_LAL_PHI"
