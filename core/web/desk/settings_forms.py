"""The forms with which an owner says when the garage is open and how appointments are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core.i18n import gettext, lazy_gettext
from core.web.forms import Between, Form, FormValues
from core.workshop.locations.models import Location
from core.workshop.planning.slots import AppointmentRules

_ = lazy_gettext
_NUMBER = {"inputmode": "numeric", "type": "text"}
PARTS = ("a", "b")
WEEKDAYS = range(1, 8)


class RulesForm(Form):
    """How appointments of one kind are given out."""

    duration_minutes = IntegerField(
        _("Minutes each"), [InputRequired(), Between(5, 480)], render_kw=_NUMBER
    )
    step_minutes = IntegerField(
        _("One every so many minutes"), [InputRequired(), Between(5, 480)], render_kw=_NUMBER
    )
    capacity = IntegerField(
        _("At the same time"), [InputRequired(), Between(1, 50)], render_kw=_NUMBER
    )
    per_day = IntegerField(_("At most a day"), [Optional(), Between(1, 500)], render_kw=_NUMBER)
    buffer_minutes = IntegerField(
        _("Minutes between two"), [InputRequired(), Between(0, 240)], render_kw=_NUMBER
    )
    minimum_notice_hours = IntegerField(
        _("Notice in hours"), [InputRequired(), Between(0, 336)], render_kw=_NUMBER
    )
    horizon_days = IntegerField(
        _("Days ahead"), [InputRequired(), Between(1, 180)], render_kw=_NUMBER
    )
    cancellation_notice_hours = IntegerField(
        _("Customers may change until so many hours before"),
        [InputRequired(), Between(0, 336)],
        render_kw=_NUMBER,
    )

    @classmethod
    def of(cls, kind: str, rules: AppointmentRules) -> "RulesForm":
        """The form as the rules fill it."""
        return cls(
            prefix=f"{kind}-",
            data={
                "duration_minutes": _minutes(rules.duration),
                "step_minutes": _minutes(rules.step),
                "capacity": rules.capacity,
                "per_day": rules.per_day,
                "buffer_minutes": _minutes(rules.buffer),
                "minimum_notice_hours": _minutes(rules.minimum_notice) // 60,
                "horizon_days": rules.horizon_days,
                "cancellation_notice_hours": _minutes(rules.cancellation_notice) // 60,
            },
        )

    def rules(self) -> dict[str, int]:
        """What a location stores of it: an empty field is not stored."""
        return {name: value for name, value in self.data.items() if value is not None}


class PapersForm(Form):
    """What stands on the garage's papers."""

    street = StringField(_("Street and number"), [Optional(), Length(max=120)])
    postal_code = StringField(_("Postal code"), [Optional(), Length(max=12)])
    city = StringField(_("Town"), [Optional(), Length(max=80)])
    vat_number = StringField(_("VAT number"), [Optional(), Length(max=24)])

    @classmethod
    def of(cls, location: Location) -> "PapersForm":
        """The form as the location fills it."""
        return cls(
            data={
                "street": location.street,
                "postal_code": location.postal_code,
                "city": location.city,
                "vat_number": location.vat_number,
            }
        )


class NameForm(Form):
    """What a location is called."""

    name = StringField(_("Name of the location"), [InputRequired(), Length(max=80)])


class PlaceForm(Form):
    """A further place of business."""

    name = StringField(
        _("Name of the new location"),
        [InputRequired(), Length(max=80)],
        id="new-name",
    )


@dataclass(slots=True)
class WeekHours:
    """A week of opening hours as it was typed: two pairs of texts a day, and what is wrong."""

    typed: dict[int, list[list[str]]]
    problems: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, opening_hours: Mapping[str, Sequence[Sequence[str]]]) -> "WeekHours":
        """As a location stores it."""
        typed = {}
        for number in WEEKDAYS:
            pairs = [list(pair) for pair in opening_hours.get(str(number), ())]
            typed[number] = [*pairs, ["", ""], ["", ""]][: len(PARTS)]
        return cls(typed)

    @classmethod
    def from_values(cls, values: FormValues) -> "WeekHours":
        """As a form sent it."""

        def text(edge: str, number: int, part: str) -> str:
            return str((values.getlist(f"{edge}-{number}-{part}") or [""])[0]).strip()[:8]

        typed = {
            number: [[text("opens", number, part), text("closes", number, part)] for part in PARTS]
            for number in WEEKDAYS
        }
        week = cls(typed)
        if "opens-1-a" not in values:
            week.problems[1] = gettext("Please write times as 08:00, both or none.")
        return week

    def checked(self) -> dict[str, list[list[str]]]:
        """What a location stores, days without hours left out; notes what is wrong per day."""
        hours: dict[str, list[list[str]]] = {}
        for number, typed in self.typed.items():
            try:
                pairs = [[_clock(each) for each in pair] for pair in typed if any(pair)]
            except ValueError:
                self.problems[number] = gettext("Please write times as 08:00, both or none.")
                continue
            edges = [edge for pair in pairs for edge in pair]
            if edges != sorted(set(edges)):
                self.problems[number] = gettext(
                    "Closing time must be after opening time, and hours must not overlap."
                )
            elif pairs:
                hours[str(number)] = pairs
        return hours


def _clock(text: str) -> str:
    return time.fromisoformat(text).strftime("%H:%M")


def _minutes(length: Any) -> int:
    return int(length.total_seconds() // 60)
