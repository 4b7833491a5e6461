"""Every declared table, found in the phases' folders and sorted by what each reads.

Knows no table by name and imports no Dagster: commands that only look start with this alone.
"""

import importlib
import pkgutil
from dataclasses import replace
from graphlib import TopologicalSorter

import nba_pipeline
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table


def _phases() -> list[str]:
    """The packages of tables, in order; phase 1 holds sources."""
    names = (module.name for module in pkgutil.iter_modules(nba_pipeline.__path__))
    return sorted(n for n in names if n.startswith("phase_") and not n.startswith("phase_1_"))


def _declared() -> dict[str, Table]:
    """The table of each file: the value that has the file's name."""
    found: dict[str, Table] = {}
    for phase in _phases():
        package = importlib.import_module(f"nba_pipeline.{phase}")
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            file = importlib.import_module(f"nba_pipeline.{phase}.{module}")
            found[module] = getattr(file, module)
    return found


def _in_order(tables: dict[str, Table]) -> dict[str, Table]:
    """The tables with every one after those that it reads, and knowing what it is made from."""
    graph = {name: [read.table for read in table.reads] for name, table in tables.items()}
    ordered: dict[str, Table] = {}
    for name in TopologicalSorter(graph).static_order():
        upstream = {up for read in graph[name] for up in (read, *ordered[read].upstream)}
        ordered[name] = replace(tables[name], upstream=tuple(n for n in ordered if n in upstream))
    return ordered


TABLES: dict[str, Table] = _in_order(_declared())
"""Every table by name, in the graph's order."""

SOURCES: dict[str, Source] = {
    source.name: source for table in TABLES.values() for source in table.sources
}
"""Every source that a table reads, by name."""
