"""How the bytes of a landing file become a document, by the format that its name ends with.

A decoder raises ValueError for bytes that are not of its format; gzip is taken off before.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

VERSION = 3
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

RAGGED = "ragged_line"
"""The rule that a line breaks which has not as many fields as the header, or was cut off."""

# Half of a letter that takes two: JSON can say it, and nothing can store it.
_HALF_A_LETTER = re.compile(r"\\u[dD][89a-fA-F]")

# More digits than the largest number of any column's type.
_NO_NUMBER = b"0" * 300
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)


def json_document(content: bytes) -> object:
    """The JSON document: dicts, lists and plain values.

    NaN and Infinity, which JSON lacks, are lists of the word: no text, no number and not nothing.

    Raises:
        ValueError: it is none, or an object of it says one key twice.
    """
    if content.strip() == b"null":
        raise ValueError("it says nothing but null")
    # A search for a run of digits takes a third as long as decoding.
    if _NO_NUMBER in content.translate(_DIGITS_AS_ZEROS):
        raise ValueError("it has a number of hundreds of digits")
    try:
        # By itself json takes half letters that are told as bytes.
        text = content.decode(json.detect_encoding(content))
        document = json.loads(text, parse_constant=_no_value, object_pairs_hook=_told_once)
        if _HALF_A_LETTER.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return document


def _no_value(word: str) -> list[str]:
    return [word]


def _told_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    told = dict(pairs)
    if len(told) < len(pairs):
        keys = [key for key, _ in pairs]
        again = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object of it says {again!r} twice")
    return told


@dataclass(frozen=True)
class CsvLines:
    """A CSV file: its header, and the texts of every other line, however many one has.

    Lines that are blank are none. is_ended tells whether a line break ends the last one: where it
    does not, the file may be cut.
    """

    header: Sequence[str]
    lines: Sequence[Sequence[str]]
    is_ended: bool = True


def csv_lines(content: bytes) -> CsvLines:
    """The lines of a CSV file, of which the first is its header."""
    text = content.decode("utf-8-sig")
    try:
        # A quote that nobody closes would swallow the rest of the file.
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if not lines:
        raise ValueError("it has no line, not even a header")
    return CsvLines(lines[0], lines[1:], text.endswith(("\n", "\r")))


def pdf_bytes(content: bytes) -> bytes:
    """The PDF itself, for a parser that reads it page by page."""
    if not content.startswith(b"%PDF-"):
        raise ValueError("it does not begin as a PDF")
    return content
