"""Which trained Rasa model belongs to the files as they are now, and training it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.errors import BotError
from bot.settings import ROOT

RASA_DATA = ("data/nlu", "data/rules", "data/stories")
_TRAINED_FROM = (
    "config.yml",
    "domain",
    *RASA_DATA,
    "data/catalogue",
    "data/lookups",
    "nlu",
    "requirements/base.txt",
)
# Tables that only the answering processes read: staff may edit them without a new model.
_READ_WHEN_ANSWERING = frozenset(
    {"sayings.yml", "search_words.yml", "search_weights.json"}
    | {"offices.yml", "office_hours.yml", "working_days.yml"}
)


class TrainingError(BotError):
    """Training failed; the message says why in one line."""


def fingerprint() -> str:
    """Sixteen hex digits that change when anything a model is trained from changes."""
    digest = hashlib.sha256()
    for path in _trained_from():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def model_path(models_dir: Path) -> Path:
    """Where the model of today's files is, or would be."""
    return models_dir / f"{fingerprint()}.tar.gz"


def train(models_dir: Path, say: Callable[[str], None]) -> Path:
    """Train today's files unless that was done already; returns the model; raises TrainingError."""
    path = model_path(models_dir)
    if path.exists():
        return path
    say("Training the language model (about a minute) …")
    models_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "rasa", "train", "--domain", "domain", "--data", *RASA_DATA]
    # Rasa's own cache knows nothing of our tables and code, hence --force.
    command += ["--out", str(models_dir), "--fixed-model-name", path.name, "--force"]
    environ = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode or not path.exists():
        tail = done.stdout.decode(errors="replace").strip().splitlines()[-15:]
        raise TrainingError("Training failed:\n" + "\n".join(tail))
    return path


def _trained_from() -> Iterator[Path]:
    for name in _TRAINED_FROM:
        top = ROOT / name
        if top.is_file():
            yield top
        else:
            left_out = _READ_WHEN_ANSWERING | {"__pycache__"}
            yield from sorted(
                p for p in top.rglob("*") if p.is_file() and left_out.isdisjoint(p.parts)
            )
