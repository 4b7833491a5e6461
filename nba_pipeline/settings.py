"""The settings of one installation, typed, from the environment or a .env file.

Only this module reads the environment.
"""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from nba_pipeline.errors import WrongRequest


class Settings(BaseSettings):
    """Where things are kept; every field is NBA_PIPELINE_<NAME> in the environment."""

    model_config = SettingsConfigDict(env_prefix="NBA_PIPELINE_", env_file=".env", extra="ignore")

    home: Path = Field(Path(".nba_pipeline"), description="Root of everything kept locally")
    landing: str = Field("", description="Landing zone: a folder or gs://bucket/prefix")
    warehouse: str = Field("", description="delta:<folder> or bigquery:<project>")
    published: str = Field("", description="Folder of the published files")
    coordination: str = Field("", description="SQLAlchemy URL of leases, audit and stamps")
    seasons: str = Field(
        "", description="Coming seasons, as 2027-28:2027-10-19:2028-06-20; several by commas"
    )
    lease_seconds: float = Field(
        60.0, gt=0, description="How long a lease outlives its holder's last heartbeat"
    )

    @cached_property
    def landing_root(self) -> str:
        """The landing zone; <home>/landing unless set."""
        return self.landing or str(self.home.absolute() / "landing")

    @cached_property
    def warehouse_folder(self) -> Path:
        """The folder of the Delta tables; <home>/warehouse unless set.

        Raises:
            WrongRequest: the warehouse setting names a kind that is not delta.
        """
        kind, _, place = (self.warehouse or f"delta:{self.home / 'warehouse'}").partition(":")
        if kind != "delta" or not place:
            raise WrongRequest(
                f"NBA_PIPELINE_WAREHOUSE={self.warehouse!r}: expected delta:<folder>; "
                "no other warehouse is built yet"
            )
        return Path(place).absolute()

    @property
    def parsed_folder(self) -> Path:
        """Parsed copies of the landing zone's files: <home>/parsed, which may go at any time."""
        return self.home.absolute() / "parsed"

    @property
    def compiled_folder(self) -> Path:
        """Compiled queries: <home>/compiled, which may go at any time."""
        return self.home.absolute() / "compiled"

    @cached_property
    def coordination_url(self) -> str:
        """The coordination store; a SQLite file in <home> unless set."""
        return self.coordination or f"sqlite:///{self.home.absolute() / 'coordination.db'}"

    @cached_property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME of this installation: <home>/dagster."""
        return self.home.absolute() / "dagster"
