"""What the router may order without words: a tapped button, a sticker, a new follower.

A command names an action of this table; it passes neither the language model nor a rule. Typed
text can never become one: it arrives in another field of the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# command -> the action (or response) that answers it
ACTIONS: Mapping[str, str] = {
    "choose_procedure": "action_choose_procedure",
    "choose_case": "action_choose_case",
    "choose_place": "action_choose_place",
    "reject_offer": "action_reject_offer",
    "show_menu": "utter_menu",
    "request_human": "action_request_human",
    "affirm": "action_affirm",
    "deny": "action_deny",
    "check_case_status": "action_look_up_case",
    "follow_case": "action_follow_case",
    "unfollow_case": "action_unfollow_case",
    "resume": "action_resume",
    "welcome": "utter_welcome",
    "stale_button": "utter_stale_button",
    "received_sticker": "utter_received_sticker",
    "received_image": "utter_received_image",
    "received_location": "action_received_location",
    "received_file": "utter_received_file",
    "received_audio": "utter_received_audio",
    "received_info": "utter_received_info",
}

_SLOT = re.compile(r"[\w.\-/]{1,64}", re.ASCII)  # some case codes have slashes
SLOTS = (
    "procedure_code", "aspect", "index", "case_code", "commune_code", "latitude", "longitude",
    "reason",
)  # fmt: skip


class BadRequestError(ValueError):
    """The request is not one that our router sends."""


@dataclass(frozen=True)
class Command:
    """One order with its values, all of them checked for form."""

    intent: str
    action: str
    slots: Mapping[str, str]


def parse(data: object) -> Command:
    """The command in a request; raises BadRequestError naming what is wrong with it."""
    if not isinstance(data, dict) or not isinstance(data.get("intent"), str):
        raise BadRequestError("command needs an intent")
    action = ACTIONS.get(data["intent"])
    if action is None:
        raise BadRequestError("unknown command")
    slots = data.get("slots") or {}
    if not isinstance(slots, dict):
        raise BadRequestError("slots must be an object")
    for name, value in slots.items():
        if name not in SLOTS or not isinstance(value, str) or not _SLOT.fullmatch(value):
            raise BadRequestError("a slot of the command is not allowed")
    return Command(data["intent"], action, dict(slots))
