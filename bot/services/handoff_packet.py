"""What an agent needs to know: gathered as ids and codes, filled with words when it is shown.

A packet holds nothing that a citizen said: erasing the messages erases what it shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.cases import CaseLookup
from bot.models.conversations import Message
from bot.services import cases, catalogue, places
from bot.services.ready_answers import ReadyAnswer, fill

TURNS = 6  # the last things that the citizen said
LATELY = dt.timedelta(hours=24)  # what was said earlier is about something else
ANSWERS = 4
OVERVIEW = "overview"
USUAL = ("documents", "fee", "where", "processing_time")


@dataclass(frozen=True)
class UnderstoodTurn:
    """One thing that the citizen said, and what the assistant took it for."""

    message_id: int
    text: str  # "" when it was erased
    intent: str
    confidence: float | None  # 0 to 1
    outcome: str
    procedures: tuple[str, ...]
    at: dt.datetime


@dataclass(frozen=True)
class Packet:
    """Why a person is needed and what is known, as of this moment."""

    reason: str
    turns: tuple[UnderstoodTurn, ...]
    procedure_code: str
    procedure_name: str
    case_code: str
    case_verified: bool  # still, now
    case_was_verified: bool  # when it was handed over
    commune_code: str
    commune_name: str
    left_message: str  # what the citizen left for the person out of hours
    answers: tuple[ReadyAnswer, ...]


def gather(
    session: Session,
    conversation_id: int,
    reason: str,
    *,
    procedure_code: str | None = None,
    case_code: str | None = None,
    commune_code: str | None = None,
) -> dict[str, Any]:
    """The packet as it is kept; what is not given is taken from what was said lately."""
    said = _said_lately(session, conversation_id)
    if procedure_code is None:
        named = [row.procedures[0] for row in reversed(said) if row.procedures]
        procedure_code = named[0] if named else None
    if case_code is None:
        case_code = session.execute(
            select(CaseLookup.code)
            .where(
                CaseLookup.conversation_id == conversation_id,
                CaseLookup.created_at >= utcnow() - LATELY,
            )
            .order_by(CaseLookup.id.desc())
            .limit(1)
        ).scalar()
    verified = case_code is not None and cases.is_verified(
        session, conversation_id, case_code, utcnow()
    )
    return {
        "reason": reason,
        "turns": [row.id for row in said],
        "procedure_code": procedure_code,
        "case": {"code": case_code, "verified": verified} if case_code else None,
        "commune_code": commune_code,
        "answers": _answers(procedure_code, [row.intent for row in said]),
    }


def read(session: Session, conversation_id: int, packet: Mapping[str, Any]) -> Packet:
    """A kept packet with the words, names and answers of this moment."""
    code = packet.get("procedure_code") or ""
    record = catalogue.get(session, code) if code else None
    case = packet.get("case") or {}
    case_code = case.get("code") or ""
    unit = places.tables().units.get(packet.get("commune_code") or "")
    answers = [fill(session, *ready) for ready in packet.get("answers") or ()]
    left = packet.get("left_message_id")
    return Packet(
        reason=packet.get("reason", ""),
        turns=_turns(session, conversation_id, packet.get("turns") or ()),
        procedure_code=code,
        procedure_name=record.name if record else "",
        case_code=case_code,
        case_verified=bool(case_code)
        and cases.is_verified(session, conversation_id, case_code, utcnow()),
        case_was_verified=bool(case.get("verified")),
        commune_code=packet.get("commune_code") or "",
        commune_name=unit.name if unit else "",
        left_message=_text_of(session, conversation_id, left) if left else "",
        answers=tuple(a for a in answers if a is not None),
    )


def _said_lately(session: Session, conversation_id: int) -> list[Any]:
    rows = session.execute(
        select(Message.id, Message.intent, Message.procedures)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "in",
            Message.created_at >= utcnow() - LATELY,
        )
        .order_by(Message.id.desc())
        .limit(TURNS)
    )
    return list(rows)[::-1]


def _answers(procedure_code: str | None, intents: Sequence[str]) -> list[list[str]]:
    """Which answers to have ready: what was asked last first, then what is usually asked."""
    if procedure_code is None:
        return []
    asked = [i.removeprefix("ask_") for i in reversed(intents) if i.startswith("ask_")]
    wanted = [OVERVIEW if a == "procedure" else a for a in asked if a != "office_hours"]
    return [[procedure_code, a] for a in list(dict.fromkeys([*wanted, *USUAL]))[:ANSWERS]]


def _turns(
    session: Session, conversation_id: int, ids: Sequence[int]
) -> tuple[UnderstoodTurn, ...]:
    rows = session.execute(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.id.in_(ids))
        .order_by(Message.id)
    ).scalars()
    return tuple(
        UnderstoodTurn(
            message_id=row.id,
            text=row.text,
            intent=row.intent,
            confidence=None if row.confidence is None else row.confidence / 1000,
            outcome=row.outcome,
            procedures=tuple(row.procedures),
            at=row.created_at,
        )
        for row in rows
    )


def _text_of(session: Session, conversation_id: int, message_id: int) -> str:
    found = session.execute(
        select(Message.text).where(
            Message.conversation_id == conversation_id, Message.id == message_id
        )
    ).scalar()
    return found or ""
