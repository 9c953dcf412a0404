"""The Rasa components train, are stored, are loaded and read messages as the plain modules do."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.case_code_extractor import CaseCodeExtractor
from nlu.intent_classifier import CitizenIntentClassifier
from nlu.tokenizer import VietnameseTokenizer

CONTEXT = ExecutionContext(GraphSchema({}))
RESOURCE = Resource("component")


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


def test_tokens_are_normalised_and_stand_where_they_were_typed(storage: LocalModelStorage) -> None:
    tokenizer = VietnameseTokenizer.create(
        VietnameseTokenizer.get_default_config(), storage, RESOURCE, CONTEXT
    )
    message = Message.build(text="lm cccd ở đâu")
    tokens = tokenizer.process([message])[0].get("text_tokens")
    assert [t.text for t in tokens] == ["làm", "căn", "cước", "công", "dân", "ở", "đâu"]
    assert [(t.start, t.end) for t in tokens][:2] == [(0, 2), (3, 7)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("hồ sơ H02.15-260114-0032 xong chưa", "H02.15-260114-0032"),
        ("hs h02.15 - 260114 – 0032", "H02.15-260114-0032"),
        (unicodedata.normalize("NFD", "mã hồ sơ H02.15-260114-0032"), "H02.15-260114-0032"),
    ],
)
def test_a_case_code_becomes_an_entity(storage: LocalModelStorage, typed: str, code: str) -> None:
    extractor = CaseCodeExtractor.create({}, storage, RESOURCE, CONTEXT)
    (entity,) = extractor.process([Message.build(text=typed)])[0].get("entities")
    assert (entity["entity"], entity["value"], entity["family"]) == ("case_code", code, "national")
    assert typed[entity["start"] : entity["end"]].lower().startswith("h02")


def test_a_message_without_a_code_has_no_entity(storage: LocalModelStorage) -> None:
    extractor = CaseCodeExtractor.create({}, storage, RESOURCE, CONTEXT)
    assert extractor.process([Message.build(text="xin chào")])[0].get("entities") is None


def test_the_classifier_comes_back_from_the_model_archive(storage: LocalModelStorage) -> None:
    config = CitizenIntentClassifier.get_default_config()
    data = TrainingData(
        [Message.build(text=f"<thủ tục> hết {n} đồng à", intent="ask_fee") for n in range(20)]
        + [Message.build(text=f"xin chào số {n}", intent="greet") for n in range(20)]
        + [Message.build(text="#dvc:khac", intent="reject_offer")]
    )
    CitizenIntentClassifier.create(config, storage, RESOURCE, CONTEXT).train(data)
    loaded = CitizenIntentClassifier.load(config, storage, RESOURCE, CONTEXT)
    read = loaded.process([Message.build(text="xin chào số 5"), Message.build(text="hết 3 đồng")])
    assert [message.get("intent")["name"] for message in read] == ["greet", "ask_fee"]
    assert {entry["name"] for entry in read[0].get("intent_ranking")} == {"greet", "ask_fee"}


def test_an_untrained_classifier_is_sure_of_nothing(storage: LocalModelStorage) -> None:
    config = CitizenIntentClassifier.get_default_config()
    untrained = CitizenIntentClassifier.load(config, storage, Resource("absent"), CONTEXT)
    (message,) = untrained.process([Message.build(text="xin chào")])
    assert message.get("intent") == {"name": None, "confidence": 0.0}
