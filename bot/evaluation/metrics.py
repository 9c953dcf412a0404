"""The figures: pure functions over what was expected and what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ANSWERED, OFFERED, ASKED, REFUSED, OTHER = "answered", "offered", "asked", "refused", "other"
OUT_OF_SCOPE = "out_of_scope"

# The assistant's own intents, as the vocabulary of the evaluation knows them.
_MAPPED = {
    "choose_procedure": "ask_procedure",
    "reject_offer": "deny",
    "show_menu": "greet",
    "inform": "check_case_status",
    "nlu_fallback": OUT_OF_SCOPE,
}


@dataclass(frozen=True)
class Item:
    """One labelled message and what the assistant did with it."""

    id: str
    register: str
    gold_intent: str
    gold_procedures: tuple[str, ...]
    ambiguous: bool
    intent: str
    confidence: float
    outcome: str
    procedures: tuple[str, ...]


def public_intent(intent: str) -> str:
    """The name under which the evaluation knows this intent."""
    return _MAPPED.get(intent, intent)


def figures(items: Sequence[Item]) -> dict[str, float | None]:
    """Every figure over these items, 0 to 1; None where no item bears on it."""
    asked = [i for i in items if i.gold_procedures]
    plain = [i for i in asked if not i.ambiguous]
    unclear = [i for i in items if i.ambiguous]
    beyond = [i for i in items if i.gold_intent == OUT_OF_SCOPE]
    return {
        "items": float(len(items)),
        "intent_accuracy": _share(items, lambda i: i.intent == i.gold_intent),
        "intent_macro_f1": macro_f1([i.gold_intent for i in items], [i.intent for i in items]),
        "procedure_top1": _share(asked, lambda i: _shown(i, 1)),
        "procedure_top3": _share(asked, lambda i: _shown(i, 3)),
        "wrong_confident": _share(asked, lambda i: i.outcome == ANSWERED and not _shown(i, 1)),
        "direct": _share(plain, lambda i: i.outcome == ANSWERED and _shown(i, 1)),
        "clarified": _share(unclear, lambda i: i.outcome in (OFFERED, ASKED)),
        "out_of_scope_recall": _share(beyond, lambda i: i.outcome == REFUSED),
        "false_refusal": _share(asked, lambda i: i.outcome == REFUSED),
    }


def macro_f1(gold: Sequence[str], found: Sequence[str]) -> float | None:
    """The mean F1 over the intents that occur in `gold`; None for no items."""
    if not gold:
        return None
    pairs = list(zip(gold, found, strict=True))
    return sum(_f1(label, pairs) for label in set(gold)) / len(set(gold))


def _f1(label: str, pairs: Iterable[tuple[str, str]]) -> float:
    hits = false_alarms = misses = 0
    for gold, found in pairs:
        hits += gold == label == found
        false_alarms += found == label != gold
        misses += gold == label != found
    return 2 * hits / (2 * hits + false_alarms + misses)


def _shown(item: Item, among_first: int) -> bool:
    if item.outcome == ANSWERED:
        among_first = 1
    elif item.outcome != OFFERED:
        return False
    return any(code in item.gold_procedures for code in item.procedures[:among_first])


def _share(items: Sequence[Item], holds: Callable[[Item], bool]) -> float | None:
    if not items:
        return None
    return sum(1 for item in items if holds(item)) / len(items)
