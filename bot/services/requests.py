"""What people read and write beside the handoffs: conversations, replies, and feedback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.errors import WindowClosed, WindowOpen
from bot.models.conversations import Conversation, Feedback, Message
from bot.models.staff import Staff
from bot.services import audit, dead_letters, handoffs, windows
from bot.services.inbox import NewReply, store_replies
from bot.services.outgoing_files import OutgoingFile
from bot.services.pages import PAGE_SIZE, Page

REPLY_LIMIT = 2_000  # characters in one message, as the platform counts them after NFC
THREAD_PAGE = 100  # messages of a conversation on one page


@dataclass(frozen=True)
class Said:
    """What a citizen said about the service."""

    conversation_id: int
    display_name: str
    text: str
    created_at: dt.datetime


@dataclass(frozen=True)
class Counts:
    """How many are on each list."""

    feedback: int
    undelivered: int


@dataclass(frozen=True)
class ThreadMessage:
    """One message of a conversation as staff read it."""

    id: int
    direction: str
    kind: str
    text: str
    content: Mapping[str, Any] = field(hash=False)
    state: str
    error: str
    at: dt.datetime
    delivered_at: dt.datetime | None
    seen_at: dt.datetime | None
    reaction: str  # the citizen's icon on a message of ours
    written_by: str  # the name of the member of staff; "" for the citizen and the assistant


@dataclass(frozen=True)
class Thread:
    """A conversation: who, how long we may still write, and a page of what was said."""

    conversation_id: int
    display_name: str
    channel: str
    writable: bool
    takes_templates: bool  # closed, but an approved template message may still reach them
    writable_until: dt.datetime | None  # None: no end, or closed already
    free_until: dt.datetime | None
    messages: tuple[ThreadMessage, ...]
    older_before: int | None  # the id to ask for what was said earlier


def counts(session: Session) -> Counts:
    """The numbers on the tabs."""
    return Counts(
        _count(session, Feedback.id),
        dead_letters.count(session),
    )


def feedback(session: Session, page: int) -> Page[Said]:
    """What citizens said about the service, newest first."""
    rows = session.execute(
        select(
            Feedback.conversation_id, Conversation.display_name, Feedback.text, Feedback.created_at
        )
        .join(Conversation, Conversation.id == Feedback.conversation_id)
        .order_by(Feedback.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page(tuple(Said(*r) for r in rows), page, _count(session, Feedback.id))


def thread(session: Session, conversation_id: int, *, before: int | None = None) -> Thread | None:
    """The conversation with its newest messages, or those before one; None if there is none."""
    head = session.execute(
        select(Conversation).where(Conversation.id == conversation_id)
    ).scalar_one_or_none()
    if head is None:
        return None
    wanted = select(Message).where(Message.conversation_id == conversation_id)
    if before is not None:
        wanted = wanted.where(Message.id < before)
    found = list(
        session.execute(wanted.order_by(Message.id.desc()).limit(THREAD_PAGE + 1)).scalars()
    )
    rows = found[:THREAD_PAGE][::-1]
    writable = _is_writable(head)
    ends = windows.ends(head.channel, head.last_interaction_at) if writable else None
    return Thread(
        conversation_id=head.id,
        display_name=head.display_name,
        channel=head.channel,
        writable=writable,
        takes_templates=not writable and _takes_templates(head),
        writable_until=ends[1] if ends else None,
        free_until=ends[0] if ends else None,
        messages=_with_writers(session, rows),
        older_before=rows[0].id if len(found) > THREAD_PAGE else None,
    )


def reply(
    session: Session,
    conversation_id: int,
    staff_id: int,
    text: str,
    *,
    form_id: str,
    file: OutgoingFile | None = None,
) -> int | None:
    """Put an agent's reply into the outbox; its id, or None when this form was sent before.

    A file goes before its text, as a message of its own. Raises as `reply_with` does.
    """
    replies = [NewReply("", {"file": [file.key, file.name]})] if file else []
    if text:
        replies.append(NewReply(text, {}))
    ids = reply_with(session, conversation_id, staff_id, replies, form_id=form_id)
    return ids[0] if ids else None


def reply_with(
    session: Session,
    conversation_id: int,
    staff_id: int,
    replies: Sequence[NewReply],
    *,
    form_id: str,
) -> list[int] | None:
    """Put an agent's messages into the outbox; their ids, or None when this form was sent before.

    Raises WindowClosed when the platform would refuse it, and LostRace, with their name, while
    somebody else is at the conversation. Deliver it after the commit.
    """
    if not _is_writable(_locked(session, conversation_id)):
        raise WindowClosed("the citizen has not written for too long, or has left")
    return _store(session, conversation_id, staff_id, replies, form_id)


def template_with(
    session: Session, conversation_id: int, staff_id: int, reply: NewReply, *, form_id: str
) -> int | None:
    """Put a template message into the outbox; its id, or None when this form was sent before.

    Raises WindowOpen when the citizen has written meanwhile, WindowClosed when they have left or
    the channel knows no templates, and LostRace as `reply_with`. Deliver it after the commit.
    """
    head = _locked(session, conversation_id)
    if _is_writable(head):
        raise WindowOpen("the citizen can be written to freely")
    if not _takes_templates(head):
        raise WindowClosed("no template message can reach this citizen")
    ids = _store(session, conversation_id, staff_id, [reply], form_id)
    return ids[0] if ids else None


def _locked(session: Session, conversation_id: int) -> Conversation:
    # Locked, and read anew: nothing is put into what a withdrawal empties at this moment.
    handoffs.lock(session, conversation_id)
    return session.execute(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .execution_options(populate_existing=True)
    ).scalar_one()


def _store(
    session: Session,
    conversation_id: int,
    staff_id: int,
    replies: Sequence[NewReply],
    form_id: str,
) -> list[int] | None:
    if not audit.record(
        session,
        staff_id,
        "reply",
        "conversation",
        conversation_id,
        _written(replies),
        once=f"reply:{staff_id}:{form_id[:40]}",
    ):
        return None
    handoffs.replying(session, conversation_id, staff_id)
    rows = [NewReply(r.text, {**r.content, "staff_id": staff_id}) for r in replies]
    return store_replies(session, conversation_id, rows)


def _written(replies: Sequence[NewReply]) -> dict[str, Any]:
    """What the trail says of messages: how much, and the keys of the files, but no words."""
    detail: dict[str, Any] = {
        "characters": sum(len(r.text) for r in replies),
        "messages": len(replies),
    }
    files = [r.content["file"][0] for r in replies if r.content.get("file")]
    templates = [r.content["template"]["id"] for r in replies if r.content.get("template")]
    if templates:
        detail["templates"] = templates
    return {**detail, "files": files} if files else detail


def _is_writable(conversation: Conversation) -> bool:
    if conversation.channel_user_id.startswith("erased:"):
        return False
    return windows.state(conversation.channel, conversation.last_interaction_at) != "closed"


def _takes_templates(conversation: Conversation) -> bool:
    known = not conversation.channel_user_id.startswith("erased:")
    return known and conversation.channel in windows.BY_CHANNEL


def _with_writers(session: Session, rows: list[Any]) -> tuple[ThreadMessage, ...]:
    ids = {row.content.get("staff_id") for row in rows} - {None}
    found = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids))) if ids else ()
    names = {row[0]: row[1] for row in found}
    return tuple(
        ThreadMessage(
            id=row.id,
            direction=row.direction,
            kind=row.kind,
            text=row.text,
            content=row.content,
            state=row.state,
            error=row.error,
            at=row.created_at,
            delivered_at=row.delivered_at,
            seen_at=row.seen_at,
            reaction=row.reaction,
            written_by=names.get(row.content.get("staff_id"), ""),
        )
        for row in rows
    )


def _count(session: Session, column: Any, *conditions: Any) -> int:
    return int(session.execute(select(func.count(column)).where(*conditions)).scalar_one())
