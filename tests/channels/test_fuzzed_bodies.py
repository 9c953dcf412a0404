"""Twenty thousand broken, odd and hostile events: none of them is an error of ours.

Each body comes from `SEED` and its own number alone, so a failure names both and `made(number)`
makes the same body again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import Client

from bot.channels.zalo import receipts
from bot.conversation.router import Ask, decide
from bot.database import session_scope
from bot.models.conversations import Message
from bot.services.inbox import Inbound
from bot.settings import DEMO_APP_ID, DEMO_OA_ID, Settings
from tests.chain import OA_SECRET
from webhook import create_app

SEED = 20261124
BODIES = {"sqlite": 20_000, "postgresql": 1_500}
SAMPLE = 300
URL = "/webhook/zalo"
DATA = Path(__file__).parent.parent / "data" / "zalo"

_MESSAGE = {"msg_id": "m1", "text": "xin chào"}
# Shapes that the reference tells of and no recorded file holds.
MORE_SHAPES: dict[str, dict[str, Any]] = {
    "oa_reacted_message": {"message": {"msg_id": "m9", "react_icon": "/-heart"}},
    "add_user_to_tag": {"oa_id": DEMO_OA_ID, "tag": {"name": "a", "user_ids": ["1", "2"]}},
    "anonymous_send_text": {"message": {**_MESSAGE, "conversation_id": "c1"}},
    "user_feedback": {"message": {"rate": "5", "feedbacks": ["a"], "note": "b", "msg_id": "m"}},
    "change_oa_daily_quota": {"quota": {"prev_value": "500", "new_value": "1000"}},
    "user_reply_consent": {"oa_id": DEMO_OA_ID, "user_consent": "confirmed"},
    "user_send_group_text": {"group_id": "g1", "message": _MESSAGE},
    "oa_send_template": {"message": {"msg_id": "m9", "template_id": "t"}},
}
EVENT_NAMES = (
    *("user_send_text", "user_send_image", "user_send_location", "user_send_file", "follow"),
    *("user_withdraw", "user_seen_message", "user_received_message", "user_submit_info"),
    *("oa_send_text", "oa_send_", "user_click_button", "USER_SEND_TEXT", "user_send_text ", ""),
    *("user_send_tëxt", "\ud800", "follow\x00", "__class__", "x" * 5000),
)
KEYS = ("id", "msg_id", "msg_ids", "text", "attachments", "payload", "coordinates", "size", "url")

# Written into the body as they stand: JSON that no dictionary of Python's can hold.
RAW = (
    *("1e400", "-1e400", "NaN", "Infinity", "-Infinity", "-0", "1E+2", "1.0000000000000000001"),
    *("9" * 400, "9" * 5000, "-" + "9" * 30, "[" * 400 + "]" * 400, "[" * 60_000 + "]" * 60_000),
    *('{"a":' * 500 + "1" + "}" * 500, '{"id":1,"id":"2","id":null}', "01", "0x10", "undefined"),
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x"', '"\t"', "tru", "''", "/**/1"),
)


def _tall(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"payload": [value]}
    return value


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**18, 10**30, -(10**18), 0.1, -1.5, 1e308),
    *("", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "١٢٣", "１２３"),
    *("null", "NaN", "inf", "-inf", "1e400", "-1", "+5", "1_000", " 12 ", "0x1", "9" * 30),
    *("9" * 5000, "1790000000000", "-62135596800000", "253402300799999", "253402300800000"),
    *("x" * 64, "x" * 65, "x" * 150, "x" * 151, "x" * 30_000, "e\u0301" * 9000, "ệ" * 10_001),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50, "/restart", "#dvc:", "#dvc:thu-tuc?code="),
    *("#dvc:thu-tuc?" + "a=1&" * 50, '/inform{"a":1}', "\u200b/restart", "' OR 1=1 --", "%s%n{0}"),
    *([], {}, [[]], [None], [{}], {"id": {}}, {"id": []}, {"id": None}, {"": ""}, [1, "a", None]),
    *({"latitude": "91", "longitude": "0"}, {"latitude": "nan", "longitude": "inf"}),
    *({"latitude": 21.1, "longitude": True}, {"coordinates": {"latitude": "", "longitude": {}}}),
    *([{"type": "image"}] * 3, [{"payload": "x"}], [{"type": [], "payload": {"url": {}}}]),
    *([{"type": "file", "payload": {"size": "9" * 40, "name": "\ud83d", "url": "x" * 9000}}],),
    *([{"type": "location", "payload": {"coordinates": [1, 2]}}], [["image"]], ["image"] * 500),
    *(_tall(30), [0] * 3000, {str(n): n for n in range(300)}),
)


def _recorded() -> list[dict[str, Any]]:
    shapes = [json.loads(path.read_text()) for path in sorted(DATA.glob("*.json"))]
    envelope = {k: v for k, v in shapes[0].items() if k not in ("message", "event_name")}
    for name, more in MORE_SHAPES.items():
        shapes.append({**envelope, "event_name": name, **more})
    return shapes


SHAPES = _recorded()


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree of JSON."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    found = []
    for key in keys:
        found.append((node, key))
        if isinstance(node[key], (dict, list)):
            found += _places(node[key])
    return found


def _replace(chance: random.Random, body: dict[str, Any]) -> None:
    container, key = chance.choice(_places(body))
    container[key] = copy.deepcopy(chance.choice(VALUES))


def _put_raw(chance: random.Random, body: dict[str, Any]) -> None:
    container, key = chance.choice(_places(body))
    container[key] = f"@raw{chance.randrange(len(RAW))}@"


def _remove(chance: random.Random, body: dict[str, Any]) -> None:
    container, key = chance.choice(_places(body))
    del container[key]


def _rename(chance: random.Random, body: dict[str, Any]) -> None:
    container, key = chance.choice(_places(body))
    if isinstance(container, dict):
        container[chance.choice((*KEYS, "\ud800", "", key.upper()))] = container.pop(key)


def _wrap(chance: random.Random, body: dict[str, Any]) -> None:
    container, key = chance.choice(_places(body))
    container[key] = chance.choice(([container[key]], {chance.choice(KEYS): container[key]}))


def _rename_event(chance: random.Random, body: dict[str, Any]) -> None:
    body["event_name"] = chance.choice(EVENT_NAMES)


def _put_attachments(chance: random.Random, body: dict[str, Any]) -> None:
    message = body.setdefault("message", {})
    if isinstance(message, dict):
        payload = {k: chance.choice(VALUES) for k in chance.sample(KEYS, 3)}
        one = {"type": chance.choice(VALUES), "payload": chance.choice((payload, None, []))}
        message["attachments"] = [copy.deepcopy(one)] * chance.randrange(30)


def _another_citizen(chance: random.Random, body: dict[str, Any]) -> None:
    body["sender"] = {"id": str(chance.randrange(10**18))}
    if isinstance(body.get("message"), dict):
        body["message"]["msg_id"] = f"{chance.randrange(10**12):x}"


TREE = (_replace, _replace, _replace, _put_raw, _remove, _rename, _wrap)
TREE += (_rename_event, _put_attachments)

BROKEN: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda chance, raw: raw[: chance.randrange(len(raw))],
    lambda chance, raw: raw[: (n := chance.randrange(len(raw)))] + b"\xff\xfe\xc0" + raw[n:],
    lambda chance, raw: raw[: (n := chance.randrange(len(raw)))] + b"\x00" + raw[n:],
    lambda chance, raw: bytes(b ^ 0x20 if chance.random() < 0.01 else b for b in raw[:4000]),
    lambda chance, raw: b"\xef\xbb\xbf" + raw,
    lambda chance, raw: raw.decode("utf-8", "replace").encode(
        chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-16-be", "utf-7", "cp1258")), "replace"
    ),
    lambda chance, raw: raw + chance.choice((b"{}", b"\n\n ", b"]", raw)),
    lambda chance, raw: chance.choice((b"", b" ", b"null", b"[]", b"1", b'"x"', b"\x00" * 50)),
    lambda chance, raw: b"[" + raw + b"]",
    lambda chance, raw: b'{"event_name":"user_send_text","timestamp":[],' + raw[1:],
    lambda chance, raw: raw[:-1] + b',"event_name":"user_send_text","sender":{"id":"5"}}',
    lambda chance, raw: raw[:-1] + b',"pad":"' + b"x" * chance.choice((9_000, 300_000)) + b'"}',
)


def made(number: int) -> tuple[bytes, dict[str, str]]:
    """One odd event: its raw body and its headers."""
    chance = random.Random(f"{SEED}:{number}")
    body = copy.deepcopy(chance.choice(SHAPES))
    _another_citizen(chance, body)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 6))):
        if body:
            chance.choice(TREE)(chance, body)
    if chance.random() < 0.9:  # else it is not even said to be ours
        body["app_id"] = DEMO_APP_ID
    text = json.dumps(body, ensure_ascii=chance.random() < 0.3)
    for index, value in enumerate(RAW):
        text = text.replace(f'"@raw{index}@"', value)
    raw = text.encode("utf-8", chance.choice(("surrogatepass", "replace")))
    if chance.random() < 0.15:
        raw = chance.choice(BROKEN)(chance, raw)
    return raw, _headers(chance, raw)


ODD_SIGNATURES = (
    *("", "mac=", "mac=\xff\xfe", "\x80" * 64, "mac=" + "0" * 64, "mac=" + "é" * 64, "x" * 5000),
    *("mac=mac=", "mac=" + "A" * 63, "null", "mac=\u00a0", "Basic abc"),
)


def _headers(chance: random.Random, raw: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "X-ZEvent-Signature": f"mac={_mac(raw)}"}
    if chance.random() < 0.2:
        headers["X-ZEvent-Signature"] = chance.choice(ODD_SIGNATURES)
    if chance.random() < 0.1:
        headers["num_retry"] = chance.choice(("", "x", "-1", "1e9", "9" * 400, "\xff"))
    if chance.random() < 0.1:
        kinds = ("", "text/plain", "multipart/form-data; boundary=", "application/json;charset=x")
        headers["Content-Type"] = chance.choice(
            (*kinds, "application/x-www-form-urlencoded", "\xe9")
        )
    return headers


def _mac(raw: bytes) -> str:
    """The platform's signature of a body, with the timestamp as whoever can read it finds it."""
    try:
        stamp = json.loads(raw)["timestamp"]
    except (ValueError, TypeError, KeyError, RecursionError):
        stamp = ""
    is_plain = isinstance(stamp, (str, int, float)) and not isinstance(stamp, bool)
    said = str(stamp).encode("utf-8", "replace") if is_plain else b""
    return hashlib.sha256(DEMO_APP_ID.encode() + raw + said + OA_SECRET.encode()).hexdigest()


@pytest.fixture
def app(settings: Settings, sessions: sessionmaker[Session], caplog: Any) -> Any:
    """The web application; its thousands of warnings are not kept."""
    caplog.set_level(logging.CRITICAL, logger="bot")
    made_app = create_app(settings)
    yield made_app
    made_app.extensions["metrics"].close()


def posted(client: Client, number: int) -> int:
    """The status with which one made event is answered."""
    raw, headers = made(number)
    try:
        return client.post(URL, data=raw, headers=headers).status_code
    except Exception as error:
        raise AssertionError(f"SEED {SEED}, body {number}: {raw[:600]!r}") from error


def rows(sessions: sessionmaker[Session]) -> list[Message]:
    with session_scope(sessions, readonly=True) as session:
        return list(session.execute(select(Message).order_by(Message.id)).scalars())


def test_no_body_is_an_error_of_ours(
    app: Flask, sessions: sessionmaker[Session], store: redis.Redis[Any], database_url: str
) -> None:
    client = app.test_client()
    count = BODIES[database_url.partition(":")[0].partition("+")[0]]
    statuses: Counter[int] = Counter()
    for number in range(count):
        status = posted(client, number)
        assert status in (200, 403, 413), f"SEED {SEED}, body {number}: {status}"
        statuses[status] += 1
    assert statuses[200] > count / 2, "most are signed well"
    assert statuses[403] > count / 20
    kept = rows(sessions)
    assert len(kept) > count / 5, "many are messages all the same"
    _check_rows(kept)
    _check_deciding(kept)
    receipts.settle(sessions, store)
    for number in range(0, count, max(count // SAMPLE, 1)):  # the platform repeats some
        assert posted(client, number) in (200, 403, 413)
    with session_scope(sessions, readonly=True) as session:
        assert session.execute(select(func.count(Message.id))).scalar_one() == len(kept)


def _check_rows(kept: list[Message]) -> None:
    ids = [m.channel_message_id for m in kept]
    assert len(set(ids)) == len(ids), "each event is kept at most once"
    for message in kept:
        assert (message.direction, message.state) == ("in", "pending")
        assert 0 < len(message.channel_message_id) <= 200
        words = message.text + json.dumps(message.content, ensure_ascii=False, allow_nan=False)
        assert "\x00" not in words
        words.encode()


def _check_deciding(kept: list[Message]) -> None:
    for message in random.Random(SEED).sample(kept, SAMPLE):
        inbound = Inbound(
            **{f: getattr(message, f) for f in Inbound.__dataclass_fields__ if f != "message_id"},
            message_id=message.channel_message_id,
        )
        decision = decide(inbound, lambda code: False)
        if isinstance(decision, Ask):
            assert not decision.text.startswith("/")
            slots = dict(decision.command.slots) if decision.command else {}
            json.dumps([decision.text, slots], ensure_ascii=False).encode()


def test_a_body_that_comes_in_pieces_is_read_or_refused(app: Flask) -> None:
    raw, headers = made(0)
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    for given in (
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": "x"},
        {"CONTENT_LENGTH": "-5"},
        environ,
    ):
        answer = app.test_client().post(URL, data=raw, headers=headers, environ_overrides=given)
        assert answer.status_code < 500
