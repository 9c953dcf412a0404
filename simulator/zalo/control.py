"""`/_control/…`: switches, the ledger, the clock, and citizens driven by a program.

GET  state                  counters, citizens, events, sends (?user_id= &since_event= &since_send=)
GET  counters               the counters alone: cheap however much has happened
GET  sends                  sends above ?since=, waiting up to ?wait= seconds for the first of them
GET/POST faults             see `faults.Faults`; also expire_token, close_window, block, unblock
POST clock                  {"advance_seconds": 3600} or {"reset": true}
POST send-as                an act, see `inputs`; answers {"msg_id"}
POST seen                   {"user_id", "message_ids": [...]}
POST users                  {"user_ids": [...]}: known, and inside the window
POST event                  {"user_id", "body": {...}}: any event, signed and delivered
POST probe                  posts an unsigned body to the webhook, as the console does
POST webhook                {"subscribed": true}: after the last retry failed
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import requests
from flask import Blueprint, Response, request

from simulator.zalo.errors import BadRequest
from simulator.zalo.events import Event
from simulator.zalo.inputs import USER_ID, read_act
from simulator.zalo.platform import Platform
from simulator.zalo.wire import answer

LONGEST_WAIT = 30.0


def control_blueprint(platform: Platform) -> Blueprint:
    """All of `/_control/`."""
    views = Blueprint("control", __name__, url_prefix="/_control")

    @views.get("/state")
    def state() -> Response:
        return answer(_state(platform))

    @views.get("/counters")
    def counters() -> Response:
        return answer(platform.ledger.counters())

    @views.get("/sends")
    def sends() -> Response:
        since = request.args.get("since", 0, type=int)
        wait = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT)
        user_id = request.args.get("user_id", "")
        platform.ledger.wait_for(lambda: bool(platform.ledger.sends(since, user_id)), wait)
        found = platform.ledger.sends(since, user_id)
        return answer({"sends": [s.as_json() for s in found]})

    @views.get("/faults")
    def faults() -> Response:
        return answer(dataclasses.asdict(platform.faults.now))

    @views.post("/faults")
    def change_faults() -> Response:
        wanted = dict(read_object())
        _once(platform, wanted)
        changed = platform.faults.change(wanted)
        platform.courier.release()
        return answer(dataclasses.asdict(changed))

    @views.post("/clock")
    def clock() -> Response:
        wanted = read_object()
        if wanted.get("reset"):
            platform.clock.reset()
        seconds = wanted.get("advance_seconds", 0)
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
            raise BadRequest("advance_seconds must be a number")
        platform.clock.advance(seconds)
        return answer({"now_ms": platform.clock.now_ms()})

    @views.post("/send-as")
    def send_as() -> Response:
        return answer({"msg_id": platform.act(read_act(read_object()))})

    @views.post("/seen")
    def seen() -> Response:
        return see(platform)

    @views.post("/users")
    def users() -> Response:
        ids = read_ids(read_object(), "user_ids")
        if not all(USER_ID.fullmatch(each) for each in ids):
            raise BadRequest("user_ids must be strings of digits")
        for each in ids:
            platform.meet(each).last_interaction_ms = platform.clock.now_ms()
        return answer({"users": len(ids)})

    @views.post("/event")
    def event() -> Response:
        wanted = read_object()
        body = wanted.get("body")
        if not isinstance(body, dict) or not isinstance(wanted.get("user_id"), str):
            raise BadRequest("an event needs user_id and an object as body")
        name = str(body.get("event_name", ""))
        message = body.get("message")
        msg_id = str(message.get("msg_id", "")) if isinstance(message, dict) else ""
        delivery = platform.deliver(Event(wanted["user_id"], name, body, msg_id))
        return answer({"seq": delivery.seq})

    @views.post("/probe")
    def probe() -> Response:
        url = platform.options.delivery.webhook_url
        try:
            found = requests.post(url, json={"event": "check"}, timeout=2)
        except requests.RequestException as error:
            return answer({"status": 0, "error": type(error).__name__})
        return answer({"status": found.status_code})

    @views.post("/webhook")
    def webhook() -> Response:
        platform.courier.subscribed = read_object().get("subscribed") is True
        platform.feed.publish({"type": "webhook", "subscribed": platform.courier.subscribed})
        return answer({"subscribed": platform.courier.subscribed})

    return views


def read_object() -> Mapping[str, Any]:
    """The present call's JSON object; raises BadRequest.

    Asking for the JSON content type keeps other web pages from posting here through a browser.
    """
    if not request.is_json:
        raise BadRequest("Content-Type must be application/json")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def read_ids(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings; raises BadRequest."""
    ids = body.get(name)
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise BadRequest(f"{name} must be a list of strings")
    return ids


def see(platform: Platform) -> Response:
    """Note that a citizen's phone shows some messages."""
    body = read_object()
    user_id = body.get("user_id")
    if not isinstance(user_id, str) or user_id not in platform.citizens:
        raise BadRequest("user_id is unknown")
    platform.seen(user_id, read_ids(body, "message_ids"))
    return answer({})


def _once(platform: Platform, wanted: dict[str, Any]) -> None:
    """Do what is an act rather than a switch, and take it out of `wanted`."""
    for name in ("close_window", "block", "unblock"):
        user_id = wanted.pop(name, None)
        if user_id is None:
            continue
        if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
            raise BadRequest(f"{name} must name a user by a string of digits")
        if name == "close_window":
            platform.close_window(user_id)
        else:
            platform.meet(user_id).blocked = name == "block"
    if wanted.pop("expire_token", False):
        platform.grant.expire_access()


def _state(platform: Platform) -> dict[str, Any]:
    args = request.args
    user_id = args.get("user_id", "")
    people = list(platform.citizens.values())
    events = platform.ledger.events(args.get("since_event", 0, type=int), user_id)
    sends = platform.ledger.sends(args.get("since_send", 0, type=int), user_id)
    return {
        "now_ms": platform.clock.now_ms(),
        "subscribed": platform.courier.subscribed,
        "counters": platform.ledger.counters(),
        "users": {c.user_id: c.as_json() for c in people if not user_id or c.user_id == user_id},
        "events": [e.as_json() for e in events],
        "sends": [s.as_json() for s in sends],
    }
