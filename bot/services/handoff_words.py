"""What a citizen is told about a handoff when no turn of the dialogue engine tells it."""

from __future__ import annotations

import datetime as dt
import math

LEAVE = "#dvc:thoi-cho"
COMMENT = "#dvc:gop-y"
LEAVE_BUTTON = ("Thôi, không chờ nữa", "reply", LEAVE)
COMMENT_BUTTON = ("Viết góp ý", "reply", COMMENT)


def wait(expected: dt.timedelta | None) -> str:
    """The expected wait, or that it is not known."""
    if expected is None:
        return "Thời gian chờ hiện chưa rõ"
    return f"Thường phải chờ khoảng {minutes(expected)} phút"


def minutes(expected: dt.timedelta) -> int:
    """Minutes as they are told: rounded up to fives, so that they promise less rather than more."""
    return max(1, math.ceil(expected.total_seconds() / 300)) * 5


def waiting(place: int, expected: dt.timedelta | None) -> str:
    """To who writes while they wait."""
    return (
        f"Tin nhắn của bạn đã được giữ lại cho cán bộ. Bạn đang ở vị trí {place} trong hàng chờ. "
        f"{wait(expected)}, bạn không cần gửi lại."
    )


def waiting_out_of_hours(opens: str) -> str:
    """The same when the desk has closed meanwhile."""
    return (
        f"Tin nhắn của bạn đã được giữ lại cho cán bộ. Hiện ngoài giờ làm việc; cán bộ làm việc "
        f"lại lúc {opens} và sẽ trả lời bạn tại đây."
    )


def message_left(opens: str) -> str:
    """To who has left a message out of hours."""
    return (
        f"Tôi đã giữ lời nhắn của bạn. Cán bộ làm việc lại lúc {opens} và sẽ trả lời bạn tại đây. "
        "Trong lúc chờ, bạn vẫn hỏi tôi về thủ tục hoặc tra cứu hồ sơ được."
    )


def claimed(name: str) -> str:
    """A person has come."""
    return f"Cán bộ {name} đã vào trò chuyện với bạn và sẽ trả lời bạn ngay sau đây."


def transferred(desk: str, name: str) -> str:
    """Another person or another desk goes on."""
    if name:
        return f"Cuộc trò chuyện được chuyển cho cán bộ {name}. Bạn không cần kể lại từ đầu."
    return (
        f"Cuộc trò chuyện được chuyển cho {desk}. Bạn không cần kể lại từ đầu, "
        "cán bộ ở đó sẽ trả lời bạn tại đây."
    )


def returned(place: int) -> str:
    """The person could not go on; somebody else will."""
    return (
        "Xin lỗi bạn, cán bộ đang trò chuyện chưa trả lời kịp. Tôi đã báo các cán bộ khác; "
        f"bạn đang ở vị trí {place} trong hàng chờ và không cần kể lại từ đầu."
    )


def returned_out_of_hours(opens: str) -> str:
    """The person has gone home."""
    return (
        "Xin lỗi bạn, cán bộ đã hết giờ làm việc mà chưa trả lời kịp. Tin nhắn của bạn được giữ "
        f"lại, cán bộ làm việc lại lúc {opens} và sẽ trả lời bạn tại đây. "
        "Trong lúc chờ, bạn vẫn hỏi tôi được."
    )


def released(place: int) -> str:
    """The person has let go of it; somebody else goes on."""
    return (
        "Cán bộ đang trò chuyện với bạn phải dừng ở đây, một cán bộ khác sẽ tiếp tục hỗ trợ bạn. "
        f"Bạn đang ở vị trí {place} trong hàng chờ và không cần kể lại từ đầu. Mong bạn chờ giúp."
    )


def released_out_of_hours(opens: str) -> str:
    """The same when nobody is there until the desk opens."""
    return (
        "Cán bộ đang trò chuyện với bạn phải dừng ở đây, một cán bộ khác sẽ tiếp tục hỗ trợ bạn. "
        f"Hiện đã hết giờ làm việc: cán bộ làm việc lại lúc {opens} và sẽ trả lời bạn tại đây, bạn "
        "không cần kể lại từ đầu. Trong lúc chờ, bạn vẫn hỏi tôi được."
    )


def given_back() -> str:
    """The person is done, and the assistant cannot say so itself."""
    return (
        "Cán bộ đã kết thúc phần trò chuyện. Tôi là trợ lý tự động, tiếp tục trả lời bạn từ đây. "
        "Bạn cần hỏi gì, cứ nhắn cho tôi nhé."
    )


def left() -> str:
    """The citizen does not want to wait any longer."""
    return "Vâng, bạn không phải chờ cán bộ nữa. Bạn cần hỏi gì, cứ nhắn cho tôi nhé."


def nothing_to_leave() -> str:
    """An old button: nobody waits any more."""
    return "Bạn hiện không ở trong hàng chờ. Bạn cần hỏi gì, cứ nhắn cho tôi nhé."


def with_agent_already() -> str:
    """An old button while a person is there."""
    return "Cán bộ đang trò chuyện với bạn rồi. Bạn cứ nhắn điều bạn cần nhé."


def rated(score: int) -> str:
    """Thanks for a rating, and the way to say more."""
    return (
        f"Cảm ơn bạn đã chấm {score} điểm. Nếu muốn góp ý thêm, "
        "bạn bấm “Viết góp ý” rồi nhắn nội dung."
    )


def say_comment() -> str:
    """What is written next is kept as the comment."""
    return "Mời bạn nhắn góp ý trong một tin. Tôi sẽ chuyển đến bộ phận phụ trách."


def commented() -> str:
    """The comment is kept."""
    return "Cảm ơn bạn, tôi đã ghi lại góp ý."


def nothing_to_rate() -> str:
    """A button that is too old."""
    return "Cuộc trò chuyện này đã qua lâu nên tôi không ghi thêm đánh giá được. Cảm ơn bạn."
