"""The lines of a CSV document as a frame of texts."""

from collections.abc import Sequence

import pandas as pd

from nba_pipeline.kernel.source import SourceFile, UnknownShape


def csv_frame(
    document: object, file: SourceFile, columns: Sequence[str], *, what: str
) -> pd.DataFrame:
    """The lines' texts without blanks around them; None where there is nothing.

    Raises:
        UnknownShape: a needed column is missing.
    """
    lines = document if isinstance(document, list) else []
    if lines and (missing := [name for name in columns if name not in lines[0]]):
        raise UnknownShape(f"{file.path}: no {what} (no column {missing})")
    raw = pd.DataFrame(lines, columns=list(columns), dtype="object")
    return raw.map(lambda text: (text.strip() or None) if isinstance(text, str) else None)
