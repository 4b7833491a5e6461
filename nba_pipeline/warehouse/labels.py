"""On whose behalf a warehouse works: labels that its jobs carry, where it has jobs."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

# What BigQuery takes in a label.
_NOT_TAKEN = re.compile(r"[^a-z0-9_-]")
_LONGEST = 63

_LABELS: ContextVar[Mapping[str, str]] = ContextVar(
    "labels", default=MappingProxyType[str, str]({})
)


@contextmanager
def labelled(**labels: str) -> Iterator[None]:
    """Until left, jobs carry these labels beside those that they carry already."""
    clean = {key: _NOT_TAKEN.sub("-", text.lower())[:_LONGEST] for key, text in labels.items()}
    before = _LABELS.get()
    _LABELS.set({**before, **clean})
    try:
        yield
    finally:
        # Not by a token: a resource of Dagster's may be left in another context than it was entered in.
        _LABELS.set(before)


def labels() -> dict[str, str]:
    """The labels of this moment."""
    return dict(_LABELS.get())
