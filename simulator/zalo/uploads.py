"""Uploads of images, gifs and files, kept in memory for seven days of the simulator's clock."""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from simulator.zalo import errors
from simulator.zalo.clock import DAY_MS, Clock
from simulator.zalo.errors import ApiError, invalid
from simulator.zalo.outgoing import Outgoing
from simulator.zalo.platform import Platform
from simulator.zalo.wire import authorise, success

KEPT = 100
KEPT_MS = 7 * DAY_MS
IMAGE_LIMIT = 2**20
FILE_LIMIT = 5 * 2**20
_IMAGES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_FILES = (".pdf", ".doc", ".docx", ".csv")


@dataclass(frozen=True)
class Upload:
    """One uploaded body."""

    name: str
    mimetype: str
    data: bytes
    at_ms: int


class Uploads:
    """The last hundred uploads by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, mimetype: str, data: bytes) -> str:
        """Keep a body; returns its id."""
        upload_id = secrets.token_urlsafe(24)
        with self._lock:
            self._kept[upload_id] = Upload(name, mimetype, data, self._clock.now_ms())
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return upload_id

    def get(self, upload_id: str) -> Upload | None:
        """The body with this id, while it is kept."""
        found = self._kept.get(upload_id)
        if found is None or self._clock.now_ms() - found.at_ms > KEPT_MS:
            return None
        return found

    def resolve(self, outgoing: Outgoing) -> Outgoing:
        """Put the address of an uploaded body into a message that names it; raises ApiError."""
        attachment = dict(outgoing.attachment or {})
        named = attachment.get("attachment_id") or attachment.get("token")
        if not named or attachment["type"] == "sticker":
            return outgoing
        upload = self.get(named)
        if upload is None:
            raise ApiError(errors.ATTACHMENT_EXPIRED)
        attachment |= {"url": f"/uploads/{named}", "name": upload.name}
        return dataclasses.replace(outgoing, attachment=attachment)


def upload_blueprint(platform: Platform, uploads: Uploads) -> Blueprint:
    """`/v2.0/oa/upload/…` and the addresses under which the bodies are served."""
    views = Blueprint("uploads", __name__)

    @views.post("/v2.0/oa/upload/image")
    def image() -> Response:
        name, data = _file(platform, IMAGE_LIMIT)
        kind = next((kind for magic, kind in _IMAGES.items() if data.startswith(magic)), None)
        if kind is None:
            raise invalid("file")
        return success({"attachment_id": uploads.add(name, kind, data)})

    @views.post("/v2.0/oa/upload/gif")
    def gif() -> Response:
        name, data = _file(platform, FILE_LIMIT)
        if not data.startswith((b"GIF87a", b"GIF89a")):
            raise invalid("file")
        return success({"attachment_id": uploads.add(name, "image/gif", data)})

    @views.post("/v2.0/oa/upload/file")
    def file() -> Response:
        name, data = _file(platform, FILE_LIMIT)
        if not name.lower().endswith(_FILES):
            raise invalid("file")
        return success({"token": uploads.add(name, "application/octet-stream", data)})

    @views.get("/uploads/<upload_id>")
    def served(upload_id: str) -> Response:
        upload = uploads.get(upload_id)
        if upload is None:
            abort(404)
        return Response(
            upload.data, mimetype=upload.mimetype, headers={"X-Content-Type-Options": "nosniff"}
        )

    return views


def _file(platform: Platform, limit: int) -> tuple[str, bytes]:
    authorise(platform)
    sent = request.files.get("file")
    if sent is None:
        raise invalid("file")
    data = sent.read()
    if len(data) > limit:
        raise ApiError(errors.LIMIT_EXCEEDED)
    return sent.filename or "file", data
