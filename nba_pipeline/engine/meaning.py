"""What a table's rows mean, beside its own code version: limits, formulas and parsers in use.

Found by following the names that the table's functions use, so that nothing can be forgotten: a
changed threshold, or a new VERSION of a module of formulas, makes stale exactly the tables that
use it.
"""

import functools
import hashlib
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from types import CodeType, FunctionType, ModuleType

from nba_pipeline import thresholds
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.kernel.units import Invariant
from nba_pipeline.lookback.provenance import bootstrap, with_quality
from nba_pipeline.thresholds import SHARES, Threshold

_PACKAGE = "nba_pipeline"
_NAMES = {
    id(value): name for name, value in vars(thresholds).items() if isinstance(value, Threshold)
}


@cache
def meaning(table: Table) -> str:
    """A fingerprint of every limit, formula and parser that the table's rows and checks depend on."""
    return hashlib.sha256("\n".join(parts(table)).encode()).hexdigest()[:16]


def with_code(table: Table, inputs: Mapping[date, str]) -> dict[date, str]:
    """Per partition, all that decides what an attempt to make it comes to: inputs, and the code."""
    code = f"{table.version} {meaning(table)}"
    return {day: f"{of_day} {code}" for day, of_day in inputs.items()}


def parts(table: Table) -> list[str]:
    """The limits with their values, and the modules of formulas and sources with their versions."""
    meanings = {f"{share.__name__} {SHARES[share.__name__].value}" for share in table.shares}
    sources = (*table.sources, *table.players_from)
    meanings |= {f"source {source.name} {source.version}" for source in sources}
    return sorted(meanings | _meanings(_functions(table)))


def parsed_with(source: Source) -> list[str]:
    """The limits with their values, and the modules with their versions, that its parser comes to."""
    return sorted(_meanings([source.parse, *source.formats.values()]))


def _meanings(roots: list[object]) -> set[str]:
    meanings = set()
    for value in _reached(roots):
        if isinstance(value, Table):
            # Its units and its rejections are functions of its own file.
            meanings.add(f"table {value.name} {value.version}")
        elif isinstance(value, Invariant):
            # Its limits are in the expression already.
            meanings.add(f"invariant {value.name} {value.is_broken!r} {value.detail!r}")
        elif isinstance(value, Threshold):
            meanings.add(f"threshold {_NAMES[id(value)]} {value.value}")
        else:
            module = sys.modules[value.__module__]
            if hasattr(module, "VERSION"):
                meanings.add(f"{module.__name__} {module.VERSION}")
    return meanings


def helpers_of(source: Source) -> set[str]:
    """The modules whose functions and classes its parser comes to, its own among them."""
    reached = _reached([source.parse, *source.formats.values()])
    modules = {v.__module__ for v in reached if isinstance(v, FunctionType | type)}
    return modules - {"nba_pipeline.kernel.source"}


def modules_of(table: Table) -> set[str]:
    """The modules, table files apart, whose functions and classes the table's rows come from."""
    reached = {
        v.__module__
        for v in _reached(_functions(table))
        if not isinstance(v, Threshold | Invariant | Table)
    }
    others = ("phase_", "errors", "clock", "kernel.table", "kernel.reads")
    return {m for m in reached if not m.removeprefix(f"{_PACKAGE}.").startswith(others)}


def _functions(table: Table) -> list[object]:
    """What computes and judges the table's rows."""
    asked = (*table.assertions, *table.violations, *table.warnings, *table.shares)
    functions: list[object] = [table.transform, *table.parts.values(), *asked]
    functions += [table.in_python.asked, table.in_python.told] if table.in_python else []
    others = (table.expected, table.refusals, table.gate, table.unsettled, table.rejections)
    functions += [function for function in others if function]
    if table.is_tracked:
        functions.append(with_quality)
    if table.needs_minimum_games:
        functions.append(bootstrap)
    return functions


def _reached(
    roots: list[object],
) -> Iterator[Threshold | Invariant | Table | FunctionType | type]:
    """Every limit, function and class of this project that the roots come to, each once.

    And every table of which they use what it declares of its units and rejections.
    """
    stack, visited = list(roots), set()
    while stack:
        value = stack.pop()
        if isinstance(value, functools.partial):
            stack += [value.func, *value.args, *value.keywords.values()]
        if id(value) in visited:
            continue
        visited.add(id(value))
        if isinstance(value, Threshold | Invariant):
            yield value
        elif isinstance(value, Mapping):
            stack += value.values()
        elif isinstance(value, Table):
            if value.units or value.rejections:
                yield value
            stack += [value.rejections] if value.rejections else []
            if value.units:
                stack += [value.units.expected, value.units.measured, *value.units.invariants]
        elif isinstance(value, FunctionType | type) and value.__module__.startswith(_PACKAGE):
            yield value
            stack += _named_in(value)


def _named_in(value: FunctionType | type) -> list[object]:
    """What the function's or the class's code names."""
    if isinstance(value, type):
        return [part for part in vars(value).values() if isinstance(part, FunctionType)]
    names = set(_names(value.__code__))
    named = [value.__globals__[name] for name in names if name in value.__globals__]
    modules = [m for m in named if isinstance(m, ModuleType) and m.__name__.startswith(_PACKAGE)]
    named += [getattr(module, name) for module in modules for name in names & set(vars(module))]
    return named + [cell.cell_contents for cell in value.__closure__ or ()]


def _names(code: CodeType) -> Iterator[str]:
    """The global and attribute names of a function's code and of the functions within."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
