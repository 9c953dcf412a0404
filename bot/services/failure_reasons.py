"""Why a message failed for good, in one word that staff pages have a sentence for."""

from __future__ import annotations

import re

_CODE = re.compile(r"zalo (-\d+)")

# Reasons by the platform's error codes; what is not listed is a fault of a system.
REASON_OF_CODE = {
    **dict.fromkeys((-213, -217, -227, -244), "blocked"),
    **dict.fromkeys((-110, -114, -118, -119, -139, -140, -141), "blocked"),
    **dict.fromkeys((-230, -232), "window"),
    **dict.fromkeys((-201, -210, -233, -237, -238, -241, -248, -403), "content"),
    **dict.fromkeys((-111, -112, -1121, -1122, -1123, -1124, -113, -1131), "content"),
    **dict.fromkeys((-116, -130, -132, -145, -153), "content"),
    **dict.fromkeys((-106, -107, -108, *range(-123, -120), *range(-129, -125)), "content"),
    **dict.fromkeys((-142, -143, *range(-152, -147), *range(-162, -157)), "content"),
    **dict.fromkeys((-109, -1091, -117, -131, -146, -249), "template"),
    -100: "attachment",
    **dict.fromkeys(
        (-204, -205, -209, -211, -212, -216, -219, -220, -221, -223, -224, -235, -240, -242),
        "account",
    ),
    **dict.fromkeys((-320, -321, -124), "account"),
    **dict.fromkeys((-101, -102, -103, -104, -105, -115, -120, -1201, -1202, -1241), "account"),
    **dict.fromkeys((-125, -135, -1351, -136, -137, -138, -1381), "account"),
    **dict.fromkeys((-32, -144, -1441, -147, -1471, -1472, -218, -133, -234), "quota"),
}
REASONS = (
    "blocked",
    "window",
    "content",
    "template",
    "attachment",
    "account",
    "quota",
    "unknown",
    "unanswered",
    "system",
)


def reason_of(direction: str, state: str, error: str) -> str:
    """Which of REASONS an error belongs to."""
    if direction == "in":
        return "unanswered"
    if state == "unknown":
        return "unknown"
    if error.startswith("window closed"):
        return "window"
    code = _CODE.search(error)
    if code:
        return REASON_OF_CODE.get(int(code[1]), "system")
    return "account" if "token: " in error or error.startswith("not paid for") else "system"
