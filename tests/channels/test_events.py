"""Every event of the platform has a decided meaning."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo.events import Ignored, Reaction, Receipt, parse, read_envelope
from bot.conversation.cleaning import clean
from bot.conversation.messages import KINDS, InboundMessage

DATA = Path(__file__).parent.parent / "data" / "zalo"


def parsed(body: dict[str, Any]) -> InboundMessage | Receipt | Reaction | Ignored:
    envelope = read_envelope(json.dumps(body).encode())
    assert envelope is not None
    return parse(envelope)


def recorded(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("user_send_text", "text"),
        ("user_send_image", "image"),
        ("user_send_gif", "gif"),
        ("user_send_link", "link"),
        ("user_send_audio", "audio"),
        ("user_send_video", "video"),
        ("user_send_sticker", "sticker"),
        ("user_send_location", "location"),
        ("user_send_file", "file"),
        ("user_send_business_card", "business_card"),
        ("follow", "follow"),
        ("unfollow", "unfollow"),
        ("user_click_chatnow", "chat_now"),
        ("user_submit_info", "submit_info"),
        ("user_withdraw", "withdraw"),
    ],
)
def test_what_a_citizen_does_is_a_message_of_its_kind(name: str, kind: str) -> None:
    message = parsed(recorded(name))
    assert isinstance(message, InboundMessage)
    assert (message.kind, message.user_id) == (kind, "1111111111111111111")
    assert kind in KINDS
    assert "1111111111111111111" not in message.message_id, "the id travels to Rasa"


def test_a_location_is_a_point() -> None:
    message = parsed(recorded("user_send_location"))
    assert isinstance(message, InboundMessage)
    assert (message.latitude, message.longitude) == (21.1861, 106.0763)


def test_a_file_has_its_name_and_size() -> None:
    message = parsed(recorded("user_send_file"))
    assert isinstance(message, InboundMessage)
    [file] = message.attachments
    assert (file.type, file.name, file.size) == ("file", "don.pdf", 20480)


def test_receipts_name_our_messages() -> None:
    assert parsed(recorded("user_received_message")) == Receipt(
        "delivered",
        ("out1",),
        parsed(recorded("user_received_message")).at,  # type: ignore[union-attr]
    )
    seen = parsed(recorded("user_seen_message"))
    assert isinstance(seen, Receipt)
    assert (seen.state, seen.message_ids) == ("seen", ("out1", "out2"))


@pytest.mark.parametrize("name", ["oa_send_text"])
def test_echoes_mean_nothing(name: str) -> None:
    assert parsed(recorded(name)) == Ignored("ignored")


def test_a_reaction_names_our_message_and_the_icon() -> None:
    body = recorded("user_reacted_message")
    assert parsed(body) == Reaction("1111111111111111111", "out1", "/-heart")
    for message in ({"msg_id": "out1"}, {"react_icon": ":>"}, {}, None, ["out1"]):
        assert parsed({**body, "message": message}) == Ignored("no_message")
    odd = parsed({**body, "message": {"msg_id": "out1", "react_icon": "\x00" + "x" * 500}})
    assert odd == Reaction("1111111111111111111", "out1", "x" * 20)


@pytest.mark.parametrize(
    ("info", "kept"),
    [
        (
            {
                "name": "Nguyễn A",
                "phone": "84912345678",
                "user_dob": "30/10/1990",
                "gender": "Nam",
                "full_address": {
                    "user_city": "Bắc Ninh",
                    "user_ward": "Kinh Bắc",
                    "user_address": "Số 1",
                },
            },
            {"name": "Nguyễn A", "phone": "84912345678", "address": "Số 1, Kinh Bắc, Bắc Ninh"},
        ),
        (
            {
                "name": " An\n\x00 Bình ",
                "phone": 84912345678,
                "address": "1",
                "city": "H",
                "district": "D",
            },
            {"name": "An Bình", "phone": "84912345678", "address": "1, D, H"},
        ),
        ({"name": ["A"], "phone": {}, "full_address": "x"}, {}),
        ({"name": "x" * 5000}, {"name": "x" * 200}),
        (None, {}),
        ("x", {}),
    ],
)
def test_of_what_a_citizen_shares_name_phone_and_address_are_taken(
    info: Any, kept: dict[str, str]
) -> None:
    message = parsed({**recorded("user_submit_info"), "info": info})
    assert isinstance(message, InboundMessage)
    assert message.info == kept


def test_a_quoted_message_is_named() -> None:
    body = recorded("user_send_text")
    message = parsed({**body, "message": {**body["message"], "quote_msg_id": "out7"}})
    assert isinstance(message, InboundMessage)
    assert message.quoted_message_id == "out7"


@pytest.mark.parametrize(
    "name",
    [
        *["oa_send_image", "oa_send_gif", "oa_send_list", "oa_send_file", "oa_send_sticker"],
        *["oa_send_template", "oa_send_consent", "oa_send_anonymous_text", "oa_send_group_text"],
        *["user_send_group_text", "oa_call_user", "user_call_oa", "add_user_to_tag", "remove_tag"],
        *["anonymous_send_text", "anonymous_send_sticker", "user_feedback", "update_user_info"],
        *["change_template_status", "change_oa_daily_quota", "event_journey_time_out"],
        *["widget_interaction_accepted", "oa_reacted_message", "create_group"],
    ],
)
def test_other_known_events_mean_nothing(name: str) -> None:
    assert parsed({**recorded("user_send_text"), "event_name": name}) == Ignored("ignored")


@pytest.mark.parametrize("name", ["user_click_button", "", "x" * 1000, None, 5, ["user_send_text"]])
def test_unknown_events_are_told_apart(name: Any) -> None:
    assert parsed({**recorded("user_send_text"), "event_name": name}) == Ignored("unknown")


def test_numbers_as_ids_keep_all_their_digits() -> None:
    body = {**recorded("user_send_text"), "sender": {"id": 9223372036854775807}}
    body["timestamp"] = 1790000000123
    message = parsed(body)
    assert isinstance(message, InboundMessage)
    assert message.user_id == "9223372036854775807"
    assert message.occurred_at.year == 2026


def test_an_event_without_message_id_is_known_by_user_and_time() -> None:
    first, again = parsed(recorded("follow")), parsed(recorded("follow"))
    later = parsed({**recorded("follow"), "timestamp": "1790000000001"})
    assert isinstance(first, InboundMessage)
    assert isinstance(again, InboundMessage)
    assert isinstance(later, InboundMessage)
    assert first.message_id == again.message_id != later.message_id


def test_text_is_composed_and_rid_of_what_databases_refuse() -> None:
    dirty = "Khai\x00 sinh\x07\ud800 " + unicodedata.normalize("NFD", "ở đâu") + " 👶🏽\n\tạ"
    assert clean(dirty) == "Khai sinh ở đâu 👶🏽\n\tạ"


def test_of_ten_thousand_characters_ten_thousand_are_kept() -> None:
    assert len(clean("ệ" * 10_000)) == len(clean("ệ" * 20_000)) == 10_000


KEYS = ["id", "msg_id", "msg_ids", "text", "attachments", "payload", "coordinates", "size"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "user_send_text",
        "user_send_location",
        "user_seen_message",
        "follow",
        "user_reacted_message",
        "user_submit_info",
    ]
)


@given(name=NAMES, sender=VALUES, message=VALUES, timestamp=VALUES)
def test_no_signed_event_can_break_the_reader(
    name: str, sender: Any, message: Any, timestamp: Any
) -> None:
    body = {"event_name": name, "sender": sender, "message": message, "timestamp": timestamp}
    result = parsed(body)
    assert isinstance(result, (InboundMessage, Receipt, Reaction, Ignored))
    if isinstance(result, InboundMessage):
        result.text.encode()
        assert 0 < len(result.message_id) <= 200
        assert 0 < len(result.user_id) <= 64
