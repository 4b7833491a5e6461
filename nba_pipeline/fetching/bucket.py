"""Files of a bucket of Cloud Storage: each content has a generation, and takes the place of one.

A file appears whole, or not at all; where another has been stored meanwhile, not at all.
"""

from upath import UPath

from nba_pipeline.errors import NbaPipelineError


class StoredMeanwhile(NbaPipelineError):
    """Another file lies in the way, as where a process has stored one since it was looked at."""


def is_bucket(root: UPath) -> bool:
    """Whether files lie in Cloud Storage."""
    return root.protocol in ("gs", "gcs")


def generation(root: UPath, path: str | None) -> int:
    """Which content lies at the path of a bucket; 0 where none does, and in a folder."""
    if path is None or not is_bucket(root):
        return 0
    target = root / path
    return int(target.fs.info(target.path)["generation"])


def put(root: UPath, path: str, content: bytes, over: int) -> None:
    """Stores the content in the place of that generation, which is 0 where there is no file yet.

    Raises:
        StoredMeanwhile: another generation lies there.
    """
    # Parts of the extra gcp, as is every landing zone in a bucket.
    from dagster_gcp import GCSResource  # noqa: PLC0415
    from google.api_core.exceptions import PreconditionFailed  # noqa: PLC0415

    bucket, _, key = (root / path).path.partition("/")
    blob = GCSResource().get_client().bucket(bucket).blob(key)
    try:
        blob.upload_from_string(
            content, content_type="application/octet-stream", if_generation_match=over
        )
    except PreconditionFailed as error:
        raise StoredMeanwhile(
            f"{path}: another process has stored it since it was looked at; that file is kept"
        ) from error
