"""The Rasa component that knows a message of nothing but a place: an answer to "where are you"."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu import places

COMPLETION = "inform"  # words that only make sense after a question


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class PlaceReader(GraphComponent, IntentClassifier):
    """Overrules the learned intent: hundreds of names cannot be learned from examples."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PlaceReader:
        """Made by Rasa from config.yml."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Take each message that names a place and says nothing else for a completion."""
        for message in messages:
            text = message.get(TEXT) or ""
            if places.only(text, places.find(text, expecting=True)):
                intent = {INTENT_NAME_KEY: COMPLETION, PREDICTED_CONFIDENCE_KEY: 1.0}
                message.set(INTENT, intent, add_to_output=True)
        return messages
