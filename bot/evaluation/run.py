"""Starts Rasa and the action server on a copy of the catalogue and asks them every message."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot import migrate, model_files, processes
from bot.conversation.messages import Turn
from bot.conversation.rasa_client import RasaClient
from bot.database import make_engine, make_sessions, session_scope
from bot.errors import CatalogueError, DialogueError
from bot.evaluation.dialogues import TurnResult, faults
from bot.evaluation.metrics import Item, figures, public_intent
from bot.models.procedures import CatalogueVersion, Procedure
from bot.services import catalogue, conversations
from bot.settings import ROOT, Settings
from bot.supervisor import Supervisor

REGISTERS = ("accented", "unaccented", "messy")
_CHANNEL = "evaluation"

Ask = Callable[[str, list[str]], list[Turn]]


def evaluate(settings: Settings, questions: Path, dialogues: Path | None) -> dict[str, Any]:
    """The figures of contract's `evaluate`; the configured database is only read."""
    lines = read_lines(questions)
    stories = read_lines(dialogues) if dialogues else []
    with _assistant(settings) as ask, ThreadPoolExecutor(4) as pool:
        items = list(pool.map(lambda line: _item(ask, line), lines))
        told = list(pool.map(lambda story: _story(ask, story), stories))
    result: dict[str, Any] = {"overall": figures(items)}
    for register in REGISTERS:
        result[register] = figures([i for i in items if i.register == register])
    result["dialogues"] = {
        "total": len(told),
        "passed": sum(1 for story in told if story["passed"]),
        "items": told,
    }
    result["items"] = [
        {
            "id": i.id,
            "intent": i.intent,
            "confidence": i.confidence,
            "outcome": i.outcome,
            "procedures": list(i.procedures),
        }
        for i in items
    ]
    return result


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; raises CatalogueError naming the line that is none."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise CatalogueError(f"{path.name}, line {number}: not JSON ({error})") from error
    return found


def _item(ask: Ask, line: dict[str, Any]) -> Item:
    turn = ask(str(line["id"]), [line["text"]])[0]
    return Item(
        id=str(line["id"]),
        register=line.get("register", ""),
        gold_intent=line["intent"],
        gold_procedures=tuple(line.get("procedures") or ()),
        ambiguous=bool(line.get("ambiguous")),
        intent=public_intent(turn.intent),
        confidence=turn.confidence,
        outcome=turn.outcome,
        procedures=turn.procedures,
    )


def _story(ask: Ask, story: dict[str, Any]) -> dict[str, Any]:
    answers = ask(str(story["id"]), [turn["user"] for turn in story["turns"]])
    turns = []
    for expected, answer in zip(story["turns"], answers, strict=True):
        result = _result(expected["user"], answer)
        wrong = faults(expected.get("expect") or {}, result)
        turns.append({**dataclasses.asdict(result), "faults": wrong})
    return {"id": story["id"], "passed": not any(t["faults"] for t in turns), "turns": turns}


def _result(user: str, turn: Turn) -> TurnResult:
    return TurnResult(
        user=user,
        intent=public_intent(turn.intent),
        outcome=turn.outcome,
        procedures=turn.procedures,
        text="\n".join(reply.text for reply in turn.replies if reply.text),
        buttons=tuple(b.title for reply in turn.replies for b in reply.buttons),
    )


@contextlib.contextmanager
def _assistant(settings: Settings) -> Iterator[Ask]:
    """An assistant of its own in a temporary folder; gives a function that holds conversations."""
    folder = Path(tempfile.mkdtemp(prefix="evaluate-"))
    # The one-stop databases stay the configured ones: they are only read.
    onestop_config = settings.onestop_config
    own = dataclasses.replace(processes.isolated(settings, folder), onestop_config=onestop_config)
    supervisor = Supervisor(folder / "log", print)
    try:
        sessions = _copy_catalogue(settings, own)
        model = model_files.train(ROOT / "models", print)
        environ = processes.environ_for(own)
        supervisor.start(
            [
                processes.store(own, environ),
                processes.actions(own, environ),
                processes.rasa(own, environ, model),
            ]
        )
        client = RasaClient(own.rasa_urls, environ["RASA_TOKEN"])
        yield lambda name, texts: _converse(client, sessions, name, texts)
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _copy_catalogue(settings: Settings, own: Settings) -> sessionmaker[Session]:
    migrate.upgrade(settings.database_url)
    migrate.upgrade(own.database_url)
    source = make_sessions(make_engine(settings.database_url))
    target = make_sessions(make_engine(own.database_url))
    with session_scope(source, readonly=True) as read, session_scope(target) as write:
        for table in (Procedure.__table__, CatalogueVersion.__table__):
            rows = [dict(row) for row in read.execute(select(table)).mappings()]
            if rows:
                write.execute(table.insert(), rows)
        if not catalogue.version(write):
            catalogue.import_files(write, sorted((ROOT / "data" / "catalogue").glob("*.yml")))
    return target


def _converse(
    client: RasaClient, sessions: sessionmaker[Session], name: str, texts: list[str]
) -> list[Turn]:
    with session_scope(sessions) as session:
        conversation_id = conversations.get_or_create(session, _CHANNEL, name)
    turns = []
    for number, text in enumerate(texts):
        try:
            turns.append(client.turn(conversation_id, f"{name}-{number}", text=text))
        except DialogueError as error:
            raise DialogueError(f"{name}, {text!r}: {error}") from error
    return turns
