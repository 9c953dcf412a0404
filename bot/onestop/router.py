"""Which one-stop database a case code belongs to."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

from bot.errors import OneStopUnavailable
from bot.onestop import config
from bot.onestop.cases import Case, OneStopSource
from bot.onestop.sql import SqlSource


class OneStop:
    """Several sources as one; the source with the longest fitting code prefix is asked."""

    def __init__(self, sources: Sequence[tuple[OneStopSource, Sequence[str]]]) -> None:
        self._routes = sorted(
            ((prefix.split("."), source) for source, prefixes in sources for prefix in prefixes),
            key=lambda route: -len(route[0]),
        )
        self._sources = [source for source, _ in sources]

    def find(self, code: str) -> Case | None:
        """The case of this code; None when there is none or no source serves such codes."""
        source = self._source(code)
        return source.find(code) if source else None

    def source_of(self, code: str) -> str | None:
        """The name of the source that serves this code; None when none does."""
        source = self._source(code)
        return source.name if source else None

    def check(self) -> dict[str, str]:
        """Each source's name with what is wrong with it, "" when it answers."""
        problems = {}
        for source in self._sources:
            try:
                source.ping()
                problems[source.name] = ""
            except OneStopUnavailable as error:
                problems[source.name] = str(error)
        return problems

    def _source(self, code: str) -> OneStopSource | None:
        groups = _groups(code)
        return next((s for prefix, s in self._routes if groups[: len(prefix)] == prefix), None)


def load(path: Path) -> OneStop:
    """The sources that ONESTOP_CONFIG names; raises OneStopUnavailable or SettingError.

    Nothing is connected to yet: `check()` tells which sources answer.
    """
    return OneStop([(SqlSource(c), c.code_prefixes) for c in config.read(path)])


class OneStopFile:
    """OneStop that reads its file when first asked and again when the file has changed.

    So a process may start before the file exists, and needs no restart when it is put right.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._loaded: OneStop | None = None

    def find(self, code: str) -> Case | None:
        """As OneStop.find; raises OneStopUnavailable when the file is missing."""
        return self.current().find(code)

    def source_of(self, code: str) -> str | None:
        """As OneStop.source_of; raises OneStopUnavailable when the file is missing."""
        return self.current().source_of(code)

    def check(self) -> dict[str, str]:
        """As OneStop.check; raises OneStopUnavailable when the file is missing."""
        return self.current().check()

    def current(self) -> OneStop:
        """The sources as the file now names them."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
        except OSError:
            stamp = None  # load tells what is wrong
        with self._lock:
            if self._loaded is None or stamp != self._stamp:
                self._loaded, self._stamp = load(self._path), stamp
            return self._loaded


def _groups(code: str) -> list[str]:
    """The groups of a code, the agency first: 000.00.15.H02-… and H02.15-… both begin with H02."""
    groups = re.split(r"[-/]", code)[0].split(".")
    if len(groups) == 4 and re.fullmatch(r"[A-Z][0-9]{2}", groups[3]):
        return groups[::-1]
    return groups
