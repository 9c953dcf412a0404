"""The tables that this project owns. Importing this package registers all of them."""

from bot.models import cases, conversations, procedures

__all__ = ["cases", "conversations", "procedures"]
