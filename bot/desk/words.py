"""What the console calls things."""

from __future__ import annotations

from bot.templating import ASPECTS, INTENTS  # noqa: F401 - the templates read them here

HANDOFF_STATES = {
    "waiting": "Đang chờ",
    "claimed": "Đang hỗ trợ",
    "closing": "Đang trả về trợ lý",
    "closed": "Đã đóng",
}
WHY = {  # why a conversation was handed over
    "asked": "Người dân xin gặp cán bộ",
    "two_failures": "Trợ lý hai lần chưa trả lời được",
    "angry": "Người dân đang bức xúc",
    "rule": "Khiếu nại hoặc hồ sơ quá hạn",
    "taken": "Cán bộ chủ động vào hỗ trợ",
}
OUTCOMES = {  # what an agent may close with
    "answered": "Đã giải đáp",
    "referred": "Đã hướng dẫn tới nơi khác",
    "called_back": "Đã gọi điện lại",
    "no_answer": "Người dân không trả lời nữa",
    "other": "Khác",
}
ENDINGS = {
    **OUTCOMES,
    "left": "Người dân thôi không chờ",
    "withdrawn": "Người dân đã rút khỏi dịch vụ",
}
PRESENCES = {"present": "Đang trực", "away": "Tạm vắng", "off": "Hết ca"}
KINDS_OF_DESK = {"centre": "Trung tâm", "department": "Sở, ngành", "commune": "Xã, phường"}
