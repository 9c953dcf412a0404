"""Who replies to an earlier message of ours means what that one was about."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.database import session_scope
from bot.models.conversations import Message
from bot.services import catalogue
from bot.settings import ROOT
from tests.chain import USER, Chain
from tests.fakes import FakeRasa, turn

A, B = "1.004194", "1.000894"


@pytest.fixture(autouse=True)
def _catalogue(session: Session) -> None:
    catalogue.import_files(session, sorted((ROOT / "data" / "catalogue").glob("*.yml")))
    session.commit()


def answered(chain: Chain, fake_rasa: FakeRasa, codes: list[str], **more: Any) -> str:
    """The platform's id of the answer to a question that was about these procedures."""
    answer = {**turn("đáp"), "procedures": codes, **more}
    fake_rasa.respond = lambda asked: (200, answer)
    chain.attendant().attend(chain.say("một câu hỏi"))
    return str(chain.messages("out")[-1].channel_message_id)


def quoting(chain: Chain, fake_rasa: FakeRasa, quoted: str, text: str, **more: Any) -> Any:
    """What the dialogue engine is asked when a citizen replies to a message."""
    chain.attendant().attend(chain.say(text, content={"quoted": quoted}, **more))
    return fake_rasa.asked[-1]


def test_the_procedure_of_the_quoted_answer_goes_along(chain: Chain, fake_rasa: FakeRasa) -> None:
    about_a = answered(chain, fake_rasa, [A])
    answered(chain, fake_rasa, [B])
    asked = quoting(chain, fake_rasa, about_a, "cái này bao nhiêu tiền")
    assert asked["text"] == "cái này bao nhiêu tiền"
    assert asked["context"] == {"procedure_code": A}


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [([], "other"), ([A, B], "answered"), ([A], "offered"), (["9.9"], "answered")],
)
def test_an_answer_about_none_or_several_or_an_unknown_one_says_nothing(
    chain: Chain, fake_rasa: FakeRasa, codes: list[str], outcome: str
) -> None:
    quoted = answered(chain, fake_rasa, codes, outcome=outcome)
    assert "context" not in quoting(chain, fake_rasa, quoted, "cái này bao nhiêu tiền")


def test_a_message_that_is_not_ours_says_nothing(chain: Chain, fake_rasa: FakeRasa) -> None:
    about_a = answered(chain, fake_rasa, [A])
    assert "context" not in quoting(chain, fake_rasa, "unknown", "cái này bao nhiêu tiền")
    asked = quoting(chain, fake_rasa, about_a, "cái này bao nhiêu tiền", user="9" + USER[1:])
    assert "context" not in asked, "the answer went to somebody else"


def test_a_tapped_button_means_what_it_says_whatever_is_quoted(
    chain: Chain, fake_rasa: FakeRasa
) -> None:
    about_a = answered(chain, fake_rasa, [A])
    asked = quoting(chain, fake_rasa, about_a, f"#dvc:thu-tuc?code={B}")
    assert asked["command"]["slots"] == {"procedure_code": B}
    assert "context" not in asked


def test_a_reply_of_staff_is_about_no_procedure(chain: Chain, fake_rasa: FakeRasa) -> None:
    quoted = answered(chain, fake_rasa, [A])
    with session_scope(chain.sessions) as session:
        ours = session.query(Message).filter(Message.direction == "out").one()
        ours.reply_to_id = None
    assert "context" not in quoting(chain, fake_rasa, quoted, "cái này bao nhiêu tiền")
