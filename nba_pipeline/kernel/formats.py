"""How the bytes of a landing file become a document, by the format that its name ends with.

A decoder raises ValueError for bytes that are not of its format; gzip is taken off before.
"""

import csv
import io
import json
import re

# Half of a letter that takes two: JSON can say it, and nothing can store it.
_HALF_A_LETTER = re.compile(rb"\\u[dD][89a-fA-F]")

# More digits than the largest number of any column's type.
_NO_NUMBER = re.compile(rb"\d{300}")


def json_document(content: bytes) -> object:
    """The JSON document: dicts, lists and plain values."""
    if _NO_NUMBER.search(content):
        raise ValueError("it has a number of hundreds of digits")
    try:
        document = json.loads(content)
        if _HALF_A_LETTER.search(content):
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return document


def csv_lines(content: bytes) -> list[dict[str, str | None]]:
    """The lines of a CSV file as dicts of texts under its header."""
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        # A quote that nobody closes would swallow the rest of the file.
        return list(csv.DictReader(text, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def pdf_bytes(content: bytes) -> bytes:
    """The PDF itself, for a parser that reads it page by page."""
    if not content.startswith(b"%PDF-"):
        raise ValueError("it does not begin as a PDF")
    return content
