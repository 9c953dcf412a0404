"""The signature of events, checked against a published vector."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.zalo.client import appsecret_proof
from bot.channels.zalo.signature import mac, matches

DATA = Path(__file__).parent.parent / "data" / "zalo"
BODY = (DATA / "user_send_text.json").read_bytes()
MAC = "5fb987b1f92978dde76129426d231149f9a5a66bf99002087a634f0dbbe3a8d5"


def test_the_digest_is_the_one_of_the_reference_vector() -> None:
    assert len(BODY) == 271
    assert mac("1234567890123456789", BODY, "1790000000123", "demo-oa-secret") == MAC


@pytest.mark.parametrize("header", [f"mac={MAC}", MAC, f"MAC={MAC.upper()}", f" mac= {MAC} "])
def test_every_way_of_writing_the_digest_is_read(header: str) -> None:
    assert matches(header, MAC)


@pytest.mark.parametrize("header", ["", "mac=", "mac=" + MAC[:-1], "mac=" + "0" * 64, "mac=ệ"])
def test_anything_else_does_not_match(header: str) -> None:
    assert not matches(header, MAC)


def test_the_proof_of_an_app_is_the_one_of_the_reference_vector() -> None:
    proof = "aed6826bfacdf6c46c9b96c4dc4634d148ee2c2fd274a9976d9ef754c800814d"
    assert appsecret_proof("demo-app-secret", "demo-access-token") == proof
