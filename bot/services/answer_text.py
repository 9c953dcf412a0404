"""Small words shared by all answers: shortening, money and time in Vietnamese, the source line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.catalogue.durations import format_duration
from bot.catalogue.money import format_money
from bot.catalogue.records import IN_PERSON, ONLINE, POST, Fee, Method, ProcedureRecord
from nlu.text import fold

METHOD_WORDS = {IN_PERSON: "trực tiếp", ONLINE: "trực tuyến", POST: "bưu chính"}
BODY_LIMIT = 1_450  # characters; with the name and the source one Zalo message still holds it
OLD_AFTER_DAYS = 400
HEADING = "▸ "
LONG_NAME = 80  # characters: more of an official name hides the answer on a phone

_DISTRICT = re.compile(
    r"(?:(?:ủy|uỷ) ban nhân dân|ubnd|phòng tư pháp|công an)?\s*"
    r"(?:cấp huyện|(?<=ubnd)\s+huyện|(?<=ân dân)\s+huyện|(?<=ông an)\s+huyện)"
    r"(?:,\s*(?:quận|thị xã|thành phố)(?: thuộc tỉnh)?)*",
    re.IGNORECASE,
)
DISTRICT_NOTE = (
    "Lưu ý: nguồn còn nhắc cấp huyện, nhưng cấp này đã bỏ từ 01/07/2025. Bạn hỏi UBND xã, phường"
    " hoặc Trung tâm Phục vụ hành chính công nơi nhận hồ sơ hiện nay."
)
# "đồng/lần", "/trang", "/trang; từ trang thứ ba …"
_PER_UNIT = re.compile(r"(?:đồng)?\s*/\s*([^;.(]{1,60}?)(?:[;.]\s*(.*))?")
_DISTRICT_REPLACED = "cơ quan cấp huyện cũ (đã bỏ)"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at the end of a sentence or of a word, with "…"."""
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t]+", " ", text)).strip()
    if len(text) <= limit:
        return text
    head = text[:limit].removesuffix(" …")
    ends = [m.end() for m in re.finditer(r"[.;!?](?=\s)", head)]
    if ends and ends[-1] > limit * 0.5:
        return head[: ends[-1]].rstrip(";") + " …"
    return head[: head.rfind(" ")].rstrip(" ,;:") + " …" if " " in head else head + "…"


def one_line(text: str, limit: int) -> str:
    """`shorten` on one line."""
    return shorten(re.sub(r"\s+", " ", text), limit)


def names_district(text: str) -> bool:
    """Whether the text sends people to the district level, abolished on 1 July 2025."""
    return bool(_DISTRICT.search(text))


def without_district(text: str) -> str:
    """The same text with every district office marked as abolished, and a note when there was."""
    plain = re.sub(r"\n{2,}", "\n", text.replace(DISTRICT_NOTE, "")).strip()
    replaced = _DISTRICT.sub(f" {_DISTRICT_REPLACED}", plain)
    if replaced == plain and DISTRICT_NOTE not in text:
        return text
    return re.sub(r"[ \t]{2,}", " ", replaced).strip() + f"\n\n{DISTRICT_NOTE}"


def fill(
    lines: Iterable[str], rest: str, limit: int = BODY_LIMIT, *, units: str = "mục"
) -> list[str]:
    """As many lines as fit; what was left out is counted: "… còn 3 mục nữa, <rest>".

    A heading (a line that begins with HEADING) is no item, and never stands last.
    """
    taken: list[str] = []
    used = 0
    left = 0
    for line in lines:
        used += len(line) + 1
        if left or (used > limit and taken):
            left += not line.startswith(HEADING)
        else:
            taken.append(line)
    while taken and taken[-1].startswith(HEADING):
        taken.pop()
    if left:
        taken.append(f"… còn {left} {units} nữa, {rest}")
    return taken


def where_to_see_all(record: ProcedureRecord) -> str:
    """The rest of the sentence "… còn 3 mục nữa, …"."""
    return f"xem đầy đủ tại {record.link}" if record.link else "bạn hỏi đủ tại bộ phận một cửa."


def unknown(what: str, record: ProcedureRecord, hotline: str) -> str:
    """Says that the source is silent, and what to do next."""
    look = f", hoặc xem {record.link}" if record.link else ""
    return (
        f"Dữ liệu hiện có không ghi {what}. Bạn hỏi bộ phận một cửa nơi nộp hồ sơ hoặc gọi"
        f" {hotline}{look}."
    )


def heading(record: ProcedureRecord) -> str:
    """What the answer is about: the official name, or what people call it where that is long."""
    name = one_line(record.name, 200).rstrip(" .").removeprefix("Thủ tục ")
    if len(name) > LONG_NAME and record.plain_name:
        name = one_line(record.plain_name, 200)
    return capital(name)


def source_line(record: ProcedureRecord, today: dt.date) -> str:
    """ "Nguồn: QĐ 9354/QĐ-BCA-C06, Cổng Dịch vụ công quốc gia, dữ liệu ngày 01/07/2026." """
    number = record.decision_number.removeprefix("QĐ ")
    mark = "" if number.startswith("QĐ") else "QĐ "
    decision = f"{mark}{number}, " if number else ""
    line = f"Nguồn: {decision}{record.source}, dữ liệu ngày {record.crawl_date:%d/%m/%Y}."
    if record.edited_on and record.edited_on > record.crawl_date:
        line = f"{line[:-1]}, cán bộ cập nhật ngày {record.edited_on:%d/%m/%Y}."
    if (today - record.crawl_date).days > OLD_AFTER_DAYS:
        line += " Dữ liệu đã cũ, bạn hỏi lại trước khi đi nộp."
    return line


def validity(record: ProcedureRecord, today: dt.date) -> str:
    """A warning when the procedure is no longer or not yet in force, else ""."""
    if record.effective_to is not None and record.effective_to < today:
        instead = f" Thủ tục thay thế có mã {record.replaced_by}." if record.replaced_by else ""
        return f"⚠ Thủ tục này đã hết hiệu lực từ {record.effective_to:%d/%m/%Y}.{instead}"
    if record.effective_from is not None and record.effective_from > today:
        return f"⚠ Thủ tục này chỉ có hiệu lực từ {record.effective_from:%d/%m/%Y}."
    return ""


def fee_words(fee: Fee, limit: int = 300) -> str:
    """ "10.000 đồng (mỗi bản)", "Miễn phí", or the source's own words."""
    text = one_line(fee.text.strip(" -+*").rstrip(".;"), limit)
    if fee.amount is None:
        return text
    amount = "Miễn phí" if fee.amount == 0 else format_money(fee.amount)
    kind = f"{fee.kind} " if fee.kind and fee.amount else ""
    if fee.amount and (unit := _PER_UNIT.fullmatch(text)):
        rest = f" ({unit[2]})" if unit[2] else ""
        return f"{kind}{amount}/{unit[1]}{rest}"
    if fee.amount and text.startswith(amount):
        return f"{kind}{text}"
    return f"{kind}{amount} ({text})" if text else f"{kind}{amount}"


def time_words(method: Method) -> str:
    """ "3 ngày làm việc", the source's own words, or "" when the source says nothing usable."""
    text = one_line(method.time_text, 300)
    if method.days is None:
        return text
    if not method.unit:
        return text
    stated = format_duration(method.days, method.unit)
    if method.days == 0:
        stated = f"trong ngày (nguồn ghi {stated})"
    return f"{stated} ({text})" if text else stated


@dataclass(frozen=True)
class Row:
    """What holds for one way of applying. `case` tells apart the rows of one way."""

    method: str
    words: str
    case: str = ""


def by_method(rows: Sequence[Row]) -> list[str]:
    """Rows as lines; ways of applying that say the same of the same case share one line."""
    if len({row.words for row in rows}) == 1:
        return [capital(rows[0].words.lstrip("\n"))]
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        names = groups.setdefault((row.case, row.words), [])
        if METHOD_WORDS[row.method] not in names:
            names.append(METHOD_WORDS[row.method])
    lines = []
    for (case, words), names in groups.items():
        lines.append(f"• Nộp {', '.join(names)}: {words}")
        if case and case[:40] not in words:
            lines[-1] += f"\n   Áp dụng: {case}"
    return lines


def rows_of(methods: Sequence[Method], words: Sequence[str]) -> list[Row]:
    """One Row per method; its note becomes the case where it tells apart the rows of one way."""
    told: dict[str, set[str]] = {}
    notes: dict[str, set[str]] = {}
    for method, said in zip(methods, words, strict=True):
        told.setdefault(method.method, set()).add(said)
        notes.setdefault(method.method, set()).add(method.note)
    return [
        Row(
            method.method,
            said or "nguồn không ghi",
            _case_of(method.note)
            if len(told[method.method]) > 1 and len(notes[method.method]) > 1
            else "",
        )
        for method, said in zip(methods, words, strict=True)
    ]


def _case_of(note: str) -> str:
    """The note from where it begins to name a case, else the whole note."""
    match = re.search(r"(?:đối với|trường hợp)\b", note, re.IGNORECASE)
    return one_line(note[match.start() :] if match else note.strip(" -+*"), 200)


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def plain_levels(text: str) -> str:
    """ "Công an cấp Xã" as people write it: "Công an cấp xã"."""
    text = re.sub(r"\bcấp (?=Xã|Tỉnh|Huyện|Bộ\b)(\w)", lambda m: f"cấp {m[1].lower()}", text)
    return re.sub(r"\b(Ủy|Uỷ) ban Nhân dân\b", "Ủy ban nhân dân", text)


def same_words(text: str, other: str) -> bool:
    """Whether two names say the same, but for capitals, marks and a leading "thủ tục"."""
    bare = [fold(" ".join(re.findall(r"\w+", t))).removeprefix("thu tuc ") for t in (text, other)]
    return bare[0] == bare[1]
