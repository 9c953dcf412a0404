"""The platform's refusals: a code and Zalo's own wording (its spelling included)."""

from __future__ import annotations

SUCCESS = 0
RATE_LIMIT = -32
ATTACHMENT_EXPIRED = -100
INVALID = -201
LIMIT_EXCEEDED = -210
NOT_FOLLOWER = -213
TOKEN_INVALID = -216
TOKEN_EXPIRED = -220
PACKAGE = -224
WINDOW_CLOSED = -230
NO_INTERACTION = -232
UNSUPPORTED = -233
V2_CLOSED = -240
PROOF_INVALID = -242
RESTRICTED = -244

_WORDING = {
    RATE_LIMIT: "Your application reached limit call api",
    ATTACHMENT_EXPIRED: "attachment_id was expired",
    LIMIT_EXCEEDED: "Parameter exceeds allowable limit",
    NOT_FOLLOWER: "User has not followed OA",
    TOKEN_INVALID: "Access token is invalid",
    TOKEN_EXPIRED: "access_token is expired or removed",
    PACKAGE: "The OA needs to upgrade OA Tier Package to use this feature",
    WINDOW_CLOSED: "User has not interacted with the OA in the past 7 days",
    NO_INTERACTION: "User has not interacted with the OA, or the last interaction has expired",
    UNSUPPORTED: "message type is invalid or not support",
    V2_CLOSED: "MessageV2 API has been shut down, please switch to MessageV3",
    PROOF_INVALID: "Invalid appsecret_proof provided in the API argument",
    RESTRICTED: "User has restricted this message type from your OA",
}


class ApiError(Exception):
    """A call that the platform refuses; answered with HTTP 200 all the same."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.message = message or _WORDING[code]
        super().__init__(f"{code} {self.message}")


def invalid(field: str) -> ApiError:
    """The refusal of a bad parameter, named in the text as Zalo does."""
    return ApiError(INVALID, f"{field} is invalid!")


class BadRequest(Exception):
    """A wrong call to the simulator's own control or chat endpoints; the message says what."""
