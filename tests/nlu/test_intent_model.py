"""The intent of messages that were written beside the training data is found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from nlu import examples, expansion, intent_model
from nlu.features import features, words

FOLDER = Path(__file__).parent
REGISTERS = ("accented", "unaccented", "messy")
NEAREST = {"inform": "check_case_status", "show_menu": "greet"}


@pytest.fixture(scope="module")
def model() -> intent_model.IntentModel:
    return intent_model.fit(expansion.expand(examples.read()))


@pytest.fixture(scope="module")
def found(model: intent_model.IntentModel) -> list[tuple[str, str, str, str]]:
    """(register, intent, what the model says, text) of every message of our own sets."""
    rows = []
    for name in ("held_out", "fresh", "frozen", "second_frozen"):
        lines = (FOLDER / f"{name}_messages.tsv").read_text(encoding="utf-8").splitlines()
        for line in lines:
            if not line.startswith("#"):
                register, intent, text = line.split("\t")
                said = model.rank(text)[0].name
                rows.append((register, intent, NEAREST.get(said, said), text))
    return rows


@pytest.mark.parametrize("register", REGISTERS)
def test_intents_are_found_in_each_register(
    register: str, found: list[tuple[str, str, str, str]]
) -> None:
    truth = [row[1] for row in found if row[0] == register]
    said = [row[2] for row in found if row[0] == register]
    assert f1_score(truth, said, labels=sorted(set(truth)), average="macro") >= 0.95


def test_what_is_out_of_scope_is_seen_and_real_requests_are_not_refused(
    found: list[tuple[str, str, str, str]],
) -> None:
    foreign = [row[2] for row in found if row[1] == "out_of_scope"]
    assert foreign.count("out_of_scope") / len(foreign) >= 0.93
    requests = [row[2] for row in found if row[1].startswith("ask_")]
    assert requests.count("out_of_scope") / len(requests) <= 0.02


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("thế lệ phí mấy đồng", "ask_fee"),
        ("mấy hôm có", "ask_processing_time"),
        ("còn làm qua mạng được chứ", "ask_online"),
        ("H02.15-260114-0077", "check_case_status"),
        ("h02.15 - 260114 - 0077", "check_case_status"),
        ("4 số cuối là 9182", "inform"),
        ("8264", "inform"),
        ("thôi cho gặp người thật đi", "request_human"),
        ("cái bị hỏng ấy", "ask_procedure"),
        ("dduwngf theo doix nuwax", "unfollow_case"),
    ],
)
def test_short_answers_and_follow_ups_are_understood(
    model: intent_model.IntentModel, message: str, intent: str
) -> None:
    assert model.rank(message)[0].name == intent


def test_a_procedure_nobody_trained_does_not_carry_the_intent(
    model: intent_model.IntentModel,
) -> None:
    name = "kiểm định bình chứa khí hóa lỏng trên giàn khoan"
    asked = {
        "cần những giấy tờ gì": "ask_documents",
        "hết bao nhiêu tiền": "ask_fee",
        "mất bao nhiêu ngày": "ask_processing_time",
        "nộp hồ sơ ở đâu": "ask_where",
        "gồm những bước nào": "ask_steps",
        "theo thông tư nào": "ask_legal_basis",
        "thì làm thế nào": "ask_procedure",
    }
    assert {q: model.rank(f"{name} {q}")[0].name for q in asked} == asked


def test_confidences_are_probabilities(model: intent_model.IntentModel) -> None:
    ranking = model.rank("làm hộ chiếu cần gì")
    assert sum(intent.confidence for intent in ranking) == pytest.approx(1, abs=1e-3)
    assert ranking == sorted(ranking, key=lambda intent: -intent.confidence)


def test_a_message_of_unknown_signs_makes_nothing_sure(model: intent_model.IntentModel) -> None:
    assert model.rank("☂☂☂")[0].confidence < 0.1
    assert model.rank("")[0].confidence < 0.1


def test_a_stored_model_answers_as_before(model: intent_model.IntentModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = intent_model.IntentModel.load(tmp_path)
    for message in ("làm căn cước ở đâu", "chào bạn", "giá vàng hôm nay"):
        assert again.rank(message) == model.rank(message)


def test_a_message_is_classified_in_three_milliseconds(model: intent_model.IntentModel) -> None:
    messages = [f"e mún lm lại gplx bị mất lần {n}, cần nhữg j v ad" for n in range(200)]
    started = time.process_time()
    for message in messages:
        model.rank(message)
    assert (time.process_time() - started) / len(messages) < 0.003


def test_a_case_code_is_one_word_for_the_classifier() -> None:
    assert words("hồ sơ H02.15-260114-0032 xong chưa") == ["hồ", "sơ", "<code>", "xong", "chưa"]
    assert "code" in features("H02.15-260114-0032")
