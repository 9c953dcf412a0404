"""A message of nothing but a place is taken for the completion of a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message

from nlu.place_reader import PlaceReader


def intent_of(text: str, folder: Path) -> str:
    reader = PlaceReader.create(
        {},
        LocalModelStorage.create(folder),
        Resource("component"),
        ExecutionContext(GraphSchema({})),
    )
    message = Message.build(text=text)
    message.set("intent", {"name": "out_of_scope", "confidence": 0.98})
    name: str = reader.process([message])[0].get("intent")["name"]
    return name


@pytest.mark.parametrize(
    "text", ["tp Bắc Giang", "đa mai", "dạ em ở Việt Yên ạ", "phuong nenh", "xã Yên Lư cũ"]
)
def test_a_place_alone_completes(tmp_path: Path, text: str) -> None:
    assert intent_of(text, tmp_path) == "inform"


@pytest.mark.parametrize(
    "text",
    ["ngày mai Bắc Ninh có mưa không", "cho tôi hỏi", "ok", "quán cà phê ở bắc giang", "dạ vâng"],
)
def test_what_says_more_keeps_its_intent(tmp_path: Path, text: str) -> None:
    assert intent_of(text, tmp_path) == "out_of_scope"
