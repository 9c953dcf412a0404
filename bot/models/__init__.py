"""The tables that this project owns. Importing this package registers all of them."""

import bot.models.audit
import bot.models.canned
import bot.models.cases
import bot.models.conversations
import bot.models.desks
import bot.models.handoffs
import bot.models.learning
import bot.models.message_templates
import bot.models.procedures
import bot.models.staff  # noqa: F401
