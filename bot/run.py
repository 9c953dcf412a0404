"""`python -m bot run`: everything on one machine, from an empty folder to answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot import migrate, model_files, processes
from bot.database import make_engine, make_sessions, session_scope
from bot.errors import BotError
from bot.processes import base_url, environ_for, port_of
from bot.services import catalogue, desks, staff
from bot.settings import ROOT, Settings
from bot.supervisor import ProcessSpec, StartError, Supervisor, check_ports

STARTER = ROOT / "data" / "catalogue"


def run(settings: Settings) -> int:
    """Prepare, start and watch everything; returns the exit code."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(settings.var_dir / "log", _say)
    supervisor.install_signal_handlers()
    try:
        check_ports(_ports(settings))
        environ = environ_for(settings)
        if settings.embedded_store:
            supervisor.start([processes.store(settings, environ)])
        prepare(settings)
        model = model_files.train(ROOT / "models", _say)
        _say("Starting the processes …")
        supervisor.start(_specs(settings, environ, model))
        supervisor.await_ready(processes.whole(settings))
        _print_addresses(settings)
        supervisor.watch()
    except KeyboardInterrupt:
        pass
    except BotError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201
        return 1
    finally:
        supervisor.stop()
    return 0


def prepare(settings: Settings) -> None:
    """Bring the tables up to date; fill in the catalogue, desks and demo cases where missing."""
    migrate.upgrade(settings.database_url)
    sessions = make_sessions(make_engine(settings.database_url))
    with session_scope(sessions) as session:
        if settings.demo or catalogue.version(session) == 0:
            report = catalogue.import_files(session, sorted(STARTER.glob("*.yml")))
            print(report, flush=True)  # noqa: T201
        desks.seed(session)
    if settings.demo and not settings.onestop_config.exists():
        _say("Generating the demo's one-stop database …")
        _generate_cases(settings)


def _generate_cases(settings: Settings) -> None:
    url = f"sqlite:///{settings.var_dir / 'onestop.db'}"
    command = [sys.executable, "-m", "simulator", "onestop", "--database-url", url]
    command += ["--cases", "10000", "--config-out", str(settings.onestop_config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise StartError(f"The demo's cases could not be generated: {done.stderr.strip()[-500:]}")


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)  # noqa: T201


def _ports(settings: Settings) -> list[tuple[int, str]]:
    ports = [
        (settings.port, "PORT"),
        (port_of(settings.rasa_urls[0], "RASA_URL"), "RASA_URL"),
        (port_of(settings.actions_url, "ACTIONS_URL"), "ACTIONS_URL"),
    ]
    if settings.embedded_store:
        ports.append((settings.valkey_port, "VALKEY_PORT"))
    if settings.demo:
        ports.append((settings.simulator_port, "SIMULATOR_PORT"))
    return ports


def _specs(settings: Settings, environ: dict[str, str], model: Path) -> list[ProcessSpec]:
    specs = [
        processes.rasa(settings, environ, model),
        processes.actions(settings, environ),
        processes.web(settings, environ),
        processes.worker(environ),
    ]
    if settings.demo:
        specs.append(processes.zalo_simulator(settings, environ))
    return specs


def _print_addresses(settings: Settings) -> None:
    _say("The assistant is answering.")
    if settings.demo:
        _say(f"Chat page:  http://127.0.0.1:{settings.simulator_port}/")
    _say(f"Web chat:   {base_url(settings)}/chat/")
    _say(f"Help desk:  {base_url(settings)}/desk/")
    _say(f"Admin:      {base_url(settings)}/admin/")
    _say(f"Webhook:    {base_url(settings)}/webhook/zalo")
    _say(f"Health:     {base_url(settings)}/health/ready")
    if not _has_staff(settings):
        create = "create-staff --email E --name N --role admin"
        _say(f"First staff account: .venv/bin/python -m bot {create}")
    _say("Ctrl-C stops everything.")


def _has_staff(settings: Settings) -> bool:
    with session_scope(make_sessions(make_engine(settings.database_url)), readonly=True) as session:
        return staff.exists(session)
