"""A dry run tells what would be said: it grants nothing, promises nothing and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from actions.base import BotAction
from actions.cases import ActionFollowCase, ActionLookUpCase, ActionUnfollowCase, CaseForm
from actions.confirmations import ActionAffirm, ActionDeleteMyData, ActionDeny
from actions.handoff import ActionRequestHuman
from actions.procedures import ActionAskProcedure
from actions.service import ActionGiveFeedback, ActionNotUnderstood
from bot.database import session_scope
from bot.models.cases import CaseFollow, CaseGuard, CaseLookup, CaseVerification
from bot.models.conversations import Feedback
from bot.models.handoffs import Handoff
from tests.actions.conftest import Citizen, Scene
