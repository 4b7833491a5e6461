"""Which of several rows of one thing stands."""

from itertools import permutations

import ibis
import pytest
from ibis import _

from nba_pipeline.kernel.trust import in_order

ROWS = [
    {"book": "a", "updated_at": 8, "price": 2.1},
    {"book": "a", "updated_at": 9, "price": 2.0},
    {"book": "a", "updated_at": 9, "price": 1.9},
    {"book": "a", "updated_at": None, "price": 1.5},
    {"book": "b", "updated_at": None, "price": 1.7},
]


@pytest.mark.parametrize("is_joined", [False, True])
@pytest.mark.parametrize("files", permutations("wxyz"))
def test_what_a_row_says_decides_and_neither_its_file_nor_its_place(files, is_joined) -> None:
    """What was changed last, then the lower price, under every name of the files; in joined rows too."""
    places = [{"source_file": name, "row_number": ord(name) % 7} for name in (*files, "w")]
    rows = ibis.memtable([row | place for row, place in zip(ROWS, places, strict=True)])
    if is_joined:
        rows = rows.join(ibis.memtable({"book": ["a", "b"], "city": ["x", "y"]}), "book")
    rows = in_order(rows, ["book"], _.updated_at.desc(nulls_first=False))
    told = rows.order_by("book", "place").select("book", "price").to_pandas()
    assert told.to_numpy().tolist() == [["a", 1.9], ["a", 2.0], ["a", 2.1], ["a", 1.5], ["b", 1.7]]
