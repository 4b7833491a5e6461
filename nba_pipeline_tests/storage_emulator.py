"""A Cloud Storage of the tests' own: gcp-storage-emulator, which ignores preconditions."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BUCKET = "league"
_EMULATORS = Path(
    os.environ.get("NBA_PIPELINE_TEST_EMULATORS", Path(__file__).parents[1] / ".emulators")
)
# gcsfs reads it when it is imported: it would ask whether the bucket has folders, which the emulator
# does not know, and wait for a minute.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"


@contextmanager
def running() -> Iterator[None]:
    """Until left, this process finds the bucket there, by gs:// and without credentials."""
    pytest.importorskip("gcsfs", reason="needs the extra gcp")
    from fsspec.config import conf  # noqa: PLC0415  comes with gcsfs

    program = _EMULATORS / "bin/gcp-storage-emulator"
    if not program.exists():
        pytest.skip("no gcp-storage-emulator here: make emulators")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = ["start", "--host", "127.0.0.1", "--port", port, "--in-memory", "--quiet"]
    process = subprocess.Popen([program, *words, "--default-bucket", BUCKET])
    try:
        place = f"http://127.0.0.1:{port}"
        _wait(process, place)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STORAGE_EMULATOR_HOST", place)
            patch.setitem(conf, "gs", {"token": "anon"})
            yield
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], place: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{place}/storage/v1/b/{BUCKET}", timeout=1).close()
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    pytest.fail("the emulator of Cloud Storage does not answer")
