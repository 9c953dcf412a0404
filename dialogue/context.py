"""What a text came with: the procedure of the message it replies to, the case on a photo's slip.

The router has looked the procedure up; here the form is checked. Like a slot, a case says what is
being talked about and nothing about who may see it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rasa.shared.core.events import SlotSet

from dialogue.commands import BadRequestError

NONE: Mapping[str, str] = MappingProxyType({})
PROCEDURE, CASE = "procedure_code", "case_code"
_VALUE = re.compile(r"[\w.\-/]{1,64}", re.ASCII)
CHECK = "check_case_status"
# Who writes these under the photo of a slip wants something else; whatever else is written
# ("xem giúp em với", "đây ạ") is about the case on it.
_OF_ITS_OWN = re.compile(
    r"ask_.*|follow_case|unfollow_case|request_human|delete_my_data|give_feedback|deny"
)


def parse(data: object) -> Mapping[str, str]:
    """The context of a request; raises BadRequestError unless it is one that our router sends."""
    if data is None:
        return NONE
    if not isinstance(data, dict) or not set(data) <= {PROCEDURE, CASE}:
        raise BadRequestError("unknown context")
    if not all(isinstance(value, str) and _VALUE.fullmatch(value) for value in data.values()):
        raise BadRequestError("a value of the context is not allowed")
    return dict(data)


def intent(read: Mapping[str, Any], context: Mapping[str, str]) -> Mapping[str, Any]:
    """The intent as read, or the question about the case that the text came with."""
    if CASE in context and not _OF_ITS_OWN.fullmatch(read.get("name") or ""):
        return {**read, "name": CHECK, "confidence": 1.0}
    return read


def slots(read: Mapping[str, Any], context: Mapping[str, str]) -> list[SlotSet]:
    """What is set before the text is answered."""
    events = []
    if PROCEDURE in context:
        # An open choice is about something else than the message that was replied to.
        events += [SlotSet("offered_codes", None), SlotSet("pending_aspects", None)]
        events.append(SlotSet(PROCEDURE, context[PROCEDURE]))
    asked = intent(read, context).get("name")
    if CASE in context and asked in (CHECK, "follow_case"):
        # Not for other questions: a pending look-up would wait for the wrong case's second fact.
        events.append(SlotSet(CASE, context[CASE]))
    return events
