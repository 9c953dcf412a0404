"""Every page of the help desk: importing this module registers them all."""

from __future__ import annotations

import bot.desk.acts
import bot.desk.canned
import bot.desk.dead_letters
import bot.desk.handoff
import bot.desk.lists
import bot.desk.live
import bot.desk.replies
import bot.desk.suggestions  # noqa: F401
from bot.desk.views import blueprint

__all__ = ["blueprint"]
