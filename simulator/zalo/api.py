"""The send API: consultation messages, reactions, and the endpoints that were shut down."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from simulator.zalo import errors
from simulator.zalo.errors import ApiError, invalid
from simulator.zalo.httpd import CUT_CONNECTION
from simulator.zalo.ledger import Send
from simulator.zalo.outgoing import read_outgoing
from simulator.zalo.platform import Platform
from simulator.zalo.uploads import Uploads
from simulator.zalo.wire import answer, authorise, json_body, object_body, refusal

REACTIONS = ("/-strong", "/-heart", ":>", ":o", ":-((", ":-h", "/-remove")


def send_blueprint(platform: Platform, uploads: Uploads) -> Blueprint:
    """`/v3.0/oa/message/cs` and its relatives."""
    views = Blueprint("send", __name__)

    def cs(body: Any) -> dict[str, Any]:
        outgoing = read_outgoing(body, allow_list=platform.faults.now.allow_list)
        return platform.accept(uploads.resolve(outgoing) if outgoing.attachment else outgoing)

    @views.post("/v3.0/oa/message/cs")
    def send_consultation() -> Response:
        return sending(platform, cs)

    @views.post("/v3.0/oa/message/transaction")
    @views.post("/v3.0/oa/message/promotion")
    def stopped() -> Response:
        authorise(platform)
        raise ApiError(errors.UNSUPPORTED)

    @views.post("/v2.0/oa/message")
    def v2() -> Response:
        authorise(platform)
        body = object_body(request)
        action = body.get("sender_action")
        if action is None:
            raise ApiError(errors.V2_CLOSED)
        return answer({"error": 0, "message": "Success", "data": _react(platform, body, action)})

    return views


def sending(
    platform: Platform,
    take: Callable[[Any], dict[str, Any]],
    recode: Callable[[ApiError], ApiError] = lambda error: error,
) -> Response:
    """Answer one send call: authorise, take, note in the ledger, and misbehave where told to."""
    if platform.faults.now.latency_ms:
        time.sleep(platform.faults.now.latency_ms / 1000)
    broken = _break_before_accept(platform)
    if broken is not None:
        return broken
    body: Any = None
    try:
        authorise(platform)
        body = json_body(request)
        response: dict[str, Any] = {"error": 0, "message": "Success", "data": take(body)}
    except ApiError as error:
        response = refusal(recode(error))
    _note(platform, body, response)
    if not response["error"]:
        _break_after_accept(platform)
    return answer(response, headers=platform.rate.headers())


def _break_before_accept(platform: Platform) -> Response | None:
    """What the caller gets in place of an answer, if anything."""
    faults, ledger = platform.faults, platform.ledger
    if faults.strikes("http_500"):
        ledger.count("failed_with_500")
        return Response("Internal Server Error", status=500, mimetype="text/plain")
    if faults.strikes("cut_before_accept"):
        ledger.count("cut_before_accept")
        request.environ[CUT_CONNECTION] = True
        return Response(status=500)
    seconds, late = faults.now.hang_seconds, faults.now.accept_after_hang
    if not seconds or not faults.strikes("hang_before_accept"):
        return None
    ledger.count("hung_before_accept")
    time.sleep(seconds)
    # Accepting late is the worst case: the caller has hung up, has looked and has found nothing.
    return None if late else Response("Gateway Timeout", status=504, mimetype="text/plain")


def _break_after_accept(platform: Platform) -> None:
    faults, ledger = platform.faults, platform.ledger
    if faults.now.hang_seconds and faults.strikes("hang"):
        ledger.count("hung_after_accept")
        time.sleep(faults.now.hang_seconds)
    elif faults.strikes("drop_after_accept"):
        ledger.count("dropped_after_accept")
        request.environ[CUT_CONNECTION] = True


def _note(platform: Platform, body: Any, response: dict[str, Any]) -> None:
    data = response.get("data", {})
    recipient = _member(body, "recipient")
    token = request.headers.get("access_token", "")
    user_id = data.get("user_id") or _member(recipient, "user_id") or _member(body, "user_id")
    platform.ledger.add_send(
        Send(
            path=request.path,
            user_id=str(user_id or _member(body, "phone") or ""),
            message_id=str(data.get("message_id") or data.get("msg_id") or ""),
            text=str(_member(_member(body, "message"), "text") or ""),
            request=body if isinstance(body, dict) else {},
            response=response,
            at_ms=platform.clock.now_ms(),
            error=response["error"],
            headers={
                "Content-Type": request.headers.get("Content-Type", ""),
                "access_token": f"{token[:8]}…" if token else "",
            },
        )
    )


def _react(platform: Platform, body: Any, action: Any) -> dict[str, Any]:
    user_id = _member(_member(body, "recipient"), "user_id")
    target, icon = _member(action, "react_message_id"), _member(action, "react_icon")
    if not isinstance(user_id, str) or user_id not in platform.citizens:
        raise invalid("user_id")
    if not isinstance(target, str) or platform.citizens[user_id].find(target) is None:
        raise invalid("react_message_id")
    if icon not in REACTIONS:
        raise invalid("react_icon")
    message = {"msg_id": target, "react_icon": icon}
    platform.deliver(platform.events.echo(user_id, "oa_reacted_message", message))
    return {"message_id": target, "user_id": user_id}


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
