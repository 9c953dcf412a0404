"""What the assistant would answer, as text for a person to send: filled when it is looked at."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.services import answers, catalogue, schedules, working_days
from bot.settings import ROOT

RESPONSES = ROOT / "domain" / "responses" / "procedures.yml"


@dataclass(frozen=True)
class ReadyAnswer:
    """An answer from the catalogue of this moment, with its source in the text."""

    procedure_code: str
    procedure_name: str
    aspect: str
    text: str


def fill(session: Session, procedure_code: str, aspect: str) -> ReadyAnswer | None:
    """The answer about one aspect; None when the procedure or the aspect does not exist."""
    record = catalogue.get(session, procedure_code)
    if record is None or aspect not in answers.ASPECTS:
        return None
    today = working_days.today(utcnow())
    answer = answers.compose(record, aspect, today=today)
    soon = schedules.upcoming(session, record.code, today)
    answer = answers.with_upcoming(answer, record, [aspect], soon)
    text = _wording()[answer.response][0]["text"].strip().format(**answer.values)
    return ReadyAnswer(record.code, record.name, aspect, text)


@functools.cache
def _wording() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(RESPONSES.read_text(encoding="utf-8"))["responses"])
