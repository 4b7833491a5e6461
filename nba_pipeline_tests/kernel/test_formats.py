"""Bytes become documents, or are refused as not of their format."""

import json

import pytest

from nba_pipeline.kernel.formats import CsvLines, csv_lines, json_document, pdf_bytes


@pytest.mark.parametrize(
    "content",
    [
        *(b'["\\ud800"]', b'{"\\uDFFF": 1}', b'["\xed\xa0\xbd\xed\xb8\x80"]'),
        *(b"[" * 100_000, b"\xff\xfe", b"", b"9" * 400),
    ],
)
def test_what_no_text_can_hold_is_no_json(content) -> None:
    """Half letters, as escapes or bytes, numbers that nothing can store, and nesting without an end."""
    with pytest.raises(ValueError, match=r"nested|surrogate|decode|Expecting|hundreds"):
        json_document(content)


def test_a_letter_of_two_halves_is_one() -> None:
    """A pair of halves in the source's escapes is the letter that it stands for."""
    assert json_document(json.dumps(["\U0001f3c0"]).encode()) == ["\U0001f3c0"]


def test_what_json_lacks_is_no_plain_value_and_a_key_said_twice_no_document() -> None:
    """So that a column rejects NaN with its row, texts and numbers alike; no list of two is lost."""
    assert json_document(b"\xef\xbb\xbf[NaN, -Infinity, 1]") == [["NaN"], ["-Infinity"], 1]
    with pytest.raises(ValueError, match="says 'books' twice"):
        json_document(b'{"data": [{"books": [1], "id": 1, "books": [2]}]}')


def test_lines_are_told_from_their_header_and_have_nothing_of_a_byte_order_mark() -> None:
    """Each with the fields that it has; a file without a line is none, one that may be cut says so."""
    assert csv_lines(b"\xef\xbb\xbfa,b\r\n1\r\n\r\n1,2,3\r\n") == CsvLines(
        ["a", "b"], [["1"], ["1", "2", "3"]]
    )
    assert csv_lines(b"a,b\n1,2") == CsvLines(["a", "b"], [["1", "2"]], is_ended=False)
    for nothing in (b"", b"\n\r\n"):
        with pytest.raises(ValueError, match="not even a header"):
            csv_lines(nothing)
    with pytest.raises(ValueError, match="end of data"):
        csv_lines(b'a,b\r\n1,"2\r\n3,4\r\n')
    with pytest.raises(ValueError, match="begin as a PDF"):
        pdf_bytes(b"<html>")
