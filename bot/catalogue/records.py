"""One administrative procedure as frozen values: what every format is parsed into.

`None` or an empty tuple means unknown, never "none" or "free": free of charge is a Fee with
amount 0.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

IN_PERSON, ONLINE, POST = "in_person", "online", "post"
METHODS = (IN_PERSON, ONLINE, POST)
# The parts that staff may put in plain words; never amounts and times, which the source rules.
CURATABLE = ("document_groups", "steps", "conditions", "results", "agencies", "applicants")


@dataclass(frozen=True)
class Fee:
    """One amount that a source states. `amount` in đồng; None when only text is known."""

    amount: int | None
    text: str = ""  # the source's own words about this fee, e.g. "cấp bản sao: mỗi bản"
    kind: str = ""  # "phí" | "lệ phí" | ""


@dataclass(frozen=True)
class Method:
    """One way of applying. `days` None: unknown. `unit`: "working_day" | "day" | "hour" | ""."""

    method: str  # in_person | online | post
    days: float | None = None
    unit: str = ""
    time_text: str = ""  # the source's words when the number alone would mislead
    fees: tuple[Fee, ...] = ()
    fees_conflict: bool = False  # two places of the source disagree: show all of `fees`
    note: str = ""


@dataclass(frozen=True)
class Document:
    """One paper. `originals` and `copies`: how many; None when the source does not say."""

    name: str
    form: str = ""  # name or file of the form
    originals: int | None = None
    copies: int | None = None
    note: str = ""


@dataclass(frozen=True)
class DocumentGroup:
    """The papers of one case. `case` empty: they apply to everybody."""

    documents: tuple[Document, ...]
    case: str = ""


@dataclass(frozen=True)
class LegalBasis:
    """A legal text: its number and title."""

    number: str
    title: str = ""


@dataclass(frozen=True)
class ProcedureRecord:
    """A whole procedure. The raw_* fields hold the source text of what could not be parsed."""

    code: str
    name: str
    sector: str
    source: str  # who says so, e.g. "Cổng Dịch vụ công quốc gia"
    crawl_date: dt.date  # the day the record was read from its source
    plain_name: str = ""  # what people call it
    sayings: tuple[str, ...] = ()  # more ways people ask for it, for search only
    levels: tuple[str, ...] = ()  # "Cấp xã" | "Cấp tỉnh" | "Cấp bộ" | …
    agencies: tuple[str, ...] = ()  # who carries it out
    receiving_address: str = ""  # where to hand it in, as the source says
    ministry: str = ""  # slug of the portal, e.g. "bo-cong-an"
    applicants: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    document_groups: tuple[DocumentGroup, ...] = ()
    steps: tuple[str, ...] = ()
    conditions: str = ""
    results: tuple[str, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    online_level: str = ""  # "một phần" | "toàn trình" | "" (unknown)
    link: str = ""  # page of the procedure on the portal
    decision_number: str = ""
    effective_from: dt.date | None = None
    effective_to: dt.date | None = None
    replaced_by: str = ""  # code
    curated: tuple[str, ...] = ()  # parts in our own words: kept while the decision is the same
    popularity: int = 0  # 0..100: how often ordinary people need it; a prior for search
    owner: str = ""  # code of the desk that answers for it; "": told from agencies and sector
    edited_on: dt.date | None = None  # the day staff last changed it here
    raw: dict[str, str] = field(default_factory=dict, hash=False)
    # raw: part name ("methods", "documents", "steps", …) -> source text that was not parsed

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the inverse of bot.catalogue.plain.record_from_dict."""
        return _plain(self)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
