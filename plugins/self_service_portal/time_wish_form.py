"""The form of a wish for a time."""

from datetime import date

from wtforms import BooleanField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from core.errors import Refused
from core.i18n import format_date, gettext, lazy_gettext
from core.tenancy.context import current_tenant
from core.web.desk.forms import email_rules
from core.web.forms import FormValues, options
from core.web.traps import PublicForm
from core.workshop.locations.models import Location
from plugins.self_service_portal.time_wishes import Wish

_ = lazy_gettext
HALVES = [("morning", _("In the morning")), ("afternoon", _("In the afternoon"))]


class TimeWishForm(PublicForm):
    """Who waits, how to reach them, and when it suits them. `status_code` answers a form that
    is not accepted."""

    status_code = 422

    name = StringField(
        _("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"}
    )
    email = StringField(
        _("E-mail address"),
        [Optional(), *email_rules()],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )
    phone = StringField(
        _("Phone"),
        [Optional(), Length(max=40)],
        render_kw={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )
    weekdays = SelectMultipleField(
        _("Which days suit you?"),
        [Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    halves = SelectMultipleField(
        _("When on these days?"),
        [Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        choices=options(HALVES),
    )
    consent = BooleanField(
        _("You may keep this and write to me or call me about a time."), [InputRequired()]
    )

    def validate(self, extra_validators: object = None) -> bool:
        """Also: there must be a way to reach the person."""
        fits = super().validate(extra_validators)
        if not self.text("email") and not self.text("phone"):
            text = gettext("Please give an e-mail address or a phone number.")
            self.email.errors = [*self.email.errors, text]
            return False
        return fits

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal above the form, and answer with its status."""
        self.add_refusal(refusal)
        self.status_code = refusal.status_code

    def wish(self, language: str) -> Wish:
        """What was filled in."""
        return Wish(
            name=self.text("name"),
            language=language,
            email=self.text("email") or None,
            phone=self.text("phone") or None,
            weekdays=tuple(int(day) for day in self.weekdays.data or ()),
            halves=tuple(self.halves.data or ()),
        )


def wish_form(location: Location, values: FormValues | None, **data: str) -> TimeWishForm:
    """The form with the weekdays on which the location is open."""
    form = TimeWishForm(values, data=data)
    form.weekdays.choices = options(
        (number, weekday_name(int(number)))
        for number in sorted(location.opening_hours)
        if location.opening_hours[number]
    )
    return form


def weekday_name(number: int) -> str:
    """An ISO weekday in the person's language."""
    return format_date(date(2024, 1, number), current_tenant().zone, "EEEE")
