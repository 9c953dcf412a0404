"""Buttons that are made as the conversation goes. Payloads come back as untrusted text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from actions.base import Button

LONGEST_TITLE = 100  # characters that Zalo shows
PREFIX = "#dvc:"
NONE_OF_THESE, AGREE = f"{PREFIX}khac", f"{PREFIX}dong-y"
HUMAN, MENU = f"{PREFIX}gap-can-bo", f"{PREFIX}menu"
SUGGESTIONS = 3


def choice(code: str, title: str, aspect: str) -> Button:
    """One procedure to choose, asked about `aspect`."""
    query = urlencode({"code": code, "aspect": aspect})
    return {"title": shorten(title), "payload": f"{PREFIX}thu-tuc?{query}"}


def case(code: str, index: str, title: str) -> Button:
    """One case of a procedure to choose; `index` may also say none, all or the next ones."""
    query = urlencode({"code": code, "index": index})
    return {"title": shorten(title), "payload": f"{PREFIX}truong-hop?{query}"}


def place(code: str, title: str) -> Button:
    """One commune to choose as the place where the citizen lives."""
    return {"title": shorten(title), "payload": f"{PREFIX}noi?{urlencode({'unit': code})}"}


def none_of_these(titles: Mapping[str, Any]) -> Button:
    """The way out of a choice."""
    return {"title": titles["none_of_these"], "payload": NONE_OF_THESE}


def human(titles: Mapping[str, Any]) -> Button:
    """The way to a human."""
    return {"title": titles["human"], "payload": HUMAN}


def menu(titles: Mapping[str, Any]) -> Button:
    """What the assistant can do."""
    return {"title": titles["menu"], "payload": MENU}


def follow(titles: Mapping[str, Any]) -> Button:
    """Yes, tell me when the case changes."""
    return {"title": titles["follow_case"], "payload": AGREE}


def further_questions(code: str, asked: Collection[str], titles: Mapping[str, Any]) -> list[Button]:
    """The most useful questions about the procedure that were not asked yet."""
    open_aspects = [a for a in titles["suggest"] if a not in asked]
    return [choice(code, titles["aspects"][a], a) for a in open_aspects[:SUGGESTIONS]]


def shorten(title: str) -> str:
    """The title cut at a word, so that it fits a button."""
    if len(title) <= LONGEST_TITLE:
        return title
    return title[: LONGEST_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;(") + "…"
