"""Whether a turn of a dialogue went as expected."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from bot.evaluation.metrics import ANSWERED, OFFERED, public_intent


@dataclass(frozen=True)
class TurnResult:
    """What the assistant did in one turn; `text` is all that the citizen reads."""

    user: str
    intent: str
    outcome: str
    procedures: tuple[str, ...]
    text: str
    buttons: tuple[str, ...]


def faults(expected: dict[str, Any], turn: TurnResult) -> list[str]:
    """What went otherwise than expected, in words; empty when the turn passes."""
    found = []
    intent = expected.get("intent")
    if intent and public_intent(turn.intent) != intent:
        found.append(f"intent {turn.intent}, expected {intent}")
    codes = expected.get("procedures") or []
    if codes and not _procedure_fits(codes, bool(expected.get("ambiguous")), turn):
        found.append(f"{turn.outcome} {list(turn.procedures[:3])}, expected {codes}")
    read = "\n".join((turn.text, *turn.buttons))
    wanted = expected.get("must_contain_any") or []
    if wanted and not any(contains(read, term) for term in wanted):
        found.append(f"none of {wanted} in the answer")
    found += [
        f"{t!r} in the answer" for t in expected.get("must_not_contain") or [] if contains(read, t)
    ]
    return found


def contains(text: str, term: str) -> bool:
    """Whether `term` stands in `text`: NFC, case-folded, no number inside a longer number."""
    pattern = re.escape(_folded(term))
    if term[:1].isdigit():
        pattern = r"(?<!\d)(?<!\d[.,])" + pattern
    if term[-1:].isdigit():
        pattern += r"(?!\d)(?![.,]\d)"
    return re.search(pattern, _folded(text)) is not None


def _procedure_fits(codes: list[str], ambiguous: bool, turn: TurnResult) -> bool:
    if turn.outcome not in (ANSWERED, OFFERED):
        return False
    shown = turn.procedures if ambiguous else turn.procedures[:1]
    return any(code in codes for code in shown)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
