"""ZBS template messages by phone and by UID, with their own error codes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from simulator.zalo import errors
from simulator.zalo.api import sending
from simulator.zalo.clock import DAY_MS, HOUR_MS
from simulator.zalo.conversation import Citizen
from simulator.zalo.errors import ApiError
from simulator.zalo.platform import Platform
from simulator.zalo.wire import authorise, success, whole

TOKEN_INVALID = -124
PHONE_INVALID = -108
TEMPLATE_INVALID = -109
DATA_EMPTY = -111
DATA_UNDEFINED = -112
DATA_TOO_LONG = -1121
DATA_MISSING = -1122
PARAMETER = -132
NIGHT = -133
NOT_BY_UID = -249
RECEIVER = -119
MESSAGE_ID = -107
TRACKING_LIMIT = 48
DAILY_QUOTA = 5000
MORNING, EVENING = 6, 22  # o'clock in Viet Nam
VIETNAM_MS = 7 * HOUR_MS
_PHONE = re.compile(r"\+?84[0-9]{8,10}")


@dataclass(frozen=True)
class Template:
    """An approved template; `limits` holds each parameter's greatest length.

    One that is no transaction is refused at night, one of the old kind cannot go to a user id.
    """

    template_id: str
    name: str
    text: str
    limits: Mapping[str, int]
    tag: str = "TRANSACTION"
    by_uid: bool = True


TEMPLATES = {
    t.template_id: t
    for t in (
        Template(
            "310001",
            "Cập nhật tình trạng hồ sơ",
            "Hồ sơ {ma_ho_so} của ông/bà {ho_ten} vừa chuyển sang: {trang_thai}. "
            "Hạn trả: {han_tra}.",
            {"ma_ho_so": 30, "ho_ten": 60, "trang_thai": 90, "han_tra": 30},
        ),
        Template(
            "310002",
            "Mời nhận kết quả hồ sơ",
            "Hồ sơ {ma_ho_so} của ông/bà {ho_ten} đã có kết quả. Mời đến {noi_nhan} để nhận.",
            {"ma_ho_so": 30, "ho_ten": 60, "noi_nhan": 90},
        ),
        Template(
            "310003",
            "Thông báo của cán bộ hỗ trợ",
            "Ông/bà {ho_ten} đã hỏi về {thu_tuc}. Cán bộ đã có câu trả lời, mời nhắn lại cho OA.",
            {"ho_ten": 60, "thu_tuc": 90},
            tag="CUSTOMER_CARE",
        ),
        Template(
            "210001",
            "Lịch hẹn (mẫu cũ)",
            "Ông/bà {ho_ten} có hẹn lúc {gio_hen}.",
            {"ho_ten": 60, "gio_hen": 30},
            by_uid=False,
        ),
    )
}


def zbs_blueprint(platform: Platform) -> Blueprint:
    """Sending, and the read-only calls about messages, quota and templates."""
    views = Blueprint("zbs", __name__)

    @views.post("/message/template")
    def by_phone() -> Response:
        return sending(platform, lambda body: _send_to_phone(platform, body), recode=own_code)

    @views.post("/v3.0/oa/message/template")
    def by_uid() -> Response:
        return sending(platform, lambda body: _send_to_user(platform, body))

    @views.get("/message/status")
    def status() -> Response:
        _authorise(platform)
        message_id = request.args.get("message_id", "")
        if not platform.ledger.sends(message_id=message_id) or not message_id:
            raise ApiError(MESSAGE_ID, "msg id is invalid")
        return success({"status": 1, "message": "delivered"})

    @views.get("/message/quota")
    def quota() -> Response:
        _authorise(platform)
        return success(_quota(platform))

    @views.get("/template/all")
    def templates() -> Response:
        _authorise(platform)
        offset = whole(request.args.get("offset", "0"), "offset", 0, 10**6)
        limit = whole(request.args.get("limit", "100"), "limit", 1, 100)
        rows = [
            {"templateId": t.template_id, "templateName": t.name, "status": "ENABLE"}
            for t in TEMPLATES.values()
        ]
        return success(rows[offset : offset + limit])

    @views.get("/template/info/v2")
    def template() -> Response:
        _authorise(platform)
        found = _template(request.args.get("template_id"))
        params = [
            {"name": name, "require": True, "type": "STRING", "maxLength": limit}
            for name, limit in found.limits.items()
        ]
        return success(
            {
                "templateId": found.template_id,
                "templateName": found.name,
                "status": "ENABLE",
                "listParams": params,
                "listButtons": [],
                "templateTag": found.tag,
                "templateQuality": "HIGH",
            }
        )

    return views


def own_code(error: ApiError) -> ApiError:
    """The same refusal in the numbering of the ZBS host."""
    codes = {
        errors.TOKEN_INVALID: (TOKEN_INVALID, "Access token invalid"),
        errors.TOKEN_EXPIRED: (TOKEN_INVALID, "Access token invalid"),
        errors.PROOF_INVALID: (-1241, "appsecret_proof is invalid"),
        errors.INVALID: (-122, "Body is not JSON"),
    }
    return ApiError(*codes[error.code]) if error.code in codes else error


def _send_to_phone(platform: Platform, body: Any) -> dict[str, Any]:
    phone = body.get("phone") if isinstance(body, dict) else None
    if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
        raise ApiError(PHONE_INVALID, "Phone number is invalid")
    tracking_id = body.get("tracking_id", "")
    if not isinstance(tracking_id, str) or len(tracking_id) > TRACKING_LIMIT:
        raise ApiError(PARAMETER, "tracking_id is invalid")
    text = _filled(platform, body)
    phone = phone.removeprefix("+")
    message_id = secrets.token_hex(10)
    platform.ledger.count("zbs_sent")
    citizen = next((c for c in list(platform.citizens.values()) if c.phone == phone), None)
    if citizen is not None:
        platform.show_template(citizen, message_id, text)
    now_ms = platform.clock.now_ms()
    if not platform.options.quiet:
        platform.deliver(platform.events.zns_received(phone, message_id, tracking_id, now_ms))
    return {
        "msg_id": message_id,
        "sent_time": str(now_ms),
        "sending_mode": str(body.get("sending_mode", "1")),
        "quota": _quota(platform),
    }


def _send_to_user(platform: Platform, body: Any) -> dict[str, Any]:
    user_id = body.get("user_id") if isinstance(body, dict) else None
    citizen = platform.citizens.get(user_id) if isinstance(user_id, str) else None
    if citizen is None or _never_met(citizen):
        raise ApiError(RECEIVER, "Account cannot receive this message")
    if citizen.blocked:
        raise ApiError(errors.RESTRICTED)
    if not _template(body.get("template_id")).by_uid:
        raise ApiError(NOT_BY_UID, "Template does not support send via UID")
    text = _filled(platform, body)
    message_id = secrets.token_hex(10)
    platform.show_template(citizen, message_id, text)
    if not platform.options.quiet:
        platform.deliver(platform.events.received(citizen.user_id, message_id))
    return {
        "message_id": message_id,
        "user_id": citizen.user_id,
        "sent_time": str(platform.clock.now_ms()),
        "quota": {"quota_type": "sub_quota"},
    }


def _authorise(platform: Platform) -> None:
    try:
        authorise(platform)
    except ApiError as error:
        raise own_code(error) from None


def _never_met(citizen: Citizen) -> bool:
    return citizen.last_interaction_ms is None and not citizen.follows


def _filled(platform: Platform, body: Mapping[str, Any]) -> str:
    template = _template(body.get("template_id"))
    values = body.get("template_data")
    if not isinstance(values, dict) or not values:
        raise ApiError(DATA_EMPTY, "Template data is empty")
    for name in values:
        if name not in template.limits:
            raise ApiError(DATA_UNDEFINED, f"Template data {name} is not defined")
    for name, limit in template.limits.items():
        value = values.get(name)
        if not isinstance(value, str) or not value.strip():
            raise ApiError(DATA_MISSING, f"Template data is missing {name}")
        if len(value) > limit:
            raise ApiError(DATA_TOO_LONG, f"Template data {name} is too long")
    hour = (platform.clock.now_ms() + VIETNAM_MS) % DAY_MS // HOUR_MS
    if template.tag != "TRANSACTION" and not MORNING <= hour < EVENING:
        raise ApiError(NIGHT, "Messages can't be sent at night (22:00-6:00)")
    return template.text.format_map(values)


def _template(template_id: object) -> Template:
    found = TEMPLATES.get(template_id) if isinstance(template_id, str) else None
    if found is None:
        raise ApiError(TEMPLATE_INVALID, "Template ID is invalid")
    return found


def _quota(platform: Platform) -> dict[str, str]:
    used = platform.ledger.counters().get("zbs_sent", 0)
    return {"dailyQuota": str(DAILY_QUOTA), "remainingQuota": str(max(0, DAILY_QUOTA - used))}
