"""Many threads, few commits: who writes, who waits, and who hears of a failure."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot import group_commit
from bot.group_commit import GroupCommit
from tests.fakes import eventually


class Writer:
    """Notes its groups; the first one takes until `go` is set."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int], since: float) -> list[int]:
        self.groups.append(list(items))
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go.wait(10)
        if -1 in items:
            raise ValueError("no")
        return [item * 10 for item in items]


def gather(commit: GroupCommit[int, int], writer: Writer, items: Sequence[int]) -> list[object]:
    """Submit the first item, then all others while it is being written; what each one got."""

    def submit(item: int) -> object:
        try:
            return commit.submit(item)
        except ValueError as error:
            return error

    with ThreadPoolExecutor(len(items)) as pool:
        first = pool.submit(submit, items[0])
        assert writer.begun.wait(10)
        rest = []
        for count, item in enumerate(items[1:], 1):
            rest.append(pool.submit(submit, item))
            eventually(lambda count=count: len(commit._waiting) == count)  # type: ignore[misc]
        writer.go.set()
        return [future.result(10) for future in (first, *rest)]


def test_what_comes_while_one_is_written_is_one_group_in_order() -> None:
    writer = Writer()
    assert gather(GroupCommit(writer), writer, range(9)) == [n * 10 for n in range(9)]
    assert writer.groups == [[0], [1, 2, 3, 4, 5, 6, 7, 8]]


def test_a_group_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "LARGEST", 3)
    writer = Writer()
    assert gather(GroupCommit(writer), writer, range(6)) == [n * 10 for n in range(6)]
    assert writer.groups == [[0], [1, 2, 3], [4, 5]]


def test_everyone_of_a_failed_group_hears_of_it_and_the_next_is_written() -> None:
    writer = Writer()
    commit = GroupCommit(writer)
    first, *rest = gather(commit, writer, [1, -1, 2, 3])
    assert first == 10
    assert [str(error) for error in rest] == ["no", "no", "no"]
    assert commit.submit(4) == 40


def test_a_result_for_each_is_asked_of_the_writer() -> None:
    commit: GroupCommit[int, int] = GroupCommit(lambda items, since: [])
    with pytest.raises(RuntimeError, match="0 results for 1 items"):
        commit.submit(1)


def test_what_is_done_afterwards_holds_nobody_up() -> None:
    told, ended = threading.Event(), threading.Event()

    def written(items: Sequence[int], since: float, results: Sequence[int]) -> None:
        if items == [1]:
            told.set()
            assert ended.wait(10)

    commit: GroupCommit[int, int] = GroupCommit(lambda items, since: list(items), written)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(commit.submit, 1)
        assert told.wait(10)
        assert commit.submit(2) == 2
        assert not slow.done()
        ended.set()
        assert slow.result(10) == 1


def test_ten_thousand_items_of_many_threads_are_each_written_once() -> None:
    written: list[int] = []

    def write(items: Sequence[int], since: float) -> list[int]:
        written.extend(items)
        return [-item for item in items]

    commit: GroupCommit[int, int] = GroupCommit(write)
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(commit.submit, range(10_000))) == [-n for n in range(10_000)]
    assert sorted(written) == list(range(10_000))
