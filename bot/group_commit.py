"""Group commit: what many threads want written at once goes into one transaction.

A commit costs the same for one row as for fifty. While one group is being written the next one
gathers, so that a lone item never waits and a burst costs few commits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST = 100  # items of one group


@dataclass(eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    since: float
    result: Result | None = None
    error: BaseException | None = None
    done: bool = False
    called: threading.Event = field(default_factory=threading.Event)


class GroupCommit(Generic[Item, Result]):
    """Writes items in groups, in the order in which they came.

    `write` gets the items and the monotonic time at which the first of them came, and returns one
    result for each, in order. `written` is called with the items, that time and the results, once
    the next group may begin; nobody but the thread that wrote the group waits for it.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item], float], Sequence[Result]],
        written: Callable[[Sequence[Item], float, Sequence[Result]], None] | None = None,
    ) -> None:
        self._write = write
        self._written = written
        self._guard = threading.Lock()
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._busy = False

    def submit(self, item: Item) -> Result:
        """The result for `item`, once its group is committed; raises what `write` raised."""
        mine: _Waiting[Item, Result] = _Waiting(item, time.monotonic())
        with self._guard:
            self._waiting.append(mine)
            leads, self._busy = not self._busy, True
        if not leads:
            mine.called.wait()  # written by somebody else, or called to write the next group
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value]

    def _lead(self) -> None:
        # Whoever leads stands first in the queue, so that the group holds them.
        with self._guard:
            size = min(LARGEST, len(self._waiting))
            group = [self._waiting.popleft() for _ in range(size)]
        items = [each.item for each in group]
        results: Sequence[Result] = ()
        error: BaseException | None = None
        try:
            results = self._write(items, group[0].since)
            if len(results) != len(items):
                raise RuntimeError(f"{len(results)} results for {len(items)} items")
        except BaseException as failure:  # everyone of the group must hear of it
            error = failure
        for number, each in enumerate(group):
            each.error, each.done = error, True
            each.result = None if error else results[number]
        with self._guard:
            following = self._waiting[0] if self._waiting else None
            self._busy = following is not None
        if following is not None:
            following.called.set()
        for each in group:
            each.called.set()
        if error is None and self._written is not None:
            self._written(items, group[0].since, results)
