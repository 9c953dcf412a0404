"""What the figures and tables are called, and what exactly each one counts, for staff."""

from __future__ import annotations

# By key: the name, the unit, whether more is better (None: neither), what it counts.
TILES: dict[str, tuple[str, str, bool | None, str]] = {
    "conversations": (
        "Hội thoại",
        "",
        None,
        "Số người dân (tính theo từng kênh) có ít nhất một tin trong kỳ. Bấm quan tâm hay bỏ quan "
        "tâm không tính là tin.",
    ),
    "messages": ("Tin của người dân", "", None, "Số tin người dân gửi đến trong kỳ."),
    "bot_alone": (
        "Trợ lý tự giải quyết",
        "%",
        True,
        "Trong các hội thoại của kỳ: tỷ lệ có ít nhất một câu được trả lời, không chuyển cho cán "
        "bộ trong kỳ và không tin nào do cán bộ trả lời.",
    ),
    "asked_back": (
        "Phải hỏi lại",
        "%",
        False,
        "Trong các tin trợ lý đã xử lý: tỷ lệ tin mà trợ lý hỏi thêm hoặc đưa ra lựa chọn.",
    ),
    "not_understood": (
        "Không hiểu",
        "%",
        False,
        "Trong các tin trợ lý đã xử lý: tỷ lệ tin mà trợ lý báo chưa hiểu hoặc chưa có câu trả "
        "lời. Không tính được theo sở, ngành, vì tin như vậy chưa rõ thủ tục.",
    ),
    "handed_over": (
        "Chuyển cán bộ",
        "%",
        None,
        "Trong các hội thoại của kỳ: tỷ lệ có lần chuyển cho cán bộ bắt đầu trong kỳ, kể cả khi "
        "cán bộ tự vào hỗ trợ.",
    ),
    "response_p50": (
        "Thời gian trả lời (một nửa số tin)",
        "giây",
        False,
        "Từ lúc nhận tin tới lúc kênh nhận câu trả lời đầu tiên của trợ lý: một nửa số tin được "
        "trả lời trong thời gian này. Tin báo “xin đợi” và tin của cán bộ không tính.",
    ),
    "response_p95": (
        "Thời gian trả lời (95% số tin)",
        "giây",
        False,
        "Như trên: 95% số tin được trả lời trong thời gian này.",
    ),
    "wait": (
        "Chờ cán bộ",
        "phút",
        False,
        "Từ lúc cần cán bộ tới lúc có cán bộ nhận, một nửa số lần chờ không quá mức này. Chỉ tính "
        "lần chuyển bắt đầu trong kỳ, trong giờ làm việc và đã có người nhận.",
    ),
    "satisfaction": (
        "Mức hài lòng",
        "/5",
        True,
        "Điểm trung bình (1–5) người dân chấm cho các lần cán bộ hỗ trợ kết thúc trong kỳ.",
    ),
    "lookups": (
        "Tra cứu hồ sơ thành công",
        "%",
        True,
        "Trong các lần tra cứu hồ sơ của kỳ: tỷ lệ được xem hồ sơ. Còn lại là sai mã hoặc sai "
        "thông tin xác minh, hoặc đang bị tạm khoá.",
    ),
}

# By key: the title, what it counts, the headings.
TABLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "weeks": (
        "Theo tuần",
        "Tuần từ thứ Hai đến Chủ nhật, giờ Việt Nam. Người nhắn trong hai tuần được tính ở cả hai.",
        (
            "Tuần",
            "Hội thoại",
            "Trợ lý tự giải quyết",
            "Chuyển cán bộ",
            "Tin",
            "Được trả lời",
            "Hỏi lại",
            "Không hiểu",
            "Hỏi nhiều nhất",
        ),
    ),
    "procedures": (
        "Thủ tục được hỏi nhiều",
        "Số câu hỏi mà trợ lý đã trả lời, theo thủ tục.",
        ("Mã", "Thủ tục", "Sở, ngành", "Số câu trả lời"),
    ),
    "unanswered": (
        "Câu hỏi chưa trả lời được",
        "Câu trợ lý chưa hiểu, hoặc người dân không chọn gợi ý nào; thông tin cá nhân đã được che. "
        "Chỉ hiện câu có từ hai lượt trở lên. Danh sách này không chia theo kênh.",
        ("Câu hỏi", "Số lượt"),
    ),
    "departments": (
        "Theo sở, ngành",
        "Câu đã trả lời, theo cơ quan phụ trách thủ tục hiện nay.",
        ("Sở, ngành", "Số câu trả lời", "Số thủ tục", "Hỏi nhiều nhất"),
    ),
    "communes": (
        "Theo xã, phường",
        "Nơi ở mà người dân đã cho trợ lý biết. Cột “Chuyển bàn trực xã” là số lần chuyển tới bàn "
        "trực của xã, phường đó.",
        (
            "Xã, phường",
            "Tin",
            "Được trả lời",
            "Hỏi lại",
            "Không hiểu",
            "Chuyển bàn trực xã",
            "Hỏi nhiều nhất",
        ),
    ),
    "hours": (
        "Theo giờ trong ngày",
        "Số tin người dân gửi, theo thứ và giờ Việt Nam, cộng cả kỳ.",
        ("Thứ", *(f"{hour}h" for hour in range(24))),
    ),
    "response": (
        "Thời gian trả lời",
        "Số tin theo thời gian chờ câu trả lời đầu tiên của trợ lý.",
        ("Thời gian", "Số tin"),
    ),
    "desks": (
        "Bàn trực",
        "Các lần chuyển bắt đầu trong kỳ, và điểm của các lần kết thúc trong kỳ.",
        ("Bàn trực", "Chuyển tới", "Đã nhận", "Chờ (phút)", "Lượt chấm", "Điểm"),
    ),
    "reasons": ("Lý do chuyển cán bộ", "Các lần chuyển bắt đầu trong kỳ.", ("Lý do", "Số lần")),
    "satisfaction": (
        "Người dân chấm điểm",
        "Điểm của các lần cán bộ hỗ trợ kết thúc trong kỳ; có người không chấm.",
        ("Điểm", "Số lượt"),
    ),
    "lookups": ("Tra cứu hồ sơ", "Các lần tra cứu trong kỳ.", ("Kết quả", "Số lần")),
}
DAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
RESULTS = {
    "shown": "Đã xem được hồ sơ",
    "wrong": "Sai mã hoặc sai thông tin xác minh",
    "locked": "Đang bị tạm khoá",
}
REASONS = {
    "asked": "Người dân muốn gặp cán bộ",
    "two_failures": "Trợ lý hai lần chưa trả lời được",
    "angry": "Người dân đang bức xúc",
    "rule": "Theo quy định",
    "taken": "Cán bộ tự vào hỗ trợ",
}
UNKNOWN_PLACE = "Chưa rõ nơi ở"
UNKNOWN_OWNER = "Thủ tục không còn trong danh mục"
UNKNOWN_DESK = "Chưa phân bàn trực"
NOT_RATED = "Không chấm"
