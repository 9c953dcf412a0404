"""What is counted: which days, which channel, whose procedures, which commune."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, false, literal_column, select, true

from bot.models.conversations import Conversation, Message
from bot.services.analytics.periods import Period

# Written out, not bound: else SQLite could not know that the partial index holds these rows.
INBOUND = Message.direction == literal_column("'in'")
# What a channel tells without the citizen having said anything.
EVENTS = ("follow", "unfollow", "chat_now", "withdraw")
ANSWERED, OFFERED, ASKED, REFUSED, OTHER, STAFF = (
    "answered",
    "offered",
    "asked",
    "refused",
    "other",
    "staff",
)
# The code of the procedure that a message was about: of several that were offered, the first.
FIRST_PROCEDURE = Message.procedures[0].as_string()


def off_index(column: Any) -> Any:
    """A text column as it is, but so that no index of it is used.

    SQLite takes the index of the states, with every message there ever was, before that of a month.
    """
    return column.op("||")("")


@dataclass(frozen=True)
class Scope:
    """A period and what narrows it; "" where nothing does.

    `codes` are the procedures of `department`. A message about no procedure is of no department.
    """

    period: Period
    channel: str = ""
    commune: str = ""
    department: str = ""
    codes: tuple[str, ...] = ()

    @property
    def before(self) -> Scope:
        """The same of the period before."""
        return dataclasses.replace(self, period=self.period.before)

    def during(self, column: Any) -> Any:
        """Whether the moment in a column is in the period."""
        return and_(column >= self.period.start, column < self.period.end)

    def messages(self) -> Any:
        """MESSAGE: what citizens wrote or sent in the period; following the account is none.

        The clock is `created_at`, when the message was kept.
        """
        wanted = and_(
            INBOUND,
            self.during(Message.created_at),
            Message.kind.not_in(EVENTS),
        )
        if self.channel:
            wanted = and_(wanted, Message.channel == self.channel)
        if self.commune:
            wanted = and_(wanted, Message.commune == self.commune)
        if self.department:
            about = FIRST_PROCEDURE.in_(self.codes) if self.codes else false()
            wanted = and_(wanted, about)
        return wanted

    def turns(self) -> Any:
        """TURN: a message that the assistant itself dealt with.

        Not those left to people, not those that got no reply, not those that our own fault ended.
        """
        return and_(
            self.messages(),
            off_index(Message.state) == "answered",
            Message.error == "",
            Message.outcome.in_((ANSWERED, OFFERED, ASKED, REFUSED, OTHER)),
        )

    def of_channel(self, conversation_id: Any) -> Any:
        """Whether a conversation is of the channel; true where none was chosen."""
        if not self.channel:
            return true()
        theirs = select(Conversation.id).where(Conversation.channel == self.channel)
        return conversation_id.in_(theirs)
