"""The values that pass between a channel and the rest: no platform's JSON gets further in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

# What an inbound message can be. "event" kinds that need no reply are never stored.
KINDS = (
    "text",
    "image",
    "gif",
    "link",
    "audio",
    "video",
    "sticker",
    "location",
    "file",
    "business_card",
    "follow",
    "unfollow",
    "chat_now",
    "submit_info",
    "withdraw",
)


@dataclass(frozen=True)
class Attachment:
    """A file or a picture that the citizen sent, by address; never fetched here."""

    type: str
    url: str = ""
    name: str = ""
    size: int | None = None


@dataclass(frozen=True)
class InboundMessage:
    """One thing a citizen did on a channel. `message_id` is unique within the channel."""

    channel: str
    message_id: str
    user_id: str
    kind: str
    occurred_at: dt.datetime
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    quoted_message_id: str = ""
    info: dict[str, str] = field(default_factory=dict, hash=False)  # submit_info only


@dataclass(frozen=True)
class Button:
    """A button under a message. type: "reply" (payload comes back), "url" or "phone"."""

    title: str
    type: str
    payload: str


@dataclass(frozen=True)
class TemplateData:
    """A template message that the platform has approved, and the values of its parameters."""

    template_id: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    """One message to the citizen, already short enough for the channel."""

    text: str = ""
    buttons: tuple[Button, ...] = ()
    image_url: str = ""
    file: str = ""  # the key of a stored file (services.outgoing_files), sent by itself
    file_name: str = ""  # what the citizen sees
    asks_info: bool = False  # the text asks for name and phone; a channel may offer a form for it
    template: TemplateData | None = None  # sent in place of the text, which says the same


@dataclass(frozen=True)
class Turn:
    """What Rasa made of one message."""

    replies: tuple[Reply, ...]
    intent: str
    confidence: float
    outcome: str = "other"  # answered | offered | asked | refused | other
    procedures: tuple[str, ...] = ()
    commune: str = ""  # the code of the citizen's commune, where it is known


class Channel(Protocol):
    """A messaging platform as the rest sees it."""

    name: str
    text_limit: int  # characters in one message, counted after NFC

    def send(self, user_id: str, reply: Reply) -> str:
        """Send one message; returns the platform's message id.

        Raises TokenError, SendRefused, SendDeferred or SendUnknown (bot.errors).
        """

    def find_sent(self, user_id: str, reply: Reply, since: dt.datetime) -> list[str]:
        """The platform's ids of messages like this reply that it took after `since`.

        Settles a send whose answer was lost. Raises ChannelError when the platform can't tell.
        """
