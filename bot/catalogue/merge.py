"""A new record of a procedure put over the stored one."""

from __future__ import annotations

from dataclasses import replace

from bot.catalogue.records import METHODS, Method, ProcedureRecord

# What a province adds by hand and national sources do not have.
LOCAL_TEXTS = (
    "plain_name",
    "online_level",
    "link",
    "receiving_address",
    "replaced_by",
    "owner",
)


def is_older(stored: ProcedureRecord, new: ProcedureRecord) -> bool:
    """Whether `new` was read from its source before `stored` was."""
    return new.crawl_date < stored.crawl_date


def merge(stored: ProcedureRecord, new: ProcedureRecord) -> ProcedureRecord:
    """The record to keep: the newer one, with the local fields that only the other has.

    While both speak of the same decision, what the stored record has in plain words stays
    (`curated`), and so does a structured part that could not be parsed in the newer source.
    """
    if is_older(stored, new):
        return _keep_local(winner=stored, other=new)
    merged = _keep_local(winner=new, other=stored)
    same_decision = bool(new.decision_number) and new.decision_number == stored.decision_number
    return _keep_structure(stored, merged) if same_decision else merged


def _keep_local(winner: ProcedureRecord, other: ProcedureRecord) -> ProcedureRecord:
    texts = {name: getattr(winner, name) or getattr(other, name) for name in LOCAL_TEXTS}
    return replace(
        winner,
        sayings=winner.sayings or other.sayings,
        popularity=winner.popularity or other.popularity,
        **texts,
    )


def _keep_structure(stored: ProcedureRecord, new: ProcedureRecord) -> ProcedureRecord:
    raw = new.raw
    kept = [part for part in stored.curated if getattr(stored, part)]
    changes: dict[str, object] = {part: getattr(stored, part) for part in kept}
    changes["curated"] = tuple(dict.fromkeys((*new.curated, *kept)))
    if "methods" in raw and not new.methods:
        changes["methods"] = stored.methods
    elif "times" in raw or "fees" in raw:
        changes["methods"] = _fill_methods(stored.methods, new.methods, raw)
    if "documents" in raw and not new.document_groups:
        changes["document_groups"] = stored.document_groups
    if "legal_bases" in raw and not new.legal_bases:
        changes["legal_bases"] = stored.legal_bases
    return replace(new, **changes)  # type: ignore[arg-type]


def _fill_methods(
    stored: tuple[Method, ...], new: tuple[Method, ...], raw: dict[str, str]
) -> tuple[Method, ...]:
    """Row by row: the first row "online" is filled from the first row "online", and so on."""
    left = {name: [m for m in stored if m.method == name] for name in METHODS}
    return tuple(
        _fill(method, left[method.method].pop(0), raw) if left[method.method] else method
        for method in new
    )


def _fill(method: Method, same: Method, raw: dict[str, str]) -> Method:
    if "times" in raw and method.days is None and not method.time_text:
        method = replace(method, days=same.days, unit=same.unit, time_text=same.time_text)
    if "fees" in raw and not method.fees:
        method = replace(method, fees=same.fees, fees_conflict=same.fees_conflict)
    return method
