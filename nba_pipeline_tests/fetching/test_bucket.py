"""A landing zone in Cloud Storage: a generation is a file's identity, and what it is written over."""

from types import SimpleNamespace

import pytest
from upath import UPath

from nba_pipeline.automation.landing_listing import listing
from nba_pipeline.engine.file_reader import FileReader
from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching import files
from nba_pipeline.fetching.bucket import StoredMeanwhile, generation, put
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule

SCHEDULE = "nba_stats/schedule/2023-24.json.gz"


@pytest.fixture
def landing(bucket, request) -> Landing:
    """A landing zone of the test's own in the bucket."""
    return Landing(f"{bucket}/{request.node.name}")


def test_a_file_is_put_in_place_whole_and_read_again(landing) -> None:
    """Under its own name alone, gzipped without a time, so that equal contents are equal."""
    assert files.stored(landing.root, SCHEDULE) is None
    files.place(landing.root, SCHEDULE, b"{}")
    assert files.stored(landing.root, SCHEDULE.removesuffix(".gz")) == SCHEDULE
    names = [path.name for path in (landing.root / "nba_stats/schedule").iterdir()]
    assert names == ["2023-24.json.gz"]
    document = nba_stats_schedule.decoded((landing.root / SCHEDULE).read_bytes(), SCHEDULE)
    assert document == {}


def test_a_content_of_the_same_length_is_another(landing) -> None:
    """It has another generation, which the fingerprint and what sensors look at go by."""
    reader, seen = FileReader(landing.root), []
    for content in (b"[1]", b"[2]"):
        over = generation(landing.root, files.stored(landing.root, SCHEDULE))
        files.place(landing.root, SCHEDULE, content, over)
        digest = listing(landing.root, [nba_stats_schedule]).digests
        seen.append(
            (over, reader.fingerprint(SCHEDULE), digest[nba_stats_schedule.name, "2023-24"])
        )
    (none, *before), (first, *after) = seen
    assert none == 0 < first < generation(landing.root, SCHEDULE)
    assert all(old != new for old, new in zip(before, after, strict=True))


class Blobs:
    """Cloud Storage as far as a precondition goes, which the emulator ignores."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.content = b"stored meanwhile"

    def get_client(self) -> "Blobs":
        """The client, the bucket and the blob are all this."""
        return self

    def bucket(self, name: str) -> SimpleNamespace:
        """The bucket that the path begins with."""
        assert name == "league"
        return SimpleNamespace(blob=lambda key: self if key == "landing/a/b.json" else None)

    def upload_from_string(
        self, content: bytes, *, content_type: str, if_generation_match: int
    ) -> None:
        """Refuses as Cloud Storage does."""
        from google.api_core.exceptions import PreconditionFailed  # noqa: PLC0415

        assert content_type
        if if_generation_match != self.generation:
            raise PreconditionFailed("conditionNotMet")
        self.content = content


@pytest.mark.parametrize(("looked_at", "is_kept"), [(7, False), (6, True), (0, True)])
def test_what_was_stored_meanwhile_is_kept(monkeypatch, looked_at, is_kept) -> None:
    """Only over the generation that was looked at is anything written; none is 0."""
    pytest.importorskip("dagster_gcp", reason="needs the extra gcp")
    blobs = Blobs(generation=7)
    monkeypatch.setattr("dagster_gcp.GCSResource", lambda: blobs)
    root = UPath("gs://league/landing")
    if is_kept:
        with pytest.raises(StoredMeanwhile, match=r"a/b\.json: another process has stored it"):
            put(root, "a/b.json", b"mine", looked_at)
        assert blobs.content == b"stored meanwhile"
    else:
        put(root, "a/b.json", b"mine", looked_at)
        assert blobs.content == b"mine"
