"""How a column says that it is a feature: models learn from columns that are so marked, and no others."""

from typing import Any

import pandera.ibis as pa

from nba_pipeline.kernel.columns import declared

_MARK = {"is_feature": True}


def feature(*, needs: str | None = None, is_learned: bool = True, **field: Any) -> Any:
    """A schema's field that is a feature: pandera's, and nullable unless it says otherwise.

    Args:
        needs: what a good row may lack it for, as a source that not every season has, by a name of
            the training gate's; it asks for the others of every season and month.
        is_learned: whether models learn from it; others are for systems that are formulas.
        **field: of pandera's Field.
    """
    mark = _MARK | {"needs": needs, "is_learned": is_learned}
    return pa.Field(**{"nullable": True} | field, metadata=mark)


def features_of(schema: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """The schema's features, in its order: the contract between a store, its models and systems."""
    return tuple(name for name, mark in _marks(schema).items() if mark)


def learned_features_of(schema: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """Those that models learn from, in the schema's order."""
    return tuple(name for name, mark in _marks(schema).items() if mark.get("is_learned"))


def optional_features_of(schema: type[pa.DataFrameModel]) -> dict[str, str]:
    """Those that a good row may lack, and what each needs."""
    return {name: mark["needs"] for name, mark in _marks(schema).items() if mark.get("needs")}


def _marks(schema: type[pa.DataFrameModel]) -> dict[str, dict[str, Any]]:
    """Each column's metadata; empty for what is no feature."""
    return {name: field.metadata or {} for name, field in declared(schema).items()}
