"""What the console calls things."""

from __future__ import annotations

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
