"""Teams, game ids and names: the one place where each is minted or normalised."""

import re
import unicodedata
from datetime import date

import pandas as pd

from nba_pipeline.errors import NbaPipelineError

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

TEAMS = (
    *("ATL", "BKN", "BOS", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW"),
    *("HOU", "IND", "LAC", "LAL", "MEM", "MIA", "MIL", "MIN", "NOP", "NYK"),
    *("OKC", "ORL", "PHI", "PHX", "POR", "SAC", "SAS", "TOR", "UTA", "WAS"),
)
"""The league's 30 tricodes."""

TEAM_ALIASES = {
    "BRK": "BKN",
    "CHO": "CHA",
    "PHO": "PHX",
    "GS": "GSW",
    "NO": "NOP",
    "NY": "NYK",
    "SA": "SAS",
    "UTAH": "UTA",
    "UTH": "UTA",
    "WSH": "WAS",
}
"""Other sources' spellings of a tricode."""

TEAM_NAMES = {
    "ATL": ("Atlanta", "Hawks"),
    "BKN": ("Brooklyn", "Nets"),
    "BOS": ("Boston", "Celtics"),
    "CHA": ("Charlotte", "Hornets"),
    "CHI": ("Chicago", "Bulls"),
    "CLE": ("Cleveland", "Cavaliers"),
    "DAL": ("Dallas", "Mavericks"),
    "DEN": ("Denver", "Nuggets"),
    "DET": ("Detroit", "Pistons"),
    "GSW": ("Golden State", "Warriors"),
    "HOU": ("Houston", "Rockets"),
    "IND": ("Indiana", "Pacers"),
    "LAC": ("Los Angeles", "Clippers"),
    "LAL": ("Los Angeles", "Lakers"),
    "MEM": ("Memphis", "Grizzlies"),
    "MIA": ("Miami", "Heat"),
    "MIL": ("Milwaukee", "Bucks"),
    "MIN": ("Minnesota", "Timberwolves"),
    "NOP": ("New Orleans", "Pelicans"),
    "NYK": ("New York", "Knicks"),
    "OKC": ("Oklahoma City", "Thunder"),
    "ORL": ("Orlando", "Magic"),
    "PHI": ("Philadelphia", "76ers"),
    "PHX": ("Phoenix", "Suns"),
    "POR": ("Portland", "Trail Blazers"),
    "SAC": ("Sacramento", "Kings"),
    "SAS": ("San Antonio", "Spurs"),
    "TOR": ("Toronto", "Raptors"),
    "UTA": ("Utah", "Jazz"),
    "WAS": ("Washington", "Wizards"),
}
"""Tricode to the team's city and nickname."""

TEAM_NAME_ALIASES = {"LA Clippers": "LAC", "LA Lakers": "LAL", "Blazers": "POR", "Sixers": "PHI"}
"""Other sources' names of a team."""

SEASON_TYPES = {
    "1": "preseason",
    "2": "regular",
    "3": "all_star",
    "4": "playoffs",
    "5": "play_in",
    "6": "cup_final",
}
"""Third digit of a game id to the kind of game."""

COVERED_SEASON_TYPES = ("regular", "play_in", "playoffs", "cup_final")
"""The kinds of game that count; the others are kept out of every expectation."""

GAME_ID = r"00[1-6][0-9]{7}"
"""What a ten-digit game id looks like; its third digit is the season type."""

_DIGITS_OF_AN_ID = 10

# Letters that Unicode does not decompose into a base letter and an accent.
_UNDECOMPOSED = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "\u0131": "i",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)


class UnknownTeam(NbaPipelineError, ValueError):
    """A text that is no team's tricode nor an alias of one."""


class NoGameId(NbaPipelineError, ValueError):
    """A text that is no game's id."""


def team_abbr(text: str) -> str:
    """The tricode that the text means.

    Raises:
        UnknownTeam: it means none.
    """
    code = text.strip().upper()
    code = TEAM_ALIASES.get(code, code)
    if code not in TEAMS:
        raise UnknownTeam(f"{text!r} is no team tricode")
    return code


def team_named(text: str) -> str:
    """The tricode of a team by its full name or its nickname: "Los Angeles Lakers", "Lakers".

    Raises:
        UnknownTeam: no team has that name.
    """
    code = _TEAM_BY_NAME.get(normalise_name(text))
    if code is None:
        raise UnknownTeam(f"{text!r} is no team's name")
    return code


def normalise_name(text: str) -> str:
    """A name as letters and digits only, lower case, accents folded, suffix kept.

    "Tim Hardaway Jr." is "timhardawayjr", "Luka Dončić" is "lukadoncic".
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSED))
    # Folding twice catches letters that only decompose into the untranslatable ones.
    return re.sub(r"[^a-z0-9]", "", folded.casefold().translate(_UNDECOMPOSED))


def is_exhibition(game_ids: pd.Series) -> pd.Series:
    """Whether each id is of a preseason or All-Star game; an id that is none is not."""
    kinds = [digit for digit, kind in SEASON_TYPES.items() if kind not in COVERED_SEASON_TYPES]
    ids = game_ids.astype("string")
    is_id = ids.str.fullmatch(GAME_ID).fillna(value=False)
    return is_id & ids.str[2].isin(kinds)


def game_code(game_date: date, away_team: str, home_team: str) -> str:
    """The readable alias of a game: YYYYMMDD_AWAY_HOME."""
    return f"{game_date:%Y%m%d}_{away_team}_{home_team}"


def ten_digits(text: object) -> str | None:
    """The ten-digit id that a text means, its leading zeros there or not; None where it is none."""
    digits = str(text).strip().zfill(_DIGITS_OF_AN_ID)
    return digits if re.fullmatch(GAME_ID, digits, re.ASCII) else None


def season_type(game_id: str) -> str:
    """The kind of game that an id names.

    Raises:
        NoGameId: it is not ten digits of the league's form.
    """
    if not re.fullmatch(GAME_ID, game_id):
        raise NoGameId(f"{game_id!r} is no game id: ten digits 00Tyynnnnn with T from 1 to 6")
    return SEASON_TYPES[game_id[2]]


def season_of_game(game_id: str) -> str:
    """The name of the season that a game id is of: "2023-24" for 0022300561."""
    year = int(game_id[3:5])
    # Two digits of a year: the league's first season was 1946-47.
    first = 1900 + year if year >= 46 else 2000 + year
    return f"{first}-{(first + 1) % 100:02d}"


_TEAM_BY_NAME = {
    normalise_name(name): code
    for code, (city, nickname) in TEAM_NAMES.items()
    for name in (f"{city} {nickname}", nickname)
} | {normalise_name(name): code for name, code in TEAM_NAME_ALIASES.items()}
