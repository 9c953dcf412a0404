"""An answer about one procedure: the response's name and the values of its placeholders."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from bot.catalogue.records import ProcedureRecord
from bot.services.answer_parts import PARTS
from bot.services.answer_text import one_line, source_line, validity, without_district

ASPECTS = tuple(PARTS)
DEFAULT_HOTLINE = "1022"


@dataclass(frozen=True)
class Answer:
    """`response`: a name in domain/responses/procedures.yml; `values`: name, body, source."""

    response: str
    values: dict[str, str] = field(hash=False)


LONG_NAME = 80  # characters: more of an official name hides the answer on a phone


def heading(record: ProcedureRecord) -> str:
    """What the answer is about: the official name, or what people call it where that is long."""
    name = one_line(record.name, 200)
    if len(name) <= LONG_NAME or not record.plain_name:
        return name
    return one_line(record.plain_name, 200)


def compose(
    record: ProcedureRecord, aspect: str, *, today: dt.date, hotline: str = DEFAULT_HOTLINE
) -> Answer:
    """What the record says about one aspect (one of ASPECTS; ValueError for another).

    Every number comes from the record; what it does not say is said to be unknown.
    """
    part = PARTS.get(aspect)
    if part is None:
        raise ValueError(f"{aspect!r} is none of {', '.join(ASPECTS)}")
    body = without_district(part(record, hotline))
    warning = validity(record, today)
    return Answer(
        response=f"utter_procedure_{aspect}",
        values={
            "name": heading(record),
            "body": f"{warning}\n{body}" if warning else body,
            "source": source_line(record, today),
        },
    )
