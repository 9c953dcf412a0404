"""What each of Zalo's error codes means for a message, and the alarm when people are needed.

The codes are those of the appendix "mã lỗi" of the Official Account API, and behind them those of
template messages (ZBS). One that is not listed is taken for a passing fault: the message waits and
is tried again.
"""

from __future__ import annotations

import datetime as dt
import enum
import logging
import threading
import time
from typing import Any

import redis

from bot.database import utcnow
from bot.errors import (
    NEEDS_PERSON,
    RENEWED_IS_REFUSED,
    ChannelError,
    SendDeferred,
    SendRefused,
)

log = logging.getLogger(__name__)

VIETNAM = dt.timezone(dt.timedelta(hours=7))
MORNING = 6  # o'clock in Viet Nam, when the night ban of -234 ends
FAULT_WAIT = 2.0  # seconds, like all below
PERSON_WAIT = 600.0
QUOTA_WAIT = 3600.0
ALARM_EVERY = 600
BLOCKED_FOR = 900.0  # an alarm older than that counts as over; what waits tries more often
_ALARMS = "zalo:alarms"

RATE_CODE = -32
PROOF_CODES = (-242, -1241)
UPLOAD_CODE = -100


class Kind(enum.Enum):
    """What is done about a refused call."""

    RENEW = "renew the token, once"
    BACK_OFF = "try again soon"
    PERSON = "a person must put the account right; messages wait"
    DROP = "this message can never be sent"
    UPLOAD = "upload the attachment again, once"
    QUOTA = "try again when the quota may have been filled up"
    NIGHT = "try again in the morning"


_DROPPED = (-201, -210, -213, -217, -227, -230, -232, -233, -237, -238, -241, -244, -248, -249)
_GROUPS = {-403: Kind.DROP, -1340: Kind.DROP, -1341: Kind.DROP}  # chat groups and forms of ads
_SOON = (RATE_CODE, -200, -214)
_QUOTA = (-218, -144, -1441, -147, -1471, -1472)
# Template messages: the template, its data, the citizen, and what only other endpoints answer.
_TEMPLATE = (-109, -1091, -117, -131, -146)
_DATA = (-111, -112, -1121, -1122, -1123, -1124, -113, -1131, -116, -130, -132, -145, -153)
_CITIZEN = (-108, -110, -114, -118, -119, -139, -140, -141)
_ELSEWHERE = (
    *(-106, -107, -121, -122, -123, -126, -127, -128, -129, -142, -143, -148, -149, -150),
    *(-151, -152, -158, -159, -160, -161, -162),
)

# What a person has to do, as the log says it.
ADVICE = {
    -204: "the official account is disabled: ask Zalo to enable it",
    -205: "the official account does not exist: check ZALO_OA_ID and grant the app again",
    -209: "the app is not activated: activate it at developers.zalo.me",
    -211: "the quota of this feature is used up: buy more or wait for the next period",
    -212: "the app has not registered this API: switch it on at developers.zalo.me",
    -219: "the app was removed or disabled: restore it at developers.zalo.me",
    -221: "the official account must be verified",
    -223: "the official account has not authorised this API: grant the app again",
    -224: "the official account needs a higher package",
    -235: "this type of official account may not use this API: ask Zalo",
    -240: "this version of the API was shut down: the assistant must be updated",
    -242: "the app secret is wrong: check ZALO_APP_SECRET",
    -320: "the app is not connected to a Zalo Cloud account: connect it",
    -321: "the Zalo Cloud account has no money left: fill it up",
    -101: "the app is invalid: check ZALO_APP_ID",
    -102: "the app does not exist: check ZALO_APP_ID",
    -103: "the app is not activated: activate it at developers.zalo.me",
    -104: "the app secret is wrong: check ZALO_APP_SECRET",
    -105: "the app is not linked to the official account: grant the app again",
    -115: "no quota or money is left for template messages: fill up the Zalo Cloud account",
    -120: "the official account may not send template messages: ask Zalo",
    -1201: "the official account may not send template messages: ask Zalo",
    -1202: "the official account may not send template messages: ask Zalo",
    -1241: "the app secret is wrong: check ZALO_APP_SECRET",
    -125: "the official account's id is wrong: check ZALO_OA_ID",
    -135: "the official account may not send template messages: ask Zalo",
    -1351: "the official account is blocked from template messages: ask Zalo",
    -136: "the app is not connected to a Zalo Cloud account: connect it",
    -137: "the Zalo Cloud account could not be charged: check it",
    -138: "the app may not send template messages: grant the app again",
    -1381: "the app may not send template messages: grant the app again",
}

KINDS: dict[int, Kind] = {
    **dict.fromkeys((-216, -220, -124), Kind.RENEW),
    **dict.fromkeys(_SOON, Kind.BACK_OFF),
    **dict.fromkeys(ADVICE, Kind.PERSON),
    **dict.fromkeys(_DROPPED, Kind.DROP),
    **_GROUPS,
    UPLOAD_CODE: Kind.UPLOAD,
    **dict.fromkeys(_QUOTA, Kind.QUOTA),
    **dict.fromkeys((*_TEMPLATE, *_DATA, *_CITIZEN, *_ELSEWHERE), Kind.DROP),
    **dict.fromkeys((-234, -133), Kind.NIGHT),
}


def kind_of(code: Any) -> Kind:
    """What to do about a code; one that is unknown passes."""
    return KINDS.get(code, Kind.BACK_OFF) if type(code) is int else Kind.BACK_OFF


def error_of(code: Any) -> ChannelError:
    """The error for a call that stays refused after what can be done at once was done."""
    kind, name = kind_of(code), f"zalo {_shown(code)}"
    if kind is Kind.DROP or kind is Kind.UPLOAD:
        return SendRefused(name)
    if kind is Kind.RENEW:
        return SendDeferred(f"{name}: {RENEWED_IS_REFUSED}", PERSON_WAIT)
    if kind is Kind.PERSON:
        return SendDeferred(f"{name}: {NEEDS_PERSON}", PERSON_WAIT)
    if kind is Kind.QUOTA:
        return SendDeferred(f"{name}: out of quota", QUOTA_WAIT)
    if kind is Kind.NIGHT:
        return SendDeferred(f"{name}: not at night", seconds_until_morning(utcnow()))
    return SendDeferred(name, FAULT_WAIT)


def seconds_until_morning(now: dt.datetime) -> float:
    """Seconds until the next 6:00 in Viet Nam."""
    local = now.astimezone(VIETNAM)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if morning <= local:
        morning += dt.timedelta(days=1)
    return (morning - local).total_seconds()


class Alarms:
    """Calls for a person: one line in the log per code and ten minutes, over all processes."""

    def __init__(self, store: redis.Redis[Any]) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._rung: dict[int, float] = {}  # monotonic; keeps the log short while the store is down

    def ring(self, code: int) -> None:
        """The account is refused with this code until somebody does something."""
        with self._guard:
            last = self._rung.get(code)
            if last is not None and time.monotonic() - last < ALARM_EVERY:
                first = False
            else:
                self._rung[code], first = time.monotonic(), True
        try:
            self._store.zadd(_ALARMS, {str(code): time.time()})
            if not first or not self._store.set(f"zalo:alarm:{code}", 1, nx=True, ex=ALARM_EVERY):
                return
        except redis.RedisError:
            if not first:
                return
        log.error(
            "Zalo refuses this account (%s). Replies wait meanwhile. To do: %s.", code, ADVICE[code]
        )


def blocked(store: redis.Redis[Any]) -> float:
    """For how many reasons Zalo refuses the account at present; for the metrics page."""
    try:
        return float(store.zcount(_ALARMS, time.time() - BLOCKED_FOR, "+inf"))
    except redis.RedisError:
        return 0.0


def _shown(code: Any) -> str:
    return str(code)[:20] if isinstance(code, (int, str)) else type(code).__name__
