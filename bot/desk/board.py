"""/desk/board: every desk at this moment for those who supervise, and what is open at one."""

from __future__ import annotations

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.views import blueprint, page_number
from bot.services import console, desk_board, desks, handoffs


@blueprint.get("/board")
@auth.allow(*console.SEES_ALL)
def board() -> ResponseReturnValue:
    """Who waits where, who is there, and the service level."""
    with session_scope(current_app.extensions["sessions"]) as session:
        desks.touch(session, auth.signed_in().id)
        stamp = desk_board.stamp(session)
        found = desk_board.read(session)
    return render_template(_template("board"), board=found, board_stamp=stamp)


@blueprint.get("/board/<int(max=2147483647):desk_id>")
@auth.allow(*console.SEES_ALL)
def board_desk(desk_id: int) -> ResponseReturnValue:
    """One desk of the board with its conversations; 0: those that no desk was found for."""
    nowhere = desk_id == desk_board.NOWHERE
    with session_scope(current_app.extensions["sessions"]) as session:
        desks.touch(session, auth.signed_in().id)
        stamp = desk_board.stamp(session)
        found = desk_board.one(session, desk_id)
        if found is None:
            abort(404)
        page = handoffs.open_at(session, None if nowhere else desk_id, page_number())
        lines = console.lines(session, page.rows)
    return render_template(
        _template("board_desk"),
        name="board",
        desk=found,
        page=page,
        lines=lines,
        board_stamp=stamp,
    )


def _template(name: str) -> str:
    only_part = request.headers.get("HX-Request") == "true"
    return f"desk/_{name}.html" if only_part else f"desk/{name}.html"
