"""The few sentences that the worker itself says, when the dialogue engine has no part in them."""

from __future__ import annotations

SLOW = (
    "Dạ, hệ thống đang chậm nên tôi chưa trả lời được ngay. Tôi đã nhận tin nhắn của bạn "
    "và sẽ trả lời khi hệ thống hoạt động lại, bạn không cần gửi lại ạ."
)


def gave_up(hotline: str) -> str:
    """An honest answer to a message that the dialogue engine fails on again and again."""
    return (
        "Xin lỗi bạn, tôi gặp lỗi nên không trả lời được tin nhắn này. "
        f"Bạn vui lòng hỏi lại theo cách khác, hoặc gọi {hotline} để được hỗ trợ."
    )
