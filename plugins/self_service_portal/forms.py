"""The customers' forms."""

from wtforms import (
    BooleanField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from core.i18n import gettext, lazy_gettext
from core.web.desk.forms import COUNTRIES, email_rules
from core.web.forms import Form, options
from core.web.traps import PublicForm
from core.workshop.vehicles.plates import normalise_plate

_ = lazy_gettext
ZONES = [
    ("front", _("Front")),
    ("rear", _("Rear")),
    ("left", _("Left side")),
    ("right", _("Right side")),
    ("roof", _("Roof")),
    ("glass", _("Windows")),
    ("wheels", _("Wheels")),
    ("inside", _("Inside")),
]
_PLATE = {
    "class": "plate-input",
    "autocapitalize": "characters",
    "autocomplete": "off",
    "spellcheck": "false",
    "placeholder": "1-ABC-123",
}


def has_letters_or_digits(_form: Form, field: StringField) -> None:
    """A plate of which nothing is left is no plate."""
    if not normalise_plate(field.data or ""):
        raise ValidationError(gettext("Please type the registration plate."))


class IdentifyForm(PublicForm):
    """Plate and job number."""

    plate = StringField(
        _("Registration plate"),
        [InputRequired(), Length(max=20), has_letters_or_digits],
        render_kw=_PLATE,
    )
    number = StringField(
        _("Job number"),
        [InputRequired(), Length(max=30)],
        render_kw={**_PLATE, "placeholder": "K7Q-X2M-9D4"},
    )


class LostNumberForm(PublicForm):
    """Where a job number is mailed to again, if it is the address that the garage knows."""

    plate = StringField(
        _("Registration plate"),
        [InputRequired(), Length(max=20), has_letters_or_digits],
        render_kw=_PLATE,
    )
    email = StringField(
        _("E-mail address"),
        [InputRequired(), *email_rules()],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )


class VehicleForm(PublicForm):
    """Which vehicle it is about."""

    plate = StringField(
        _("Registration plate"),
        [InputRequired(), Length(max=20), has_letters_or_digits],
        render_kw=_PLATE,
    )
    country = SelectField(_("Country of the plate"), choices=COUNTRIES, default="BE")


class DamageForm(PublicForm):
    """What happened, and where on the car."""

    damage = TextAreaField(
        _("What happened, and what is damaged?"), [InputRequired(), Length(max=5000)]
    )
    zones = SelectMultipleField(
        _("Where on the vehicle?"),
        [Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        choices=options(ZONES),
    )


class ContactForm(PublicForm):
    """How to reach the customer."""

    name = StringField(
        _("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"}
    )
    email = StringField(
        _("E-mail address"),
        [InputRequired(), *email_rules()],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )
    phone = StringField(
        _("Phone"),
        [Optional(), Length(max=40)],
        render_kw={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )


class EmailForm(PublicForm):
    """An address that was mistyped, put right."""

    email = StringField(
        _("Your e-mail address"),
        [InputRequired(), *email_rules()],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )


class CourtesyForm(Form):
    """The wish for a car meanwhile."""

    courtesy_car = BooleanField(_("I would like a courtesy car during the repair"))


class PlateForm(Form):
    """Confirming a personal link."""

    plate = StringField(
        _("Registration plate"), [InputRequired(), Length(max=20)], render_kw=_PLATE
    )
