"""The table of sayings: its pattern language, and what the shipped table must hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import CatalogueError
from bot.services.search import sayings as table
from bot.services.search.phrases import PhraseBook
from bot.services.search.words import phrase, read
from bot.settings import ROOT

NATIONAL = ROOT.parent / "shared" / "data" / "procedures_national_index.tsv"
SMALL = """
groups:
  lost: mất|rơi
fixed: trà sữa
synonyms:
  giấy phép lái xe: bằng lái
requests:
- name: Cấp lại bằng
  codes: "1.000001"
  say:
  - bằng lái|gplx + <lost> - quốc tế
- name: Bằng lái
  codes: "1.000001 1.000002"
  ask: true
  say:
  - bằng lái
- name: Sửa
  codes: "1.000003"
  say:
  - quán + sửa
- name: Sổ hỏng
  codes: "1.000004"
  say:
  - sổ hồng + hỏng
"""


@pytest.fixture
def small(tmp_path: Path) -> table.Sayings:
    path = tmp_path / "sayings.yml"
    path.write_text(SMALL, encoding="utf-8")
    return table.load(path)


def names(sayings: table.Sayings, text: str) -> list[str]:
    return [hit.request.name for hit in sayings.match(read(text))]


def test_all_parts_must_occur_in_any_order(small: table.Sayings) -> None:
    assert names(small, "mất ví có bằng lái")[0] == "Cấp lại bằng"
    assert names(small, "đổi bằng lái") == ["Bằng lái"]


def test_the_more_telling_pattern_comes_first(small: table.Sayings) -> None:
    assert names(small, "rơi bằng lái") == ["Cấp lại bằng", "Bằng lái"]


def test_an_excluded_phrase_forbids_the_pattern(small: table.Sayings) -> None:
    assert names(small, "mất bằng lái quốc tế") == ["Bằng lái"]


def test_a_message_without_marks_is_matched(small: table.Sayings) -> None:
    assert names(small, "mat bang lai")[0] == "Cấp lại bằng"


def test_marks_of_the_writer_are_believed(small: table.Sayings) -> None:
    assert names(small, "bằng lại") == []


def test_a_phrase_inside_a_fixed_expression_is_not_said(small: table.Sayings) -> None:
    assert names(small, "mo quan tra sua") == []
    assert names(small, "quan can sua") == ["Sửa"]


def test_one_word_cannot_say_two_parts(small: table.Sayings) -> None:
    assert names(small, "so hong cua toi") == []
    assert names(small, "sổ hồng bị hỏng") == ["Sổ hỏng"]


def test_a_phrase_wholly_inside_an_aside_is_not_said(small: table.Sayings) -> None:
    words = read("bằng lái mất bao nhiêu")
    assert [h.request.name for h in small.match(words, frozenset({2, 3, 4}))] == ["Bằng lái"]


def test_a_phrase_can_ask_for_its_marks() -> None:
    book = PhraseBook([phrase("rơi! mất")])
    assert book.find(read("rơi mất"))
    assert not book.find(read("roi mat"))


def test_everyday_words_become_the_words_of_the_catalogue(small: table.Sayings) -> None:
    assert [w.text for w in small.rewrite(read("đổi bằng lái"))] == [
        "đổi",
        "giấy",
        "phép",
        "lái",
        "xe",
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("- {name: A, codes: 1.001570, say: [a]}", "quotes"),
        ("- {name: A, codes: '1.1', say: ['<none>']}", "none"),
        ("- {name: A, code: '1.1', say: [a]}", "cannot be used"),
        ("- {codes: '1.1', say: [a]}", "cannot be used"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entry: str, told: str) -> None:
    path = tmp_path / "sayings.yml"
    path.write_text(f"requests:\n{entry}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=told):
        table.load(path)


def test_the_shipped_table_is_broad_and_a_choice_offers_more_than_one() -> None:
    requests = table.load().requests
    assert len(requests) > 250
    assert all(len(request.codes) > 1 for request in requests if request.ask)


def test_every_code_of_the_shipped_table_exists() -> None:
    if not NATIONAL.exists():
        pytest.skip("the national list of procedures is not beside this checkout")
    known = {line.split("\t", 1)[0] for line in NATIONAL.read_text("utf-8").splitlines()}
    codes = {code for request in table.load().requests for code in request.codes}
    assert codes <= known, json.dumps(sorted(codes - known))
