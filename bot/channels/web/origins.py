"""Which sites may embed the chat: the browser asks, and we answer by the settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, current_app, request

from bot.settings import Settings

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}


def is_allowed() -> bool:
    """Whether the page that asks may do so; a program that names no origin may."""
    origin = request.headers.get("Origin", "")
    return not origin or _is_own(origin) or bool(_granted(origin))


def add_headers(response: Response) -> Response:
    """Tell the browser that the page may read this; says nothing to a site that may not."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    granted = _granted(origin) if origin else ""
    if granted:
        response.headers["Access-Control-Allow-Origin"] = granted
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        if request.method == "OPTIONS":
            response.headers.update(_ALLOWED)
    return response


def _granted(origin: str) -> str:
    """What the browser is told of a foreign origin: itself, "*", or nothing."""
    settings: Settings = current_app.extensions["settings"]
    if "*" in settings.web_chat_origins:
        return "*"
    return origin if origin.lower() in settings.web_chat_origins else ""


def _is_own(origin: str) -> bool:
    # Behind a proxy that ends TLS the scheme differs; the host is what the proxy passes on.
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False
