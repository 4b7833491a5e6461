"""The official game book (a PDF per game): everybody's status in the game, with the reason.

Its final box has a line per player who was on the list of the game, and below it each team's
inactive players, most of them by surname alone.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.formats import pdf_bytes
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league.availability import NOT_PLAYED, GameStatus
from nba_pipeline.league.identity import UnknownTeam, team_named
from nba_pipeline.phase_1_sources.cells import Offence, converted, lookup_of, taken, whole
from nba_pipeline.phase_1_sources.minutes import minutes_of
from nba_pipeline.phase_1_sources.nba_stats_schedule import games_over, nba_stats_schedule
from nba_pipeline.phase_1_sources.pdf_words import pdf_words, text_lines
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES

COUNTED = {
    "fgm": "FG",
    "fga": "FGA",
    "fg3m": "3P",
    "fg3a": "3PA",
    "ftm": "FT",
    "fta": "FTA",
    "oreb": "OR",
    "dreb": "DR",
    "reb": "TOT",
    "ast": "A",
    "pf": "PF",
    "stl": "ST",
    "tov": "TO",
    "blk": "BS",
    "plus_minus": "+/-",
    "pts": "PTS",
}
"""The numbers of a player's line in their order, and how the game book calls them."""

TYPES = {
    **dict.fromkeys(("source_file", "game_id", "team_abbr", "away_team", "home_team"), "string"),
    **dict.fromkeys(("player_name", "player_lookup", "status", "dnp_reason"), "string"),
    **dict.fromkeys(COUNTED, "Int64"),
    "minutes": "float64",
    "starter": "bool",
    "row_number": "int64",
    "game_date": "object",
}
"""Columns of the rows; numbers are NULL of who did not play, a side of which the book has no team."""

_PLACE = "nba_gamebook"
_TEAM = r"^(VISITOR|HOME): (.+?)(?: \(.*\))?$"
_HEADER = "POS MIN " + " ".join(COUNTED.values())
_TOTALS = r"\d{3}:\d\d .*"
_NAME = r"^(?:\d{1,2} )?(?P<name>\D.*?)"
_PLAYED = _NAME + r"(?: (?P<position>[FGC]))? (?P<minutes>\d{1,2}:\d\d)"
_PLAYED += "".join(rf" (?P<{name}>[+-]?\d+)" for name in COUNTED) + "$"
_ABSENT = _NAME + rf" (?P<reason>(?:{'|'.join(NOT_PLAYED)}) ?-.*)$"
_INACTIVE = "Inactive:"
_HEADING = r"Inactive:|SCORE BY|Points |Technical |Flagrant |MEMO|Copyright|[A-Z][A-Za-z .'-]*:"
# A printed dash, which is longer, or has no blank on one side.
_DASH = re.compile(r" -|- |\s*[\u2013\u2014]\s*")
_LISTED = re.compile(r"\s*([^,()]+?)\s*(?:\(((?:[^()]|\([^()]*\))*)\)\s*)?(?:,|$)")
_SIDES = {"away": "VISITOR", "home": "HOME"}
_RAW = (
    "line",
    "game",
    "team",
    *_SIDES,
    "name",
    "position",
    "reason",
    "minutes",
    "status",
    *COUNTED,
)


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player of both teams: those of the box in its order, then the inactive ones.

    A line of the box that is no player's, and a list of inactive players that cannot be told apart,
    are rejected.

    Raises:
        UnreadableFile: no PDF in which words can be read.
        UnknownShape: the document is no game book.
    """
    words = pdf_words(document, file)
    raw = pd.DataFrame(columns=list(_RAW), dtype="string")
    if len(words):
        lines = _final_box(text_lines(words), file)
        parts = [
            part.reindex(columns=list(_RAW)).astype("string")
            for part in (_in_box(lines), _inactive(lines))
        ]
        teams = lines.dropna(subset="side").set_index("side").team
        sides = {name: teams[side] for name, side in _SIDES.items()}
        raw = pd.concat(parts, ignore_index=True).assign(game=file.game_id, **sides)
    columns = _typed(raw, file)
    named = {"game_id": "game", "team_abbr": "team", "player_lookup": "name"}
    key = ("team_abbr", "player_lookup")
    return taken(raw, columns, _offences(raw, columns), TYPES, file, key=key, fields=named)


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The game book of each of the day's games that is over: <day>/<day>_<away><home>.pdf."""
    for game in games_over(day, access):
        if isinstance(game, NotYet):
            yield game
            continue
        on, away, home = game.game_code.split("_")
        ask = partial(access.get, "nba_gamebook", f"{on}/{on}_{away}{home}.pdf")
        yield RemoteFile(game.file(_PLACE, "pdf"), ask, frozenset([game.game_id]))


def _typed(raw: pd.DataFrame, file: SourceFile) -> dict[str, pd.Series]:
    """The texts as columns; what cannot be read is NULL."""
    longest = MOST_PLAYER_MINUTES.value
    return {
        "game_id": raw.game,
        "game_date": pd.Series(file.game_date, raw.index, dtype="object"),
        "team_abbr": converted(raw.team, _team),
        "away_team": converted(raw.away, _team),
        "home_team": converted(raw.home, _team),
        "player_name": raw["name"],
        "player_lookup": converted(raw["name"], lookup_of),
        "status": raw.status,
        "dnp_reason": raw.reason,
        "starter": raw.position.notna(),
        "minutes": converted(raw.minutes, partial(minutes_of, longest=longest)).astype("float64"),
        **{name: whole(raw[name], least=0) for name in COUNTED if name != "plus_minus"},
        "plus_minus": whole(raw.plus_minus, least=-500),
    }


def _offences(raw: pd.DataFrame, columns: dict[str, pd.Series]) -> list[Offence]:
    """What rejects a row: no line of a player, or one whose numbers contradict each other."""
    active = raw.status.eq(GameStatus.ACTIVE).fillna(value=False).astype("bool")
    points = 2 * columns["fgm"] + columns["fg3m"] + columns["ftm"]
    rebounds = columns["oreb"] + columns["dreb"]
    differs = columns["pts"].ne(points) | columns["reb"].ne(rebounds)
    is_line = raw.status.notna()
    return [
        Offence("unknown_line", "line", ~is_line),
        Offence("unknown_team", "team", columns["team_abbr"].isna()),
        Offence("bad_player", "name", is_line & columns["player_lookup"].isna()),
        Offence("bad_minutes", "minutes", active & columns["minutes"].isna()),
        Offence("contradicting_line", "line", active & differs),
    ]


def _final_box(lines: pd.DataFrame, file: SourceFile) -> pd.DataFrame:
    """The lines of the page that has the final box of both teams: text, and the team above it.

    Raises:
        UnknownShape: there is no such page.
    """
    heads = lines.text.str.extract(_TEAM)
    sides = heads[0].groupby(lines.page).agg(lambda found: list(found.dropna()))
    pages = sides[sides.map(lambda found: found == ["VISITOR", "HOME"])].index
    if not len(pages):
        raise UnknownShape(f"{file.path}: no game book (no page with 'VISITOR:' and 'HOME:')")
    on_page = lines.page == pages[0]
    return lines[on_page].assign(side=heads[0], team=heads[1].ffill()).reset_index(drop=True)


def _in_box(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines between a team's name and its totals, with what they say of a player."""
    is_end = lines.text.str.fullmatch(_TOTALS)
    in_team = lines.side.notna().cumsum()
    # Of a line above the first team there is no table, of one below the totals no player.
    below = is_end.groupby(in_team).cumsum().gt(0) | in_team.eq(0)
    own = lines[~below & lines.side.isna() & lines.text.ne(_HEADER)]
    texts = own.text.astype("string")
    played, absent = texts.str.extract(_PLAYED), texts.str.extract(_ABSENT)
    status = pd.Series(pd.NA, own.index, dtype="string")
    status = status.mask(absent.reason.notna(), GameStatus.DNP.value)
    status = status.mask(played.minutes.notna(), GameStatus.ACTIVE.value)
    return played.assign(
        line=own.text,
        team=own.team,
        name=played["name"].fillna(absent["name"]),
        reason=absent.reason.mask(played.minutes.notna()),
        status=status,
    )


def _inactive(lines: pd.DataFrame) -> pd.DataFrame:
    """Each player of the lists of inactive players, which run over several lines."""
    block = lines.text.str.match(_HEADING).cumsum()
    told = lines.text.groupby(block).agg(" ".join)
    told = told[told.str.startswith(_INACTIVE)]
    return pd.DataFrame([player for text in told for player in _listed(text)], columns=list(_RAW))


def _listed(text: str) -> list[dict[str, str | None]]:
    """The players of "Inactive: Team - Name (Reason), Name"; one of no status where it is none."""
    team, dash, names = _DASH.sub(" - ", text.removeprefix(_INACTIVE), count=1).partition(" - ")
    names = names.strip()
    found = list(_LISTED.finditer(names))
    is_whole = dash and "".join(match[0] for match in found) == names and not names.endswith(",")
    if not is_whole:
        return [{"line": text, "team": team.strip()}]
    return [
        {
            "line": match[0],
            "team": team.strip(),
            "name": match[1],
            "reason": (match[2] or "").strip() or None,
            "status": GameStatus.INACTIVE.value,
        }
        for match in found
    ]


def _team(value: object) -> str | None:
    try:
        return team_named(str(value))
    except UnknownTeam:
        return None


nba_gamebook = Source(
    "nba_gamebook",
    _PLACE,
    parse,
    version=5,
    layout="games",
    formats={"pdf": pdf_bytes},
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
