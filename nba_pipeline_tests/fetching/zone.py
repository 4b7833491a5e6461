"""A landing zone that files at hand are ingested into."""

import gzip
import json
from pathlib import Path

from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching.ingest import Ingested, ingest
from nba_pipeline.tables import SOURCES


class Zone:
    """A landing zone that files are ingested into."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "landing"
        self.hand = folder / "hand"
        self.hand.mkdir()

    def laid(self, name: str, document: object) -> Path:
        """A file at hand, as JSON."""
        path = self.hand / name
        text = json.dumps(document).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    def ingest(self, *paths: Path, **options: object) -> Ingested:
        """What came of the files, in a new process."""
        return ingest(paths, Landing(str(self.root)), list(SOURCES.values()), **options)

    def files(self) -> dict[str, bytes]:
        """Every file of the landing zone."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }
