"""The run-on tables "Tên giấy tờ · Mẫu đơn, tờ khai · Số lượng", one per case, of the crawl."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.catalogue.letters import LOWER, UPPER
from bot.catalogue.records import Document, DocumentGroup

_HEADER = "Tên giấy tờMẫu đơn, tờ khaiSố lượng"
# A count stands glued to what precedes it; inside a sentence ("gồm 01 bản chính") it does not.
_COUNT = re.compile(
    # glued to a word or a sign; or to a number that stands after a space: "năm 2025" + "1"
    r"(?:(?<=[^\s\d])(\d+)|(?<=\s)(\d{3,}|[1-9]\d?))"
    r" bản chính(?:, ?(\d{1,2}) bản sao)?(?=[^\s,;.)/]|$)(?!\d{1,2} bản)"
)
_FILE = re.compile(r"\.(?i:docx?|pdf|xlsx?|rar|zip|png|jpe?g|tiff?|rtf|odt)(?![a-z])")
# Where two cells ran together: "tờ khaiMẫu số 01", "giấy phép;Mau05", "NĐ-CPMẫu số 05".
_GLUE = re.compile(
    rf"(?<=[{LOWER}0-9)\].;:,”\"])(?=[{UPPER}])|(?<=[A-ZĐ])(?=[{UPPER}][{LOWER}])"
    rf"|(?<=[);:])(?=\d)|(?<=\)\.)(?=\d)|(?<=[).;”])(?=[{LOWER}])"
    rf"|(?<=[{LOWER}])(?=\d{{1,3}}[.\-]|mẫu |văn bản |đơn |phụ lục )"
    rf"|(?<=[{LOWER}]\.)(?=\d{{1,2}}\.[{UPPER}])"
    r"|(?<=[A-ZĐ])(?=PHỤ LỤC|MẪU )"
)
# How names of form files usually begin, with and without their marks.
_FORM_WORD = re.compile(
    r"m[ẫâa]u|mus|mu\d|ph[ụu] ?l[ụu]c|phlc|pl ?[\divx.]|bi[ểe]u|đơn|don|t[ờo] khai|tk|giấy|giay",
    re.IGNORECASE,
)
_MARK = re.compile(r"\(?(\d{1,2}|[a-zđ])[.)]\)?(?!\d)\s*")
_ALPHABET = "abcdđeghiklmnopqrstuvxy"
_NO_CASE = re.compile(r"[\s\-–:.*+]*")


@dataclass(frozen=True)
class DocumentsReading:
    """The groups, and the words that were not understood ("" when all were)."""

    groups: tuple[DocumentGroup, ...] = ()
    raw: str = ""


def read_documents(text: str) -> DocumentsReading:
    """Groups by case; `originals=0, copies=None` marks a line that asks for no paper (a remark)."""
    text = text.strip()
    if not text.strip("-– ") or text == "Không có thông tin":
        return DocumentsReading()
    pieces = text.split(_HEADER)
    if len(pieces) == 1:
        return DocumentsReading(raw=text)
    groups, left_over = [], []
    case = pieces[0]
    for position, piece in enumerate(pieces[1:], start=1):
        documents, tail = _read_rows(piece)
        if documents:
            groups.append(DocumentGroup(in_order(documents), clean_case(case)))
        case = tail
        if position == len(pieces) - 1 and tail.strip("-–* "):
            left_over.append(tail.strip())
    return DocumentsReading(tuple(groups), "\n".join(left_over))


def in_order(documents: list[Document]) -> tuple[Document, ...]:
    """The papers by their own numbers ("a)", "2.", "(3)"), which the crawl shuffled.

    Only when each has one; the numbers go, because an answer numbers the list itself.
    """
    marks = [_MARK.match(document.name) for document in documents]
    keys = [_order(mark[1]) if mark else None for mark in marks]
    if len(documents) < 2 or None in keys or len({type(k) for k in keys}) > 1:
        return tuple(documents)
    if len(set(keys)) < len(keys):
        return tuple(documents)
    pairs = sorted(zip(keys, documents, marks, strict=True), key=lambda item: str(item[0]))
    if isinstance(keys[0], int):
        pairs.sort(key=lambda item: int(str(item[0])))
    return tuple(replace(d, name=tidy(d.name[m.end() :]) or d.name) for _, d, m in pairs if m)


def _order(mark: str) -> int | str:
    return int(mark) if mark.isdigit() else f"{_ALPHABET.find(mark.lower()):02d}"


def clean_case(text: str) -> str:
    """The name of a case without bullets and colons; "" when the source wrote only dashes."""
    if _NO_CASE.fullmatch(text):
        return ""
    return re.sub(r"\s+", " ", text).strip(" -–*+:.•")


def _read_rows(text: str) -> tuple[list[Document], str]:
    documents, start = [], 0
    for match in _COUNT.finditer(text):
        count_start, count_end = _count_span(text, match)
        cell = text[start:count_start]
        originals = int(text[count_start:count_end])
        copies = int(match[3]) if match[3] is not None else None
        name, form = split_form(cell)
        if name or form:
            documents.append(Document(name or form, form, originals, copies))
        start = match.end()
    return documents, text[start:]


def _count_span(text: str, match: re.Match[str]) -> tuple[int, int]:
    # "53/2025" + "1 bản chính" reads "20251": of a longer run only the last digit counts,
    # unless two digits stand alone after a word ("hồ sơ10 bản chính").
    start, end = match.span(1) if match[1] is not None else match.span(2)
    before = text[start - 1 : start]
    two_digits = end - start == 2 and text[start] != "0" and (before.isalpha() or before in ").;”")
    return (start, end) if end - start == 1 or two_digits else (end - 1, end)


def split_form(cell: str) -> tuple[str, str]:
    """Tell the name of a paper from the form files glued to its end."""
    cell = cell.strip()
    files = list(_FILE.finditer(cell))
    if not files or files[-1].end() != len(cell):
        return tidy(cell), ""
    cut = _form_start(cell[: files[0].start()])
    if cut is None:
        return tidy(cell), ""
    forms, start = [], cut
    for file in files:
        forms.append(cell[start : file.end()].strip(" .;,"))
        start = file.end()
    return tidy(cell[:cut]), ", ".join(dict.fromkeys(forms))


def _form_start(text: str) -> int | None:
    """Where the first file name begins: at a word that names forms, else at the last glue point."""
    points = [m.start() for m in _GLUE.finditer(text) if len(text) - m.start() <= 150]
    for point in points:
        if _FORM_WORD.match(text, point):
            return point
    # "tờ khaiDonxin (1)": the browser's counter is no word of its own.
    stem = re.sub(r" \(\d+\)$", "", text)
    last_space = max(stem.rfind(" "), stem.rfind("\n"))
    in_token = [point for point in points if point > last_space + 1]
    if in_token:
        return in_token[0]
    return points[-1] if points else None


def tidy(text: str) -> str:
    """One line without leading bullets and trailing punctuation."""
    return re.sub(r"\s+", " ", text).strip().lstrip("-–+*•· ").rstrip(" ;,")
