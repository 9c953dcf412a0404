"""How the staff pages write names, times and states: filters and words for the templates."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from bot.database import utcnow
from bot.services.working_days import VIETNAM

ROLES = {
    "agent": "Cán bộ trực",
    "editor": "Biên tập",
    "approver": "Người duyệt",
    "admin": "Quản trị",
    "auditor": "Giám sát",
}
CHANNELS = {"zalo": "Zalo", "web": "Web"}
STATES = {
    "pending": "đang chờ trả lời",
    "answered": "đã trả lời",
    "ignored": "không cần trả lời",
    "queued": "đang chờ gửi",
    "sending": "đang gửi",
    "sent": "đã gửi",
    "unknown": "chưa rõ đã tới chưa",
    "refused": "không gửi được",
}
KINDS = {
    "image": "Hình ảnh",
    "gif": "Ảnh động",
    "link": "Đường dẫn",
    "audio": "Tin thoại",
    "video": "Video",
    "sticker": "Nhãn dán",
    "location": "Vị trí",
    "file": "Tệp",
    "business_card": "Danh thiếp",
    "follow": "Quan tâm tài khoản",
    "unfollow": "Bỏ quan tâm",
    "chat_now": "Bấm “Nhắn tin”",
    "template": "Tin mẫu Zalo",
    "submit_info": "Gửi thông tin liên hệ",
    "withdraw": "Thu hồi tin",
}
REACTIONS = {  # the platform's icon: what staff see, and what it says
    "/-strong": ("👍", "thích"),
    "/-heart": ("❤️", "yêu thích"),
    ":>": ("😄", "vui với"),
    ":o": ("😮", "ngạc nhiên với"),
    ":-((": ("😢", "buồn với"),
    ":-h": ("😠", "bực mình với"),
}
REASONS = {  # how an outbound row's error begins, and what it means to staff
    "window closed": "Đã quá 7 ngày kể từ lần cuối người dân nhắn",
    "given up after": "Đã thử gửi nhiều lần không được",
    "not known whether sent": "Zalo không trả lời, chưa rõ tin đã tới hay chưa",
}
FAILURES = {  # by failure_reasons.REASONS: the name, and what staff can do
    "blocked": (
        "Người dân chặn OA",
        "Người dân đã chặn hoặc hạn chế tin của OA, hoặc tài khoản của họ bị khoá. Nếu việc gấp, "
        "mời anh/chị liên hệ cách khác; khi người dân nhắn lại thì gửi lại được.",
    ),
    "window": (
        "Quá 7 ngày",
        "Zalo không cho gửi khi người dân đã không nhắn quá 7 ngày. Khi người dân nhắn lại, "
        "anh/chị gửi lại được. Nếu cần báo ngay, mời mở hội thoại và gửi tin mẫu.",
    ),
    "content": (
        "Nội dung không hợp lệ",
        "Zalo không nhận nội dung này, gửi lại nguyên văn sẽ vẫn bị từ chối. Mời mở hội thoại và "
        "viết lại cho người dân.",
    ),
    "template": (
        "Mẫu tin có trục trặc",
        "Zalo không nhận mẫu tin này: sai mã, chưa duyệt, đang bị khoá hoặc không gửi "
        "theo tài khoản được. Mời báo quản trị viên xem lại ở mục Mẫu tin Zalo.",
    ),
    "attachment": (
        "Tệp hoặc ảnh hết hạn",
        "Tệp đính kèm đã hết hạn ở Zalo. Mời gửi lại; nếu vẫn không được, mời trả lời bằng chữ.",
    ),
    "account": (
        "Tài khoản OA có trục trặc",
        "Tài khoản OA hoặc ứng dụng chưa được phép gửi. Sau khi quản trị viên sửa xong, mời gửi "
        "lại tất cả.",
    ),
    "quota": (
        "Hết hạn mức gửi",
        "Zalo đang giới hạn số tin hoặc giờ gửi. Mời gửi lại sau.",
    ),
    "unknown": (
        "Không rõ đã tới chưa",
        "Zalo không trả lời khi nhận tin, nên người dân có thể đã nhận được. Mời xem hội thoại "
        "trên Zalo OA trước khi gửi lại.",
    ),
    "unanswered": (
        "Trợ lý không trả lời được",
        "Trợ lý đã thử nhiều lần mà không trả lời được tin này. Mời anh/chị trả lời trong hội "
        "thoại, hoặc để trợ lý thử lại.",
    ),
    "system": (
        "Lỗi hệ thống",
        "Đã thử gửi nhiều lần không được. Mời gửi lại; nếu vẫn lỗi, mời báo người vận hành.",
    ),
}
PARTS = {
    "document_groups": "Giấy tờ",
    "documents": "Giấy tờ",
    "steps": "Các bước",
    "conditions": "Điều kiện",
    "results": "Kết quả",
    "agencies": "Cơ quan thực hiện",
    "applicants": "Đối tượng",
    "methods": "Cách nộp",
    "times": "Thời hạn",
    "fees": "Phí, lệ phí",
    "legal_bases": "Căn cứ pháp lý",
}
METHODS = {"in_person": "Trực tiếp", "online": "Trực tuyến", "post": "Bưu chính"}

ASPECTS = {
    "overview": "Tóm tắt",
    "documents": "Giấy tờ",
    "fee": "Lệ phí",
    "processing_time": "Thời hạn",
    "where": "Nơi nộp",
    "steps": "Các bước",
    "online": "Nộp trực tuyến",
    "eligibility": "Điều kiện",
    "forms": "Mẫu đơn",
    "result": "Kết quả",
    "legal_basis": "Căn cứ",
}
INTENTS = {  # what the assistant took a message for
    **{
        f"ask_{aspect}": f"hỏi về {words[0].lower()}{words[1:]}"
        for aspect, words in ASPECTS.items()
    },
    "ask_procedure": "hỏi về một thủ tục",
    "ask_office_hours": "hỏi giờ làm việc",
    "check_case_status": "tra cứu hồ sơ",
    "follow_case": "theo dõi hồ sơ",
    "unfollow_case": "thôi theo dõi hồ sơ",
    "request_human": "xin gặp cán bộ",
    "give_feedback": "góp ý, khiếu nại",
    "delete_my_data": "xin xoá dữ liệu",
    "out_of_scope": "ngoài phạm vi",
    "greet": "chào",
    "goodbye": "tạm biệt",
    "thank": "cảm ơn",
    "affirm": "đồng ý",
    "deny": "không đồng ý",
    "bot_challenge": "hỏi có phải máy không",
    "inform_place": "nói nơi ở",
}


def init_app(app: Flask) -> None:
    """Give the templates their filters and words."""
    app.jinja_env.filters |= {
        "masked": masked,
        "moment": moment,
        "day": day,
        "since": since,
        "until": until,
        "web_address": web_address,
        "thousands": thousands,
        "figure": figure,
        "reason": reason,
        "part_name": part_name,
    }
    app.jinja_env.globals |= {
        "ROLES": ROLES,
        "CHANNELS": CHANNELS,
        "STATES": STATES,
        "KINDS": KINDS,
        "FAILURES": FAILURES,
        "REACTIONS": REACTIONS,
        "METHODS": METHODS,
    }


def masked(name: str, conversation_id: int) -> str:
    """ "Nguyễn Văn An" → "N. V. An": enough to address somebody, too little to find them."""
    words = name.split()
    if not words:
        return f"Người dân số {conversation_id}"
    return " ".join([f"{word[0]}." for word in words[:-1]] + [words[-1][:30]])


def moment(at: dt.datetime | None) -> str:
    """A time of day in Viet Nam: "07:30 24/11/2026"."""
    return "" if at is None else at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def day(at: dt.date | None) -> str:
    """A date as it is written in Viet Nam, or a dash."""
    return "–" if at is None else at.strftime("%d/%m/%Y")


def since(at: dt.datetime) -> str:
    """How long ago, in the largest two units: "2 ngày 3 giờ"."""
    return _length(utcnow() - at)


def until(at: dt.datetime) -> str:
    """How long it is until then, in the largest two units."""
    return _length(at - utcnow())


def web_address(given: Any) -> str:
    """An address that is safe to follow, or "" when it is none."""
    text = given if isinstance(given, str) else ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def reason(error: str) -> str:
    """Why a message was not sent, in plain words; those of the platform where none are known."""
    return next((said for begins, said in REASONS.items() if error.startswith(begins)), error)


def part_name(part: str) -> str:
    """What a part of a record is called; its name in the file where it has no other."""
    return PARTS.get(part, part)


def thousands(number: int) -> str:
    """12345 → "12.345"."""
    return f"{number:,}".replace(",", ".")


def figure(value: Any) -> str:
    """1234 → "1.234", 12.345 → "12,3", None → a dash; words as they are."""
    if value is None:
        return "–"
    if isinstance(value, float):
        whole, tenth = f"{value:.1f}".split(".")
        return f"{thousands(int(whole))},{tenth}"
    return thousands(value) if isinstance(value, int) else str(value)


def _length(length: dt.timedelta) -> str:
    minutes = max(0, int(length.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    named = [(days, "ngày"), (hours, "giờ"), (minutes, "phút")]
    first = next((i for i, (number, _) in enumerate(named) if number), 2)
    return " ".join(f"{n} {unit}" for n, unit in named[first : first + 2] if n) or "dưới 1 phút"
