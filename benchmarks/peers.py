"""The two assistants that are measured side by side, started and stopped in turn."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import requests
from ruamel.yaml import YAML

from benchmarks.load import TEXTS, RestChannel, SendApi, SignedWebhook
from bot import model_files, processes, run
from bot.settings import ROOT, Settings
from bot.supervisor import ProcessSpec, Supervisor

T = TypeVar("T")
STOCK = ROOT / "var" / "benchmarks" / "stock"
# `rasa init` writes a configuration without a pipeline: Rasa then takes its default one.
_STOCK_ACTION = '''"""The one custom action of the stock assistant."""

from rasa_sdk import Action


class ActionAnswer(Action):
    def name(self):
        return "action_answer"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="Đây là câu trả lời.")
        return []
'''


@contextlib.asynccontextmanager
async def signed_webhook() -> AsyncIterator[SignedWebhook]:
    """Our whole chain between a signed webhook and a send API that accepts everything."""
    send_api = SendApi()
    await send_api.start()
    async with _in_thread(assistant(f"http://127.0.0.1:{send_api.port}")) as settings:
        yield SignedWebhook(
            f"{processes.base_url(settings)}/webhook/zalo",
            send_api,
            settings.zalo_app_id,
            settings.zalo_oa_id,
            settings.zalo_oa_secret_key,
        )


@contextlib.asynccontextmanager
async def rest_channel() -> AsyncIterator[RestChannel]:
    """A stock Rasa by its REST channel."""
    async with _in_thread(stock_rasa()) as url:
        yield RestChannel(url)


@contextlib.asynccontextmanager
async def _in_thread(peer: AbstractContextManager[T]) -> AsyncIterator[T]:
    # Starting a peer takes long and blocks; the send API must answer meanwhile.
    loop = asyncio.get_running_loop()
    entered = await loop.run_in_executor(None, peer.__enter__)
    try:
        yield entered
    finally:
        await loop.run_in_executor(None, peer.__exit__, None, None, None)


@contextlib.contextmanager
def assistant(zalo_api_url: str) -> Iterator[Settings]:
    """Our whole chain on free ports in a temporary folder; gives its settings."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    settings = dataclasses.replace(
        processes.isolated(Settings.from_env({}), folder), zalo_api_url=zalo_api_url
    )
    supervisor = Supervisor(folder / "log", print)
    environ = processes.environ_for(settings)
    try:
        supervisor.start([processes.store(settings, environ)])
        run.prepare(settings)
        model = model_files.train(ROOT / "models", print)
        supervisor.start(
            [
                processes.rasa(settings, environ, model),
                processes.actions(settings, environ),
                processes.web(settings, environ),
                processes.worker(environ),
            ]
        )
        supervisor.await_ready(processes.whole(settings))
        yield settings
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def stock_rasa() -> Iterator[str]:
    """A stock Rasa (`rasa init` pipeline, our intents, one action); gives its REST address."""
    python = build_stock()
    port, actions_port = processes.free_port(), processes.free_port()
    write_yaml(
        STOCK / "endpoints.yml",
        {"action_endpoint": {"url": f"http://127.0.0.1:{actions_port}/webhook"}},
    )
    environ = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "SANIC_HOST": "127.0.0.1"}
    environ |= {"PYTHONPATH": str(STOCK), "TF_CPP_MIN_LOG_LEVEL": "3"}
    rasa = (
        python, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port),
        "-m", str(STOCK / "models" / "stock.tar.gz"), "--endpoints", str(STOCK / "endpoints.yml"),
        "--credentials", str(STOCK / "credentials.yml"),
    )  # fmt: skip
    actions = (python, "-m", "rasa_sdk", "--actions", "actions", "-p", str(actions_port))
    health = processes.answers(f"http://127.0.0.1:{actions_port}/health")
    supervisor = Supervisor(STOCK / "log", print)
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    try:
        supervisor.start(
            [
                ProcessSpec("stock-actions", actions, health, environ, folder=STOCK),
                ProcessSpec("stock-rasa", rasa, lambda: _speaks(url), environ, folder=STOCK),
            ]
        )
        yield url
    finally:
        supervisor.stop()


def install_stock() -> str:
    """An environment with a stock Rasa, everything else as it resolves; returns its Python."""
    python = STOCK / "venv" / "bin" / "python"
    if not python.exists():
        print("Installing a stock Rasa of the same version, everything else as it resolves …")
        subprocess.run([sys.executable, "-m", "venv", STOCK / "venv"], check=True)
        uv = Path(sys.executable).with_name("uv")
        wanted = ["rasa==3.6.21", "setuptools<81"]
        call([uv, "pip", "install", "--quiet", "--python", python, *wanted], ROOT)
    return str(python)


def build_stock() -> str:
    """Install and train the stock assistant unless that was done; returns its Python."""
    python = install_stock()
    if not (STOCK / "models" / "stock.tar.gz").exists():
        print("Training the stock assistant …")
        call([python, "-m", "rasa", "init", "--no-prompt", "--init-dir", STOCK], STOCK)
        _fill_stock()
        call([python, "-m", "rasa", "train", "--fixed-model-name", "stock"], STOCK)
    return python


def _fill_stock() -> None:
    intents = _our_intents()
    shutil.rmtree(STOCK / "data")
    shutil.copytree(ROOT / "data" / "nlu", STOCK / "data" / "nlu")
    rules = [
        {"rule": intent, "steps": [{"intent": intent}, {"action": "action_answer"}]}
        for intent in intents
    ]
    write_yaml(STOCK / "data" / "rules.yml", {"version": "3.1", "rules": rules})
    domain = {"version": "3.1", "intents": intents, "actions": ["action_answer"]}
    write_yaml(STOCK / "domain.yml", domain)
    (STOCK / "actions" / "actions.py").write_text(_STOCK_ACTION)


def _our_intents() -> list[str]:
    yaml = YAML(typ="safe")
    names = set()
    for file in (ROOT / "data" / "nlu").glob("*.yml"):
        for entry in yaml.load(file.read_text(encoding="utf-8")).get("nlu", []):
            if "intent" in entry:
                names.add(entry["intent"].split("/")[0])
    return sorted(names)


def call(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command of the stock environment; ends the program with its complaint if it fails."""
    environ = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[-1]} failed:\n{done.stderr[-2000:]}")


def write_yaml(path: Path, content: object) -> None:
    """Write plain values as YAML."""
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)


def _speaks(url: str) -> bool:
    try:
        answer = requests.post(url, json={"sender": "probe", "message": TEXTS[0]}, timeout=10)
    except requests.RequestException:
        return False
    return answer.ok and bool(answer.json())
