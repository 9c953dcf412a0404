"""Who deals with an inbound message, and as what: the dialogue engine, a fixed reply, nobody."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.conversation.payloads import BadPayload, Command, is_payload, parse
from bot.services.inbox import Inbound

log = logging.getLogger(__name__)

TEXT_LIMIT = 2000  # characters of one message that the dialogue engine is asked to read


@dataclass(frozen=True)
class Ask:
    """Ask the dialogue engine: a text as the citizen typed it, or a command of ours.

    `context` is what the text was sent with: the procedure of a quoted message, the case of a slip.
    """

    text: str = ""
    command: Command | None = None
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Nothing:
    """The message needs no answer."""


@dataclass(frozen=True)
class Forget:
    """The citizen withdrew: erase, answer nothing."""


Decision = Ask | Nothing | Forget

# Kinds without words of the citizen's own.
_COMMANDS = {
    "sticker": "received_sticker",
    "gif": "received_sticker",
    "image": "received_image",
    "video": "received_image",
    "location": "received_location",
    "audio": "received_audio",
    "file": "received_file",
    "link": "received_file",
    "business_card": "received_file",
    "follow": "welcome",
    "chat_now": "welcome",
    "submit_info": "received_info",
}


def decide(message: Inbound, procedure_exists: Callable[[str], bool]) -> Decision:
    """What to do about one pending message. `procedure_exists` looks a code up in the catalogue."""
    if message.kind == "withdraw":
        return Forget()
    if message.kind == "text" and is_payload(message.text):
        return _button(message.text, procedure_exists)
    text = readable(message.text)
    if text and message.kind != "sticker":  # a caption says more than the picture
        return Ask(text=text)
    if message.kind == "text":
        return Ask(command=Command("show_menu"))
    command = _COMMANDS.get(message.kind)
    return Ask(command=Command(command, _position(message))) if command else Nothing()


def _position(message: Inbound) -> dict[str, str]:
    """Where a shared position is, to about a hundred metres: nobody's door is needed."""
    position = message.content.get("location") or {}
    return {k: f"{position[k]:.3f}" for k in ("latitude", "longitude") if k in position}


def readable(text: str) -> str:
    """The words of a text as the dialogue engine may see them.

    A leading slash is how Rasa is given an intent, so it never passes, whatever invisible
    characters surround it.
    """
    start = 0
    while start < len(text) and (text[start] == "/" or _invisible(text[start])):
        start += 1
    return text[start:].strip()[:TEXT_LIMIT]


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cf", "Cc", "Mn", "Zs")


def _button(text: str, procedure_exists: Callable[[str], bool]) -> Ask:
    command = parse(text)
    if isinstance(command, Command):
        code = command.slots.get("procedure_code")
        if code is None or procedure_exists(str(code)):
            return Ask(command=command)
        command = BadPayload("no such procedure")
    log.info("a button that is none of ours: %s", command.reason)
    return Ask(command=Command("stale_button"))
