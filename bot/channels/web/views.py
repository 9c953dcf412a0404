"""/chat/: the widget, and what it asks for: a session, messages in, a stream of events out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from bot import streams
from bot.bell import ring
from bot.channels import keeping
from bot.channels.keeping import patiently
from bot.channels.web import origins
from bot.channels.web.channel import bell_of
from bot.channels.web.incoming import Unusable, parse
from bot.channels.web.outgoing import event_of
from bot.channels.web.script import Script
from bot.channels.web.tokens import bearer, digest, message_id, new_token
from bot.conversation.messages import InboundMessage
from bot.database import session_scope, utcnow
from bot.errors import FileNotSendable
from bot.services import conversations, outgoing_files, visitors
from bot.services.visitors import CHANNEL
from bot.settings import Settings
from bot.streams import Event, Look, Over
from bot.throttle import Allowance, wait_for

blueprint = Blueprint("web", __name__, url_prefix="/chat")
keeping.init_blueprint(blueprint)

MAX_BODY = 16 * 1024
MESSAGES_OF_ONE = Allowance("web-messages", most=20, seconds=60)
SESSIONS_OF_ADDRESS = Allowance("web-sessions", most=30, seconds=60)
LOOKS_OF_ONE = Allowance("web-looks", most=120, seconds=60)
STRANGER = "Cuộc trò chuyện này không còn nữa. Bạn nhắn tin mới để bắt đầu lại nhé."
FULL = "Đang có nhiều người trò chuyện, kết nối này phải chờ. Tin của bạn vẫn gửi được."
SCRIPT_SECONDS = 300  # a browser keeps the script so long without asking

_OPEN = ("web.page", "web.widget")  # for every site; the script tells nothing about anybody


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """A plain page with the widget: the chat's own address."""
    return render_template("chat.html", settings=current_app.extensions["settings"])


@blueprint.get("/widget.js")
def widget() -> ResponseReturnValue:
    """The script that a portal embeds."""
    script: Script = current_app.extensions["web_script"]
    response = Response(script.text, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(script.etag)
    return response.make_conditional(request)


@blueprint.post("/sessions")
def start() -> ResponseReturnValue:
    """A new visitor: the token by which their browser is known from now on."""
    wait = wait_for(
        current_app.extensions["store"], SESSIONS_OF_ADDRESS, request.remote_addr or "nobody"
    )
    if wait:
        return _too_fast(wait)
    token = new_token()
    with session_scope(current_app.extensions["sessions"]) as session:
        conversations.get_or_create(session, CHANNEL, digest(token))
    return {"token": token}, 201


@blueprint.post("/messages")
def receive() -> ResponseReturnValue:
    """One message of the visitor; the same id again changes nothing."""
    request.max_content_length = MAX_BODY
    body = request.get_json(force=True, silent=True)
    user_id = _user_id()
    refusal = _refusal(user_id)
    if refusal is not None:
        return refusal
    try:
        message, content = parse(body, user_id)
    except Unusable as error:
        return {"error": str(error)}, 400 if body is None else 422
    return _keep(message, content)


@blueprint.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """The visitor wants everything erased; the worker does it, as for any channel."""
    user_id = _user_id()
    refusal = _refusal(user_id)
    if refusal is not None:
        return refusal
    message = InboundMessage(
        channel=CHANNEL,
        message_id=message_id(user_id, "(withdraw)"),  # no id that a page may give
        user_id=user_id,
        kind="withdraw",
        occurred_at=utcnow(),
    )
    return _keep(message, {})


@blueprint.get("/events")
def events() -> ResponseReturnValue:
    """What is said in the conversation, from the reader's cursor on, as it is said.

    With `once` the stream ends at once. 503 with Retry-After when too many streams are open.
    """
    user_id = _user_id()
    sessions = current_app.extensions["sessions"]
    with session_scope(sessions, readonly=True) as session:
        visitor = visitors.find(session, user_id) if user_id else None
    if visitor is None:
        return _stranger()
    wait = wait_for(current_app.extensions["store"], LOOKS_OF_ONE, user_id)
    if wait:
        return _too_fast(wait)
    look = _look(sessions, user_id, visitor, _cursor())
    if request.args.get("once"):
        return streams.once(look)
    response = streams.follow(look, bell=bell_of(user_id), reader=user_id)
    if response is None:
        return {"error": FULL}, 503, {"Retry-After": str(streams.RETRY_SECONDS)}
    return response


@blueprint.get("/files/<int(max=4611686018427387904):message_id>")
def file(message_id: int) -> ResponseReturnValue:
    """The file that staff sent with a message, for the visitor whom they sent it to."""
    user_id = _user_id()
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        visitor = visitors.find(session, user_id) if user_id else None
        found = visitor and visitors.file_of(session, visitor.conversation_id, message_id)
    if visitor is None:
        return _stranger()
    settings: Settings = current_app.extensions["settings"]
    try:
        key, name = found or ("", "")
        data = outgoing_files.read(outgoing_files.folder_of(settings.var_dir), key)
    except FileNotSendable:
        return {"error": "Tệp này không còn nữa. Bạn nhắn để được gửi lại nhé."}, 404
    response = Response(data, mimetype=outgoing_files.mime_type(key))
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _look(sessions: Any, user_id: str, visitor: visitors.Visitor, cursor: int | None) -> Look:
    """Reads what the stream has not brought yet. One look after the other, in one thread."""
    mark, brought = cursor, set[int]()

    def look() -> Iterator[Event]:
        nonlocal mark, brought
        with session_scope(sessions, readonly=True) as session:
            now = visitors.find(session, user_id)
            if now is None:
                raise Over(Event({}, name="gone"))
            if now.erased_at != visitor.erased_at:
                raise Over(Event({}, name="erased"))
            if mark is None:
                mark = visitors.start_of(session, visitor.conversation_id)
            reading = visitors.read(session, visitor.conversation_id, mark)
        new = [line for line in reading.lines if line.id not in brought]
        mark = reading.mark
        brought = {line.id for line in reading.lines if line.id > mark}
        return (event_of(line, mark) for line in new)

    return look


def _cursor() -> int | None:
    given = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def _keep(message: InboundMessage, content: dict[str, Any]) -> ResponseReturnValue:
    new = keeping.keep(message, content)
    if new:  # the visitor's other pages show it too
        ring(current_app.extensions["store"], bell_of(message.user_id))
    _count("kept" if new else "repeat")
    return {"status": "ok"}, 202


def _user_id() -> str:
    token = bearer(request.headers.get("Authorization", ""))
    return digest(token) if token else ""


def _refusal(user_id: str) -> ResponseReturnValue | None:
    """Why nothing more is to be done about a post of this visitor; None when it may go on."""

    def is_known() -> bool:
        with session_scope(current_app.extensions["sessions"], readonly=True) as session:
            return visitors.find(session, user_id) is not None

    if not user_id or not patiently(is_known):
        return _stranger()
    wait = wait_for(current_app.extensions["store"], MESSAGES_OF_ONE, user_id)
    return _too_fast(wait) if wait else None


def _stranger() -> ResponseReturnValue:
    return {"error": STRANGER}, 401, {"WWW-Authenticate": "Bearer"}


def _too_fast(wait: int) -> ResponseReturnValue:
    _count("too_fast")
    said = f"Bạn nhắn hơi nhanh, tôi chưa kịp đọc. Bạn đợi {wait} giây rồi gửi lại giúp nhé."
    return {"error": said}, 429, {"Retry-After": str(wait)}


def _count(result: str) -> None:
    current_app.extensions["metrics"].count("web_messages", result)


@blueprint.before_request
def check_origin() -> ResponseReturnValue | None:
    """Only listed sites may talk for a visitor; a preflight of another is refused, too."""
    if request.endpoint in _OPEN or origins.is_allowed():
        return None
    return {"error": "Trang này chưa được phép nhúng trợ lý."}, 403


@blueprint.after_request
def finish(response: Response) -> Response:
    """The headers by which a browser lets a listed site read the answer."""
    if request.endpoint == "web.page":
        return response
    response.headers.setdefault("Cache-Control", "no-store")
    return origins.add_headers(response)
