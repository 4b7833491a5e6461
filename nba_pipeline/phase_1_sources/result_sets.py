"""Answers of stats.nba.com: result sets of headers and rows, as frames."""

from collections.abc import Sequence

import pandas as pd

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.csv_frames import FIELDS

VERSION = 2
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""


def result_frame(
    document: object,
    file: SourceFile,
    needed: Sequence[str],
    *,
    what: str,
    optional: Sequence[str] = (),
    of: str | None = None,
) -> pd.DataFrame:
    """The rows of one of the document's result sets, its needed columns and FIELDS; none of no document.

    Args:
        document: the answer.
        file: where it lies.
        needed: the headers that it must have.
        what: what the document should be, for the error.
        optional: headers that it may lack; their cells are then None.
        of: the result set's name; the first one without it.

    Raises:
        UnknownShape: the document is no such answer.
    """
    if document is None:
        return pd.DataFrame(columns=[*needed, *optional, FIELDS], dtype="object")
    try:
        results = document["resultSets"]  # type: ignore[index]
        named = [result for result in results if of is None or result["name"] == of]
        headers, lines = named[0]["headers"], named[0]["rowSet"]
    except (KeyError, IndexError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no {what} (resultSets[{of or 0}].headers and .rowSet not found: {error!r})"
        ) from error
    if not isinstance(headers, list) or not isinstance(lines, list):
        raise UnknownShape(f"{file.path}: no {what} (headers or rowSet is no list)")
    if not all(isinstance(name, str) for name in headers):
        raise UnknownShape(f"{file.path}: no {what} (a header is no text)")
    missing = [name for name in needed if headers.count(name) != 1]
    missing += [name for name in optional if headers.count(name) > 1]
    if missing:
        raise UnknownShape(f"{file.path}: no {what} of this kind (not one {missing})")
    width = len(headers)
    rows = [line if isinstance(line, list) else [] for line in lines]
    wrong = [None if len(row) == width else f"{len(row)} of {width}" for row in rows]
    even = [[*row, *[None] * (width - len(row))][:width] for row in rows]
    frame = pd.DataFrame(even, columns=headers, dtype="object")
    absent = {name: None for name in optional if name not in headers}
    fields = pd.Series(wrong, frame.index, dtype="object")
    return frame.assign(**absent)[[*needed, *optional]].assign(**{FIELDS: fields})
