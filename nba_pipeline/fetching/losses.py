"""What the landing zone would lose by a file: games or dates of which it has fewer rows.

One comparison for whoever brings a file, a host or a person: with the rows that stand today for
what the file would replace, in whichever file they are.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from nba_pipeline.engine.file_dates import UNDATED, own_days
from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.fetching import files
from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.thresholds import SNAPSHOT_SHARE

_TOLD = 3
_WINS = 4
"""Games by which a team wins a series of the playoffs."""
_STANDING = ["game_id", "game_date"]
_SAID_AT = {"snapshot_at": "offered", "report_at": "reported"}
"""Columns of the moment at which all of a file was so, and what is said of it."""
_LISTED = {"team_abbr": "players with a team", "position": "positions of players"}
"""Columns that no player of a list loses on its own date, and what is said of who does."""


def standing_rows(source: Source, file: SourceFile, landing: Landing) -> pd.DataFrame:
    """The rows that stand for what the file would replace; none of what cannot be read.

    A date's file replaces the date of its season's file too, and a snapshot the one that is in force;
    where files of a date settle, one may stand for the games of another.
    What one file holds for all seasons is kept by people, who take lines out.
    """
    nothing = source.parse(None, file).rows
    if source.layout == "file":
        return nothing
    day = file.game_date
    try:
        if source.layout == "snapshots" and day:
            day = max(day, calendar.season(file.season).first)
            rows = landing.load(source, [day]).rows
            return rows[rows.game_date == day]
        if (source.layout == "seasons" or settles_dates(source)) and day:
            # A list of the eve is of the day after it, which may be in no season.
            day += timedelta(days=source.days_after)
            rows = landing.load(source, calendar.season_days(day, day)).rows
            return rows[own_days(source, rows) == day]
        there = files.stored(landing.root, file.path)
        if there is None:
            return nothing
        content = (landing.root / there).read_bytes()
        return files.filed_rows(source, file, source.decoded(content, there)).rows
    except NbaPipelineError:
        return nothing


def fewer_rows(source: Source, before: pd.DataFrame, now: Parsed) -> str | None:
    """What there is less of now, in words, with what the file itself rejects; None where nothing is.

    Rows of a game, or of the date that they say themselves where they have no game; games that were
    final; moments of prices and of reports. Of a snapshot, its players with a team: all of them and
    their positions beside the same date's, and most of them beside an earlier one, since which some
    may be gone.

    A game of a required source that was not final and that the file rejects under its id and the date
    that it stands under is no loss: that date is refused by it, and no other one is held back. Under
    another date it is one, since nothing refuses the date that it leaves; and so is one that was
    final, since a refusal of its date would reach every later one. Nor is one a loss that was to be
    played if necessary and that the file does not name at all, where by the file's own finals its
    series is decided.

    Args:
        source: whose file it is.
        before: what stands.
        now: what is taken of the file, and what is not.
    """
    if source.is_required:
        named = pd.MultiIndex.from_frame(now.rejected.loc[~now.rejected[UNDATED], _STANDING])
        is_named = pd.MultiIndex.from_frame(before[_STANDING]).isin(named)
        is_needless = before.is_if_necessary & (before.status == "scheduled")
        is_needless &= _is_decided(before, now.rows) & ~before.game_id.isin(now.rejected.game_id)
        before = before[~(is_named | is_needless) | (before.status == "final")]
    if settles_dates(source):
        unit = _unit(before)
        is_same_game = before[unit].isin(now.rows[unit]) & (unit != "game_date")
        # A date's list is whole: a later one may well be shorter.
        before = before[_is_of(before, now.rows) | is_same_game]
    is_snapshot = source.layout == "snapshots"
    lost = _fewer_listed(before, now.rows) if is_snapshot else _fewer(source, before, now.rows)
    if lost is None:
        return None
    told = [*(now.rejected.rule + ": " + now.rejected.detail)]
    why = f"; it rejects itself {_in_words(told)}" if told else ""
    return f"{lost}{why}; --accept-fewer takes it all the same"


def standing_instead(source: Source, before: pd.DataFrame, now: Parsed, path: str) -> str | None:
    """The file of its date that would stand for a game of one of that path, and says otherwise of it."""
    if source.settle is None or not settles_dates(source):
        return None
    others = before[~_is_of(before, now.rows)]
    # As they are read: the date's own file after those in its folder.
    in_no_folder = source.place.count("/") + 1
    is_last = others.source_file.str.count("/") == in_no_folder
    later = (is_last | others.source_file.gt(path)) & (path.count("/") != in_no_folder)
    settled = source.settle(pd.concat([others[~later], now.rows, others[later]], ignore_index=True))
    unlike = _unlike(settled, now.rows, _unit(now.rows))
    return str(unlike.source_file.iloc[-1]) if len(unlike) else None


def _unlike(standing: pd.DataFrame, now: pd.DataFrame, unit: str) -> pd.DataFrame:
    """What stands and is not of now, of each unit of which one has a row unlike all of the other's."""
    others = standing[~_is_of(standing, now) & standing[unit].isin(now[unit])]
    ours = now[now[unit].isin(others[unit])]
    both = pd.concat([others, ours])[now.columns.drop(["source_file", "row_number"])]
    unlike = both[~both.astype("string").duplicated(keep=False)]
    return others[others[unit].isin(unlike[unit])]


def standing_whole(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """The files of a date that stand for every game of now."""
    unit = _unit(now)
    own = before[before[unit].isin(now[unit])]
    counts = own.groupby("source_file")[unit].nunique()
    return sorted(counts.index[counts == now[unit].nunique()])


def overruled(source: Source, file: SourceFile, now: Parsed, landing: Landing) -> list[date]:
    """The dates of a season's file for which files of their own stand and say otherwise."""
    if source.layout != "seasons" or file.game_date:
        return []
    days = sorted(now.rows.game_date.unique())
    # What is filed under a season's first day may be of any day before it, which no file replaces.
    standing, ours = (
        rows[own_days(source, rows) == rows.game_date]
        for rows in (landing.load(source, days).rows, now.rows)
    )
    return sorted(_unlike(standing, ours, "game_date").game_date.unique())


def told_instead(days: Sequence[date]) -> str:
    """What is said of dates that are overruled; nothing of none."""
    if not days:
        return ""
    more = f" and {len(days) - 1} dates more" if days[1:] else ""
    return f"; what it says of {days[0]}{more} does not stand: a file of that date does"


def _unit(rows: pd.DataFrame) -> str:
    """The column that names a game, or the date where rows are of none."""
    return next(name for name in ("game_id", "event_id", "game_date") if name in rows)


def settles_dates(source: Source) -> bool:
    """Whether files of a date may stand for one another: for each of their games, or as a whole."""
    return source.layout == "dates" and source.settle is not None


def _is_of(rows: pd.DataFrame, now: pd.DataFrame) -> pd.Series:
    """Whether each row is of the file that the others are of, packed or not."""
    return rows.source_file.str.removesuffix(".gz").isin(now.source_file.str.removesuffix(".gz"))


def _is_decided(games: pd.DataFrame, now: pd.DataFrame) -> pd.Series:
    """Whether each game is of a series that one of its teams has won by now's finals.

    Two teams meet in one series of a season's playoffs; a play-in game is of none.
    """
    is_won = (now.status == "final") & (now.home_score != now.away_score)
    won = now[is_won & (now.season_type == "playoffs")]
    is_home = won.home_score > won.away_score
    winners = won.home_team.where(is_home, won.away_team)
    losers = won.away_team.where(is_home, won.home_team)
    wins = Counter(zip(winners, losers, strict=True))
    decided = {frozenset(pair) for pair, count in wins.items() if count >= _WINS}
    sides = zip(games.home_team, games.away_team, strict=True)
    is_of_one = pd.Series([frozenset(pair) in decided for pair in sides], games.index, dtype="bool")
    return is_of_one & (games.season_type == "playoffs")


def _fewer_listed(before: pd.DataFrame, now: pd.DataFrame) -> str | None:
    is_same_date = set(before.source_file.str.removesuffix(".gz")) == set(now.source_file)
    # A list of all times has ten times as many, most of whom are in no team.
    before, now = (rows.dropna(subset="team_abbr") for rows in (before, now))
    if not is_same_date:
        if len(now) >= SNAPSHOT_SHARE.value * len(before):
            return None
        return f"{len(before)} players with a team in {before.source_file.iloc[0]} ({len(now)} now)"
    for column, what in _LISTED.items():
        left = now.player_id[now[column].notna()]
        gone = before[before[column].notna() & ~before.player_id.isin(left)]
        if len(gone):
            told = gone.player_name + " (" + gone.player_id.astype("string") + ")"
            return f"{what}: {_in_words([*told])}"
    return None


def _fewer(source: Source, before: pd.DataFrame, now: pd.DataFrame) -> str | None:
    if over := sorted(_finals(before) - _finals(now)):
        return f"as final {_in_words(over)}"
    for column, word in _SAID_AT.items():
        if moments := sorted(_moments(before, column) - _moments(now, column)):
            return f"what was {word} at {_in_words(moments)}"
    was, left = (_counts(source, rows) for rows in (before, now))
    units = pd.DataFrame({"was": was, "left": left.reindex(was.index, fill_value=0)})
    lost = units[units.left < units.was].sort_index()
    counts = lost.itertuples(name=None)
    told = [f"{unit} ({rows} rows, {left} now)" for unit, rows, left in counts]
    return _in_words(told) if told else None


def _in_words(told: Sequence[str]) -> str:
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + more


def _finals(rows: pd.DataFrame) -> set[str]:
    """The games of a schedule that are final."""
    is_schedule = {"game_id", "status"} <= set(rows.columns)
    return set(rows.game_id[rows.status == "final"]) if is_schedule else set()


def _moments(rows: pd.DataFrame, column: str) -> set[str]:
    """The moments at which the rows were so, by that column."""
    return set(rows[column].dropna().astype("string")) if column in rows else set()


def _counts(source: Source, rows: pd.DataFrame) -> pd.Series:
    units = own_days(source, rows).astype("string")
    for name in ("game_teams", _unit(rows)):
        if name in rows and name != "game_date":
            units = rows[name].astype("string").fillna(units)
    return units.value_counts()
