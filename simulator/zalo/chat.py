"""The chat page: its state, its stream of changes, and what the people on it do."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator

from flask import Blueprint, Response, abort, render_template

from simulator.zalo.control import read_object, see
from simulator.zalo.errors import BadRequest
from simulator.zalo.identity import PERSONAS
from simulator.zalo.inputs import read_act
from simulator.zalo.platform import Platform
from simulator.zalo.wire import answer

HEARTBEAT_SECONDS = 15.0
SUGGESTIONS = (
    "làm khai sinh cho con cần giấy tờ gì?",
    "thế lệ phí bao nhiêu",
    "dang ky tam tru o dau",
)


def chat_blueprint(platform: Platform) -> Blueprint:
    """`/` and `/chat/…`."""
    views = Blueprint("chat", __name__)

    @views.get("/")
    def page() -> str:
        return render_template(
            "chat.html",
            oa_name=platform.identity.oa_name,
            personas=PERSONAS,
            suggestions=SUGGESTIONS,
        )

    @views.get("/chat/state")
    def state() -> Response:
        return answer(
            {
                "subscribed": platform.courier.subscribed,
                "webhook_url": platform.options.delivery.webhook_url,
                "citizens": [
                    {
                        **platform.citizens[p.user_id].as_json(),
                        "messages": [
                            m.as_json() for m in list(platform.citizens[p.user_id].messages)
                        ],
                    }
                    for p in PERSONAS
                ],
            }
        )

    @views.get("/chat/stream")
    def stream() -> Response:
        response = Response(_changes(platform), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        return response

    @views.post("/chat/send")
    def send() -> Response:
        return answer({"msg_id": platform.act(read_act(read_object()))})

    @views.post("/chat/seen")
    def seen() -> Response:
        return see(platform)

    @views.post("/chat/webhook")
    def subscribe_again() -> Response:
        if read_object().get("subscribed") is not True:
            raise BadRequest("subscribed must be true")
        platform.courier.subscribed = True
        platform.feed.publish({"type": "webhook", "subscribed": True})
        return answer({})

    @views.get("/chat/inspect/<user_id>/<message_id>")
    def inspect(user_id: str, message_id: str) -> Response:
        events = platform.ledger.events(user_id=user_id, msg_id=message_id)
        sends = platform.ledger.sends(user_id=user_id, message_id=message_id)
        if not events and not sends:
            abort(404)
        return answer(
            {"events": [e.as_json() for e in events], "sends": [s.as_json() for s in sends]}
        )

    return views


def _changes(platform: Platform) -> Iterator[str]:
    """Server-Sent Events until the page goes away; a comment now and then finds that out."""
    listener = platform.feed.listen()
    try:
        yield ": open\n\n"
        while True:
            try:
                change = listener.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                yield ": still here\n\n"
                continue
            if change is None:
                return
            yield f"data: {json.dumps(change, ensure_ascii=False)}\n\n"
    finally:
        platform.feed.leave(listener)
