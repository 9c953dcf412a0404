"""What the send API accepts and refuses, as tables."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import requests

from tests.simulator.zalo.conftest import USER, Caller
from tests.simulator.zalo.receiver import Receiver

HIDE = {"title": "Tra cứu", "type": "oa.query.hide", "payload": "#dvc:tra-cuu"}
DECOMPOSED = unicodedata.normalize("NFD", "ế" * 2000)


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def buttons(*each: Any) -> dict[str, Any]:
    return template(buttons=list(each))


def media(**element: Any) -> dict[str, Any]:
    return template(template_type="media", elements=[element])


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("chào", {}, 0),
        ("a" * 2000, {}, 0),
        ("a" * 2001, {}, -210),
        (DECOMPOSED, {}, 0),
        (DECOMPOSED + "a", {}, -210),
        ("", {}, -201),
        ("  ", {}, -201),
        (5, {}, -201),
        ("chọn", buttons(HIDE), 0),
        ("chọn", buttons(*[HIDE] * 5), 0),
        ("chọn", buttons(*[HIDE] * 6), -210),
        ("chọn", buttons(), -201),
        ("", buttons(HIDE), -201),
        ("chọn", buttons(HIDE | {"title": "a" * 100}), 0),
        ("chọn", buttons(HIDE | {"title": "a" * 101}), -210),
        ("chọn", buttons(HIDE | {"title": ""}), -201),
        ("chọn", buttons(HIDE | {"payload": "a" * 1000}), 0),
        ("chọn", buttons(HIDE | {"payload": "a" * 1001}), -210),
        ("chọn", buttons(HIDE | {"payload": {"url": "https://a.vn"}}), -201),
        ("chọn", buttons(HIDE | {"type": "oa.query.none"}), -201),
        ("mở", buttons(HIDE | {"type": "oa.open.url", "payload": {"url": "https://a.vn"}}), 0),
        ("mở", buttons(HIDE | {"type": "oa.open.url", "payload": "https://a.vn"}), -201),
        ("mở", buttons(HIDE | {"type": "oa.open.url", "payload": {"url": "javascript:0"}}), -201),
        ("gọi", buttons(HIDE | {"type": "oa.open.phone", "payload": {"phone_code": "841022"}}), 0),
        ("gọi", buttons(HIDE | {"type": "oa.open.phone", "payload": {"phone_code": "a"}}), -201),
        (
            "sms",
            buttons(
                HIDE
                | {"type": "oa.open.sms", "payload": {"phone_code": "841022", "content": "a" * 161}}
            ),
            -210,
        ),
        ("", media(media_type="image", url="https://a.vn/a.png"), 0),
        ("", media(media_type="image"), -201),
        ("", media(media_type="image", attachment_id="unknown"), -100),
        ("", media(media_type="sticker", attachment_id="s1"), 0),
        ("", media(media_type="gif", url="https://a.vn/a.gif"), -201),
        ("", media(media_type="hologram", url="https://a.vn/a"), -233),
        ("", template(template_type="request_user_info", elements=[{"title": "Xin tên"}]), 0),
        ("", template(template_type="request_user_info", elements=[]), -201),
        ("", template(template_type="list", elements=[{"title": "a"}]), -233),
        ("", template(template_type="button"), -233),
        ("", {"attachment": {"type": "file", "payload": {"token": "unknown"}}}, -100),
        ("", {"attachment": {"type": "audio", "payload": {}}}, -233),
        ("trả lời", {"quote_message_id": "m1"}, 0),
    ],
)
def test_a_message_is_taken_or_refused_by_its_content(
    zalo: Caller, text: Any, message: dict[str, Any], code: int
) -> None:
    zalo.control("users", user_ids=[USER])
    answer = zalo.send(text, **message)
    assert answer["error"] == code
    assert ("data" in answer) == (code == 0)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"recipient": {"user_id": USER}},
        {"recipient": {"user_id": USER}, "message": "chào"},
        {"recipient": {}, "message": {"text": "chào"}},
        {"recipient": {"user_id": 1111111111111111111}, "message": {"text": "chào"}},
        {"recipient": {"user_id": "9"}, "message": {"text": "chào"}},
    ],
)
def test_a_malformed_call_is_refused_with_http_200(zalo: Caller, body: Any) -> None:
    assert zalo.post("/v3.0/oa/message/cs", body)["error"] == -201


def test_a_body_that_is_no_json_is_refused_with_http_200(zalo: Caller) -> None:
    answer = requests.post(
        f"{zalo.url}/v3.0/oa/message/cs", data=b"{", headers=zalo.headers, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]) == (200, -201)


def test_the_answer_names_message_time_and_quota(zalo: Caller) -> None:
    zalo.says("chào")
    data = zalo.send("chào")["data"]
    assert data["user_id"] == USER
    assert data["sent_time"].isdigit()
    assert data["quota"] == {
        "quota_type": "reply",
        "owner_type": "OA",
        "owner_id": "3333333333333333333",
    }
    zalo.control("faults", quota_figures=True)
    assert zalo.send("chào")["data"]["quota"]["remain"] == "8"


@pytest.mark.parametrize(
    ("hours", "code", "quota"),
    [(47, 0, "reply"), (49, 0, "sub_quota"), (167, 0, "sub_quota"), (169, -230, None)],
)
def test_the_window_is_seven_days_and_free_for_two(
    zalo: Caller, hours: int, code: int, quota: str | None
) -> None:
    zalo.says("chào")
    zalo.headers = {"access_token": fresh_token(zalo, hours)}
    answer = zalo.send()
    assert answer["error"] == code
    assert answer.get("data", {}).get("quota", {}).get("quota_type") == quota


def fresh_token(zalo: Caller, hours: int) -> str:
    """Move the clock and refresh the token, which would have run out by then."""
    zalo.control("clock", advance_seconds=hours * 3600)
    answer = requests.post(
        f"{zalo.url}/v4/oa/access_token",
        data={
            "grant_type": "refresh_token",
            "app_id": "1234567890123456789",
            "refresh_token": "demo-refresh-token",
        },
        headers={"secret_key": "demo-app-secret"},
        timeout=10,
    )
    return answer.json()["access_token"]


def test_receipts_do_not_open_the_window_but_following_does(zalo: Caller) -> None:
    assert zalo.send()["error"] == -232
    zalo.control("send-as", user_id=USER, follow=True)
    message_id = zalo.send()["data"]["message_id"]
    zalo.control("faults", close_window=USER)
    zalo.control("seen", user_id=USER, message_ids=[message_id])
    assert zalo.send()["error"] == -230


def test_a_blocked_account_cannot_send(zalo: Caller) -> None:
    zalo.says("chào")
    zalo.control("faults", block=USER)
    assert zalo.send()["error"] == -244
    zalo.control("faults", unblock=USER)
    assert zalo.send()["error"] == 0


def test_each_accepted_message_comes_back_as_echo_and_receipts(
    zalo: Caller, receiver: Receiver
) -> None:
    zalo.says("chào")
    message_id = zalo.send("Xin chào", **buttons(HIDE))["data"]["message_id"]
    zalo.control("seen", user_id=USER, message_ids=[message_id, message_id])
    names = [p.name for p in receiver.wait(4)]
    assert names == [
        "user_send_text",
        "oa_send_text",
        "user_received_message",
        "user_seen_message",
    ]
    echo, received, seen = (p.event for p in receiver.posts[1:])
    assert echo["sender"]["id"] == "3333333333333333333"
    assert echo["message"] == {"text": "Xin chào", "msg_id": message_id}
    assert received["message"] == {"msg_id": message_id}
    assert received["recipient"] == {"id": USER}
    assert seen["message"] == {"msg_ids": [message_id]}


def test_old_endpoints_are_shut(zalo: Caller) -> None:
    zalo.says("chào")
    plain = {"recipient": {"user_id": USER}, "message": {"text": "chào"}}
    assert zalo.post("/v2.0/oa/message", plain)["error"] == -240
    assert zalo.post("/v3.0/oa/message/transaction", plain)["error"] == -233


def test_the_account_can_react_to_a_message(zalo: Caller, receiver: Receiver) -> None:
    message_id = zalo.says("cảm ơn")
    body = {
        "recipient": {"user_id": USER},
        "sender_action": {"react_message_id": message_id, "react_icon": "/-heart"},
    }
    assert zalo.post("/v2.0/oa/message", body)["error"] == 0
    assert receiver.wait(2)[1].name == "oa_reacted_message"
    body["sender_action"]["react_icon"] = "♥"
    assert zalo.post("/v2.0/oa/message", body)["error"] == -201
