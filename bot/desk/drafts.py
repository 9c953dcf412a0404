"""What the holder of a conversation does with a draft of the assistant: send it, put it aside."""

from __future__ import annotations

from flask import abort, current_app, flash, make_response, render_template, request
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.acts import back_to, not_sent, tell, who_was_first
from bot.desk.handoff import ADDRESS, find
from bot.desk.replies import CLOSED
from bot.desk.views import WRITERS, blueprint
from bot.errors import DraftNotOpen, LostRace, WindowClosed
from bot.services import draft_decisions
from bot.services.handoffs import Handoff

DRAFT = f"{ADDRESS}/drafts/<int(max=4611686018427387904):draft_id>"
NOT_OPEN = {
    "decided": "Gợi ý này đã được gửi hoặc bỏ qua trước đó.",
    "answered": "Gợi ý này đã cũ: anh/chị đã trả lời người dân. Chưa gửi gì thêm.",
    "newer": "Gợi ý này đã cũ: người dân vừa nhắn thêm. Mời đọc tin mới rồi trả lời. Chưa gửi gì.",
    "over": "Gợi ý này không còn dùng được. Chưa gửi gì.",
}


@blueprint.post(f"{DRAFT}/approve")
@auth.allow(*WRITERS)
def approve_draft(handoff_id: int, draft_id: int) -> ResponseReturnValue:
    """Send a draft as it is, as the agent's message."""
    return _decide(handoff_id, draft_id, approve=True)


@blueprint.post(f"{DRAFT}/dismiss")
@auth.allow(*WRITERS)
def dismiss_draft(handoff_id: int, draft_id: int) -> ResponseReturnValue:
    """Put a draft aside."""
    return _decide(handoff_id, draft_id, approve=False)


def _decide(handoff_id: int, draft_id: int, *, approve: bool) -> ResponseReturnValue:
    me = auth.signed_in().id
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            found = find(session, handoff_id)
            if not draft_decisions.exists(session, handoff_id, draft_id):
                abort(404)
            act = draft_decisions.approve if approve else draft_decisions.dismiss
            act(session, handoff_id, draft_id, me)
    except DraftNotOpen as error:
        return not_sent(handoff_id, "", NOT_OPEN[str(error)], 409)
    except WindowClosed:
        return not_sent(handoff_id, "", CLOSED, 409)
    except LostRace as lost:
        return not_sent(handoff_id, "", f"{who_was_first(lost)} Gợi ý chưa gửi.", 409)
    return _done(found, approve=approve)


def _done(found: Handoff, *, approve: bool) -> ResponseReturnValue:
    tell(found.id, found.conversation_id, deliver=approve)
    if request.headers.get("HX-Request"):
        # What the agent was writing stays in the box; the page only looks at the thread anew.
        page = make_response(render_template("desk/_draft_done.html", approved=approve))
        page.headers["HX-Trigger-After-Swap"] = "desk-draft"
        return page
    flash("Đã duyệt, tin đang được gửi." if approve else "Đã bỏ qua gợi ý.")
    return back_to(found.id)
