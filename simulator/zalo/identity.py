"""Who plays: the demo app and account, and the citizens of the chat page. Nobody's secrets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

OA_NAME = "Hành chính công Bắc Ninh"


@dataclass(frozen=True)
class Identity:
    """One app linked to one Official Account, and the first pair of tokens."""

    app_id: str = "1234567890123456789"
    app_secret: str = field(default="demo-app-secret", repr=False)
    oa_id: str = "3333333333333333333"
    oa_secret_key: str = field(default="demo-oa-secret", repr=False)
    access_token: str = field(default="demo-access-token", repr=False)
    refresh_token: str = field(default="demo-refresh-token", repr=False)
    oa_name: str = OA_NAME


@dataclass(frozen=True)
class Persona:
    """A citizen of the chat page; the phone is invented."""

    user_id: str
    name: str
    phone: str


PERSONAS = (
    Persona("1111111111111111111", "Nguyễn Thị Hoa", "84900000001"),
    Persona("4444444444444444444", "Trần Văn Minh", "84900000002"),
    Persona("5555555555555555555", "Lê Thu Trang", "84900000003"),
)


def app_scoped_id(user_id: str) -> str:
    """The user's id in the app's namespace: 19 digits, always the same for the same user."""
    if user_id == PERSONAS[0].user_id:
        return "2222222222222222222"
    digest = hashlib.sha256(user_id.encode()).digest()
    return str(10**18 + int.from_bytes(digest[:8], "big") % (8 * 10**18))
