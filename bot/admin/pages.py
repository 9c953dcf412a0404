"""Every page of the admin console: importing this module registers them all."""

from __future__ import annotations

import bot.admin.analytics
import bot.admin.desks
import bot.admin.imports
import bot.admin.staff
import bot.admin.zalo  # noqa: F401
from bot.admin.views import blueprint

__all__ = ["blueprint"]
