"""Every error code that Zalo documents, and what becomes of a message that meets it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
import redis

from bot.channels.zalo.client import ZaloChannel
from bot.channels.zalo.refusals import (
    ADVICE,
    FAULT_WAIT,
    KINDS,
    PERSON_WAIT,
    QUOTA_WAIT,
    Alarms,
    Kind,
    blocked,
    error_of,
    kind_of,
    seconds_until_morning,
)
from bot.conversation.messages import Reply
from bot.errors import SendDeferred, SendUnknown
from bot.queue import connect
from bot.settings import Settings
from tests.chain import USER, Chain
from tests.fakes import FakeZalo, fault

# The appendix of the Official Account API in its own order, and three codes of template messages.
TABLE = {
    -32: Kind.BACK_OFF,  # the application reached its limit of calls
    -100: Kind.UPLOAD,  # attachment_id was expired
    -200: Kind.BACK_OFF,  # send message failed
    -201: Kind.DROP,  # <field> is invalid
    -204: Kind.PERSON,  # the account is disabled
    -205: Kind.PERSON,  # the account does not exist
    -209: Kind.PERSON,  # the app is not activated
    -210: Kind.DROP,  # a parameter exceeds its limit
    -211: Kind.PERSON,  # out of quota of a feature
    -212: Kind.PERSON,  # the app has not registered this API
    -213: Kind.DROP,  # the user has not followed
    -214: Kind.BACK_OFF,  # the article is being processed
    -216: Kind.RENEW,  # the access token is invalid
    -217: Kind.DROP,  # the user has blocked invitations
    -218: Kind.QUOTA,  # what one person may receive is used up
    -219: Kind.PERSON,  # the app is removed or disabled
    -220: Kind.RENEW,  # the access token is expired or removed
    -221: Kind.PERSON,  # the account must be verified
    -223: Kind.PERSON,  # the account has not authorised this API
    -224: Kind.PERSON,  # the account needs a higher package
    -227: Kind.DROP,  # the user is banned, or inactive for 45 days
    -230: Kind.DROP,  # no interaction in the past 7 days
    -232: Kind.DROP,  # no interaction, or it has expired
    -233: Kind.DROP,  # the type of message is not supported
    -234: Kind.NIGHT,  # not at night
    -235: Kind.PERSON,  # not for this type of account
    -237: Kind.DROP,  # chat groups
    -238: Kind.DROP,
    -241: Kind.DROP,
    -403: Kind.DROP,
    -240: Kind.PERSON,  # MessageV2 has been shut down
    -242: Kind.PERSON,  # the appsecret_proof is invalid
    -244: Kind.DROP,  # the user restricts this type of message
    -248: Kind.DROP,  # violates the platform's standards
    -249: Kind.DROP,  # the template can't go to a user id
    -320: Kind.PERSON,  # not connected to a Zalo Cloud account
    -321: Kind.PERSON,  # no money
    -1340: Kind.DROP,  # forms of ads
    -1341: Kind.DROP,
    -124: Kind.RENEW,  # the access token, as template messages say it
    -144: Kind.QUOTA,  # the account's daily limit
    -147: Kind.QUOTA,  # the template's daily limit
}
TEMPLATES = {  # what template messages add to it
    **dict.fromkeys((-1441, -1471, -1472), Kind.QUOTA),  # by month, and by person
    -133: Kind.NIGHT,
    **dict.fromkeys((-101, -102, -103, -104, -105, -1241), Kind.PERSON),  # the app
    -115: Kind.PERSON,  # no quota or no money
    **dict.fromkeys((-120, -1201, -1202, -125, -135, -1351), Kind.PERSON),  # the account
    **dict.fromkeys((-136, -137), Kind.PERSON),  # the Zalo Cloud account
    **dict.fromkeys((-138, -1381), Kind.PERSON),  # what the app may do
    **dict.fromkeys((-109, -1091, -117, -131, -146), Kind.DROP),  # the template
    **dict.fromkeys((-111, -112, -1121, -1122, -1123, -1124), Kind.DROP),  # its data
    **dict.fromkeys((-113, -1131, -116, -130, -132, -145, -153), Kind.DROP),
    **dict.fromkeys((-108, -110, -114, -118, -119, -139, -140, -141), Kind.DROP),  # the citizen
    **dict.fromkeys((-106, -107, -121, -122, -123, -126, -127, -128, -129), Kind.DROP),
    **dict.fromkeys((-142, -143, -148, -149, -150, -151, -152), Kind.DROP),
    **dict.fromkeys((-158, -159, -160, -161, -162), Kind.DROP),
}
ONE_TRY = {Kind.DROP: "refused", Kind.UPLOAD: "refused", Kind.RENEW: "sent"}


@pytest.fixture
def zalo(settings: Settings, chain: Chain) -> ZaloChannel:
    return ZaloChannel(settings, chain.tokens, chain.store)


def test_every_documented_code_has_its_class_and_no_other_code_has() -> None:
    assert KINDS == TABLE | TEMPLATES


def test_each_code_that_needs_a_person_says_what_to_do() -> None:
    every = TABLE | TEMPLATES
    assert {code for code, kind in every.items() if kind is Kind.PERSON} == set(ADVICE)


@pytest.mark.parametrize(("code", "kind"), TABLE.items(), ids=str)
def test_a_message_that_meets_a_code_waits_or_is_settled(
    chain: Chain, fake_zalo: FakeZalo, code: int, kind: Kind
) -> None:
    # The proof of the app's secret is tried before people are called.
    fake_zalo.faults = [fault(code)] * (2 if code == -242 else 1)
    chain.attendant().attend(chain.say("một"))
    assert chain.states("out") == [ONE_TRY.get(kind, "queued")]
    assert fake_zalo.refreshes == (kind is Kind.RENEW)
    assert blocked(chain.store) == (kind is Kind.PERSON)


@pytest.mark.parametrize(
    ("code", "wait"),
    [(-200, FAULT_WAIT), (-9999, FAULT_WAIT), (-224, PERSON_WAIT), (-144, QUOTA_WAIT)],
)
def test_how_long_a_message_waits_depends_on_its_class(code: int, wait: float) -> None:
    error = error_of(code)
    assert isinstance(error, SendDeferred)
    assert error.retry_after == wait


def test_a_token_that_is_refused_right_after_its_renewal_waits_long() -> None:
    error = error_of(-216)
    assert isinstance(error, SendDeferred)
    assert error.retry_after == PERSON_WAIT


@pytest.mark.parametrize("code", [None, "0", 0.0, True, [], {}, "-216"])
def test_an_answer_without_a_proper_code_settles_nothing(
    zalo: ZaloChannel, fake_zalo: FakeZalo, code: Any
) -> None:
    fake_zalo.faults = [fault(code)]
    with pytest.raises(SendUnknown):
        zalo.send(USER, Reply(text="một"))


@pytest.mark.parametrize("code", [None, [], 10**30, 5, "x" * 5000])
def test_any_code_has_some_class(code: Any) -> None:
    assert kind_of(code) is Kind.BACK_OFF
    assert len(str(error_of(code))) < 60


@pytest.mark.parametrize(("hour", "hours"), [(22, 8), (0, 6), (5, 1), (6, 24), (12, 18)])
def test_the_night_ban_ends_at_six_in_viet_nam(hour: int, hours: int) -> None:
    local = dt.datetime(2026, 11, 24, hour, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    assert seconds_until_morning(local.astimezone(dt.timezone.utc)) == hours * 3600


# The alarm


def test_a_person_is_called_once_per_code_over_all_processes(
    store: redis.Redis[Any], caplog: pytest.LogCaptureFixture
) -> None:
    workers = [Alarms(store), Alarms(store)]
    with caplog.at_level(logging.ERROR):
        for worker in workers * 3:
            worker.ring(-224)
        workers[1].ring(-321)
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 2
    assert "-224" in said[0]
    assert "higher package" in said[0]
    assert blocked(store) == 2


def test_the_alarm_is_raised_again_after_a_while(
    store: redis.Redis[Any], caplog: pytest.LogCaptureFixture
) -> None:
    Alarms(store).ring(-224)
    store.delete("zalo:alarm:-224")  # as its life-time ends
    with caplog.at_level(logging.ERROR):
        Alarms(store).ring(-224)
    assert len(caplog.records) == 2


def test_without_the_store_a_process_still_calls_once(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms(connect("redis://127.0.0.1:1/0"))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            alarms.ring(-320)
    assert len(caplog.records) == 1
    assert blocked(connect("redis://127.0.0.1:1/0")) == 0


def test_messages_wait_while_a_person_is_needed_and_go_when_it_is_done(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.faults = [fault(-224)] * 3
    attendant = chain.attendant()
    conversation = chain.say("một")
    for _ in range(4):
        attendant.attend(conversation)
        chain.let_time_pass(700)
    assert fake_zalo.texts() == ["đáp: một"]
