"""The Rasa intent classifier: nlu.intent_model trained on the expanded examples."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import LABEL_RANKING_LENGTH
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import expansion, intent_model


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CitizenIntentClassifier(GraphComponent, IntentClassifier):
    """Ranks the intents of a message; its confidences are calibrated probabilities."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Settings of config.yml; `not_typed` names the intents that only buttons express."""
        return {
            "fillings": expansion.Expansion.fillings,
            "repeats": expansion.Expansion.repeats,
            "seed": expansion.Expansion.seed,
            "foreign_fillings": expansion.Expansion.foreign_fillings,
            "penalty": intent_model.PENALTY,
            "temperature": intent_model.TEMPERATURE,
            "not_typed": ["choose_procedure", "reject_offer"],
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: intent_model.IntentModel | None = None,
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CitizenIntentClassifier:
        """Made by Rasa from config.yml."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CitizenIntentClassifier:
        """The trained classifier out of a model archive; untrained when it holds none."""
        try:
            with model_storage.read_from(resource) as folder:
                model = intent_model.IntentModel.load(folder)
        except (ValueError, FileNotFoundError):
            return cls.create(config, model_storage, resource, execution_context)
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the intent examples of data/nlu."""
        examples = [
            (example.get(TEXT), example.get(INTENT))
            for example in training_data.intent_examples
            if example.get(TEXT) and example.get(INTENT) not in self._config["not_typed"]
        ]
        if examples:
            self._model = self._fit(examples)
            with self._model_storage.write_to(self._resource) as folder:
                self._model.save(folder)
        return self._resource

    def _fit(self, examples: list[tuple[str, str]]) -> intent_model.IntentModel:
        amounts = ("fillings", "foreign_fillings", "repeats", "seed")
        drawn = expansion.Expansion(**{name: self._config[name] for name in amounts})
        return intent_model.fit(
            expansion.expand(examples, drawn),
            penalty=self._config["penalty"],
            temperature=self._config["temperature"],
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent and the ranking of each message."""
        for message in messages:
            ranking = self._ranking(message.get(TEXT) or "")
            best = ranking[0] if ranking else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
            message.set(INTENT, best, add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking[:LABEL_RANKING_LENGTH], add_to_output=True)
        return messages

    def _ranking(self, text: str) -> list[dict[str, Any]]:
        if self._model is None or not text:
            return []
        return [
            {INTENT_NAME_KEY: intent.name, PREDICTED_CONFIDENCE_KEY: intent.confidence}
            for intent in self._model.rank(text)
        ]

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing later in the pipeline learns from this classifier's answers."""
        return training_data
