"""What became of each message, read from the platform alone: nothing of ours is asked."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.soak.citizens import Asked
from bot.conversation import notices
from simulator.zalo.ledger import Delivery, Ledger, Send

# What the assistant says of itself while it is slow; neither an answer nor a repeat of one.
NOTICES = frozenset({notices.SLOW})


@dataclass(frozen=True)
class Account:
    """The ledger of one trial; latencies in seconds, from the citizen's act to the first part."""

    sent: int
    answered: int
    lost: int
    doubled: int
    out_of_order: int
    unexpected: int
    latencies: tuple[float, ...]
    examples: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing was lost, said twice, in another order, or without being asked for."""
        return not (self.lost or self.doubled or self.out_of_order or self.unexpected)

    def percentile(self, share: float) -> float:
        """The latency in seconds that this share of the answered messages did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(frozen=True)
class _Seen:
    """One message as the platform saw it; times in milliseconds."""

    asked: Asked
    written: int
    first_try: int  # when its event was first posted
    taken: int  # when the webhook first said 200; the end of time when it never did
    answers: tuple[int, ...]  # when its first part was accepted, each time


def is_settled(ledger: Ledger, asked: Mapping[str, Asked]) -> bool:
    """Whether every message has all parts of its answer."""
    accepted = _accepted(ledger)
    return all(all(accepted[a.user_id].get(part) for part in a.expected) for a in asked.values())


def balance(ledger: Ledger, asked: Mapping[str, Asked]) -> Account:
    """The account of the messages in `asked` (platform id → what was asked)."""
    events = {e.msg_id: e for e in ledger.events() if e.msg_id in asked}
    accepted = _accepted(ledger)
    seen = [_seen(a, events[i], accepted[a.user_id]) for i, a in asked.items()]
    lost = [s for s in seen if not all(accepted[s.asked.user_id].get(p) for p in s.asked.expected)]
    doubled = [
        (s, len(accepted[s.asked.user_id][p]) - 1)
        for s in seen
        for p in s.asked.expected
        if len(accepted[s.asked.user_id].get(p, ())) > 1
    ]
    by_user: dict[str, list[_Seen]] = defaultdict(list)
    for each in seen:
        by_user[each.asked.user_id].append(each)
    wrong_order = [p for mine in by_user.values() for p in _reversed_pairs(mine)]
    expected = Counter((s.asked.user_id, p) for s in seen for p in s.asked.expected)
    strange = [
        (user, text)
        for user in by_user
        for text in accepted[user]
        if (user, text) not in expected and text not in NOTICES
    ]
    return Account(
        sent=len(seen),
        answered=len(seen) - len(lost),
        lost=len(lost),
        doubled=sum(n for _, n in doubled),
        out_of_order=len(wrong_order),
        unexpected=len(strange),
        latencies=tuple((s.answers[0] - s.written) / 1000 for s in seen if s.answers),
        examples=(
            *(f"lost: {s.asked.user_id} {s.asked.text}" for s in lost[:5]),
            *(f"doubled: {s.asked.user_id} {s.asked.text}" for s, _ in doubled[:5]),
            *(
                f"out of order: {a.asked.user_id} {a.asked.text} / {b.asked.text}"
                for a, b in wrong_order[:5]
            ),
            *(f"unexpected: {user} {text[:60]!r}" for user, text in strange[:5]),
        ),
    )


def _accepted(ledger: Ledger) -> dict[str, dict[str, list[int]]]:
    """When each citizen was sent each text."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    sends: Sequence[Send] = ledger.sends()
    for send in sends:
        if not send.error:
            found[send.user_id][send.text].append(send.at_ms)
    return found


def _seen(asked: Asked, event: Delivery, accepted: Mapping[str, list[int]]) -> _Seen:
    taken = [a.at_ms + a.took_ms for a in event.attempts if a.status == 200]
    return _Seen(
        asked,
        event.created_ms,
        min((a.at_ms for a in event.attempts), default=event.created_ms),
        int(min(taken, default=1 << 60)),
        tuple(accepted.get(asked.expected[0], ())),
    )


def _reversed_pairs(seen: list[_Seen]) -> list[tuple[_Seen, _Seen]]:
    """Messages of one citizen that were answered the other way round.

    Only where the order is beyond doubt: the first was written first, and the webhook had said
    that it has it before the second was even posted.
    """
    ordered = sorted((s for s in seen if s.answers), key=lambda s: s.written)
    return [
        (a, b)
        for a, b in itertools.combinations(ordered, 2)
        if a.taken < b.first_try and b.answers[0] < a.answers[0]
    ]
