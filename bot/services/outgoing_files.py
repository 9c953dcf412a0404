"""Pictures and documents that staff send to citizens, kept until the outbox has sent them.

A file lies below `<VAR_DIR>/outgoing` under the hash of its bytes: storing it twice keeps it once,
and a reply carries only its key. It is stored before the transaction that puts the reply into the
outbox commits, so that no row ever names a file that is not there. Several machines share the
folder.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import time
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bot.errors import FileNotSendable

IMAGE_LIMIT = 1_000_000  # bytes, as Zalo counts the megabyte at its strictest
FILE_LIMIT = 5_000_000
PIXEL_LIMIT = 40_000_000
NAME_LIMIT = 100  # characters
KEPT_DAYS = 30  # a reply is sent or refused long before

_KEY = re.compile(r"[0-9a-f]{64}\.(jpg|png|pdf|doc|docx|csv)")
_MIME = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
}
EXTENSIONS = (".jpg", ".jpeg", *(f".{extension}" for extension in _MIME if extension != "jpg"))
_IMAGES = {"jpg": "JPEG", "png": "PNG"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\\/]')


@dataclass(frozen=True)
class OutgoingFile:
    """A stored file: `key` finds it again, `name` is what the citizen sees."""

    key: str
    name: str

    @property
    def is_image(self) -> bool:
        """Whether it is sent as a picture."""
        return is_image(self.key)


def is_image(key: str) -> bool:
    """Whether the file with this key is sent as a picture."""
    return key.rpartition(".")[2] in _IMAGES


def mime_type(key: str) -> str:
    """The media type of the file with this key."""
    return _MIME[key.rpartition(".")[2]]


def folder_of(var_dir: Path) -> Path:
    """Where the files are."""
    return var_dir / "outgoing"


def store(folder: Path, data: bytes, filename: str) -> OutgoingFile:
    """Check and keep a file. Raises FileNotSendable, whose text tells staff why (Vietnamese)."""
    stem, extension = _read_name(filename)
    _check(data, extension)
    key = f"{hashlib.sha256(data).hexdigest()}.{extension}"
    path = folder / key
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.utime(path)  # kept already: its days count from now
    except FileNotFoundError:
        _write(path, data)
    return OutgoingFile(key, f"{stem}.{extension}")


def read(folder: Path, key: str) -> bytes:
    """The bytes of a stored file. Raises FileNotSendable when it is gone or damaged."""
    if not _KEY.fullmatch(key):
        raise FileNotSendable("Không có tệp này.")
    try:
        data = (folder / key).read_bytes()
    except OSError:
        raise FileNotSendable("Tệp không còn được lưu.") from None
    if hashlib.sha256(data).hexdigest() != key[:64]:
        raise FileNotSendable("Tệp đã bị hỏng.")
    return data


def prune(folder: Path, *, days: float = KEPT_DAYS) -> int:
    """Delete files that nobody has stored for so long; returns how many."""
    oldest, pruned = time.time() - days * 86_400, 0
    for path in folder.glob("*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                pruned += 1
        except FileNotFoundError:
            continue  # another process was faster
    return pruned


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all, and so that it outlives a power cut."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read_name(filename: str) -> tuple[str, str]:
    """The name without folders and odd characters, and the extension."""
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    stem, _, extension = _NOT_IN_NAMES.sub("_", name).rpartition(".")
    extension = extension.strip().lower().replace("jpeg", "jpg")
    if extension not in _MIME:
        raise FileNotSendable(
            "Chỉ gửi được ảnh JPG, PNG và tệp PDF, DOC, DOCX, CSV. Anh/chị chọn tệp khác giúp ạ."
        )
    return stem.strip(" .")[: NAME_LIMIT - len(extension) - 1].rstrip() or "tep", extension


def _check(data: bytes, extension: str) -> None:
    if not data:
        raise FileNotSendable("Tệp này trống.")
    if extension in _IMAGES and len(data) > IMAGE_LIMIT:
        raise FileNotSendable("Ảnh lớn quá 1 MB. Anh/chị thu nhỏ ảnh rồi gửi lại giúp ạ.")
    if len(data) > FILE_LIMIT:
        raise FileNotSendable("Tệp lớn quá 5 MB. Anh/chị chia nhỏ hoặc nén tệp lại giúp ạ.")
    if not _holds(data, extension):
        raise FileNotSendable(
            f"Nội dung không phải là tệp {extension.upper()}, hoặc tệp đã bị hỏng. "
            "Anh/chị kiểm tra lại tệp giúp ạ."
        )


def _holds(data: bytes, extension: str) -> bool:
    """Whether these bytes are what the extension says."""
    if extension in _IMAGES:
        return _is_picture(data, _IMAGES[extension])
    if extension == "pdf":
        return b"%PDF-" in data[:1024] and b"%%EOF" in data[-2048:]
    if extension == "docx":
        return _is_docx(data)
    if extension == "doc":
        return data.startswith(_OLE) and _WORD_STREAM in data
    return _is_table(data)


def _is_picture(data: bytes, kind: str) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                return False
            picture.load()  # a picture that is cut off is found only so
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    return {"[Content_Types].xml", "word/document.xml"} <= names and not macros


def _is_table(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text)
