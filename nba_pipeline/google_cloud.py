"""Google Cloud, where the settings name it: what it takes is looked for before anything is asked of it."""

from importlib.util import find_spec

from nba_pipeline.errors import WrongRequest


def require_google_cloud(setting: str, instead: str) -> None:
    """Looks for the extra gcp and for credentials, neither of which is asked of Google.

    Args:
        setting: what names a place there.
        instead: the setting that does without it.

    Raises:
        WrongRequest: there is none; the message says what to install or to set.
    """
    if find_spec("dagster_gcp") is None:
        raise WrongRequest(f"{setting} takes the extra gcp: pip install 'nba-pipeline[gcp]'")
    import google.auth  # noqa: PLC0415  part of the extra
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    try:
        google.auth.default()
    except GoogleAuthError as error:
        raise WrongRequest(
            f"{setting}: no credentials of Google Cloud ({error}). Set GOOGLE_APPLICATION_CREDENTIALS to the "
            "file of a service account's key, or run gcloud auth application-default login; or set "
            f"{instead} to work without it"
        ) from error
