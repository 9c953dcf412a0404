"""The web chat seen from a visitor's browser: messages in, events out, nobody else's words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from bot import streams
from bot.bell import ring
from bot.channels.web.channel import bell_of
from bot.channels.web.tokens import digest
from bot.database import session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.services import conversations, inbox, outgoing_files, visitors
from bot.services.inbox import NewReply
from bot.settings import Settings
from tests.chain import Chain
from tests.fakes import FakeRasa, eventually, turn
from webhook import create_app

PORTAL = "https://dichvucong.example.vn"
Data = dict[str, Any]


@pytest.fixture
def app(settings: Settings, sessions: sessionmaker[Session]) -> Iterator[Flask]:
    made = create_app(dataclasses.replace(settings, web_chat_origins=(PORTAL,)))
    yield made
    made.extensions["metrics"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Visitor:
    """A visitor's browser."""

    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client = client
        self.token = token or client.post("/chat/sessions").json["token"]
        self.user_id = digest(self.token)
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self._count = 0

    def post(self, body: Any, **more: Any) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.post("/chat/messages", json=body, headers=headers, **more)

    def say(self, text: str, **more: Any) -> str:
        self._count += 1
        given = f"given-{self._count:04d}"
        assert self.post({"id": given, "text": text, **more}).status_code == 202
        return given

    def look(self, after: int | str = "") -> list[tuple[int, Data]]:
        """Cursor and data of everything that is new."""
        answer = self.client.get(f"/chat/events?once=1&after={after}", headers=self.headers)
        assert answer.status_code == 200, answer.json
        return [(int(e["id"]), e["data"]) for e in events_in(answer.text) if "id" in e]

    def texts(self, after: int | str = "") -> list[str]:
        return [data["text"] for _, data in self.look(after)]


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def events_in(text: str) -> list[Data]:
    """The events of a stream as a browser reads them."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            events.append({**fields, "data": json.loads(fields["data"])})
    return events


def jobs(store: redis.Redis[Any]) -> list[Any]:
    raw = store.hvals("dramatiq:conversations.msgs")
    return [(j["actor_name"], j["args"]) for j in map(json.loads, raw)]


def test_a_message_is_kept_and_its_conversation_enqueued(
    visitor: Visitor, chain: Chain, store: redis.Redis[Any]
) -> None:
    visitor.say("Xin chào")
    [row] = chain.messages("in")
    assert (row.channel, row.kind, row.text, row.state) == ("web", "text", "Xin chào", "pending")
    assert jobs(store) == [("answer", [row.conversation_id])]


def test_the_same_id_again_changes_nothing(visitor: Visitor, chain: Chain) -> None:
    for _ in range(3):
        assert visitor.post({"id": "the-same-id", "text": "một"}).status_code == 202
    assert [m.text for m in chain.messages("in")] == ["một"]


def test_two_visitors_may_use_the_same_id(client: FlaskClient, chain: Chain) -> None:
    for text in ("một", "hai"):
        assert Visitor(client).post({"id": "the-same-id", "text": text}).status_code == 202
    assert [m.text for m in chain.messages("in")] == ["một", "hai"]


def test_a_repeat_is_kept_once_while_the_store_is_down(
    settings: Settings, sessions: sessionmaker[Session], chain: Chain
) -> None:
    down = dataclasses.replace(settings, redis_url="redis://127.0.0.1:1/0")
    visitor = Visitor(create_app(down).test_client())
    visitor.say("một")
    assert visitor.texts() == ["một"]
    assert chain.states("in") == ["pending"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        {"id": "given-0001"},
        {"text": "không có id"},
        {"id": "short", "text": "a"},
        {"id": "with space", "text": "a"},
        {"id": "a" * 65, "text": "a"},
        {"id": 12345678, "text": "a"},
        {"id": "given-0001", "text": ""},
        {"id": "given-0001", "text": " \n\u0000 "},
        {"id": "given-0001", "text": ["a"]},
        {"id": "given-0001", "text": "a", "payload": "#dvc:menu"},
        {"id": "given-0001", "payload": "/restart"},
        {"id": "given-0001", "payload": "#dvc:menu" + "x" * 1000},
        {"id": "given-0001", "location": {}},
        {"id": "given-0001", "location": {"latitude": 91, "longitude": 0}},
        {"id": "given-0001", "location": {"latitude": "21", "longitude": "105"}},
        {"id": "given-0001", "location": {"latitude": True, "longitude": False}},
    ],
)
def test_what_is_no_message_is_refused_in_words(visitor: Visitor, chain: Chain, body: Any) -> None:
    answer = visitor.post(body)
    assert answer.status_code == 422
    assert "Bạn" in answer.json["error"]
    assert chain.messages("in") == []


def test_broken_json_is_refused(visitor: Visitor, chain: Chain) -> None:
    answer = visitor.client.post("/chat/messages", data=b'{"id":', headers=visitor.headers)
    assert answer.status_code == 400
    assert chain.messages("in") == []


def test_not_a_number_is_no_place(visitor: Visitor) -> None:
    raw = b'{"id": "given-0001", "location": {"latitude": NaN, "longitude": Infinity}}'
    answer = visitor.client.post("/chat/messages", data=raw, headers=visitor.headers)
    assert answer.status_code == 422


def test_a_text_may_have_2000_characters_and_no_more(visitor: Visitor, chain: Chain) -> None:
    body = {"id": "given-0001", "text": "e\u0302\u0301" * 2000}  # decomposed: three for each
    raw = json.dumps(body, ensure_ascii=False).encode()
    taken = visitor.client.post("/chat/messages", data=raw, headers=visitor.headers)
    assert taken.status_code == 202
    assert [m.text for m in chain.messages("in")] == ["ế" * 2000]
    answer = visitor.post({"id": "given-0002", "text": "ế" * 2001})
    assert answer.status_code == 422
    assert "2001 ký tự" in answer.json["error"]


def test_a_body_above_16_kib_is_not_read(visitor: Visitor) -> None:
    assert visitor.post({"id": "given-0001", "text": "a" * 17_000}).status_code == 413


def test_a_button_comes_back_as_its_payload_and_is_shown_as_its_title(
    visitor: Visitor, chain: Chain
) -> None:
    body = {"id": "given-0001", "payload": "#dvc:menu", "title": "Xem thực đơn"}
    assert visitor.post(body).status_code == 202
    [row] = chain.messages("in")
    assert row.text == "#dvc:menu"
    assert visitor.texts() == ["Xem thực đơn"]


def test_a_place_is_kept_with_its_coordinates(visitor: Visitor, chain: Chain) -> None:
    body = {"id": "given-0001", "location": {"latitude": 21.186, "longitude": 106.076}}
    assert visitor.post(body).status_code == 202
    [row] = chain.messages("in")
    assert (row.kind, row.content["location"]) == ("location", body["location"])
    [(_, data)] = visitor.look()
    assert (data["kind"], data["from"], data["text"]) == ("location", "you", "")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic abc", f"Bearer {'a' * 32}", f"Bearer {'a' * 5000}"]
)
def test_a_stranger_gets_nothing(client: FlaskClient, chain: Chain, header: str) -> None:
    Visitor(client).say("của tôi")
    headers = {"Authorization": header}
    for answer in (
        client.get("/chat/events", headers=headers),
        client.get("/chat/events?once=1", headers=headers),
        client.post("/chat/messages", json={"id": "given-0001", "text": "a"}, headers=headers),
        client.post("/chat/withdraw", headers=headers),
    ):
        assert answer.status_code == 401
        assert "của tôi" not in answer.text
    assert len(chain.messages("in")) == 1


def test_one_visitor_sees_nothing_of_another(client: FlaskClient) -> None:
    first, second = Visitor(client), Visitor(client)
    first.say("của người thứ nhất")
    assert second.look() == []
    assert second.look(after=1) == []
    assert first.texts() == ["của người thứ nhất"]


def test_the_digest_of_a_token_opens_nothing(client: FlaskClient, visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {visitor.user_id}"}
    assert client.get("/chat/events", headers=headers).status_code == 401


def test_the_twenty_first_message_in_a_minute_must_wait(visitor: Visitor, chain: Chain) -> None:
    for _ in range(20):
        visitor.say("câu hỏi")
    answer = visitor.post({"id": "given-9999", "text": "nữa"})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "đợi" in answer.json["error"]
    assert len(chain.messages("in")) == 20


def test_one_address_starts_thirty_conversations_a_minute(client: FlaskClient) -> None:
    answers = [client.post("/chat/sessions") for _ in range(31)]
    assert [a.status_code for a in answers] == [201] * 30 + [429]
    assert "Retry-After" in answers[-1].headers
    tokens = {a.json["token"] for a in answers[:30]}
    assert len(tokens) == 30


def test_behind_a_proxy_each_client_has_an_address_of_its_own(
    settings: Settings, sessions: sessionmaker[Session]
) -> None:
    client = create_app(dataclasses.replace(settings, trusted_proxies=1)).test_client()
    codes = [
        # The first address is what the client itself claims: only the last one counts.
        client.post("/chat/sessions", headers={"X-Forwarded-For": f"9.9.9.{n}, {address}"})
        for address in ("10.0.0.1", "10.0.0.2")
        for n in range(31)
    ]
    assert [c.status_code for c in codes].count(429) == 2


def test_a_listed_portal_may_embed_the_chat(client: FlaskClient, visitor: Visitor) -> None:
    asked = {
        "Origin": PORTAL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    preflight = client.options("/chat/messages", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = visitor.post({"id": "given-0001", "text": "a"}, headers={"Origin": PORTAL})
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PORTAL}.evil.example"])
def test_another_site_may_not(
    client: FlaskClient, visitor: Visitor, chain: Chain, origin: str
) -> None:
    preflight = client.options("/chat/messages", headers={"Origin": origin})
    assert preflight.status_code == 403
    answer = visitor.post({"id": "given-0001", "text": "a"}, headers={"Origin": origin})
    assert answer.status_code == 403
    for refused in (preflight, answer):
        assert "Access-Control-Allow-Origin" not in refused.headers
    assert chain.messages("in") == []


def test_the_own_site_needs_no_permission(client: FlaskClient, visitor: Visitor) -> None:
    own = {"Origin": "https://localhost"}  # a proxy ends TLS: the scheme is not ours
    assert visitor.post({"id": "given-0001", "text": "a"}, headers=own).status_code == 202


def test_any_site_may_when_the_setting_says_so(
    settings: Settings, sessions: sessionmaker[Session]
) -> None:
    client = create_app(dataclasses.replace(settings, web_chat_origins=("*",))).test_client()
    answer = client.post("/chat/sessions", headers={"Origin": "https://any.example"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, "*")


def test_the_script_is_one_file_that_a_browser_keeps(client: FlaskClient) -> None:
    first = client.get("/chat/widget.js", headers={"Origin": "https://any.example"})
    assert first.status_code == 200
    assert first.mimetype == "text/javascript"
    again = client.get("/chat/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/chat/").status_code == 200


def test_an_answer_is_read_with_its_buttons_and_picture(
    visitor: Visitor, chain: Chain, fake_rasa: FakeRasa
) -> None:
    buttons = [
        {"title": "Chọn", "type": "reply", "payload": "#dvc:menu"},
        {"title": "Mở trang", "type": "url", "payload": "https://example.vn/a"},
        {"title": "Gọi", "type": "phone", "payload": "+84 222 1022"},
        {"title": "Xấu", "type": "url", "payload": "javascript:alert(1)"},
        {"title": "Xấu", "type": "phone", "payload": "1022;wait"},
    ]
    answer = turn("một", buttons=buttons)
    answer["messages"][0]["image"] = "https://example.vn/a.png"
    fake_rasa.respond = lambda asked: (200, answer)
    visitor.say("hỏi")
    chain.attendant().attend(chain.messages("in")[0].conversation_id)
    _, picture, text = [data for _, data in visitor.look()]
    assert picture["image"] == "https://example.vn/a.png"
    assert (text["text"], text["from"]) == ("một", "bot")
    assert [b["title"] for b in text["buttons"]] == ["Chọn", "Mở trang", "Gọi"]
    assert text["buttons"][2]["payload"] == "+842221022"


def test_a_script_in_a_text_stays_text(visitor: Visitor) -> None:
    bad = "<script>alert(1)</script>\n\ndata: {}\n\nevent: gone"
    visitor.say(bad)
    assert visitor.texts() == [bad]


def test_what_staff_write_is_told_apart(
    visitor: Visitor, chain: Chain, sessions: sessionmaker[Session]
) -> None:
    with session_scope(sessions) as session:
        who = visitors.find(session, visitor.user_id)
        assert who is not None
        inbox.store_replies(session, who.conversation_id, [NewReply("chào", {"staff_id": 7})])
    assert visitor.look() == []  # not sent yet
    chain.attendant().attend(who.conversation_id)
    [(_, data)] = visitor.look()
    assert (data["from"], data["text"]) == ("staff", "chào")


def test_a_file_of_staff_is_given_to_its_visitor_alone(
    client: FlaskClient, visitor: Visitor, chain: Chain, sessions: sessionmaker[Session]
) -> None:
    pdf = b"%PDF-1.4\n%%EOF\n"
    kept = outgoing_files.store(
        outgoing_files.folder_of(chain.settings.var_dir), pdf, "Mẫu đơn.pdf"
    )
    with session_scope(sessions) as session:
        who = visitors.find(session, visitor.user_id)
        assert who is not None
        content = {"file": [kept.key, kept.name], "staff_id": 7}
        inbox.store_replies(session, who.conversation_id, [NewReply("", content)])
    chain.attendant().attend(who.conversation_id)
    [(_, data)] = visitor.look()
    assert (data["file"], data["text"]) == ("Mẫu đơn.pdf", "")
    path = f"/chat/files/{data['id']}"
    answer = client.get(path, headers=visitor.headers)
    assert (answer.data, answer.mimetype) == (pdf, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert client.get(path, headers=Visitor(client).headers).status_code == 404
    assert client.get(path).status_code == 401
    assert client.get("/chat/files/999999", headers=visitor.headers).status_code == 404


def test_reconnecting_loses_nothing_and_repeats_nothing(
    visitor: Visitor, chain: Chain, sessions: sessionmaker[Session]
) -> None:
    attendant = chain.attendant()
    for n in range(15):
        visitor.say(f"câu {n}")
        attendant.attend(chain.messages("in")[0].conversation_id)
    whole = visitor.look()
    assert len(whole) == 30
    with session_scope(sessions) as session:  # all of it an hour ago
        session.execute(update(Message).values(created_at=utcnow() - dt.timedelta(hours=1)))
    settled = visitor.look()
    assert [cursor for cursor, _ in settled] == [data["id"] for _, data in settled]
    for position, (cursor, _) in enumerate(settled):
        assert visitor.look(after=cursor) == settled[position + 1 :]


def test_a_reply_that_waited_is_not_lost_behind_a_later_message(
    visitor: Visitor, chain: Chain, sessions: sessionmaker[Session]
) -> None:
    """The reply has the lower id and becomes visible after the visitor's next message."""
    visitor.say("một")
    with session_scope(sessions) as session:
        who = visitors.find(session, visitor.user_id)
        assert who is not None
        [waiting] = inbox.store_replies(session, who.conversation_id, [NewReply("tin báo", {})])
    visitor.say("hai")
    with session_scope(sessions) as session:  # long ago: only what waits holds the cursor back
        session.execute(update(Message).values(created_at=utcnow() - dt.timedelta(hours=1)))
    before = visitor.look()
    assert [d["text"] for _, d in before] == ["một", "hai"]
    cursor = before[-1][0]
    assert cursor < waiting
    chain.attendant().attend(who.conversation_id)
    seen = {data["id"] for _, data in before}
    after = [data for _, data in visitor.look(after=cursor) if data["id"] not in seen]
    assert [data["text"] for data in after] == ["tin báo", "đáp: một", "đáp: hai"]


def test_a_row_that_is_committed_late_is_not_lost(
    visitor: Visitor, sessions: sessionmaker[Session]
) -> None:
    """Two transactions may commit in another order than they took their ids."""
    visitor.say("một")
    visitor.say("hai")
    with session_scope(sessions) as session:
        row = session.execute(select(Message).order_by(Message.id)).scalars().first()
        values = {c.name: getattr(row, c.name) for c in Message.__table__.columns}
        session.delete(row)
    [(cursor, _)] = visitor.look()
    with session_scope(sessions) as session:
        session.add(Message(**values))
    assert "một" in visitor.texts(after=cursor)


def test_a_page_without_messages_gets_the_newest_hundred(
    visitor: Visitor, sessions: sessionmaker[Session]
) -> None:
    with session_scope(sessions) as session:
        for n in range(130):
            conversations.store_inbound(
                session,
                channel="web",
                user_id=visitor.user_id,
                message_id=f"x:given-{n}",
                kind="text",
                text=f"câu {n}",
                occurred_at=utcnow(),
            )
    assert visitor.texts() == [f"câu {n}" for n in range(30, 130)]
    assert len(visitor.texts(after=1)) >= 129  # who has a cursor gets all that follows


def test_an_open_stream_brings_what_is_said_as_it_is_said(
    app: Flask, visitor: Visitor, chain: Chain
) -> None:
    reader = Stream(app, visitor)
    visitor.say("một")
    eventually(lambda: reader.texts() == ["một"])
    chain.attendant().attend(chain.messages("in")[0].conversation_id)
    eventually(lambda: reader.texts() == ["một", "đáp: một"])
    visitor.say("hai")
    chain.attendant().attend(chain.messages("in")[0].conversation_id)
    eventually(lambda: reader.texts() == ["một", "đáp: một", "hai", "đáp: hai"])
    reader.close()
    assert app.extensions["stream_places"].open() == 0


def test_an_open_stream_brings_what_is_said_while_the_store_is_down(
    settings: Settings, sessions: sessionmaker[Session]
) -> None:
    app = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1/0"))
    visitor = Visitor(app.test_client())
    reader = Stream(app, visitor)
    visitor.say("một")
    eventually(lambda: reader.texts() == ["một"])
    reader.close()


def test_a_withdrawal_erases_ends_the_stream_and_the_token(
    app: Flask, visitor: Visitor, chain: Chain, fake_rasa: FakeRasa, sessions: sessionmaker[Session]
) -> None:
    visitor.say("số của tôi là 0912345678")
    conversation_id = chain.messages("in")[0].conversation_id
    chain.attendant().attend(conversation_id)
    reader = Stream(app, visitor)
    for _ in range(2):
        answer = visitor.client.post("/chat/withdraw", headers=visitor.headers)
        assert answer.status_code == 202
    chain.attendant().attend(conversation_id)
    reader.beat()
    reader.join()
    assert reader.names()[-1] == "gone"
    assert {(m.text, json.dumps(m.content)) for m in chain.messages("in")} == {("", "{}")}
    assert visitor.client.get("/chat/events", headers=visitor.headers).status_code == 401
    assert visitor.post({"id": "given-0099", "text": "a"}).status_code == 401
    assert fake_rasa.forgotten == [str(conversation_id)]
    with session_scope(sessions) as session:
        known = session.execute(select(Conversation.channel_user_id)).scalar_one()
    assert known == f"erased:{conversation_id}"


def test_an_erasure_on_request_clears_open_pages(
    app: Flask, visitor: Visitor, chain: Chain, sessions: sessionmaker[Session]
) -> None:
    visitor.say("một")
    conversation_id = chain.messages("in")[0].conversation_id
    chain.attendant().attend(conversation_id)
    reader = Stream(app, visitor)
    eventually(lambda: len(reader.texts()) == 2)
    with session_scope(sessions) as session:
        conversations.erase(session, conversation_id)
    reader.beat()
    reader.join()
    assert reader.names()[-1] == "erased"
    assert visitor.look() == []


def test_streams_leave_threads_for_everybody_else(
    settings: Settings, sessions: sessionmaker[Session]
) -> None:
    app = create_app(dataclasses.replace(settings, web_threads=streams.FREE_THREADS + 2))
    first, second, third = (Visitor(app.test_client()) for _ in range(3))
    first.say("một")
    open_streams = [Stream(app, first), Stream(app, second)]
    eventually(lambda: app.extensions["stream_places"].open() == 2)
    refused = third.client.get("/chat/events", headers=third.headers)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert third.look() == []  # asking again and again still works
    for stream in open_streams:
        stream.close()
    assert app.extensions["stream_places"].open() == 0


def test_one_visitor_cannot_take_all_streams(app: Flask, visitor: Visitor) -> None:
    held = [Stream(app, visitor) for _ in range(streams.MOST_OF_ONE)]
    eventually(lambda: app.extensions["stream_places"].open() == streams.MOST_OF_ONE)
    assert visitor.client.get("/chat/events", headers=visitor.headers).status_code == 503
    for stream in held:
        stream.close()


def test_a_stopping_process_ends_its_streams(app: Flask, visitor: Visitor) -> None:
    reader = Stream(app, visitor)
    streams.stopping.set()
    try:
        reader.join()
    finally:
        streams.stopping.clear()


def test_no_token_and_no_word_reaches_the_log(
    app: Flask, client: FlaskClient, chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor = Visitor(client)
        visitor.say("mật của tôi")
        visitor.post({"id": "bad", "text": "mật của tôi"})
        chain.attendant().attend(chain.messages("in")[0].conversation_id)
        visitor.look()
        client.get("/chat/events", headers={"Authorization": "Bearer " + "x" * 32})
    assert caplog.text
    for secret in (visitor.token, visitor.user_id, "mật của tôi"):
        assert secret not in caplog.text


class Stream:
    """An open stream, read in a thread of its own."""

    def __init__(self, app: Flask, visitor: Visitor) -> None:
        self._parts: list[str] = []
        self._stop = threading.Event()
        self._app, self._visitor = app, visitor
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        eventually(lambda: bool(self._parts))

    def _read(self) -> None:
        response = self._app.test_client().get(
            "/chat/events", headers=self._visitor.headers, buffered=False
        )
        for part in response.iter_encoded():
            self._parts.append(part.decode())
            if self._stop.is_set():
                break
        response.close()

    def events(self) -> list[Data]:
        return events_in("".join(self._parts))

    def texts(self) -> list[str]:
        return [e["data"]["text"] for e in self.events() if "event" not in e]

    def names(self) -> list[str]:
        return [e.get("event", "") for e in self.events()]

    def join(self) -> None:
        """Wait for the stream to end by itself."""
        self._thread.join(timeout=10)
        assert not self._thread.is_alive(), "the stream is still open"

    def beat(self) -> None:
        """Let it look now, not only at its next beat."""
        ring(self._app.extensions["store"], bell_of(self._visitor.user_id))

    def close(self) -> None:
        """Hang up; the stream notices at its next word."""
        self._stop.set()
        self.beat()
        self.join()
