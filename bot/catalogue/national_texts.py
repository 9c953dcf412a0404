"""Steps, results, legal bases, applicants and agencies of the national crawl."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from bot.catalogue.letters import LOWER, UPPER
from bot.catalogue.records import LegalBasis

_NOTHING = re.compile(
    r"(?:không có thông tin|không có|không quy định|không|chưa quy định|-+)?[\s.]*", re.IGNORECASE
)
_STEP = re.compile(r"(?:^|(?<=[\s.;:)]))[-+*•]?\s*(?:Bước|BƯỚC|bước)\s+\d{1,2}\s*[:.\-–)]")
_TOP_LINE = re.compile(r"\s*(?:[a-zđ]\)|\d{1,2}(?:\.\d+)*[.)]|-|Bước)\s*")
_RESULT_CODE = re.compile(
    rf"Mã: *(?:KQ[A-Z0-9.\-]*\d|[0-9A-Z.]+-KQ\d+|Chưa xác định|[{LOWER}0-9._]*)"
)
_LAW_HEADER = "Tên văn bản pháp lýMã văn bản"
_ORGANS = (
    "CP TTg BTC BCA BTP BXD BGTVT BNNMT BTNMT BNNPTNT BNN NHNN BKHĐT BKH BQP BYT BLĐTBXH BCT BNV"
    " BTTTT BKHCN BVHTTDL BGDĐT BNG HĐND UBND VPCP TANDTC VKSNDTC BVHTT BHXH TCHQ UBCK BTNVMT"
    " BDTTG TTCP KTNN UBDT BNGT BNNPTN"
)
_ORGAN = "|".join(sorted(_ORGANS.split(), key=len, reverse=True))
_LAW_TYPE = rf"(?:(?:UBTV)?QH\d{{2}}|[A-ZĐ]{{2,7}}(?:-(?:{_ORGAN}))+(?:-C\d\d)?)"
_LAW_PLAIN = rf"\d{{1,3}}(?:\.\d{{1,2}})?/(?:\d{{4}}/)?{_LAW_TYPE}"
_LAW_NUMBER = re.compile(
    r"(?P<kind>(?:Luật|Nghị định|Thông tư liên tịch|Thông tư|Quyết định|Nghị quyết|Pháp lệnh)?"
    rf"\s*(?:[Ss]ố)?:?\s*)(?P<number>{_LAW_PLAIN})"
)
_COMMA = re.compile(rf",\s+(?=[{UPPER}])")
_WITH_COMMAS = "Tổ chức (không bao gồm doanh nghiệp, HTX)"
_ONLINE_LEVEL = re.compile(r"trực tuyến (toàn trình|một phần)", re.IGNORECASE)
_BUTTONS = ("Từ khóa", "Chọn cơ quan thực hiện")


def cut_buttons(text: str) -> str:
    """The text before the page's keywords and buttons that the crawl ran into it."""
    for mark in _BUTTONS:
        text = text.split(mark, 1)[0]
    return text.strip()


def known(text: str) -> str:
    """The text, or "" when it only says that there is nothing."""
    text = text.strip()
    return "" if _NOTHING.fullmatch(text) else text


def read_steps(text: str) -> tuple[str, ...]:
    """Steps by "Bước n", else by lines; lines of detail stay with their step."""
    text = known(text)
    marks = [m.start() for m in _STEP.finditer(text)]
    if len(marks) >= 2:
        has_opening = len(text[: marks[0]].strip(" -+*\n")) > 20
        bounds = [*([0] if has_opening else []), *marks, len(text)]
        parts = [text[a:b] for a, b in itertools.pairwise(bounds)]
        return tuple(p for p in (_squeeze(part).lstrip("-+*• ") for part in parts) if p)
    steps: list[str] = []
    for line in (_squeeze(raw) for raw in text.split("\n")):
        if not line:
            continue
        if steps and not _TOP_LINE.match(line):
            steps[-1] += "\n" + line
        else:
            steps.append(line)
    return tuple(steps)


def read_results(text: str) -> tuple[str, ...]:
    """Names of the results: cut at the page's keywords, split at "Mã: KQ…"."""
    parts = _RESULT_CODE.split(cut_buttons(text))
    return tuple(
        dict.fromkeys(p for p in (known(_squeeze(part).strip("-+*; ")) for part in parts) if p)
    )


@dataclass(frozen=True)
class LawsReading:
    """The legal bases, and the words that were not understood."""

    laws: tuple[LegalBasis, ...] = ()
    raw: str = ""


def read_laws(text: str) -> LawsReading:
    """Titles run together with numbers; the number cell is glued to the end of its title."""
    text = known(text)
    if not text:
        return LawsReading()
    if not text.startswith(_LAW_HEADER):
        return LawsReading(raw=text)
    body = text.removeprefix(_LAW_HEADER).strip()
    laws, start = [], 0
    for match in _LAW_NUMBER.finditer(body):
        number_start = _number_start(body, match.start("number"))
        entry_end = min(match.start(), number_start) if match["kind"].strip() else number_start
        if not _is_cell(body, start, entry_end):
            continue
        title = _squeeze(body[start:entry_end]).strip(" ;,")
        laws.append(LegalBasis(body[number_start : match.end()], title))
        start = match.end()
    rest = _squeeze(body[start:]).strip(" ;,.")
    if rest:
        numbered = re.search(_LAW_PLAIN, rest)
        laws.append(LegalBasis(numbered[0] if numbered else "", rest))
    return LawsReading(tuple(dict.fromkeys(laws)))


def _is_cell(body: str, start: int, cell_start: int) -> bool:
    # Inside a title a number follows a space; the number cell is glued to what precedes it.
    return cell_start > start and body[cell_start - 1] not in " (/\n-\xa0"


def _number_start(body: str, start: int) -> int:
    # "… năm 2011" + "02/2011/QH13" reads "201102/2011": the regex takes up to three digits of it.
    run_start = start
    while run_start > 0 and body[run_start - 1].isdigit():
        run_start -= 1
    run = body[run_start : body.index("/", start)].split(".")[0]
    if body[:run_start].endswith("QH"):  # "…/QH13" + "61/2014/QH13"
        return run_start + 2
    if len(run) > 4 and re.match(r"(?:19|20)\d\d", run):
        return run_start + 4
    return max(start, run_start) if len(run) <= 3 else run_start + len(run) - 3


def read_names(text: str) -> tuple[str, ...]:
    """A comma list of agencies or levels; a comma before a small letter is part of a name."""
    parts = _COMMA.split(known(text))
    return tuple(dict.fromkeys(p for p in (_squeeze(part).strip(" ;,") for part in parts) if p))


def read_applicants(text: str) -> tuple[str, ...]:
    """A comma list in which one value has a comma itself."""
    text = known(text)
    held = text.replace(_WITH_COMMAS, "\0").replace("Cán bộ, công chức, viên chức", "\1")
    parts = (part.strip() for part in held.split(","))
    return tuple(
        dict.fromkeys(
            part.replace("\0", _WITH_COMMAS).replace("\1", "Cán bộ, công chức, viên chức")
            for part in parts
            if part
        )
    )


def read_online_level(*texts: str) -> str:
    """ "toàn trình" or "một phần" when the source names exactly one of them, else ""."""
    levels = {m[1].lower() for text in texts for m in _ONLINE_LEVEL.finditer(text)}
    return levels.pop() if len(levels) == 1 else ""


def _squeeze(text: str) -> str:
    return re.sub(r"[ \t\xa0]+", " ", re.sub(r"\s*\n\s*", "\n", text)).strip()
