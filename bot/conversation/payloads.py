"""What our buttons send back. It returns as ordinary text, so anybody can type it: untrusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

PREFIX = "#dvc:"

# Verb of the payload → intent of the dialogue engine.
VERBS = {
    "thu-tuc": "choose_procedure",
    "truong-hop": "choose_case",
    "noi": "choose_place",
    "khac": "reject_offer",
    "menu": "show_menu",
    "gap-can-bo": "request_human",
    "dong-y": "affirm",
    "khong": "deny",
    "tra-cuu": "check_case_status",
}
ASPECTS = frozenset(
    {
        "documents",
        "fee",
        "processing_time",
        "where",
        "steps",
        "online",
        "eligibility",
        "forms",
        "result",
        "legal_basis",
        "overview",
    }
)
# Why somebody is asked whether they want a person; the button carries it along.
REASONS = frozenset({"asked", "two_failures", "angry", "rule"})
# Verbs of what the worker itself deals with, whoever answers the citizen.
DESK_VERBS = {"thoi-cho": "leave", "danh-gia": "rate", "gop-y": "comment"}
_SCORE = re.compile(r"[1-5]")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.\-]{0,39}")
_UNIT = re.compile(r"[0-9]{5}")
_INDEX = re.compile(r"[0-9]{1,2}|none|all|from[0-9]{1,2}")


@dataclass(frozen=True)
class Command:
    """What the router tells the dialogue engine instead of a text: an intent and its slots."""

    intent: str
    slots: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class BadPayload:
    """A text that looks like one of our buttons and is none; `reason` is for the log."""

    reason: str


@dataclass(frozen=True)
class DeskAct:
    """A button about a handoff: leave the queue, rate (`score` 1 to 5), comment."""

    verb: str
    score: int = 0


def desk_act(text: str) -> DeskAct | None:
    """What a button about a handoff orders; None for any other text."""
    if not is_payload(text):
        return None
    name, _, query = text.strip()[len(PREFIX) :].partition("?")
    verb = DESK_VERBS.get(name)
    if verb != "rate":
        return None if verb is None else DeskAct(verb)
    score = _arguments(query).get("diem", "")
    return DeskAct(verb, int(score)) if _SCORE.fullmatch(score) else None


def is_payload(text: str) -> bool:
    """Whether a text claims to come from one of our buttons."""
    return text.strip().startswith(PREFIX)


def parse(text: str) -> Command | BadPayload:
    """The command that a button stands for. Whether its procedure exists is not known here."""
    verb, _, query = text.strip()[len(PREFIX) :].partition("?")
    intent = VERBS.get(verb)
    if intent is None:
        return BadPayload("verb")
    given = _arguments(query)
    if intent == "request_human":
        reason = given.get("vi", "asked")
        return Command(intent, {"reason": reason if reason in REASONS else "asked"})
    if intent not in ("choose_procedure", "choose_case", "choose_place"):
        return Command(intent)
    if intent == "choose_place":
        unit = given.get("unit", "")
        if not _UNIT.fullmatch(unit):
            return BadPayload("unit")
        return Command(intent, {"commune_code": unit})
    code = given.get("code", "")
    aspect = given.get("aspect", "")
    if not _CODE.fullmatch(code):
        return BadPayload("code")
    if intent == "choose_case":
        index = given.get("index", "")
        if not _INDEX.fullmatch(index):
            return BadPayload("index")
        return Command(intent, {"procedure_code": code, "index": index})
    if aspect and aspect not in ASPECTS:
        return BadPayload("aspect")
    slots = {"procedure_code": code, **({"aspect": aspect} if aspect else {})}
    return Command(intent, slots)


def _arguments(query: str) -> dict[str, str]:
    """The arguments of a payload; none at all when there are too many."""
    try:
        return dict(parse_qsl(query, max_num_fields=8))
    except ValueError:
        return {}
