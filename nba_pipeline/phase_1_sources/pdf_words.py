"""The words of a PDF and where they stand: what the parsers of official PDFs are made with."""

import io
import logging
from collections.abc import Sequence

import pandas as pd

from nba_pipeline.kernel.source import SourceFile, UnknownShape, UnreadableFile

VERSION = 1
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

WORD_TYPES = {
    "page": "int64",
    "x0": "float64",
    "x1": "float64",
    "top": "float64",
    "bottom": "float64",
    "text": "object",
}
"""Columns of words: page from 1, and points from the page's left and upper edge."""

# A space is a quarter of the type's size; letters that touch are closer than a seventh.
_SPACE = 0.15


def pdf_words(document: object, file: SourceFile) -> pd.DataFrame:
    """One row per word, in reading order; none of no document.

    Raises:
        UnreadableFile: it cannot be read as a PDF, or no word can be read on any of its pages.
        UnknownShape: it is no PDF at all.
    """
    if document is None:
        return _frame([])
    if not isinstance(document, bytes):
        raise UnknownShape(f"{file.path}: no PDF")
    # Most commands read no PDF, and its import is a good part of their start.
    import pdfplumber  # noqa: PLC0415

    # It warns of every font that it has to guess; what cannot be read is told below.
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        with pdfplumber.open(io.BytesIO(document)) as pdf:
            pages = len(pdf.pages)
            words = [
                {**word, "page": page.page_number}
                for page in pdf.pages
                for word in page.extract_words(x_tolerance_ratio=_SPACE)
            ]
    # The reader has no error of its own: of damaged bytes it raises whatever it runs into.
    except Exception as error:
        raise UnreadableFile(f"{file.path}: no whole PDF ({error!r})") from error
    if not words:
        raise UnreadableFile(f"{file.path}: no word can be read on its {pages} pages")
    return _frame(words)


def text_lines(words: pd.DataFrame, by: Sequence[str] = ("page",)) -> pd.DataFrame:
    """The words joined to lines: `by`, x0, top, bottom, text; one row per line of a page or column.

    Args:
        words: of `pdf_words`.
        by: the columns that part what stands beside each other; page is the first of them.
    """
    parted = list(by)
    placed = words.assign(middle=(words.top + words.bottom) / 2)
    placed = placed.sort_values([*parted, "middle", "x0"], kind="stable")
    # Words of a line may stand a little higher or lower than each other, lines half a type apart.
    lower = placed.groupby(parted).middle.diff() > (placed.bottom - placed.top) / 2
    placed["line"] = lower.groupby([placed[name] for name in parted]).cumsum()
    placed = placed.sort_values([*parted, "line", "x0"], kind="stable")
    lines = placed.groupby([*parted, "line"], as_index=False).agg(
        x0=("x0", "min"), top=("top", "min"), bottom=("bottom", "max"), text=("text", " ".join)
    )
    return lines.drop(columns="line")


def _frame(words: Sequence[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(list(words), columns=list(WORD_TYPES)).astype(WORD_TYPES)
