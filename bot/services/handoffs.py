"""Handoffs: a person takes over a conversation and gives it back. The row is the authority.

    waiting → claimed → closing → closed
    waiting → closed    the citizen leaves the queue, or withdraws
    claimed → waiting   released, transferred to a desk, silent for too long, absent

Whoever changes one commits, then has the conversation delivered (`queue.enqueue("deliver", …)`) and
rings `bells(handoff_id)`.
"""

from __future__ import annotations

from bot.services.handoff_agents import (
    OUTCOMES,
    acknowledge,
    claim,
    close,
    note,
    release,
    replying,
    take,
)
from bot.services.handoff_changes import TAKEN_OVER, lock
from bot.services.handoff_citizens import (
    REASONS,
    Opened,
    ask_comment,
    comment,
    erase,
    leave,
    open_,
    rate,
    tell_place,
    wrote,
)
from bot.services.handoff_closing import due_closings, finish_closing, postpone_closing
from bot.services.handoff_lists import (
    CLAIMED,
    CLOSED,
    CLOSING,
    WAITING,
    Handoff,
    Note,
    TakenAway,
    all_open,
    any_claimed,
    closed,
    concerns_desk,
    get,
    history,
    last_closed,
    may_see,
    mine,
    newest,
    notes,
    open_at,
    open_for,
    queue,
    taken_from,
)
from bot.services.handoff_packet import Packet
from bot.services.handoff_packet import gather as gather_packet
from bot.services.handoff_packet import read as read_packet
from bot.services.handoff_returns import return_absent, return_silent
from bot.services.handoff_transfers import Colleagues, colleagues, transfer
from bot.services.handoff_waiting import Waiting, waiting

QUEUE_BELL = "desk:queue"

__all__ = [
    "CLAIMED",
    "CLOSED",
    "CLOSING",
    "OUTCOMES",
    "QUEUE_BELL",
    "REASONS",
    "TAKEN_OVER",
    "WAITING",
    "Colleagues",
    "Handoff",
    "Note",
    "Opened",
    "Packet",
    "TakenAway",
    "Waiting",
    "acknowledge",
    "all_open",
    "any_claimed",
    "ask_comment",
    "bells",
    "claim",
    "close",
    "closed",
    "colleagues",
    "comment",
    "concerns_desk",
    "due_closings",
    "erase",
    "finish_closing",
    "gather_packet",
    "get",
    "history",
    "last_closed",
    "leave",
    "lock",
    "may_see",
    "mine",
    "newest",
    "note",
    "notes",
    "open_",
    "open_at",
    "open_for",
    "postpone_closing",
    "queue",
    "rate",
    "read_packet",
    "release",
    "replying",
    "return_absent",
    "return_silent",
    "take",
    "taken_from",
    "tell_place",
    "transfer",
    "waiting",
    "wrote",
]


def bells(handoff_id: int) -> tuple[str, str]:
    """The names of the bells that a change of this handoff rings."""
    return QUEUE_BELL, f"desk:{handoff_id}"
