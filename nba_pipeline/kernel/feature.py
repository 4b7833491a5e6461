"""How a column says that it is a feature: models learn from exactly the columns that are so marked."""

from typing import Any

import pandera.ibis as pa

_MARK = {"is_feature": True}


def feature(**field: Any) -> Any:
    """A schema's field that is a feature: pandera's, and nullable unless it says otherwise."""
    return pa.Field(**{"nullable": True} | field, metadata=_MARK)


def features_of(schema: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """The schema's features, in its order: the contract between a store, its models and systems."""
    columns = schema.to_schema().columns
    return tuple(name for name, column in columns.items() if column.metadata == _MARK)
