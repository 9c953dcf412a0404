"""The live fields of canned replies: `{{procedure.fee}}` becomes what the catalogue says now.

A small strict reader and one pass over the text: no template engine sees what staff write, and no
value is read for fields again. What cannot be filled leaves a gap that nobody may send.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.catalogue.records import ProcedureRecord
from bot.database import utcnow
from bot.services import answers, case_answers, catalogue, offices, places, working_days
from bot.services.answer_text import heading, source_line
from bot.services.case_answers import CaseView

NAMES = {  # what staff call each field
    "procedure.name": "tên thủ tục",
    "procedure.fee": "lệ phí",
    "procedure.time": "thời hạn giải quyết",
    "procedure.documents": "giấy tờ cần có",
    "procedure.source": "nguồn của thông tin",
    "case.code": "mã hồ sơ",
    "case.status": "tình trạng hồ sơ",
    "citizen.name": "tên người dân",
    "agent.name": "tên cán bộ",
    "office.address": "địa chỉ nơi nộp",
}
GAP = "[còn thiếu: {}]"
BAD_BRACES = "ngoặc {{ }} viết chưa đúng"
_FIELD = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*\}\}|\{\{|\}\}")
_GAP = re.compile(r"\[còn thiếu: ([^\[\]]{1,80})\]", re.IGNORECASE)
_ASPECTS = {"fee": "fee", "time": "processing_time", "documents": "documents"}


@dataclass(frozen=True)
class Context:
    """What a reply is about. `case` only while the citizen's right to it is proved and in force."""

    procedure_code: str = ""
    commune_code: str = ""
    case_code: str = ""
    case: CaseView | None = None
    citizen_name: str = ""
    agent_name: str = ""


@dataclass(frozen=True)
class Filled:
    """A text for the compose box; while something is `missing` it must not be sent."""

    text: str
    missing: tuple[str, ...]  # what staff call it, in the order of the text


def problems(body: str) -> tuple[str, ...]:
    """Fields that do not exist and braces that are no field, as written."""
    return tuple(dict.fromkeys(m[0] for m in _FIELD.finditer(body) if m[1] not in NAMES))


def fill(session: Session, body: str, context: Context) -> Filled:
    """The text with its fields filled from the live catalogue; gaps where nothing is known."""
    values = _Values(session, context)
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = values.of(match[1]) if match[1] in NAMES else ""
        if found:
            return found
        label = NAMES.get(match[1] or "", match[1] or BAD_BRACES)
        if label not in missing:
            missing.append(label)
        return GAP.format(label)

    text = _FIELD.sub(value, body)
    return Filled(text, tuple(missing))


def known(session: Session, names: Iterable[str], context: Context) -> dict[str, str]:
    """What is known now of these fields of NAMES; "" for what is not."""
    values = _Values(session, context)
    return {name: values.of(name) for name in names}


def gaps(text: str) -> tuple[str, ...]:
    """What still keeps a composed text from being sent: gaps, and fields that nobody filled."""
    found = [m[1] for m in _GAP.finditer(text)]
    found += [NAMES.get(m[1] or "", m[1] or BAD_BRACES) for m in _FIELD.finditer(text)]
    return tuple(dict.fromkeys(found))


class _Values:
    """The values of one context; the catalogue is asked once, and only when a field needs it."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._context = context
        self._read: list[ProcedureRecord | None] = []

    def of(self, name: str) -> str:
        subject, part = name.split(".")
        if subject == "procedure":
            return self._of_procedure(part)
        context = self._context
        known: dict[str, Callable[[], str]] = {
            "case.code": lambda: context.case_code,
            "case.status": self._status,
            "citizen.name": lambda: " ".join(context.citizen_name.split()),
            "agent.name": lambda: " ".join(context.agent_name.split()),
            "office.address": self._address,
        }
        return known[name]()

    def _record(self) -> ProcedureRecord | None:
        if not self._read:
            code = self._context.procedure_code
            self._read.append(catalogue.get(self._session, code) if code else None)
        return self._read[0]

    def _of_procedure(self, part: str) -> str:
        record = self._record()
        if record is None:
            return ""
        today = working_days.today(utcnow())
        if part == "name":
            return heading(record)
        if part == "source":
            return source_line(record, today)
        if not _is_known(record, part):
            return ""
        return answers.compose(record, _ASPECTS[part], today=today).values["body"]

    def _status(self) -> str:
        if self._context.case is None:
            return ""
        return case_answers.describe(self._context.case, utcnow())[1]["status"]

    def _address(self) -> str:
        """The configured address of the office; a sample that nobody has checked is none."""
        record, unit = self._record(), places.unit(self._context.commune_code)
        kind = offices.kind_for(record) if record is not None else offices.COMMUNE_DESK
        if unit is None or kind is None:
            return ""
        office = offices.office_for(unit, kind)
        return "" if office.sample else office.address


def _is_known(record: ProcedureRecord, part: str) -> bool:
    """Whether the record itself says it: a sentence about not knowing fills no field."""
    if part == "fee":
        return any(method.fees for method in record.methods)
    if part == "time":
        return any(m.time_text or (m.days is not None and m.unit) for m in record.methods)
    return bool(record.document_groups)
