"""Every declared table, found in the phases' folders and sorted by what each reads.

Knows no table by name and imports no Dagster: commands that only look start with this alone.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

import nba_pipeline
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.columns import STAMP, declared
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table


class Undescribed(NbaPipelineError, ValueError):
    """A column that neither its own table nor the tables upstream describe as one thing."""


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
        table = replace(tables[name], upstream=tuple(n for n in ordered if n in upstream))
        inherited = descriptions_upstream(table, [ordered[name] for name in table.upstream])
        ordered[name] = replace(table, inherited=inherited)
    return ordered


def descriptions_upstream(table: Table, upstream: Sequence[Table]) -> dict[str, str]:
    """Per column that the table does not describe itself, the one description that it has upstream.

    A column that every table gets is described there.

    Raises:
        Undescribed: upstream tables say different things of one, or none has it.
    """
    found: dict[str, str] = {}
    for name in declared(table.schema):
        if name in table.described:
            continue
        texts: dict[str, list[str]] = {}
        for up in upstream:
            if name in up.columns:
                texts.setdefault(up.columns[name], []).append(up.name)
        if name in STAMP and not texts:
            texts = {STAMP[name].description: ["every table"]}
        if len(texts) != 1:
            said = "; ".join(f"{text!r} in {', '.join(of)}" for text, of in texts.items())
            raise Undescribed(
                f"{table.name}: column {name} has no description, and upstream "
                + (f"it has several: {said}" if texts else "no table has it")
                + "; say in the schema what it is"
            )
        (found[name],) = texts
    return found


TABLES: dict[str, Table] = _in_order(_declared())
"""Every table by name, in the graph's order."""

SOURCES: dict[str, Source] = {
    source.name: source
    for table in TABLES.values()
    for source in (*table.sources, *table.players_from)
}
"""Every source that a table reads, by name."""
