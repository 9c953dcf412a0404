"""The one-stop databases: read-only sources of cases, chosen by the case code."""

from bot.onestop.cases import Case, Cases, FeeDue, OneStopSource
from bot.onestop.router import OneStop, OneStopFile, load

__all__ = ["Case", "Cases", "FeeDue", "OneStop", "OneStopFile", "OneStopSource", "load"]
