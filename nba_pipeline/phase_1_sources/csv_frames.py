"""The lines of a CSV document as a frame of texts."""

from collections.abc import Sequence

import pandas as pd

from nba_pipeline.kernel.formats import RAGGED, CsvLines
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.cells import Offence

VERSION = 1
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

FIELDS = "fields"
"""The column that says what is wrong with how many fields a line has; None where nothing is."""


def csv_frame(
    document: object,
    file: SourceFile,
    columns: Sequence[str],
    *,
    what: str,
    optional: Sequence[str] = (),
) -> pd.DataFrame:
    """The lines' texts without blanks around them, None where there is nothing; and FIELDS.

    Args:
        document: the file's lines; no rows of None.
        file: where they lie.
        columns: those of the header that are needed.
        what: what the file should be, for the error.
        optional: columns that it may lack; their cells are then None.

    Raises:
        UnknownShape: a needed column is missing, or there twice.
    """
    wanted = [*columns, *optional]
    if document is None:
        return pd.DataFrame(columns=[*wanted, FIELDS], dtype="object")
    if not isinstance(document, CsvLines):
        raise UnknownShape(f"{file.path}: no {what} (no lines)")
    header = list(document.header)
    if missing := [name for name in columns if name not in header]:
        raise UnknownShape(f"{file.path}: no {what} (no column {missing})")
    if twice := [name for name in wanted if header.count(name) > 1]:
        raise UnknownShape(f"{file.path}: no {what} (more than one column {twice})")
    texts = pd.DataFrame(document.lines, dtype="object").reindex(columns=range(len(header)))
    raw = texts.set_axis(header, axis=1).loc[:, [name for name in wanted if name in header]]
    raw = raw.reindex(columns=wanted).astype("string").apply(lambda column: column.str.strip())
    raw = raw.astype("object").mask(raw.isna() | raw.eq(""), None)
    return raw.assign(**{FIELDS: _wrong_fields(document)})


def ragged(raw: pd.DataFrame) -> Offence:
    """Lines with fewer or more fields than the header, and a last one that nothing ends."""
    return Offence(RAGGED, FIELDS, raw[FIELDS].notna())


def _wrong_fields(document: CsvLines) -> pd.Series:
    width = len(document.header)
    counts = pd.Series([len(line) for line in document.lines], dtype="int64")
    told = pd.Series([None] * len(counts), dtype="object")
    told[counts != width] = counts[counts != width].astype(str) + f" of {width}"
    if len(told) and not document.is_ended:
        told.iloc[-1] = f"{counts.iloc[-1]} of {width}, and no line break after them"
    return told
