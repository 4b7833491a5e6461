"""Compiled queries on disk, for as long as no line of the project and no library under it changes.

The folder can be deleted at any time, and several homes may share it, of one code or of several: each
code has a folder of its own in it, and nothing else in it is touched. Who cannot write there does
without.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

import nba_pipeline

Lineage = Mapping[str, set[tuple[str, str]]]
_LIBRARIES = ("ibis-framework", "duckdb", "sqlglot")
_OF_CODE = re.compile(r"[0-9a-f]{16}")
_KEPT_SECONDS = 7 * 24 * 3600
"""How long the queries of code that nobody runs any more are kept."""
_FOLDER: list[Path] = []


@dataclass(frozen=True)
class Compiled:
    """A query, the columns that it gives, and what each of them is made from."""

    sql: str
    schema: pa.Schema
    lineage: Lineage


def keep_in(folder: Path) -> None:
    """Keeps compiled queries under the folder from here on, and forgets those of code long unused.

    None are kept where the code has changed since this process began to load it: of some of it this
    process has what was there before.
    """
    code = _code()
    if code is None:
        _FOLDER.clear()
        return
    place = folder / code
    if [place] == _FOLDER:
        return
    _FOLDER[:] = [place]
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        os.utime(place)
        for other in folder.iterdir():
            if _OF_CODE.fullmatch(other.name) and _is_unused(other):
                shutil.rmtree(other, ignore_errors=True)


def _is_unused(place: Path) -> bool:
    return time.time() - place.stat().st_mtime > _KEPT_SECONDS


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
    draft = path.with_suffix(f".{uuid4().hex}")
    # A folder that may not be written to, or that is deleted meanwhile, costs time alone.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(facts))
        draft.replace(path)


def _path(key: str) -> Path:
    return _FOLDER[0] / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


@cache
def _code() -> str | None:
    """A fingerprint of every file of the project and of the libraries that compile.

    None where a file of the project is newer than this process.
    """
    root = Path(nba_pipeline.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        # Not when it was written: an archive and rsync keep that of elsewhere.
        if path.stat().st_ctime > nba_pipeline.LOADED_AT:
            return None
        digest.update(path.read_bytes())
    digest.update(" ".join(version(name) for name in _LIBRARIES).encode())
    return digest.hexdigest()[:16]
