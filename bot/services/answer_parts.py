"""The body of an answer for each thing that a citizen can ask about a procedure."""

from __future__ import annotations

import re

from bot.catalogue.durations import find_durations, sentences_with_time
from bot.catalogue.records import (
    IN_PERSON,
    METHODS,
    ONLINE,
    Fee,
    Method,
    ProcedureRecord,
)
from bot.services.answer_text import (
    BODY_LIMIT,
    DISTRICT_NOTE,
    METHOD_WORDS,
    by_method,
    capital,
    fee_words,
    fill,
    names_district,
    one_line,
    plain_levels,
    rows_of,
    same_words,
    shorten,
    time_words,
    unknown,
    where_to_see_all,
)

_STEP_MARK = re.compile(
    r"\A[\s\-+*•]*(?:bước\s+\d{1,2}\s*[:.)\-–]?|\d{1,2}[.)](?!\d))?\s*", re.IGNORECASE
)
_INNER_MARK = re.compile(r"\A(?:[\s\-+*•]+|[a-zđ][.)]\s+)+")
_PLACE = re.compile(
    r"nộp[^.;\n]{0,80}?\b(?:tại|đến|cho|ở)\s+"
    r"(?:UBND|(?:Ủy|Uỷ) ban|Trung tâm|Công an|Sở|Cơ quan|Bộ|Phòng|Cục|Chi cục|Bảo hiểm|Tòa|Thuế"
    r"|Kho bạc|Ngân hàng|Đồn|Văn phòng|Chi nhánh|Hạt|Cảng)[^.;\n]*",
    re.IGNORECASE,
)
_LEVEL_PLACES = {
    "Cấp xã": "UBND xã, phường (bộ phận một cửa hoặc Trung tâm Phục vụ hành chính công)",
    "Cấp tỉnh": "Trung tâm Phục vụ hành chính công cấp tỉnh",
    "Cấp bộ": "cơ quan cấp bộ",
}
_POLICE_PLACES = {
    "Cấp xã": "Công an cấp xã",
    "Cấp tỉnh": "Công an cấp tỉnh",
    "Cấp bộ": "Bộ Công an",
}


def fee(record: ProcedureRecord, hotline: str) -> str:
    """What it costs by each way of applying; free only where the source says so."""
    words = [_fees_of(method) for method in record.methods]
    if not any(words):
        cells = record.raw.get("fees") or record.raw.get("methods")
        if not cells:
            return unknown("mức phí, lệ phí", record, hotline)
        told = one_line(cells, 300)
        return (
            f"Nguồn ghi không rõ mức thu: “{told}”. Bạn hỏi lại khi nộp hồ sơ hoặc gọi {hotline}."
        )
    return "\n".join(fill(by_method(rows_of(record.methods, words)), where_to_see_all(record)))


def _fees_of(method: Method) -> str:
    if not method.fees:
        return ""
    if method.fees_conflict:
        options = "\n".join(f"   – {_conflicting(f)}" for f in method.fees)
        return f"nguồn ghi hai nơi khác nhau, bạn hỏi lại khi nộp:\n{options}"
    if len(method.fees) == 1:
        return fee_words(method.fees[0])
    return "\n" + "\n".join(f"   – {fee_words(f)}" for f in method.fees)


def _conflicting(fee: Fee) -> str:
    words = fee_words(fee, 260)
    return words if "cột mức thu" in fee.text else f"ghi chú: {words}"


def processing_time(record: ProcedureRecord, hotline: str) -> str:
    """How long it takes by each way of applying."""
    words = [_time_of(method) for method in record.methods]
    if any(words):
        return "\n".join(fill(by_method(rows_of(record.methods, words)), where_to_see_all(record)))
    numbers = re.findall(r"\d+", record.raw.get("times", ""))
    numbers += [f"{m.days:g}" for m in record.methods if m.days is not None]
    lines = []
    if numbers:
        lines.append(
            f"Nguồn ghi số {numbers[0]} nhưng thiếu đơn vị (ngày hay giờ) nên chưa nói chắc được."
        )
    quoted = sentences_with_time("\n".join(record.steps))
    if quoted:
        lines.append(f"Trong các bước có ghi: “{shorten(quoted, 500)}”")
    lines.append(
        f"Bạn xem ngày hẹn trả trên giấy tiếp nhận hồ sơ, hoặc gọi {hotline}."
        if lines
        else unknown("thời hạn giải quyết", record, hotline)
    )
    return "\n".join(lines)


def _time_of(method: Method) -> str:
    words = time_words(method)
    others = {d.number for d in find_durations(method.note)} - {method.days}
    if words and others and not method.time_text:
        more = one_line(sentences_with_time(method.note), 320)
        return f"{words}. Nguồn ghi thêm: {more}" if more else words
    return words


def where(record: ProcedureRecord, hotline: str) -> str:
    """Where to hand the file in; never a district office."""
    lines = []
    address, agencies = _address(record), _agencies(record)
    if address:
        lines.append(f"Nơi nhận hồ sơ: {address}")
    if agencies and not same_words(agencies, address):
        lines.append(f"Cơ quan thực hiện: {agencies}")
    if not lines:
        places = _POLICE_PLACES if record.ministry == "bo-cong-an" else _LEVEL_PLACES
        named = [places[level] for level in record.levels if level in places]
        if named:
            lines.append(f"Cấp thực hiện: {'; '.join(named)}")
        quoted = _place_in_words(record)
        if quoted:
            lines.append(f"Nguồn ghi: “{quoted}”")
    if not lines:
        return unknown("nơi nộp hồ sơ", record, hotline)
    ways = [METHOD_WORDS[m] for m in METHODS if any(row.method == m for row in record.methods)]
    if ways:
        lines.append(f"Cách nộp: {', '.join(ways)}.")
    if names_district(" ".join((*record.agencies, record.receiving_address))):
        lines.append(DISTRICT_NOTE)
    return "\n".join(lines)


def receiving_places(record: ProcedureRecord) -> list[str]:
    """Where to hand the file in, what the source says most plainly first."""
    levels = _POLICE_PLACES if record.ministry == "bo-cong-an" else _LEVEL_PLACES
    named = [levels[level] for level in record.levels if level in levels]
    quoted = capital(_place_in_words(record))
    found = [_address(record), _agencies(record), capital("; ".join(named)), quoted]
    return [place for place in found if place]


def _address(record: ProcedureRecord) -> str:
    address = record.receiving_address
    return "" if names_district(address) else capital(plain_levels(shorten(address, 500)))


def _agencies(record: ProcedureRecord) -> str:
    names = [name.strip(" .") for name in record.agencies if not names_district(name)]
    return plain_levels(one_line(", ".join(names), 500))


def _place_in_words(record: ProcedureRecord) -> str:
    notes = [m.note for m in record.methods if m.method == IN_PERSON]
    for text in (*notes, *record.steps):
        match = _PLACE.search(text)
        if match and not names_district(match[0]):
            return one_line(match[0], 300)
    return ""


def steps(record: ProcedureRecord, hotline: str) -> str:
    """The steps, numbered, the long ones shortened."""
    if not record.steps:
        return unknown("trình tự thực hiện", record, hotline)
    if len(record.steps) == 1:
        return shorten(record.steps[0], BODY_LIMIT)
    limit = 420 if len(record.steps) < 5 else 260
    lines = [
        f"{n}. {shorten(_bare_step(step), limit)}" for n, step in enumerate(record.steps, start=1)
    ]
    return "\n".join(fill(lines, where_to_see_all(record), units="bước"))


def _bare_step(step: str) -> str:
    """A step without the source's own marks ("Bước 1: - + a.") and with a capital."""
    return capital(_INNER_MARK.sub("", _STEP_MARK.sub("", step)))


def online(record: ProcedureRecord, hotline: str) -> str:
    """Whether it can be done online, how far, and where."""
    rows = [method for method in record.methods if method.method == ONLINE]
    if record.online_level == "toàn trình":
        lines = ["Có. Thủ tục này nộp trực tuyến toàn trình: làm trọn trên mạng."]
    elif record.online_level == "một phần":
        lines = ["Có, trực tuyến một phần: khai và nộp trên mạng, có bước vẫn phải đến nơi nhận."]
    elif rows:
        lines = ["Có thể nộp trực tuyến. Nguồn không ghi rõ là toàn trình hay một phần."]
    elif record.methods:
        ways = ", ".join(dict.fromkeys(METHOD_WORDS[m.method] for m in record.methods))
        return f"Nguồn không ghi cách nộp trực tuyến cho thủ tục này. Cách nộp có ghi: {ways}."
    else:
        return unknown("có nộp trực tuyến được không", record, hotline)
    if rows:
        time, cost = _time_of(rows[0]), _fees_of(rows[0])
        lines += [f"Thời hạn khi nộp trực tuyến: {time}"] if time else []
        lines += [f"Phí, lệ phí khi nộp trực tuyến: {cost}"] if cost else []
        note = shorten(rows[0].note.lstrip(" -+*•"), 350)
        lines += [f"Cách làm: {note}"] if note else []
    lines.append(f"Nộp tại: {record.link or 'Cổng Dịch vụ công quốc gia, dichvucong.gov.vn'}")
    return "\n".join(lines)


def eligibility(record: ProcedureRecord, hotline: str) -> str:
    """Who may apply and under which conditions."""
    if not record.applicants and not record.conditions:
        return unknown("đối tượng và điều kiện", record, hotline)
    lines = []
    if record.applicants:
        lines.append(f"Ai làm được: {'; '.join(record.applicants)}.")
    if record.conditions:
        lines.append(f"Điều kiện:\n{shorten(record.conditions, 1_000)}")
    else:
        lines.append("Nguồn không ghi điều kiện riêng.")
    return "\n".join(lines)


def result(record: ProcedureRecord, hotline: str) -> str:
    """What the citizen gets in the end."""
    if not record.results:
        return unknown("kết quả giải quyết", record, hotline)
    if len(record.results) == 1:
        return f"Bạn nhận được: {one_line(record.results[0], 600)}"
    lines = ["Kết quả có thể gồm (tùy hồ sơ):"]
    lines += [f"• {one_line(item, 300)}" for item in record.results]
    return "\n".join(fill(lines, where_to_see_all(record)))


def legal_basis(record: ProcedureRecord, hotline: str) -> str:
    """The laws by number."""
    if not record.legal_bases:
        return unknown("căn cứ pháp lý", record, hotline)
    lines = []
    for law in record.legal_bases:
        title = one_line(law.title, 150)
        known = law.number and law.number not in title
        lines.append(f"• {law.number} – {title}" if known and title else f"• {title or law.number}")
    return "\n".join(fill(lines, where_to_see_all(record), 1_200, units="văn bản"))
