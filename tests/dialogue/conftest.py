"""The running assistant of tests/rasa_fixtures.py."""

from __future__ import annotations

from tests.rasa_fixtures import assistant, conversation

__all__ = ["assistant", "conversation"]
