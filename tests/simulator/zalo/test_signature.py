"""The three hashes against known vectors, and events signed over their raw bytes."""

from __future__ import annotations

import json

from simulator.zalo.signature import appsecret_proof, code_challenge, event_mac
from tests.simulator.zalo.conftest import Caller
from tests.simulator.zalo.receiver import Received, Receiver

BODY = (
    '{"app_id":"1234567890123456789","sender":{"id":"1111111111111111111"},'
    '"user_id_by_app":"2222222222222222222","recipient":{"id":"3333333333333333333"},'
    '"event_name":"user_send_text","message":{"text":"Xin chào","msg_id":"aa11bb22cc33dd44ee55"},'
    '"timestamp":"1790000000123"}'
).encode()


def signed_with(received: Received, secret: str) -> bool:
    event = received.event
    mac = event_mac(event["app_id"], received.body, str(event["timestamp"]), secret)
    return received.headers.get("X-ZEvent-Signature") == f"mac={mac}"


def test_the_event_signature_is_a_plain_digest_of_the_four_parts() -> None:
    assert len(BODY) == 271
    assert event_mac("1234567890123456789", BODY, "1790000000123", "demo-oa-secret") == (
        "5fb987b1f92978dde76129426d231149f9a5a66bf99002087a634f0dbbe3a8d5"
    )


def test_the_appsecret_proof_is_an_hmac_of_the_token() -> None:
    assert appsecret_proof("demo-app-secret", "demo-access-token") == (
        "aed6826bfacdf6c46c9b96c4dc4634d148ee2c2fd274a9976d9ef754c800814d"
    )


def test_the_code_challenge_is_s256_without_padding() -> None:
    assert (
        code_challenge("abcdefghijklmnopqrstuvwxyzABCDEFGHIJK012345")
        == "pKAWkiOGvqVK_keNKR5kAODNjS_Pr4Laj-dufKSvnJI"
    )


def test_events_come_in_both_spellings_and_are_signed_over_their_bytes(
    zalo: Caller, receiver: Receiver
) -> None:
    zalo.says("giấy tờ gì?")
    zalo.says("lệ phí bao nhiêu?")
    compact, spaced = receiver.wait(2)
    assert "giấy tờ gì?".encode() in compact.body
    assert b'": "' in spaced.body
    assert spaced.body.isascii()
    assert signed_with(compact, "demo-oa-secret")
    assert signed_with(spaced, "demo-oa-secret")


def test_an_event_has_the_shape_of_the_vector(zalo: Caller, receiver: Receiver) -> None:
    message_id = zalo.says("Xin chào")
    event = receiver.wait(1)[0].event
    wanted = json.loads(BODY)
    wanted["message"]["msg_id"] = message_id
    wanted["timestamp"] = event["timestamp"]
    assert event == wanted
    assert list(event) == list(wanted)


def test_events_can_be_signed_wrongly_in_each_way(zalo: Caller, receiver: Receiver) -> None:
    for wrong in ("app_secret", "wrong_secret", "altered_byte", "none"):
        zalo.control("faults", sign_with=wrong)
        zalo.says(wrong)
    zalo.control("faults", reset=True, timestamp_as_int=True)
    zalo.says("số nguyên")
    posts = receiver.wait(5)
    assert [signed_with(p, "demo-oa-secret") for p in posts] == [False] * 4 + [True]
    assert signed_with(posts[0], "demo-app-secret")
    assert "X-ZEvent-Signature" not in posts[3].headers
    assert isinstance(posts[4].event["timestamp"], int)
