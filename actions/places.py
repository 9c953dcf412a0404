"""Where the citizen is: heard, asked for, remembered, and the office that serves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa_sdk.events import SlotSet

from actions import buttons, failures
from actions.base import BotAction, Event, Turn
from bot.catalogue.records import ProcedureRecord
from bot.services import catalogue, offices, places
from bot.services.places import ONE, OUTSIDE, SEVERAL, WHOLE, Resolution, Unit
from nlu.places import find, only

ASKED, HERE = "asked_place", "commune_code"
SHOWN = 5
_QUESTIONS = {
    places.DISTRICTS_GONE: "utter_place_district",
    places.TWO_SENSES: "utter_place_two_senses",
    places.FORMER_PROVINCE: "utter_place_former_province_units",
    places.SAME_NAME: "utter_place_same_name",
    places.OLDER: "utter_place_older",
}
_CHANGES = {places.RENAMED: "utter_place_renamed", places.MERGED: "utter_place_merged"}


class ActionChoosePlace(BotAction):
    """A tapped commune."""

    action_name = "action_choose_place"
    readonly = True
    keeps_offer = True

    def answer(self, turn: Turn) -> list[Event]:
        """Remember it and name its office; a code that is none of ours is told to be stale."""
        chosen = places.unit(turn.ordered(HERE))
        if chosen is None:
            turn.say("utter_stale_button")
            return []
        return _settle(turn, Resolution(ONE, (chosen,), chosen.said))


class ActionReceivedLocation(BotAction):
    """A shared position."""

    action_name = "action_received_location"
    readonly = True
    keeps_offer = True

    def answer(self, turn: Turn) -> list[Event]:
        """Offer the nearest communes: which one's people the citizen is of, no distance tells."""
        try:
            position = float(turn.ordered("latitude")), float(turn.ordered("longitude"))
        except ValueError:
            turn.say("utter_location_unreadable")
            return [_asked(())]
        near = offices.nearest(*position)
        if not near:
            turn.say("utter_nearest_outside", province=places.tables().province)
            return [_asked(())]
        lines = "\n".join(f"- {unit.name}: {km:.0f} km" for unit, km in near)
        units = [unit for unit, _ in near]
        turn.say("utter_nearest", _choices(units, {}), units=lines)
        return [_asked(units)]


def heard(turn: Turn) -> Resolution | None:
    """The place that this message says the citizen is in."""
    asked = turn.slot(ASKED)
    mention = places.current(find(turn.text, expecting=asked is not None))
    if mention is None:
        return None
    place = places.choose(places.resolve(mention), (asked or {}).get("units", ()))
    here = turn.slot(HERE)
    if here and place.kind == WHOLE and not place.reason:
        return None  # "ở Bắc Ninh" says less than is known
    return places.choose(place, [here]) if here else place


def _said_before(turn: Turn) -> Resolution | None:
    """The place of an earlier message that still needs a question back."""
    said = (turn.slot(ASKED) or {}).get("said", "")
    mention = places.current(find(said, expecting=True))
    return places.resolve(mention) if mention else None


def remembered(turn: Turn) -> list[Event]:
    """Remember the place of a message that asks something else; nothing is said about it.

    What needs a question back is kept as it was said, until somebody asks where.
    """
    place = heard(turn)
    if place is None:
        return []
    if place.kind == ONE:
        return [SlotSet(HERE, place.units[0].code)]
    return [SlotSet(ASKED, {"units": [], "said": place.said})]


def where(turn: Turn, record: ProcedureRecord) -> list[Event]:
    """After the answer to "where": the office for the citizen's place, or the question for it."""
    kind = offices.kind_for(record)
    if kind is None:
        return remembered(turn)
    place = heard(turn) or _said_before(turn)
    if place is not None:
        return _tell(turn, place, kind)
    here = places.unit(turn.slot(HERE) or "")
    if here is not None:
        _say_office(turn, here, kind)
        return []
    if kind == offices.PROVINCIAL_CENTRE:
        return []  # one for all: no reason to ask where somebody lives
    turn.say("utter_place_ask")
    return [_asked(())]


def answered_alone(turn: Turn) -> list[Event]:
    """The events of a message that says nothing but a place; [] when it says more, or none."""
    asked = turn.slot(ASKED) is not None
    if not only(turn.text, find(turn.text, expecting=asked)):
        return []
    place = heard(turn)
    return _settle(turn, place) if place else []


def office_alone(turn: Turn) -> list[Event]:
    """The events of a question about a commune's office that names no procedure; [] for none."""
    place = heard(turn)
    return _settle(turn, place) if place and place.kind in (ONE, SEVERAL) else []


def _settle(turn: Turn, place: Resolution) -> list[Event]:
    """Take a place in, with the procedure that is talked about."""
    code = turn.slot("procedure_code")
    record = catalogue.get(turn.session, code) if code else None
    outcome = "answered" if place.kind == ONE and record else "other"
    turn.trace(outcome, [record.code] if record else [], intent="ask_where")
    kind = offices.kind_for(record) if record else offices.COMMUNE_DESK
    return [*_tell(turn, place, kind), *failures.clear(turn)]


def _tell(turn: Turn, place: Resolution, kind: str | None) -> list[Event]:
    if place.kind == ONE:
        return _told(turn, place, kind)
    province = places.tables().province
    said = _capital(place.said)
    if place.kind == OUTSIDE:
        turn.say("utter_place_outside", said=place.said, province=province)
        return []
    if place.kind == SEVERAL:
        labels = dict(place.labels)
        turn.say(
            _QUESTIONS[place.reason],
            _choices(place.units, labels),
            said=said if place.reason == places.OLDER else place.said,
            province=province,
            count=str(len(place.units)),
            units=", ".join(_labelled(unit, labels) for unit in place.units),
        )
        return [_asked(place.units[:SHOWN] if place.labels else place.units)]
    former = place.reason == places.FORMER_PROVINCE
    name = place.said.removeprefix("tỉnh ")
    response = "utter_place_former_province" if former else "utter_place_ask_narrower"
    turn.say(response, said=name, province=province)
    return [_asked(())]


def _told(turn: Turn, place: Resolution, kind: str | None) -> list[Event]:
    unit = place.units[0]
    if place.reason in _CHANGES:
        turn.say(_CHANGES[place.reason], said=_capital(place.said), unit=unit.said)
    if kind is not None:
        _say_office(turn, unit, kind)
    else:
        turn.say("utter_place_noted", unit=unit.said)
    return [SlotSet(HERE, unit.code), SlotSet(ASKED, None)]


def _say_office(turn: Turn, unit: Unit, kind: str) -> None:
    office = offices.office_for(unit, kind)
    response = "utter_office_without_address"
    if office.address:
        response = "utter_office_sample" if office.sample else "utter_office"
    turn.say(
        response,
        unit=unit.said,
        office=office.name,
        address=office.address,
        hours=office.hours,
        hotline=turn.hotline,
    )


def _asked(units: Iterable[Unit]) -> Event:
    """Remember that the place was asked for, and what was offered."""
    event: dict[str, Any] = SlotSet(ASKED, {"units": [unit.code for unit in units]})
    return event


def _choices(units: Iterable[Unit], labels: dict[str, str]) -> list[buttons.Button]:
    return [buttons.place(unit.code, _labelled(unit, labels)) for unit in list(units)[:SHOWN]]


def _labelled(unit: Unit, labels: dict[str, str]) -> str:
    label = labels.get(unit.code)
    return f"{unit.name} ({label})" if label else unit.name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
