"""The settings of one installation, typed, from the environment or a .env file.

Only this module reads the environment.
"""

import re
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from nba_pipeline.errors import WrongRequest

_POSTGRES = re.compile(r"^postgres(ql)?(\+\w+)?://")


class Settings(BaseSettings):
    """Where things are kept; every field is NBA_PIPELINE_<NAME> in the environment."""

    model_config = SettingsConfigDict(env_prefix="NBA_PIPELINE_", env_file=".env", extra="ignore")

    home: Path = Field(Path(".nba_pipeline"), description="Root of everything kept locally")
    landing: str = Field("", description="Landing zone: a folder or gs://bucket/prefix")
    warehouse: str = Field("", description="delta:<folder> or bigquery:<project>")
    bigquery_location: str = Field(
        "", description="Region of BigQuery's datasets, as US or europe-west1; its own unless set"
    )
    bigquery_maximum_gigabytes: float = Field(
        100.0, gt=0, description="What one query of BigQuery may read, in GB; more is refused"
    )
    published: str = Field("", description="Folder of the published files")
    compiled: str = Field(
        "",
        description="Folder of compiled queries, which several homes may share; in home unless set",
    )
    duckdb_threads: int = Field(
        0,
        ge=0,
        description="Threads of the embedded warehouse; as many as the machine has cores unless set",
    )
    coordination: str = Field(
        "",
        description="SQLAlchemy URL of leases, audit and stamps; of Postgres, Dagster's books too",
    )
    seasons: str = Field(
        "", description="Coming seasons, as 2027-28:2027-10-19:2028-06-20; several by commas"
    )
    lease_seconds: float = Field(
        60.0, gt=0, description="How long a lease outlives its holder's last heartbeat"
    )

    sensor_seconds: int = Field(
        5, ge=1, description="Seconds between two looks of a sensor; read where definitions load"
    )
    landing_quiet_seconds: float = Field(
        2.0, ge=0, description="How long no file may have come before what has landed is asked for"
    )
    retry_minutes: str = Field(
        "1,5,15",
        pattern=r"^(\d+(\.\d+)?(,\d+(\.\d+)?)*)?$",
        description="Pauses before a run that failed for a passing reason is asked for again",
    )

    alert_webhook: str = Field(
        "",
        pattern=r"^(https?://[^/:\s]+(:\d+)?(/\S*)?)?$",
        description="Address that alerts are posted to, as JSON",
    )
    alert_email_to: str = Field("", description="Who gets alerts by e-mail; several by commas")
    alert_email_from: str = Field("nba-pipeline@localhost", description="From whom")
    alert_smtp: str = Field(
        "localhost:25", pattern=r"^[^:\s]+(:\d+)?$", description="The mail server, as host:port"
    )
    alert_smtp_user: str = Field("", description="Its user; with one, the connection is encrypted")
    alert_smtp_password: SecretStr = Field(SecretStr(""), description="Its password")
    alert_hours: float = Field(
        6.0, gt=0, description="Hours within which the same alert is not told again"
    )

    nba_stats_url: str = Field("https://stats.nba.com/stats", description="Address of nba_stats_*")
    nba_cdn_url: str = Field(
        "https://cdn.nba.com/static/json/liveData", description="Address of the play by play"
    )
    nba_injury_report_url: str = Field(
        "https://ak-static.cms.nba.com/referee/injury", description="Address of the injury reports"
    )
    nba_injury_report_times: str = Field(
        "11:00,13:00,17:00,19:00",
        description="Which of a day's injury reports are fetched, US Eastern; several by commas",
    )
    nba_gamebook_url: str = Field(
        "https://statsdmz.nba.com/pdfs", description="Address of the game books"
    )
    nba_official_url: str = Field(
        "https://official.nba.com/wp-json/api/v1", description="Address of the referee assignments"
    )
    odds_api_url: str = Field(
        "https://api.the-odds-api.com/v4", description="Address of The Odds API"
    )
    odds_api_key: SecretStr = Field(SecretStr(""), description="Key of The Odds API")
    odds_api_keep: int = Field(
        0, ge=0, description="Requests of the Odds API's quota that fetching leaves untouched"
    )
    odds_api_regions: str = Field("us", description="Regions of its bookmakers; several by commas")
    odds_api_hours_before: float = Field(
        1.0, ge=0, description="How long before tip-off the historical prices are taken"
    )
    bigdataball: str = Field("", description="BigDataBall's files: a folder or gs://bucket/prefix")
    fetch_timeout: float = Field(
        30.0, gt=0, description="Seconds without a byte after which a question is asked again"
    )

    @property
    def retry_pauses(self) -> tuple[float, ...]:
        """The minutes of retry_minutes, as many as there are retries."""
        return tuple(float(text) for text in self.retry_minutes.split(",") if text)

    @cached_property
    def landing_root(self) -> str:
        """The landing zone; <home>/landing unless set."""
        return self.landing or str(self.home.absolute() / "landing")

    @cached_property
    def warehouse_place(self) -> str:
        """delta:<absolute folder> or bigquery:<project>; delta:<home>/warehouse unless set.

        Raises:
            WrongRequest: the warehouse setting is neither.
        """
        kind, _, place = (self.warehouse or f"delta:{self.home / 'warehouse'}").partition(":")
        if kind not in ("delta", "bigquery") or not place:
            raise WrongRequest(
                f"NBA_PIPELINE_WAREHOUSE={self.warehouse!r}: expected delta:<folder> or "
                "bigquery:<project>"
            )
        return f"{kind}:{Path(place).absolute() if kind == 'delta' else place}"

    @property
    def parsed_folder(self) -> Path:
        """Parsed copies of the landing zone's files: <home>/parsed, which may go at any time."""
        return self.home.absolute() / "parsed"

    @property
    def compiled_folder(self) -> Path:
        """Compiled queries, <home>/compiled unless set; it may go at any time."""
        return Path(self.compiled or self.home / "compiled").absolute()

    @cached_property
    def coordination_url(self) -> str:
        """The coordination store; a SQLite file in <home> unless set.

        A URL of Postgres names psycopg2, which Dagster's storage needs: without a driver it means
        another in each minor version of SQLAlchemy.
        """
        if not self.coordination:
            return f"sqlite:///{self.home.absolute() / 'coordination.db'}"
        return _POSTGRES.sub("postgresql+psycopg2://", self.coordination)

    @cached_property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME of this installation: <home>/dagster."""
        return self.home.absolute() / "dagster"
