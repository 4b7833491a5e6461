"""The columns that every table gets beside its declared ones: their types and meanings.

Every table gets `STAMP`; tables from phase 3 on get `QUALITY` too, and `<family>_games_expected` and
`<family>_games_present` per input family of their declaration, which says when a row is ready.
lookback.provenance computes that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ibis.expr.datatypes as dt
import pandera.ibis as pa
from pandera.dtypes import immutable
from pandera.engines import ibis_engine


@dataclass(frozen=True)
class AddedColumn:
    """A column's ibis type and what it means."""

    kind: str
    description: str


@ibis_engine.Engine.register_dtype
@immutable
class GapIds(ibis_engine.DataType):
    """The type of a declared column of gap ids: a list of text."""

    type = dt.Array(dt.string)


def declared(schema: type[pa.DataFrameModel]) -> dict[str, Any]:
    """The columns that a schema declares, each with its pa.Field.

    For those who look at no type or check: pandera copies every column when it builds a schema.
    """
    return {name: field for name, (_annotation, field) in schema.__fields__.items()}


QUALITY = {
    "completeness": AddedColumn(
        "float64", "Least share of present inputs over the required families, 0 to 1"
    ),
    "gap_ids": AddedColumn(
        str(GapIds.type),
        "Sorted ids of every raw gap that the values depend on, or those of a row that it is made from",
    ),
    "is_production_ready": AddedColumn(
        "boolean", "Every required family reaches its threshold, and enough games"
    ),
    "not_ready_reason": AddedColumn("string", "Why the row is not ready; NULL when it is"),
}
"""How whole a row is: every table from phase 3 on."""

MINIMUM_GAMES = "minimum_games"
"""In a declaration's ready_when: enough games of the season are behind the row.

They are those that the row's counts tell: of its own player or team, or of an opponent whom it is joined
with where a larger share of his is missing. How many are behind an opponent who misses none is told by
the opponent's own row: in a season's first days few are behind any.
"""


def counts_of(families: Iterable[str]) -> dict[str, AddedColumn]:
    """The columns that count the games of each input family."""
    return {
        name: AddedColumn("int64", description)
        for family in families
        for name, description in (
            (f"{family}_games_expected", f"Games of the {family} family that the values look at"),
            (f"{family}_games_present", f"Those of them that are no gap of the {family} family"),
        )
    }


STAMP = {
    "season": AddedColumn("string", "Season, as 2023-24"),
    "bypass": AddedColumn(
        "string", "Name and reason of each bypass that the row was made under; NULL when none"
    ),
    "run_id": AddedColumn("string", "Run that wrote the row"),
    "code_version": AddedColumn("int64", "Version of the table's code that made the row"),
    "written_at": AddedColumn("timestamp('UTC')", "When the row was written, UTC"),
}
"""Who wrote a row, under which code: every table."""

OWN = ("run_id", "code_version", "written_at", "bypass")
"""What a row says of itself, and no row made from it says."""
