"""Which case of a procedure applies: the cases that its papers depend on, and how they are named.

A record's groups of papers are of three kinds: what everybody needs, what one case needs, and
what the ordinary case needs. Only where cases differ is there something to ask.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from bot.catalogue.records import Document, DocumentGroup, ProcedureRecord
from bot.services.answer_papers import CITATION, without_remarks
from bot.services.answer_text import one_line
from nlu.text import fold, normalise

MOST = 12  # cases; a choice among more cannot be made in three questions
LABEL, LONGEST_LABEL = 45, 90  # characters: what reads well on a button, and what still fits
ALIKE = 85.0  # from which two words are one with a slip in it
CHOSEN, AHEAD = 0.6, 0.15  # share of what was said that a case must hold, and its lead
SHORT = 12  # words of an answer to "which case"; a longer message asks something of its own

_NUMBER = re.compile(
    r"^[\s\-+*•]*(?:\(?[\divx]{1,4}(?:\.\d+)*[).]|\(?[a-zđ](?:\.\d+)?[).])+\s*", re.I
)
_LEAD = re.compile(
    r"^(?:(?:thành phần )?hồ sơ (?:đề nghị |đăng ký )?)?(?:đối với|trong|về)?\s*"
    r"(?:các |những )?trường hợp(?:\s*\(?\d{1,2}\)?\s*:)?\s+(?:thực hiện thủ tục\s+)?"
    r"|^(?:(?:thành phần )?hồ sơ )?đối với (?=\w)|^về (?=cấp|gia hạn|đổi)",
    re.I,
)
_TAIL = re.compile(
    r"[,;.:\s]*(?:(?:thì )?(?:thành phần )?hồ sơ (?:bao )?gồm(?: có)?|(?:bao )?gồm(?: có)?"
    r"|kèm theo hồ sơ\b.*|thì hồ sơ\b.*|(?:một trong )?(?:các|những)(?: loại)? giấy tờ sau)"
    r"[\s:,.]*$",
    re.I,
)
# What a list of papers is headed by where it is needed in every case.
_FOR_ALL = re.compile(
    r"(?:giay to|chung tu|tai lieu|van ban|thanh phan|ban khai|ho so cua|nguoi co tham quyen"
    r"|ngoai |tuy tung|nguoi nhan con nuoi|nguoi duoc nhan lam con nuoi"
    r"|ho so (?:thu hoi|hai quan|dang ky$)|nguoi uy quyen|\W*thu tuc\b)"
)
_CASE = re.compile(
    r"truong hop|doi voi|theo danh sach|don vi dong quan|lan dau|dinh ky|\bneu\b"
    r"|^(?:cong dan|nguoi|ca nhan|to chuc|dang ky|gia han|tach|cap|doi|sua)\b"
    r"|^ho so (?:de nghi|dang ky|gia han)\b"
)
# "Trường hợp trẻ em bị bỏ rơi thì phải có biên bản …": a paper that names its own case.
_OWN_CASE = re.compile(
    r"Trường hợp ((?:(?!nêu trên|nói trên|trực tuyến|bưu chính|phiếu này)[^;:.]){8,110}?),?"
    r" (?:thì\b|phải (?=có|nộp|kèm|xuất)|nộp )"
)
LEAST_START = 16  # characters that all names must begin with before that is left out
_ORDINARY = "Trường hợp thông thường"
# What people say around the name of a case.
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a ah ai anh ay ban bi cai chau chi cho co con cua duoc em gi ha khi la lam minh nay neu"
        " nhe nhu no o roi so thi thoi toi truong hop tu va vi voi muon can thuoc dang ky ho vay"
        " vang dung da loai cac nhung nguoi theo do tai trong ve",
    )
)


@dataclass(frozen=True)
class Case:
    """One case: its full name, a label short enough for a button, and its papers."""

    name: str
    label: str
    papers: tuple[Document, ...]


@dataclass(frozen=True)
class Sorted:
    """A record's papers by who needs them. `ordinary`: those of who is no special case."""

    common: tuple[DocumentGroup, ...]
    ordinary: tuple[Document, ...]
    cases: tuple[Case, ...]

    @property
    def has_ordinary(self) -> bool:
        """Whether somebody in no special case has a list of papers too."""
        return bool(self.common or self.ordinary)

    @property
    def asks(self) -> bool:
        """Whether the papers depend on a case that the citizen can be asked for."""
        least = 1 if self.has_ordinary else 2
        return least <= len(self.cases) <= MOST


def sort_out(record: ProcedureRecord) -> Sorted:
    """The papers of a record by who needs them; remarks are left out."""
    groups, _ = without_remarks(record)
    special = [g for g in groups if g.case and _is_case(g, record)]
    common = [g for g in groups if g not in special]
    base = [g for g in special if _says_the_name(g.case, record)]
    special = _merged([g for g in special if g not in base])
    if not special:
        common, special = _papers_with_cases([*common, *base])
        base = []
    elif len(special) > 1 and not base:
        common, special = _shared(common, special)
    ordinary = tuple(paper for group in base for paper in group.documents)
    return Sorted(tuple(common), ordinary, _labelled(special, record))


def find_case(cases: Sequence[Case], said: str, procedure: str) -> tuple[int, float] | None:
    """The case that somebody who was asked for it names, and the share of the words that fit it.

    None when they fit none clearly. `procedure` is the name of the procedure: its words tell no
    case from another.
    """
    about = set(_words(procedure))
    words = [w for w in dict.fromkeys(_words(said)) if w not in about and w not in _EMPTY_WORDS]
    if not words or len(_words(said)) > SHORT:
        return None
    shares = sorted(
        ((_share(words, set(_words(case.name))), n) for n, case in enumerate(cases)), reverse=True
    )
    best, index = shares[0]
    second = shares[1][0] if len(shares) > 1 else 0.0
    return (index, best) if best >= CHOSEN and best - second >= AHEAD else None


def _share(words: Sequence[str], named: set[str]) -> float:
    return sum(any(_same(word, other) for other in named) for word in words) / len(words)


def _same(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) > 3 and fuzz.ratio(word, other) >= ALIKE)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", fold(normalise(text)))


def _is_case(group: DocumentGroup, record: ProcedureRecord) -> bool:
    plain = fold(_NUMBER.sub("", group.case)).strip()
    if _FOR_ALL.match(plain):
        return False
    if "document_groups" in record.curated or len(group.case) <= 60:
        return True
    return bool(_CASE.search(plain))


def _says_the_name(case: str, record: ProcedureRecord) -> bool:
    """Whether a heading says no more than what the procedure is called."""
    said = " ".join(_words(_bare(case))).removeprefix("ho so ")
    return said in (" ".join(_words(n)) for n in (record.name, record.plain_name) if n)


def _merged(groups: Sequence[DocumentGroup]) -> list[DocumentGroup]:
    """Groups with one heading as one."""
    found: dict[str, DocumentGroup] = {}
    for group in groups:
        key = fold(group.case)
        if key in found:
            papers = tuple(dict.fromkeys((*found[key].documents, *group.documents)))
            group = replace(group, documents=papers)
        found[key] = group
    return list(found.values())


def _shared(
    common: list[DocumentGroup], special: list[DocumentGroup]
) -> tuple[list[DocumentGroup], list[DocumentGroup]]:
    """What every case asks for is asked of everybody."""
    times = Counter(key for g in special for key in {_key(p) for p in g.documents})
    everywhere = {key for key, count in times.items() if count == len(special)}
    papers = tuple(p for p in special[0].documents if _key(p) in everywhere)
    rest = [
        replace(g, documents=tuple(p for p in g.documents if _key(p) not in everywhere))
        for g in special
    ]
    if not papers or not all(g.documents for g in rest):
        return common, special
    return [*common, DocumentGroup(papers)], rest


def _key(paper: Document) -> str:
    return " ".join(_words(CITATION.sub("", paper.name)))


def _papers_with_cases(
    groups: Sequence[DocumentGroup],
) -> tuple[list[DocumentGroup], list[DocumentGroup]]:
    """Papers that begin by naming their case, taken out of the lists they stand in."""
    common, special = [], []
    for group in groups:
        own = {p: m[1] for p in group.documents if (m := _OWN_CASE.match(p.name))}
        special += [DocumentGroup((paper,), case) for paper, case in own.items()]
        rest = tuple(p for p in group.documents if p not in own)
        if rest:
            common.append(replace(group, documents=rest))
    if not common:  # nothing but exceptions: their lists stay as they are
        return list(groups), []
    return common, _merged(special)


def _labelled(groups: Sequence[DocumentGroup], record: ProcedureRecord) -> tuple[Case, ...]:
    names = [_without_name(_bare(g.case), record) for g in groups]
    start = _common_start(names)
    names = [_capital(name[start:].strip(" ,:;")) for name in names]
    labels = [_short(name, LABEL) for name in names]
    twice = {label for label, times in Counter(labels).items() if times > 1}
    return tuple(
        Case(name, _short(name, LONGEST_LABEL) if label in twice else label, _unique(g))
        for g, name, label in zip(groups, names, labels, strict=True)
    )


def _unique(group: DocumentGroup) -> tuple[Document, ...]:
    return tuple(dict.fromkeys(group.documents))


def _bare(case: str) -> str:
    """The heading without its number and without "trường hợp … hồ sơ gồm"."""
    text = _NUMBER.sub("", one_line(case, 300))
    text = _TAIL.sub("", _LEAD.sub("", text))
    return text.strip(" ,:;.-") or case


def _without_name(case: str, record: ProcedureRecord) -> str:
    for name in (record.name, record.plain_name):
        rest = case[len(name) :].strip(" ,:;")
        if name and case.lower().startswith(name.lower()):
            return rest or _ORDINARY
    return case


def _common_start(names: Sequence[str]) -> int:
    """How many characters all names begin with, to the end of a word; 0 if too little is left."""
    if len(names) < 2:
        return 0
    first, last = min(names), max(names)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    start = first.rfind(" ", 0, same) + 1
    enough = start >= LEAST_START and all(len(name) - start >= 10 for name in names)
    return start if enough else 0


def _short(name: str, limit: int) -> str:
    """At most `limit` characters: the first clause that fits, else cut at a word with "…"."""
    if len(name) <= limit:
        return name
    clause = re.split(r"\s*[(,;:]", name, maxsplit=1)[0]
    if 12 <= len(clause) <= limit:
        return clause
    return name[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;(") + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
