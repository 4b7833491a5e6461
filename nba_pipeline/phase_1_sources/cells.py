"""Cells of a source's rows as typed columns: what cannot be taken is NULL, never a guess.

Functions here take plain values as they stand in a document. A parser makes columns of them and
says in `taken` which of them a row must have; a row that lacks one is rejected with its field.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from nba_pipeline.kernel.source import REJECTED_TYPES, Parsed, SourceFile, rejected_frame
from nba_pipeline.league.identity import TEAM_ALIASES, TEAMS, normalise_name

VERSION = 2
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

_PLAIN = ("string", "integer", "floating", "mixed-integer-float", "empty")
_EXACT = 2.0**53


@dataclass(frozen=True)
class Offence:
    """Rows that cannot be taken: those of the mask, the rule, and the field that breaks it."""

    rule: str
    field: str
    mask: pd.Series


def taken(
    raw: pd.DataFrame,
    columns: Mapping[str, pd.Series],
    offences: Sequence[Offence],
    types: Mapping[str, str],
    file: SourceFile,
    *,
    key: Sequence[str],
    fields: Mapping[str, str],
) -> Parsed:
    """The rows without an offence, typed, and one rejection per field and rule of the others.

    Of rows that have one key the one is taken that comes first by what it says: see `repeated`.

    Args:
        raw: the document's rows under its own fields; the index is each row's number.
        columns: the typed columns, where they can be read, game_date among them.
        offences: what rejects a row.
        types: the columns of the rows to their types; source_file and row_number are added here.
        file: where the rows lie.
        key: the columns that no two rows share.
        fields: columns to the source's names of them; those of game_id and team_abbr say of which
            game and team a rejection is.
    """
    rejected = [
        _rejected(raw[each.mask], columns, file, each, fields)
        for each in offences
        if each.mask.any()
    ]
    good = ~np.logical_or.reduce([each.mask for each in offences])
    rows = pd.DataFrame(dict(columns), index=raw.index)[good]
    again = repeated(rows, key)
    if again.any():
        name = key[-1]
        twice = Offence(f"repeated_{name}", fields.get(name, name.upper()), again)
        rejected.append(_rejected(raw.loc[rows.index[again]], columns, file, twice, fields))
    rows = rows[~again].assign(source_file=file.path, row_number=lambda frame: frame.index)
    rows = rows[list(types)].astype(dict(types)).reset_index(drop=True)
    if not rejected:
        return Parsed(rows, rejected_frame([]))
    told = pd.concat(rejected, ignore_index=True)
    return Parsed(rows, told.drop_duplicates(["row_number", "field", "rule"], ignore_index=True))


def repeated(rows: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Which rows have the key of another one that comes before them by what it says.

    In the order of their texts, column by column in the order of the columns' names, so that it does
    not depend on which stands first in the file.
    """
    again = rows.duplicated(list(key), keep=False)
    if not again.any():
        return again
    # Texts that are alike up to a NUL are the same to pandas, which compares tuples whole.
    alike = rows[again].astype("object")
    texts = alike[sorted(alike.columns)].map(str).itertuples(index=False, name=None)
    ordered = [place for _text, place in sorted(zip(texts, alike.index, strict=True))]
    keys = [*alike.loc[ordered, list(key)].itertuples(index=False, name=None)]
    late = pd.Series(keys, index=ordered, dtype="object").duplicated()
    return pd.Series(rows.index.isin(late.index[late]), index=rows.index)


def of_last_file(rows: pd.DataFrame, of: Sequence[str] = ()) -> pd.DataFrame:
    """Of a date, or of a game by the column that names it, that several files have, the last one's rows."""
    last = rows.groupby(["game_date", *of]).source_file.transform("last")
    return rows[rows.source_file == last]


def _rejected(
    raw: pd.DataFrame,
    columns: Mapping[str, pd.Series],
    file: SourceFile,
    offence: Offence,
    fields: Mapping[str, str],
) -> pd.DataFrame:
    """One rejection per raw row, under the date, game and team that can be read of it."""
    place = raw.index
    nothing = pd.Series(None, index=place, dtype="object")
    game, team = (
        raw[fields[name]].map(text_of) if name in fields else nothing
        for name in ("game_id", "team_abbr")
    )
    read = columns.get("game_id", nothing).loc[place]
    tricode = columns.get("team_abbr", nothing).loc[place]
    value = raw[offence.field].map(str)
    who = "(game " + game.astype(str) + (", " + team.astype(str) if "team_abbr" in fields else "")
    where = f"{file.path} row " + place.astype(str).to_series(index=place) + " " + who + "): "
    told = f"{offence.field} is " + raw[offence.field].map(repr)
    if offence.rule.startswith("repeated_"):
        told = f"{offence.field} " + value + " is in the game already"
    lines = pd.DataFrame(
        {
            **dict.fromkeys(REJECTED_TYPES),
            "source_file": file.path,
            "row_number": place,
            "season": file.season,
            "game_date": columns["game_date"].loc[place],
            # Under the id, and the tricode, that is meant, so that the unit it belongs to is found.
            "game_id": read.where(read.notna(), game),
            "team_abbr": tricode.where(tricode.notna(), team),
            "field": offence.field,
            "value": value,
            "rule": offence.rule,
            "detail": where + told,
        },
        index=place,
    )
    return lines.astype(REJECTED_TYPES)


def scalars(column: pd.Series) -> pd.Series:
    """The column with None for what is no text or number: true, lists and objects."""
    if infer_dtype(column, skipna=True) in _PLAIN:
        return column
    return column.map(lambda value: value if _is_plain(value) else None).astype("object")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def converted(column: pd.Series, convert: Callable[[object], object]) -> pd.Series:
    """The column with each different value converted once."""
    # Not by map() or unique(), to which texts are the same that are alike up to a NUL.
    values = column.tolist()
    found = {value: convert(value) for value in dict.fromkeys(values)}
    return pd.Series([found[value] for value in values], index=column.index, dtype="object")


def unreadable(said: pd.Series, read: pd.Series) -> pd.Series:
    """Where something is said, and not 0, which stands for nobody, but nothing could be read of it."""
    return said.notna() & said.ne(0) & said.ne("") & read.isna()


def day_of(value: object) -> date | None:
    """The day of an ISO date or time; None of anything else."""
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def team_of(value: object) -> str | None:
    """The tricode that the text means; None where it means none."""
    code = str(value).strip().upper()
    code = TEAM_ALIASES.get(code, code)
    return code if code in TEAMS else None


def lookup_of(value: object) -> str | None:
    """The normalised name; None where nothing of it can be looked up, or it has a NUL."""
    if not isinstance(value, str) or "\0" in value:
        return None
    return normalise_name(value) or None


def whole_name(first: object, last: object) -> str | None:
    """Both names as one text, one of which may be empty; None where one is no text: half is another's."""
    if not isinstance(first, str) or not isinstance(last, str):
        return None
    return f"{first} {last}".strip() or None


def finite(column: pd.Series) -> pd.Series:
    """The column as numbers; NULL where it has none, or one too large to be told exactly."""
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < _EXACT)


def whole(column: pd.Series, *, least: int) -> pd.Series:
    """The column as whole numbers; NULL where it has none or less than the least."""
    numbers = finite(column)
    return numbers.where((numbers % 1 == 0) & (numbers >= least))


def text_of(value: object) -> str | None:
    """The value as text."""
    return None if value is None else str(value)
