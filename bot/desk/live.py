"""One stream for each page of the console: it tells that something changed, never what."""

from __future__ import annotations

from collections.abc import Iterator

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue

from bot import auth, streams
from bot.database import session_scope
from bot.desk.views import READERS, blueprint
from bot.services import console, desk_board, desks, handoffs, staff
from bot.streams import Event, Look, Over

# A browser opens six connections to one address at most, and every page needs one to do anything:
# with two web processes four streams of one person leave room. Other pages ask again and again.
MOST_OF_ONE = 2


@blueprint.get("/events")
@auth.allow(*READERS)
def events() -> ResponseReturnValue:
    """`queue` when a list has changed, `thread` when the handoff has, `board` when the board has.

    503 when no place is left.
    """
    who = auth.signed_in()
    given = request.args.get("handoff", "")
    handoff_id = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    if handoff_id is not None:
        with session_scope(current_app.extensions["sessions"], readonly=True) as session:
            if console.find(session, who, handoff_id) is None:
                abort(404)
    bells = handoffs.bells(handoff_id) if handoff_id else (handoffs.QUEUE_BELL,)
    look = _look(auth.session_token(), handoff_id)
    reader = f"staff:{who.id}"
    response = streams.follow(look, bell=bells, reader=reader, most=MOST_OF_ONE)
    if response is None:
        return {"error": "full"}, 503, {"Retry-After": str(streams.RETRY_SECONDS)}
    return response


def _look(token: str, handoff_id: int | None) -> Look:
    """Compares how things stand with how the page last knew them. Who looks is there: a beat."""
    sessions = current_app.extensions["sessions"]
    known = {"queue": request.args.get("queue", ""), "thread": request.args.get("thread", "")}
    board = request.args.get("board")
    if board is not None:
        known["board"] = board

    def look() -> Iterator[Event]:
        with session_scope(sessions) as session:
            who = staff.recognise(session, token)
            if who is None:
                raise Over(Event("", name="gone"))
            desks.touch(session, who.id)
            now = {"queue": console.queue_stamp(session, who)}
            if board is not None and who.role in console.SEES_ALL:
                now["board"] = desk_board.stamp(session)
            if handoff_id is not None and console.find(session, who, handoff_id) is not None:
                now["thread"] = console.thread_stamp(session, handoff_id)
        changed = [name for name, stamp in now.items() if known[name] != stamp]
        known.update(now)
        return (Event(known[name], name=name) for name in changed)

    return look
