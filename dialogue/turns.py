"""One turn, all or nothing: answered and saved, or failed and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecutionRejected, FollowupAction
from rasa.shared.core.trackers import DialogueStateTracker

from dialogue import context, reply
from dialogue.action_call import DRY_RUN, ActionCall, ActionClient, DeclinedError, TurnFailedError
from dialogue.commands import Command

# Below this certainty about half of the guesses are wrong (docs/understanding.md), and a canned
# answer to something else is worse than saying that it was not understood.
UNSURE = 0.45
CANNED = frozenset(
    {
        "ask_office_hours",
        "bot_challenge",
        "give_feedback",
        "goodbye",
        "greet",
        "show_menu",
        "thank",
        "unfollow_case",
    }
)
FALLBACK = "nlu_fallback"


class Silence(OutputChannel):
    """Sends nothing: the reply is read from the tracker when the turn is over."""

    @classmethod
    def name(cls) -> str:
        """The channel's name, by which responses can vary."""
        return "citizen"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Nothing."""


class TurnProcessor(MessageProcessor):
    """Rasa's processor without its silences.

    The stock one goes on after an action failed, keeps the half turn, and falls back to a store
    in memory when the real one is gone: a worker would take all that for an answer.
    """

    _actions: ActionClient

    @classmethod
    def around(cls, processor: MessageProcessor, actions: ActionClient) -> TurnProcessor:
        """Ours over the same loaded model."""
        own = cls.__new__(cls)
        own.__dict__.update(processor.__dict__)
        # Each load of a model wraps the store once more.
        while isinstance(own.tracker_store, FailSafeTrackerStore):
            own.tracker_store = own.tracker_store._tracker_store
        own._actions = actions
        return own

    async def answer(
        self,
        message: UserMessage,
        command: Command | None = None,
        came_with: Mapping[str, str] = context.NONE,
    ) -> dict[str, Any]:
        """The reply to `message`: the stored one if its turn was finished before, else a new one.

        Raises TurnFailedError, or what the store and the language model raise; nothing is saved.
        """
        tracker = await self.fetch_tracker_and_update_session(
            message.sender_id, message.output_channel
        )
        done = reply.read(tracker, message.message_id)
        if done is not None:
            return done
        answer = await self._turn(message, tracker, command, came_with)
        if answer is None or not answer["messages"]:
            raise TurnFailedError("empty answer")
        await self.save_tracker(tracker)
        return answer

    async def would_answer(
        self,
        message: UserMessage,
        command: Command | None = None,
        came_with: Mapping[str, str] = context.NONE,
    ) -> dict[str, Any]:
        """What `answer` would say, without a trace; no messages when it would have to do something.

        The conversation is read and never saved, not even a new one. Raises as `answer` does.
        """
        kept = await self.tracker_store.retrieve(message.sender_id)
        tracker = kept or self.tracker_store.init_tracker(message.sender_id)
        await self._update_tracker_session(tracker, message.output_channel)
        message.metadata = {DRY_RUN: True}
        try:
            said = await self._turn(message, tracker, command, came_with)
        except DeclinedError:
            said = None
        return said or reply.NOTHING

    async def _turn(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker,
        command: Command | None,
        came_with: Mapping[str, str],
    ) -> dict[str, Any] | None:
        if command is not None:
            message.parse_data = _command_data(command)
        elif came_with:
            read = await self.parse_message(message, tracker)
            message.parse_data = {**read, "intent": context.intent(read["intent"], came_with)}
            tracker.update_with_events(context.slots(read["intent"], came_with), self.domain)
        await self._handle_message_with_tracker(message, tracker)
        if command is not None:
            await self._run_command(command, message.output_channel, tracker)
        else:
            await self.run_action_extract_slots(message.output_channel, tracker)
            await self._run_prediction_loop(message.output_channel, tracker)
        return reply.read(tracker, message.message_id)

    async def parse_message(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker | None = None,
        only_output_properties: bool = True,
    ) -> dict[str, Any]:
        """Intent and entities alone: the ranking of all intents would be stored with each turn."""
        data = await super().parse_message(message, tracker, only_output_properties)
        read = {key: data[key] for key in ("text", "intent", "entities")}
        return {**read, "intent": sure_enough(read["intent"])}

    async def _run_command(
        self, command: Command, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> None:
        # A command is no intent of the model: asked what follows, the policy would fall back to
        # "not understood". So it is answered by its action and by what that action calls for.
        tracker.update(FollowupAction(command.action), self.domain)
        go_on = True
        while go_on:
            if tracker.followup_action is None:
                tracker.update(FollowupAction(ACTION_LISTEN_NAME), self.domain)
            action, prediction = self.predict_next_with_tracker_if_should(tracker)
            go_on = await self._run_action(action, tracker, output_channel, self.nlg, prediction)

    async def _run_prediction_loop(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> None:
        go_on = True
        while go_on:
            # ActionLimitReached is let through: a circle of rules is a failure too.
            action, prediction = self.predict_next_with_tracker_if_should(tracker)
            go_on = await self._run_action(action, tracker, output_channel, self.nlg, prediction)

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: Any,
    ) -> bool:
        if isinstance(action, RemoteAction):
            action = ActionCall(action.name(), self._actions)
        before = tracker
        if prediction.events:
            before = tracker.copy()
            before.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, before, self.domain)
        except ActionExecutionRejection:
            tracker.update(
                ActionExecutionRejected(
                    action.name(), prediction.policy_name, prediction.max_confidence
                )
            )
        else:
            self._log_action_on_tracker(tracker, action, events, prediction)
        return self.should_predict_another_action(action.name())


def sure_enough(intent: dict[str, Any]) -> dict[str, Any]:
    """The intent as read, or the fallback where a canned answer would rest on a guess."""
    if intent.get("name") in CANNED and float(intent.get("confidence") or 0.0) < UNSURE:
        return {**intent, "name": FALLBACK}
    return intent


def _command_data(command: Command) -> dict[str, Any]:
    return {
        "text": "",
        "intent": {"name": command.intent, "confidence": 1.0},
        "entities": [
            {"entity": name, "value": value, "extractor": "command"}
            for name, value in command.slots.items()
        ],
    }
