"""Files that replies carry, uploaded to Zalo when they are sent and found again by their hash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import redis
from urllib3.filepost import encode_multipart_formdata

from bot.errors import FileNotSendable, SendDeferred, SendRefused, SendUnknown
from bot.services import outgoing_files

log = logging.getLogger(__name__)

# Zalo keeps an upload for seven days and takes 5,000 a month: each file goes up once.
KEPT_SECONDS = 6 * 86_400
FAULT_WAIT = 5.0

Post = Callable[[str, bytes, str], Mapping[str, Any]]  # path, body, content type: Zalo's answer


class Uploads:
    """Turns a stored file into the `attachment` of a message. Safe for threads."""

    def __init__(self, folder: Path, store: redis.Redis[Any], account: str, post: Post) -> None:
        self._folder = folder
        self._store = store
        self._prefix = f"zalo:upload:{account}"
        self._post = post

    def attachment(self, key: str, name: str) -> dict[str, Any]:
        """The attachment that shows this file. Raises SendRefused, SendDeferred or TokenError."""
        reference = self._known(key) or self._upload(key, name)
        if not outgoing_files.is_image(key):
            return {"type": "file", "payload": {"token": reference}}
        element = {"media_type": "image", "attachment_id": reference}
        return {"type": "template", "payload": {"template_type": "media", "elements": [element]}}

    def forget(self, key: str) -> None:
        """Zalo does not know the upload any more."""
        try:
            self._store.delete(f"{self._prefix}:{key}")
        except redis.RedisError as error:
            raise SendDeferred(f"store: {type(error).__name__}", FAULT_WAIT) from None

    def _known(self, key: str) -> str:
        try:
            found = self._store.get(f"{self._prefix}:{key}")
        except redis.RedisError:
            return ""  # one more upload does no harm
        return found.decode() if found else ""

    def _upload(self, key: str, name: str) -> str:
        path = "image" if outgoing_files.is_image(key) else "file"
        member = "attachment_id" if path == "image" else "token"
        try:
            data = outgoing_files.read(self._folder, key)
        except FileNotSendable as error:
            raise SendRefused(f"file: {error}") from None
        part = (name or f"tep.{key.rpartition('.')[2]}", data, outgoing_files.mime_type(key))
        body, content_type = encode_multipart_formdata({"file": part})
        try:
            answer = self._post(f"/v2.0/oa/upload/{path}", body, content_type)
        except SendUnknown as error:
            # Whatever became of the upload, the message itself was certainly not sent.
            raise SendDeferred(f"upload: {error}", FAULT_WAIT) from None
        given = answer.get("data")
        reference = given.get(member) if isinstance(given, dict) else None
        if not isinstance(reference, str) or not reference:
            raise SendDeferred("upload: no reference came back", FAULT_WAIT)
        try:
            self._store.set(f"{self._prefix}:{key}", reference, ex=KEPT_SECONDS)
        except redis.RedisError as error:
            log.warning("an upload could not be noted: %s", type(error).__name__)
        return reference
