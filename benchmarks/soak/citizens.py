"""What the simulated citizens ask, and what each of them should read for it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.zalo.inputs import Act
from simulator.zalo.platform import Platform

_MATTERS = (
    "làm giấy khai sinh cho con", "đăng ký kết hôn", "đăng ký tạm trú", "đăng ký thường trú",
    "gia hạn tạm trú", "tách hộ khẩu", "làm lại thẻ căn cước bị mất", "đổi thẻ căn cước",
    "làm phiếu lý lịch tư pháp", "cấp lại giấy phép lái xe bị mất", "đăng ký khai tử",
    "đăng ký hộ kinh doanh", "sang tên xe", "xin giấy phép xây nhà", "gia hạn giấy phép xây dựng",
    "làm lại sổ đỏ bị mất", "chứng thực chữ ký", "đăng ký nhận con nuôi trong nước",
    "tạm ngừng kinh doanh hộ kinh doanh", "đổi tiền rách",
)  # fmt: skip
_ASKED = ("{} lệ phí bao nhiêu", "{} cần giấy tờ gì", "{} mất bao lâu", "{} làm ở đâu")
QUESTIONS = tuple(form.format(matter) for matter in _MATTERS for form in _ASKED)
CALM_SECONDS = 120.0  # for the citizens who find out what is answered while nothing fails

Answers = Mapping[str, tuple[str, ...]]  # question → the messages that answer it


@dataclass(frozen=True)
class Asked:
    """One message of one citizen: what it says and what should be read for it."""

    user_id: str
    text: str
    expected: tuple[str, ...]


def known_answers(
    platform: Platform, rng: random.Random, questions: Sequence[str] = QUESTIONS
) -> Answers:
    """What is answered to each question, whatever was asked before it.

    Two citizens ask all of them in different orders; a question whose answer differs, or is the
    answer to another question too, is left out. Raises TimeoutError when no answer comes.
    """
    heard = [_ask_all(platform, f"9000000000{n}", questions, rng) for n in range(2)]
    same = {q: heard[0][q] for q in questions if heard[0][q] == heard[1][q]}
    parts = [part for answer in same.values() for part in answer]
    return {q: a for q, a in same.items() if a and all(parts.count(part) == 1 for part in a)}


def conversations(
    answers: Answers, citizens: int, messages: int, first_user: int, rng: random.Random
) -> list[Asked]:
    """`messages` questions of so many citizens, mixed; nobody asks the same thing twice."""
    users = [str(first_user + n) for n in range(citizens)]
    unasked = {user: rng.sample(sorted(answers), len(answers)) for user in users}
    turns = [users[n % citizens] for n in range(messages)]
    rng.shuffle(turns)
    asked = []
    for user in turns:
        if unasked[user]:
            text = unasked[user].pop()
            asked.append(Asked(user, text, answers[text]))
    return asked


def say(platform: Platform, user_id: str, text: str) -> str:
    """Write one message; its id on the platform."""
    return platform.act(Act(user_id, "user_send_text", text=text, shown=text))


def _ask_all(
    platform: Platform, user_id: str, questions: Sequence[str], rng: random.Random
) -> dict[str, tuple[str, ...]]:
    order = rng.sample(questions, len(questions))
    return {question: _ask(platform, user_id, question) for question in order}


def _ask(platform: Platform, user_id: str, question: str) -> tuple[str, ...]:
    ledger = platform.ledger
    before = len(ledger.sends(user_id=user_id))
    say(platform, user_id, question)

    def read() -> Sequence[str]:
        return [send.text for send in ledger.sends(user_id=user_id)[before:] if not send.error]

    if not ledger.wait_for(lambda: bool(read()), CALM_SECONDS):
        raise TimeoutError(f"no answer to {question!r}")
    # An answer may have several parts, and nothing says which is the last.
    count = 0
    while count != len(read()):
        count = len(read())
        time.sleep(0.15)
    return tuple(read())
