"""Catalogue files on their way in: kept in a folder of their own until confirmed, then deleted."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from bot.errors import CatalogueError

MAX_FILE = 64 * 1024 * 1024  # bytes
MAX_UNPACKED = 512 * 1024 * 1024  # bytes: a small XLSX can be made to unpack to any size
KEPT_FOR = 3600.0  # seconds between the preview and the confirmation
_KEY = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """The folder of uploaded files; each waits in a folder that its key names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, upload: FileStorage) -> tuple[str, Path]:
        """Store an upload under its own name; its key and its path.

        Raises CatalogueError when it holds nothing or would unpack to too much.
        """
        self._forget_old()
        key = secrets.token_hex(16)
        folder = self._folder / key
        folder.mkdir(parents=True, mode=0o700)
        path = folder / (secure_filename(upload.filename or "")[-100:].lstrip(".") or "tep")
        upload.save(path)
        try:
            _check_unpacked(path)
        except CatalogueError:
            self.forget(key)
            raise
        return key, path

    @contextlib.contextmanager
    def taken(self, key: str) -> Iterator[Path | None]:
        """The file of a key, for one taker alone; deleted at the end. None when it is gone."""
        waiting = self._of(key)
        own = self._folder / f"{key}.taken"
        try:
            if waiting is None:
                raise FileNotFoundError
            waiting.rename(own)  # of two who confirm at once, one finds nothing here
        except FileNotFoundError:
            yield None
            return
        try:
            yield next(own.iterdir())
        finally:
            shutil.rmtree(own, ignore_errors=True)

    def forget(self, key: str) -> None:
        """Delete the file of a key, if it is still here."""
        folder = self._of(key)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _of(self, key: str) -> Path | None:
        return self._folder / key if _KEY.fullmatch(key) else None

    def _forget_old(self) -> None:
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > KEPT_FOR:
                    shutil.rmtree(folder, ignore_errors=True)


def without_path(error: CatalogueError, path: Path) -> str:
    """The error's words with the file's name in the place of its path on the server."""
    return str(error).replace(str(path), path.name)


def _check_unpacked(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return
    try:
        with zipfile.ZipFile(path) as packed:
            size: Any = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile:
        return  # the reader of XLSX files says what is wrong with it
    if size > MAX_UNPACKED:
        raise CatalogueError(f"{path.name}: tệp nén giải ra quá lớn")
