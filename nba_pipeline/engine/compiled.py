"""Compiled queries on disk, for as long as no line of the project and no library under it changes.

The folder can be deleted at any time.
"""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

import nba_pipeline

Lineage = Mapping[str, set[tuple[str, str]]]
_LIBRARIES = ("ibis-framework", "duckdb", "sqlglot")
_FOLDER: list[Path] = []


@dataclass(frozen=True)
class Compiled:
    """A query, the columns that it gives, and what each of them is made from."""

    sql: str
    schema: pa.Schema
    lineage: Lineage


def keep_in(folder: Path) -> None:
    """Keeps compiled queries under the folder from here on, and forgets those of other code."""
    place = folder / _code()
    if [place] == _FOLDER:
        return
    _FOLDER[:] = [place]
    if not place.exists():
        shutil.rmtree(folder, ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)


def stored_query(key: str) -> Compiled | None:
    """The query that was kept under the key; None where there is none."""
    if not _FOLDER:
        return None
    try:
        facts = json.loads(_path(key).read_text())
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(facts["schema"])))
        lineage = {name: {(a, b) for a, b in pairs} for name, pairs in facts["lineage"].items()}
        return Compiled(facts["sql"], schema, lineage)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # None is there, or one that a stopped machine or a full disk has left in part.
        return None


def keep(key: str, compiled: Compiled) -> None:
    """Keeps the query under the key."""
    if not _FOLDER:
        return
    facts = {
        "sql": compiled.sql,
        "schema": base64.b64encode(compiled.schema.serialize().to_pybytes()).decode(),
        "lineage": {name: sorted(pairs) for name, pairs in compiled.lineage.items()},
    }
    path = _path(key)
    # Whole or not at all: another process may read it.
    draft = path.with_suffix(f".{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(json.dumps(facts))
    draft.replace(path)


def _path(key: str) -> Path:
    return _FOLDER[0] / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


@cache
def _code() -> str:
    """A fingerprint of every file of the project and of the libraries that compile."""
    root = Path(nba_pipeline.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(" ".join(version(name) for name in _LIBRARIES).encode())
    return digest.hexdigest()[:16]
