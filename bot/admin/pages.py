"""Every page of the admin console: importing this module registers them all."""

from __future__ import annotations

import bot.admin.analytics
import bot.admin.changes
import bot.admin.desks
import bot.admin.editing
import bot.admin.imports
import bot.admin.inbox
import bot.admin.lessons
import bot.admin.message_templates
import bot.admin.staff
import bot.admin.zalo  # noqa: F401
from bot.admin.views import blueprint

__all__ = ["blueprint"]
