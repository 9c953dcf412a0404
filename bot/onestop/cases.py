"""A case as a one-stop database tells it, and what can be asked for one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

# The national list; a source maps its own statuses onto it. 0: a status that its map lacks.
STATUSES = tuple(range(1, 11))
UNKNOWN_STATUS = 0


@dataclass(frozen=True)
class FeeDue:
    """Money to pay before the case goes on: đồng, and how to pay it in the office's words."""

    amount: int
    how: str = ""


@dataclass(frozen=True)
class Case:
    """One case (hồ sơ). The facts that identify a person stay out of `repr`, hence out of logs."""

    code: str
    status: int  # 1..10 of the national list, 0 when unknown
    procedure_name: str
    procedure_code: str = ""
    received: dt.date | None = None
    due: dt.date | None = None
    finished: dt.date | None = None
    office: str = ""  # who holds it now
    applicant: str = field(default="", repr=False)
    phone_last4: str = field(default="", repr=False)  # only ever compared, never shown
    id_last4: str = field(default="", repr=False)  # only ever compared, never shown
    missing_papers: tuple[str, ...] = ()
    fees: tuple[FeeDue, ...] = ()
    collect_place: str = ""
    collect_hours: str = ""
    commune: str = ""


class OneStopSource(Protocol):
    """One database of cases."""

    name: str

    def find(self, code: str) -> Case | None:
        """The case of this code; raises OneStopUnavailable when nobody can say."""

    def ping(self) -> None:
        """Raises OneStopUnavailable when the source cannot be read."""


class Cases(Protocol):
    """Every case of the province, whichever database holds it."""

    def find(self, code: str) -> Case | None:
        """The case of this code; raises OneStopUnavailable when nobody can say."""

    def source_of(self, code: str) -> str | None:
        """The name of the source that serves this code; None when none does."""
