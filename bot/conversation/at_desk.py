"""While a conversation is handed over its citizen writes to people, and not to the assistant."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.messages import Button, Reply
from bot.conversation.payloads import DeskAct, desk_act, is_payload
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.errors import LostRace
from bot.services import handoff_words as words
from bot.services import handoffs, inbox, opening_hours, reply_drafts
from bot.services.handoffs import Handoff
from bot.services.inbox import STAFF, Inbound, NewReply, TurnResult
from bot.services.open_work import OpenWork
from nlu.text import fold, normalise

# These end or open a conversation; nobody is to read them.
NOT_FOR_STAFF = frozenset({"withdraw", "unfollow"})
_LEAVES = re.compile(
    r"(?:(?:da|vang|a|ok|toi|minh|em|chau) )*"
    r"(?:thoi|huy|bo qua|khong (?:cho|can|muon)(?: (?:cho|gap|can bo|nua))*)"
    r"(?: (?:huy|khong|cho|can|gap|can bo|nua|nhe|a|ah|ban|vay|di|bo))*"
)


def take_in(
    sessions: sessionmaker[Session], work: OpenWork, message: Inbound, *, send_at_once: bool
) -> tuple[list[int], list[NewReply]] | None:
    """Keep a message for people; the replies as stored, None when the assistant is to answer it.

    Raises LostRace when the conversation changed hands meanwhile.
    """
    if message.kind in NOT_FOR_STAFF:
        return None
    act = desk_act(message.text) if message.kind == "text" else None
    with session_scope(sessions, readonly=True) as session:
        if act is None and not handoffs.concerns_desk(session, work.conversation_id):
            return None
    with session_scope(sessions) as session:
        handoffs.lock(session, work.conversation_id)
        replies = (
            _tapped(session, work.conversation_id, act)
            if act is not None
            else _said(session, work.conversation_id, message)
        )
        if replies is None:
            return None
        rows = [to_row(reply) for reply in replies]
        ids = inbox.finish(
            session,
            work.conversation_id,
            message,
            version=work.version,
            result=TurnResult(outcome=STAFF),
            replies=rows,
            first_state="sending" if send_at_once else "queued",
        )
        return ids, rows


def ring(
    sessions: sessionmaker[Session], conversation_id: int, bell: Callable[[str], None]
) -> None:
    """Wake the consoles that show the newest handoff of this conversation, if it has one."""
    with session_scope(sessions, readonly=True) as session:
        found = handoffs.newest(session, conversation_id)
    for name in handoffs.bells(found) if found is not None else ():
        bell(name)


def leaves(text: str) -> bool:
    """Whether these words, alone, say that somebody will not wait: "thôi", "không chờ nữa"."""
    plain = " ".join(re.findall(r"\w+", fold(normalise(text))))
    return _LEAVES.fullmatch(plain) is not None


def _said(session: Session, conversation_id: int, message: Inbound) -> tuple[Reply, ...] | None:
    typed = message.kind == "text" and not is_payload(message.text)
    found = handoffs.open_for(session, conversation_id)
    if found is None:
        kept = typed and handoffs.comment(session, conversation_id, message.text)
        return (Reply(words.commented()),) if kept else None
    if found.state == handoffs.CLOSING:
        raise LostRace("the conversation is being given back")
    if found.state == handoffs.CLAIMED:
        handoffs.wrote(session, found.id)
        reply_drafts.begin(session, found, message.id)
        return ()
    if message.kind == "text" and not typed:
        return None  # a tap is meant for the assistant, and only it can answer one
    if found.callback:
        return _out_of_hours(session, found, message, typed)
    if typed and leaves(message.text):
        return _left(session, found.id)
    handoffs.wrote(session, found.id)
    told = handoffs.tell_place(session, found.id)
    if told is None:
        return ()
    text = (
        words.waiting(told.place, told.expected)
        if told.open
        else words.waiting_out_of_hours(opening_hours.say(told.opens, utcnow()))
    )
    return (Reply(text, (Button(*words.LEAVE_BUTTON),)),)


def _out_of_hours(
    session: Session, found: Handoff, message: Inbound, typed: bool
) -> tuple[Reply, ...] | None:
    """What comes first is the message for the people; then the assistant goes on meanwhile."""
    if found.packet.get("message_left"):
        return None
    if typed and leaves(message.text):
        return _left(session, found.id)
    handoffs.wrote(session, found.id, left_message=message.id)
    opens = handoffs.waiting(session, found.id).opens
    text = words.message_left(opening_hours.say(opens, utcnow()))
    return (Reply(text, (Button(*words.LEAVE_BUTTON),)),)


def _left(session: Session, handoff_id: int) -> tuple[Reply, ...]:
    handoffs.leave(session, handoff_id)
    return (Reply(words.left()),)


def _tapped(session: Session, conversation_id: int, act: DeskAct) -> tuple[Reply, ...]:
    if act.verb == "rate":
        if handoffs.rate(session, conversation_id, act.score):
            return (Reply(words.rated(act.score), (Button(*words.COMMENT_BUTTON),)),)
        return (Reply(words.nothing_to_rate()),)
    if act.verb == "comment":
        asked = handoffs.ask_comment(session, conversation_id)
        return (Reply(words.say_comment() if asked else words.nothing_to_rate()),)
    found = handoffs.open_for(session, conversation_id)
    if found is not None and handoffs.leave(session, found.id):
        return (Reply(words.left()),)
    with_agent = found is not None and found.state == handoffs.CLAIMED
    return (Reply(words.with_agent_already() if with_agent else words.nothing_to_leave()),)
