"""A small world whose figures are worked out by hand.

The period is Monday 2 to Sunday 15 November 2026, two whole weeks of Viet Nam. (H: at a desk.)

| Who | Channel, commune | When, Viet Nam | What | Outcome | Reply after |
|---|---|---|---|---|---|
| An | zalo, Đa Mai | Mo 02 00:00:00 | text | answered A | 1.0 s |
| An | | Mo 02 09:10 | text | asked | 2.0 s |
| An | | We 11 09:20 | text | answered B | 3.0 s |
| Bình | zalo, unknown | Tu 03 09:00 | text | refused | 1.0 s |
| Bình | | Tu 03 09:05 | text | refused | 4.0 s |
| Bình | | Tu 03 09:30 | text, H | left to staff | – |
| Chi | web, Đa Mai | We 04 23:59:59 | text | answered A | 20.0 s (a notice after 5 s) |
| Chi | | We 11 10:00 | text | offered A, B | 1.5 s |
| Dũng | zalo | Th 05 08:00 | follow | other | 0.5 s |
| Em | web, unknown | Su 15 23:59:59 | text | refused by our fault (error) | 1.0 s |
| Em | | Su 15 23:00 | text | answered, its send refused | – |

Outside: An on Su 01 23:59:59 and Mo 16 00:00:00 (answered A), and one message in the fortnight
before.

Handoffs: Bình's begins Tu 03 09:10 at the commune's desk, is picked up after 4 minutes, ends with
4 points. Chi's begins We 11 10:05 at the department's desk and is taken by staff (no wait), ends
with 5 points. One of before the period ends in it unrated. One of a citizen who left the queue
(nobody came).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from bot.models.cases import CaseLookup
from bot.models.conversations import Conversation, Message
from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.models.learning import ReviewItem
from bot.services.working_days import VIETNAM

A, B = "1.000001", "1.000002"
DA_MAI = "07228"
SCRIPT = "=cmd|' /C calc'!A0"


def at(day: int, clock: str, *, month: int = 11) -> dt.datetime:
    """A moment in Viet Nam in 2026."""
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return dt.datetime(2026, month, day, hour, minute, second, tzinfo=VIETNAM)


class World:
    """Puts people, messages and handoffs into a database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.number = 0

    def add(self, row: Any) -> Any:
        """Keep a row; the row with its id."""
        self.session.add(row)
        self.session.flush()
        return row

    def citizen(self, channel: str = "zalo") -> int:
        """A conversation; its id."""
        self.number += 1
        row = Conversation(channel=channel, channel_user_id=f"u{self.number}")
        return int(self.add(row).id)

    def says(
        self,
        conversation_id: int,
        when: dt.datetime,
        outcome: str,
        *codes: str,
        reply: float | None = None,
        state: str = "sent",
        **values: Any,
    ) -> int:
        """A message of a citizen and its reply after so many seconds; the message's id."""
        channel = self.session.get(Conversation, conversation_id).channel
        own = {"conversation_id": conversation_id, "channel": channel}
        usual = {"kind": "text", "text": "câu của người dân", "state": "answered"}
        moments = {"occurred_at": when, "created_at": when, "finished_at": when}
        row = Message(
            **{
                **own,
                **usual,
                **moments,
                "direction": "in",
                "outcome": outcome,
                "procedures": list(codes),
                **values,
            }
        )
        self.add(row)
        if reply is not None:
            done = when + dt.timedelta(seconds=reply)
            self.replies(row, done, done, state)
        return int(row.id)

    def replies(
        self, message: Any, made: dt.datetime, accepted: dt.datetime, state: str = "sent"
    ) -> None:
        """One message of ours about a message of theirs."""
        self.add(
            Message(
                conversation_id=message.conversation_id,
                channel=message.channel,
                direction="out",
                kind="text",
                text="câu trả lời",
                state=state,
                reply_to_id=message.id,
                occurred_at=made,
                created_at=made,
                finished_at=accepted,
            )
        )


def fill(session: Session) -> None:
    """The world of the table above."""
    world = World(session)
    an, binh, dung = (world.citizen() for _ in range(3))
    chi, em = world.citizen("web"), world.citizen("web")
    _messages(world, an, binh, chi, dung, em)
    _handoffs(world, an, binh, chi, dung)
    outcomes = ("shown", "shown", "shown", "wrong", "locked")
    for number, outcome in enumerate(outcomes):
        row = {"conversation_id": an, "message_id": str(number), "code": "H02", "outcome": outcome}
        world.add(CaseLookup(**row, created_at=at(3 + number, "10:00")))
    world.add(
        CaseLookup(
            conversation_id=chi,
            message_id="x",
            code="H03",
            outcome="wrong",
            created_at=at(16, "00:00"),
        )
    )
    said = [
        (SCRIPT, "refused", "", 3, ""),
        (SCRIPT, "refused", "", 4, DA_MAI),
        ("không có gì hợp", "offered", "none", 5, ""),
        ("không có gì hợp", "offered", "none", 12, ""),
        ("không có gì hợp", "refused", "", 12, ""),
        ("chỉ một người nói", "refused", "", 5, ""),
        ("đã chọn được", "offered", A, 5, ""),
        ("đã chọn được", "offered", A, 6, ""),
        ("không có gì hợp", "refused", "", 16, ""),
    ]
    for text, outcome, choice, day, commune in said:
        values = {"text": text, "normalised": text, "outcome": outcome, "choice": choice}
        offered = [B] if outcome == "offered" else []
        row = ReviewItem(**values, procedures=offered, commune=commune, created_at=at(day, "09:00"))
        world.add(row)


def _messages(world: World, an: int, binh: int, chi: int, dung: int, em: int) -> None:
    here = {"commune": DA_MAI}
    world.says(an, at(1, "23:59:59"), "answered", A, reply=90, **here)
    world.says(an, at(2, "00:00:00"), "answered", A, reply=1.0, **here)
    world.says(an, at(2, "09:10"), "asked", reply=2.0, **here)
    world.says(an, at(11, "09:20"), "answered", B, reply=3.0, **here)
    world.says(an, at(16, "00:00:00"), "answered", A, reply=90, **here)
    world.says(an, at(20, "12:00", month=10), "answered", A, reply=7.0)
    world.says(binh, at(3, "09:00"), "refused", reply=1.0)
    world.says(binh, at(3, "09:05"), "refused", reply=4.0)
    world.says(binh, at(3, "09:30"), "staff")
    late = at(4, "23:59:59")
    waited = world.says(
        chi, late, "answered", A, finished_at=late + dt.timedelta(seconds=19), **here
    )
    message = world.session.get(Message, waited)
    for after in (5, 20):
        moment = late + dt.timedelta(seconds=after)
        world.replies(message, moment, moment)
    world.says(chi, at(11, "10:00"), "offered", A, B, reply=1.5, **here)
    world.says(dung, at(5, "08:00"), "other", kind="follow", reply=0.5)
    world.says(em, at(15, "23:59:59"), "refused", reply=1.0, error="gave up")
    world.says(em, at(15, "23:00"), "answered", A, reply=1.0, state="refused")


def _handoffs(world: World, an: int, binh: int, chi: int, dung: int) -> None:
    commune = world.add(
        Desk(code=DA_MAI, name="Phường Đa Mai", kind="commune", commune_code=DA_MAI)
    )
    justice = world.add(
        Desk(code="so-tu-phap", name="Sở Tư pháp", kind="department", department="so-tu-phap")
    )
    closed = {"state": "closed"}
    came = at(3, "09:14")
    world.add(
        Handoff(
            conversation_id=binh,
            desk_id=commune.id,
            reason="two_failures",
            created_at=at(3, "09:10"),
            picked_up_at=came,
            claimed_at=came,
            closed_at=at(3, "10:00"),
            rating=4,
            **closed,
        )
    )
    took = at(11, "10:05")
    world.add(
        Handoff(
            conversation_id=chi,
            desk_id=justice.id,
            reason="taken",
            created_at=took,
            picked_up_at=took,
            claimed_at=took,
            closed_at=at(11, "11:00"),
            rating=5,
            **closed,
        )
    )
    early = at(31, "09:00", month=10)
    world.add(
        Handoff(
            conversation_id=an,
            desk_id=justice.id,
            reason="asked",
            created_at=early,
            picked_up_at=early,
            claimed_at=early,
            closed_at=at(2, "08:00"),
            **closed,
        )
    )
    world.add(
        Handoff(
            conversation_id=dung,
            desk_id=commune.id,
            reason="asked",
            created_at=at(6, "09:00"),
            closed_at=at(6, "09:30"),
            outcome="left",
            **closed,
        )
    )
