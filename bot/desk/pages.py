"""Every page of the help desk: importing this module registers them all."""

from __future__ import annotations

import bot.desk.acts
import bot.desk.board
import bot.desk.canned
import bot.desk.dead_letters
import bot.desk.drafts
import bot.desk.handoff
import bot.desk.lists
import bot.desk.live
import bot.desk.replies
import bot.desk.suggestions
import bot.desk.template_messages  # noqa: F401
from bot.desk.views import blueprint

__all__ = ["blueprint"]
