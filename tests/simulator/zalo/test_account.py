"""Users, tags, the account, uploads, history and template messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from simulator.zalo.clock import DAY_MS, HOUR_MS
from simulator.zalo.server import SimulatorServer
from tests.simulator.zalo.conftest import TOKEN, USER, Caller
from tests.simulator.zalo.receiver import Receiver

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
FILLED = {"ma_ho_so": "H02.15-260114-0032", "ho_ten": "N.T.H", "noi_nhan": "Phường Kinh Bắc"}


def ask(zalo: Caller, path: str, **data: Any) -> dict[str, Any]:
    return zalo.get(path, data=json.dumps(data))


def upload(zalo: Caller, kind: str, name: str, body: bytes) -> dict[str, Any]:
    answer = requests.post(
        f"{zalo.url}/v2.0/oa/upload/{kind}", files={"file": (name, body)}, headers=TOKEN, timeout=10
    )
    return answer.json()


def test_a_users_detail_is_known_after_the_first_interaction(zalo: Caller) -> None:
    assert ask(zalo, "/v3.0/oa/user/detail", user_id=USER)["error"] == -213
    assert ask(zalo, "/v3.0/oa/user/detail", user_id="5")["error"] == -201
    zalo.control("send-as", user_id=USER, follow=True)
    data = ask(zalo, "/v3.0/oa/user/detail", user_id=USER)["data"]
    assert data["display_name"] == "Nguyễn Thị Hoa"
    assert data["user_is_follower"] is True
    assert data["user_id_by_app"] == "2222222222222222222"
    users = ask(zalo, "/v3.0/oa/user/getlist", offset=0, count=50, is_follower="true")["data"]
    assert users["users"] == [{"user_id": USER}]


def test_tags_and_shared_info_are_kept_and_deleted(zalo: Caller) -> None:
    zalo.says("chào")
    tag = {"user_id": USER, "tag_name": "khai-sinh"}
    assert zalo.post("/v2.0/oa/tag/tagfollower", tag)["error"] == 0
    assert zalo.get("/v2.0/oa/tag/gettagsofoa")["data"] == ["khai-sinh"]
    zalo.control("send-as", user_id=USER, share_info={"name": "Nguyễn A"})
    detail = ask(zalo, "/v3.0/oa/user/detail", user_id=USER)["data"]
    assert detail["tags_and_notes_info"]["tag_names"] == ["khai-sinh"]
    assert detail["shared_info"] == {"name": "Nguyễn A"}
    assert zalo.post("/v2.0/oa/deletefollowerinfo", {"user_id": USER})["error"] == 0
    detail = ask(zalo, "/v3.0/oa/user/detail", user_id=USER)["data"]
    assert detail["shared_info"] == {}


def test_the_account_is_a_government_office(zalo: Caller) -> None:
    data = zalo.get("/v2.0/oa/getoa")["data"]
    assert (data["oaid"], data["oa_type"]) == ("3333333333333333333", 4)


def test_history_is_a_bare_list_newest_first(zalo: Caller) -> None:
    zalo.says("chào")
    zalo.send("Xin chào")
    rows = ask(zalo, "/v2.0/oa/conversation", user_id=USER, offset=0, count=10)["data"]
    assert [(r["src"], r["message"]) for r in rows] == [(0, "Xin chào"), (1, "chào")]
    assert ask(zalo, "/v2.0/oa/listrecentchat", offset=0, count=1)["data"][0]["src"] == 0
    assert ask(zalo, "/v2.0/oa/listrecentchat", offset=0, count=11)["error"] == -201


def test_the_quota_tells_the_last_interaction(zalo: Caller) -> None:
    zalo.says("chào")
    data = zalo.post("/v3.0/oa/quota/message", {"user_id": USER})["data"]
    assert data["last_interaction"].isdigit()
    assert "cs_reply" not in data


@pytest.mark.parametrize(
    ("kind", "name", "body", "code"),
    [
        ("image", "a.png", PNG, 0),
        ("image", "a.png", b"not an image", -201),
        ("image", "a.png", PNG + b"0" * 2**20, -210),
        ("gif", "a.gif", b"GIF89a...", 0),
        ("gif", "a.gif", PNG, -201),
        ("file", "a.pdf", b"%PDF", 0),
        ("file", "a.exe", b"MZ", -201),
    ],
)
def test_uploads_are_checked(zalo: Caller, kind: str, name: str, body: bytes, code: int) -> None:
    assert upload(zalo, kind, name, body)["error"] == code


def test_an_uploaded_image_can_be_sent_for_seven_days(zalo: Caller) -> None:
    zalo.says("chào")
    attachment_id = upload(zalo, "image", "a.png", PNG)["data"]["attachment_id"]
    element = {"media_type": "image", "attachment_id": attachment_id}
    payload = {"template_type": "media", "elements": [element]}
    message = {"attachment": {"type": "template", "payload": payload}}
    assert zalo.send("", **message)["error"] == 0
    served = requests.get(f"{zalo.url}/uploads/{attachment_id}", timeout=10)
    assert served.content == PNG


def test_a_template_message_goes_to_a_phone_and_its_receipt_comes_back(
    zalo: Caller, receiver: Receiver
) -> None:
    body = {
        "phone": "84900000001",
        "template_id": "310002",
        "template_data": FILLED,
        "tracking_id": "hs-1",
    }
    answer = zalo.post("/message/template", body)
    assert answer["data"]["quota"]["remainingQuota"] == "4999"
    received = receiver.wait(1)[0]
    assert received.headers["X-ZEvent-Server"] == "ZNS"
    assert received.event["recipient"] == {"id": "84900000001"}
    assert received.event["message"]["tracking_id"] == "hs-1"
    message_id = answer["data"]["msg_id"]
    assert zalo.get("/message/status", message_id=message_id)["data"]["status"] == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"phone": "0900000001"}, -108),
        ({"template_id": "1"}, -109),
        ({"template_data": {}}, -111),
        ({"template_data": FILLED | {"la": "x"}}, -112),
        ({"template_data": FILLED | {"ho_ten": "x" * 61}}, -1121),
        ({"template_data": FILLED | {"ho_ten": ""}}, -1122),
        ({"tracking_id": "x" * 49}, -132),
    ],
)
def test_template_messages_have_their_own_error_codes(
    zalo: Caller, changed: dict[str, Any], code: int
) -> None:
    body = {"phone": "84900000001", "template_id": "310002", "template_data": FILLED}
    assert zalo.post("/message/template", body | changed)["error"] == code


def test_the_two_hosts_name_a_bad_token_differently(zalo: Caller) -> None:
    zalo.headers = {"access_token": "unknown"}
    assert zalo.post("/message/template", {})["error"] == -124
    assert zalo.post("/v3.0/oa/message/template", {})["error"] == -216
    assert zalo.get("/message/quota")["error"] == -124


def test_a_template_message_can_go_to_a_user(zalo: Caller) -> None:
    body = {"user_id": USER, "template_id": "310002", "template_data": FILLED}
    assert zalo.post("/v3.0/oa/message/template", body)["error"] == -119
    zalo.says("chào")
    assert zalo.post("/v3.0/oa/message/template", body)["data"]["user_id"] == USER


def test_templates_can_be_looked_up(zalo: Caller) -> None:
    assert len(zalo.get("/template/all", offset="0", limit="100")["data"]) == 4
    info = zalo.get("/template/info/v2", template_id="310002")["data"]
    assert {p["name"] for p in info["listParams"]} == set(FILLED)
    assert zalo.get("/template/info/v2", template_id="9")["error"] == -109


def test_an_old_template_goes_to_no_user(zalo: Caller, simulator: SimulatorServer) -> None:
    simulator.platform.meet(USER).follows = True
    data = {"ho_ten": "An", "gio_hen": "8:00"}
    body = {"user_id": USER, "template_id": "210001", "template_data": data}
    assert zalo.post("/v3.0/oa/message/template", body)["error"] == -249


@pytest.mark.parametrize(("hour", "code"), [(5, -133), (6, 0), (21, 0), (22, -133)])
def test_only_transactions_go_out_at_night(
    zalo: Caller, simulator: SimulatorServer, hour: int, code: int
) -> None:
    clock = simulator.platform.clock
    clock.advance(((hour - 7) % 24 * HOUR_MS - clock.now_ms()) % DAY_MS / 1000 + 60)
    simulator.platform.meet(USER).follows = True
    body = {"user_id": USER, "template_id": "310002", "template_data": FILLED}
    assert zalo.post("/v3.0/oa/message/template", body)["error"] == 0
    care = {"template_id": "310003", "template_data": {"ho_ten": "An", "thu_tuc": "khai sinh"}}
    assert zalo.post("/v3.0/oa/message/template", body | care)["error"] == code
