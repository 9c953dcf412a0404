"""What comes in while the database restarts is kept, or refused so that it comes again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bot import logs
from tests.chain import USER, Chain, event, signed
from tests.outages import broken
from webhook import create_app

Post = Callable[[], TestResponse]


@pytest.fixture(params=["zalo", "web"])
def post(request: pytest.FixtureRequest, app: Flask) -> Post:
    """The same message of a citizen on one of the channels, whenever it is called."""
    client = app.test_client()
    if request.param == "zalo":
        arguments: dict[str, Any] = signed(event())
        return lambda: client.post("/webhook/zalo", **arguments)
    token = client.post("/chat/sessions").json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"id": "given-0001", "text": "Xin chào"}
    return lambda: client.post("/chat/messages", json=body, headers=headers)


def test_a_message_survives_a_database_that_is_away_for_a_moment(
    app: Flask, post: Post, chain: Chain
) -> None:
    with broken(app.extensions["sessions"], times=3) as failed:
        assert post().status_code in (200, 202)
    assert len(failed) == 3
    assert chain.states("in") == ["pending"]


def test_without_a_database_the_message_is_refused_and_kept_when_it_comes_again(
    app: Flask, post: Post, chain: Chain
) -> None:
    with broken(app.extensions["sessions"]):
        answer = post()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert chain.messages("in") == []
    assert post().status_code in (200, 202)
    assert post().status_code in (200, 202)
    assert chain.states("in") == ["pending"]


def test_a_break_in_the_middle_of_storing_leaves_no_half(
    app: Flask, post: Post, chain: Chain
) -> None:
    with broken(app.extensions["sessions"], "INSERT INTO messages", times=1) as failed:
        assert post().status_code in (200, 202)
    assert len(failed) == 1
    assert chain.states("in") == ["pending"]


def test_a_mask_cannot_be_made_again_without_the_key(app: Flask) -> None:
    keyed = logs.mask(USER)
    logs.use_key("another key")
    assert logs.mask(USER) == logs.mask(USER) != keyed
    create_app(app.extensions["settings"]).extensions["metrics"].close()
    assert logs.mask(USER) == keyed
