"""The token pair: renewed by one process, kept encrypted, never lost to a partial answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.channels.zalo.tokens import Tokens
from bot.database import session_scope, utcnow
from bot.errors import TokenError
from bot.models.conversations import ChannelToken
from bot.services import tokens
from bot.services.tokens import Pair, demo_secret
from bot.settings import Settings
from tests.chain import Chain
from tests.fakes import Answer, FakeZalo
from tests.outages import broken


def another_process(chain: Chain, settings: Settings | None = None) -> Tokens:
    return Tokens(settings or chain.settings, chain.sessions, chain.locks)


def row(chain: Chain) -> ChannelToken:
    with chain.sessions() as session:
        return session.execute(select(ChannelToken)).scalar_one()


def real(settings: Settings, **changes: Any) -> Settings:
    """The settings of an account that is not the demo's."""
    return dataclasses.replace(settings, zalo_app_id="777", **changes)


def test_the_first_pair_comes_from_the_settings_and_is_stored_encrypted(chain: Chain) -> None:
    assert chain.tokens.access_token() == "demo-access-token"
    stored = row(chain)
    assert "demo" not in stored.access_token
    assert "demo" not in stored.refresh_token
    assert "demo-access" not in repr(chain.tokens._cached)


def test_a_refused_token_is_renewed_and_the_message_goes_out(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.access = "something newer"
    chain.attendant().attend(chain.say("một"))
    assert fake_zalo.texts() == ["đáp: một"]
    assert (fake_zalo.refreshes, row(chain).version) == (1, 1)
    assert another_process(chain).access_token() == "a1"


def test_eight_workers_that_are_refused_at_once_renew_it_once(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    workers = [another_process(chain) for _ in range(8)]
    assert {w.access_token() for w in workers} == {"demo-access-token"}
    fake_zalo.refresh_delay = 0.3
    given: list[str] = []
    threads = [
        threading.Thread(target=lambda w=w: given.append(w.renew("demo-access-token")))  # type: ignore[misc]
        for w in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == ["a1"] * 8
    assert fake_zalo.refreshes == 1


def test_a_token_is_renewed_hours_before_it_ends(chain: Chain, fake_zalo: FakeZalo) -> None:
    chain.tokens.access_token()
    with session_scope(chain.sessions) as session:
        session.execute(update(ChannelToken).values(expires_at=utcnow() + dt.timedelta(hours=4)))
    fresh = another_process(chain)
    assert fresh.access_token() == "a1"
    assert fresh.access_token() == "a1"
    assert fake_zalo.refreshes == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (200, {}),
        (200, {"access_token": "half"}),
        (200, {"access_token": "", "refresh_token": "x"}),
        (200, []),
        (0, None),
        (429, {"error": -32}),
        (403, {"error": 403, "message": "Forbidden"}),
        (200, {"error": -32}),
        (200, {"error": -200, "message": "Internal error"}),
        (200, {"error": "-14", "error_name": "?"}),
    ],
    ids=[
        *["500", "empty", "half a pair", "blank", "a list", "dropped", "429", "403"],
        *["rate", "failed", "no such code"],
    ],
)
def test_a_partial_answer_never_replaces_what_is_stored(
    chain: Chain, fake_zalo: FakeZalo, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(fake_zalo, "_refresh", lambda form: answer)
    chain.tokens.access_token()
    with pytest.raises(TokenError):
        chain.tokens.renew("demo-access-token")
    assert (row(chain).version, row(chain).lost_at) == (0, None)
    assert another_process(chain).access_token() == "demo-access-token"


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_clear_refusal_is_one_whatever_its_status(
    chain: Chain, fake_zalo: FakeZalo, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(fake_zalo, "_refresh", lambda form: (status, {"error": -14014}))
    chain.tokens.access_token()
    with pytest.raises(TokenError):
        chain.tokens.renew("demo-access-token")
    assert row(chain).lost_at is not None


def test_a_lost_grant_is_flagged_told_and_messages_stay_queued(
    chain: Chain, fake_zalo: FakeZalo, caplog: pytest.LogCaptureFixture
) -> None:
    chain.settings = real(chain.settings)
    chain.tokens = another_process(chain)
    fake_zalo.access, fake_zalo.refuse_refresh = "other", True
    chain.attendant().attend(chain.say("một"))
    assert chain.states("out") == ["queued"]
    assert row(chain).lost_at is not None
    assert "ZALO_REFRESH_TOKEN" in caplog.text
    assert "demo-refresh-token" not in caplog.text


def test_a_new_pair_in_the_settings_ends_the_loss(chain: Chain, fake_zalo: FakeZalo) -> None:
    chain.settings = real(chain.settings)
    lost = another_process(chain)
    fake_zalo.refuse_refresh = True
    lost.access_token()
    with pytest.raises(TokenError):
        lost.renew("demo-access-token")
    with pytest.raises(TokenError):
        another_process(chain).renew("demo-access-token")
    given = real(chain.settings, zalo_access_token="new-a", zalo_refresh_token="new-r")
    assert another_process(chain, given).access_token() == "new-a"
    assert row(chain).lost_at is None


def test_the_demo_finds_back_when_its_simulator_starts_afresh(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    chain.tokens.access_token()
    assert chain.tokens.renew("demo-access-token") == "a1"
    fake_zalo.access, fake_zalo.refresh = "demo-access-token", "demo-refresh-token"
    chain.attendant().attend(chain.say("một"))
    assert fake_zalo.texts() == ["đáp: một"]


def test_tokens_kept_under_another_key_are_told_not_guessed(chain: Chain) -> None:
    chain.tokens.access_token()
    other = dataclasses.replace(chain.settings, secret_key="another key")
    with pytest.raises(TokenError, match="SECRET_KEY"):
        another_process(chain, other).access_token()


def test_without_any_pair_it_says_which_settings_are_missing(chain: Chain) -> None:
    none = real(chain.settings, zalo_access_token="", zalo_refresh_token="")
    with pytest.raises(TokenError, match="ZALO_ACCESS_TOKEN"):
        another_process(chain, none).access_token()


def test_the_demo_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(demo_secret(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made[0]) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["secret.key"]


def let_the_token_end_in(chain: Chain, hours: float) -> None:
    with session_scope(chain.sessions) as session:
        ends = utcnow() + dt.timedelta(hours=hours)
        session.execute(update(ChannelToken).values(expires_at=ends))


def test_an_early_renewal_that_is_refused_stops_nothing_while_the_token_lives(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    chain.settings = real(chain.settings)
    chain.tokens = another_process(chain)
    chain.tokens.access_token()
    let_the_token_end_in(chain, hours=4)
    chain.tokens = another_process(chain)
    fake_zalo.refuse_refresh = True
    for text in ("một", "hai"):
        chain.attendant().attend(chain.say(text))
    chain.tokens = another_process(chain)
    chain.attendant().attend(chain.say("ba"))
    assert fake_zalo.texts() == ["đáp: một", "đáp: hai", "đáp: ba"]
    assert row(chain).lost_at is not None, "people are called all the same"


def test_when_the_last_token_of_a_lost_grant_ends_messages_stay_queued(
    chain: Chain, fake_zalo: FakeZalo, caplog: pytest.LogCaptureFixture
) -> None:
    chain.settings = real(chain.settings)
    chain.tokens = another_process(chain)
    chain.tokens.access_token()
    let_the_token_end_in(chain, hours=4)
    fake_zalo.refuse_refresh = True
    chain.tokens.keep_fresh()
    caplog.clear()
    chain.tokens.keep_fresh()
    assert "needs a person" in caplog.text
    let_the_token_end_in(chain, hours=-1)
    chain.tokens.keep_fresh()
    with pytest.raises(TokenError, match="lost"):
        chain.tokens.access_token()
    chain.attendant().attend(chain.say("một"))
    assert (fake_zalo.texts(), chain.states("out")) == ([], ["queued"])


def test_a_renewal_that_hangs_in_another_thread_is_not_waited_for_without_end(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    hurried = Tokens(chain.settings, chain.sessions, chain.locks, change_seconds=14.0)
    first = hurried.access_token()
    asked, go_on = threading.Event(), threading.Event()
    renew = fake_zalo._refresh

    def hang(form: dict[str, list[str]]) -> Answer:
        asked.set()
        go_on.wait(10)
        return renew(form)

    fake_zalo._refresh = hang  # type: ignore[method-assign]
    hanging = threading.Thread(target=hurried.renew, args=(first,))
    hanging.start()
    assert asked.wait(5)
    hurried._change_seconds = 0.2
    with pytest.raises(TokenError, match="somebody else"):
        hurried.renew(first)
    in_another_process = Tokens(chain.settings, chain.sessions, chain.locks, change_seconds=0.2)
    with pytest.raises(TokenError, match="somebody else"):
        in_another_process.renew(first)
    go_on.set()
    hanging.join()
    assert hurried.renew(first) == "a1"


def test_a_database_that_restarts_while_a_token_is_renewed_loses_no_pair(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    first = chain.tokens.access_token()
    with broken(chain.sessions, "UPDATE channel_tokens", times=2) as failed:
        assert chain.tokens.renew(first) == "a1"
    assert len(failed) == 2
    assert another_process(chain).access_token() == "a1"
    assert fake_zalo.refreshes == 1


def test_a_pair_that_could_not_be_stored_is_kept_and_stored_with_the_next_renewal(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    impatient = Tokens(chain.settings, chain.sessions, chain.locks, store_seconds=0)
    first = impatient.access_token()
    with broken(chain.sessions, "UPDATE channel_tokens"), pytest.raises(TokenError):
        impatient.renew(first)
    # Another process finds the old pair spent, and takes the grant for lost.
    with session_scope(chain.sessions) as session:
        session.execute(update(ChannelToken).values(lost_at=utcnow()))
    assert impatient.access_token() == "a1"
    assert row(chain).lost_at is None
    assert another_process(chain).access_token() == "a1"
    assert fake_zalo.refreshes == 1


def test_a_pair_that_somebody_else_changed_meanwhile_is_told_and_theirs_is_used(
    chain: Chain, fake_zalo: FakeZalo, caplog: pytest.LogCaptureFixture
) -> None:
    first = chain.tokens.access_token()
    renew = fake_zalo._refresh
    account = tokens.Account("zalo", chain.settings.zalo_oa_id)
    cipher = tokens.make_cipher(chain.settings)
    theirs = Pair("theirs", "r", utcnow() + dt.timedelta(hours=25), 0, False, "")

    def connect_meanwhile(form: dict[str, list[str]]) -> Answer:
        with session_scope(chain.sessions) as session:
            tokens.put(session, account, cipher, theirs)
        return renew(form)

    fake_zalo._refresh = connect_meanwhile  # type: ignore[method-assign]
    assert chain.tokens.renew(first) == "theirs"
    assert "somebody else changed" in caplog.text
