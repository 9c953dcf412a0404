"""How like a message is to what people say, phrase by phrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import CatalogueError
from bot.services.search import words
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry
from bot.services.search.phrasings import FOLDER, Comparison, Phrasing, PhrasingIndex, load

LOST, DAMAGED, DEATH = 0, 1, 2
PLACES = {"1.1": LOST, "1.2": DAMAGED, "1.3": DEATH}
PHRASES = [
    Phrasing(("1.1",), "con dấu công ty rơi mất"),
    Phrasing(("1.1",), "trộm lấy mất con dấu"),
    Phrasing(("1.2",), "con dấu công ty bị mẻ"),
    Phrasing(("1.3",), "bà nội vừa mất ở quê"),
    Phrasing(("1.1", "1.2"), "làm lại con dấu"),
    Phrasing(("9.9",), "thủ tục của nơi khác"),
]


def compare(text: str) -> Comparison:
    index = PhrasingIndex(PHRASES, PLACES, words.load_lists())
    return index.compare(words.read(text))


@pytest.mark.parametrize(
    ("said", "nearest"),
    [
        ("công ty em bị rơi mất con dấu", LOST),
        ("cong ty em bi roi mat con dau", LOST),
        ("con dấu mẻ một góc rồi", DAMAGED),
        ("bà nội em mất rồi", DEATH),
    ],
)
def test_the_nearest_phrase_belongs_to_what_is_meant(said: str, nearest: int) -> None:
    likeness = compare(said).likeness
    assert max(likeness, key=lambda place: likeness[place].single) == nearest


def test_a_phrase_that_leaves_a_choice_is_known_as_one() -> None:
    comparison = compare("muốn làm lại con dấu")
    assert comparison.is_open
    assert set(comparison.choice) == {LOST, DAMAGED}
    assert not compare("con dấu công ty bị mẻ").is_open


def test_marks_that_are_typed_are_meant() -> None:
    assert (
        compare("bà nội mặt").likeness[DEATH].single < compare("bà nội mất").likeness[DEATH].single
    )


def test_phrases_of_procedures_that_the_catalogue_lacks_are_left_out() -> None:
    assert compare("thủ tục của nơi khác").best < 0.5


def test_words_that_tell_nothing_are_like_nothing() -> None:
    assert compare("").best == 0
    assert compare("thế thì sao ạ").best == 0


def test_the_votes_of_the_nearest_phrases_are_shares() -> None:
    comparison = compare("con dấu công ty rơi mất")
    assert sum(c.votes for c in comparison.likeness.values()) == pytest.approx(1)
    assert comparison.likeness[LOST].votes > 0.5


@pytest.mark.parametrize("line", ["1.001193 làm khai sinh", "\tlàm khai sinh", "1.001193\t "])
def test_a_line_that_is_none_is_named_with_its_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "birth.tsv").write_text(f"# Khai sinh\n{line}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"birth\.tsv, line 2"):
        load(tmp_path)


def test_every_file_can_be_read_and_no_phrase_says_two_things() -> None:
    phrasings = load(FOLDER)
    assert len(phrasings) > 10_000
    seen: dict[str, tuple[str, ...]] = {}
    for phrasing in phrasings:
        assert len(set(phrasing.codes)) == len(phrasing.codes), phrasing
        assert seen.setdefault(phrasing.text, phrasing.codes) == phrasing.codes, phrasing


def test_a_roundabout_message_finds_its_procedure_by_what_others_say() -> None:
    entries = [
        Entry(code="1.1", name="Cấp lại giấy chứng nhận đăng ký mẫu dấu", levels=("Cấp xã",)),
        Entry(code="1.2", name="Đổi giấy chứng nhận đăng ký mẫu dấu", levels=("Cấp xã",)),
        Entry(code="1.3", name="Đăng ký khai tử", levels=("Cấp xã",)),
    ]
    engine = Engine.build(entries, phrasings=PHRASES)
    candidates, _ = engine.ranker.rank(engine.understand("trộm vào lấy mất con dấu công ty em"))
    assert engine.index.entries[candidates[0].place].code == "1.1"
