"""Tables as the sources gave them: parsed, validated, nothing computed; and what is wrong in them."""

import importlib
import pkgutil

from nba_pipeline.kernel.table import Table

_MADE_OF_THE_OTHERS = ("rejected_rows", "shot_sources", "data_gaps")


def raw_tables() -> list[Table]:
    """The tables of this folder that sources fill, by name: each file's value of its own name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [
        getattr(importlib.import_module(f"{__name__}.{name}"), name)
        for name in names
        if name not in _MADE_OF_THE_OTHERS
    ]
