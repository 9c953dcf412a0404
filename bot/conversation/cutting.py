"""Replies made to fit a channel: long texts cut at sensible places, buttons within the limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bot.conversation.messages import Button, Reply

MAX_BUTTONS = 5
MAX_TITLE = 100
MAX_PAYLOAD = 1000
BUTTONS_NEED_TEXT = "Mời bạn chọn:"

# Where a text may be cut, best first; the mark itself stays with the part before it.
_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "… ", "; ", ", ", " ")
_JOINERS = "\u200d\ufe0e\ufe0f"


def fit(replies: Iterable[Reply], limit: int) -> list[Reply]:
    """The same replies as messages that the channel takes; `limit` in characters per message.

    A picture or file goes as a message of its own before its text; buttons stay under the last
    part.
    """
    fitted: list[Reply] = []
    for reply in replies:
        if reply.image_url:
            fitted.append(Reply(image_url=reply.image_url))
        if reply.file:
            fitted.append(Reply(file=reply.file, file_name=reply.file_name))
        buttons = _usable(reply.buttons)
        parts = cut(reply.text, limit)
        if buttons and not parts:
            parts = [BUTTONS_NEED_TEXT]
        last = len(parts) - 1
        fitted += [
            Reply(
                text=part,
                buttons=buttons if place == last else (),
                asks_info=reply.asks_info and place == last,
            )
            for place, part in enumerate(parts)
        ]
    return fitted


def cut(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters, none of them blank.

    Characters are counted as UTF-16 units of the NFC text, the strictest way a platform counts.
    White space at a cut is dropped; nothing else is.
    """
    rest = unicodedata.normalize("NFC", text).strip()
    parts = []
    while rest:
        end = _cut_at(rest, limit)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def _cut_at(text: str, limit: int) -> int:
    window = _prefix(text, limit)
    if window == len(text):
        return window
    if text[window].isspace():
        return window
    for mark in _BREAKS:
        # A break in the first half would leave a stump and one more message.
        found = text.rfind(mark, window // 2, window)
        if found >= 0:
            return found + len(mark)
    return _whole_character(text, window)


def _prefix(text: str, limit: int) -> int:
    """How many characters from the start fit into `limit` UTF-16 units."""
    end = min(len(text), limit)
    while end > 1 and _units(text[:end]) > limit:
        end -= max((_units(text[:end]) - limit) // 2, 1)
    return max(end, 1)


def _units(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)


def _whole_character(text: str, end: int) -> int:
    """The last place up to `end` that splits no combined character or emoji sequence."""
    place = end
    while place > max(end - 64, 1) and _clings(text, place):
        place -= 1
    return place if not _clings(text, place) else end


def _clings(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if unicodedata.combining(after) or after in _JOINERS or before == "\u200d":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # a skin tone belongs to the emoji before it
        return True
    if not _is_flag_half(after):
        return False
    start = place
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return (place - start) % 2 == 1  # two halves make one flag


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _usable(buttons: tuple[Button, ...]) -> tuple[Button, ...]:
    kept = [b for b in buttons if b.payload and len(b.payload) <= MAX_PAYLOAD and b.title.strip()]
    return tuple(Button(_short(b.title), b.type, b.payload) for b in kept[:MAX_BUTTONS])


def _short(title: str) -> str:
    title = unicodedata.normalize("NFC", title).strip()
    if _units(title) <= MAX_TITLE:
        return title
    end = _prefix(title, MAX_TITLE - 1)
    return title[: _whole_character(title, end)].rstrip() + "…"
