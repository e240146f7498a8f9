"""The staff's forms."""

from uuid import UUID

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp

from core.i18n import ENDONYMS, LANGUAGES, lazy_gettext
from core.web.forms import Between, Form, options
from core.workshop.jobs.services import MOST_KILOMETRES

_ = lazy_gettext
COUNTRIES = options(
    [
        ("BE", _("Belgium")),
        ("NL", _("Netherlands")),
        ("FR", _("France")),
        ("LU", _("Luxembourg")),
        ("DE", _("Germany")),
        ("", _("Other")),
    ]
)
LANGUAGE_CHOICES = options((code, ENDONYMS[code]) for code in LANGUAGES)


def email_rules() -> list[object]:
    """An address that a mail could reach; whether it does, only a mail can tell."""
    return [
        Length(max=254),
        Regexp(
            r"\s*[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+\s*$",
            message=_("Please type an e-mail address such as name@example.com."),
        ),
    ]


class LoginForm(Form):
    """E-mail and password."""

    email = StringField(
        _("E-mail address"),
        [InputRequired()],
        render_kw={"autocomplete": "username", "type": "email"},
    )
    password = PasswordField(
        _("Password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )


class ForgottenForm(Form):
    """Where to send the link."""

    email = StringField(
        _("E-mail address"),
        [InputRequired(), *email_rules()],
        render_kw={"autocomplete": "username", "type": "email"},
    )


class PasswordForm(Form):
    """A new password."""

    password = PasswordField(
        _("New password"),
        [InputRequired(), Length(max=1000)],
        render_kw={"autocomplete": "new-password"},
    )


class CustomerForm(Form):
    """How a customer is called and reached."""

    name = StringField(_("Name"), [InputRequired(), Length(max=120)])
    email = StringField(
        _("E-mail address"), [Optional(), *email_rules()], render_kw={"type": "email"}
    )
    phone = StringField(_("Phone"), [Optional(), Length(max=40)], render_kw={"type": "tel"})
    language = SelectField(_("Language"), choices=LANGUAGE_CHOICES)
    street = StringField(_("Street and number"), [Optional(), Length(max=120)])
    postal_code = StringField(_("Postal code"), [Optional(), Length(max=12)])
    city = StringField(_("Town"), [Optional(), Length(max=80)])
    vat_number = StringField(_("VAT number"), [Optional(), Length(max=24)])


class ErasureForm(Form):
    """Why a customer's data is erased."""

    reason = StringField(_("Reason"), [InputRequired(), Length(max=200)])


class VehicleFields(Form):
    """What is known of a vehicle."""

    make = StringField(_("Make"), [Optional(), Length(max=60)])
    model = StringField(_("Model"), [Optional(), Length(max=60)])
    colour = StringField(_("Colour"), [Optional(), Length(max=60)])
    vin = StringField(_("Chassis number (VIN)"), [Optional(), Length(max=25)])
    first_registration = DateField(_("First registration"), [Optional()])


class ContactFields(Form):
    """How a customer can be reached."""

    name = StringField(
        _("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"}
    )
    email = StringField(
        _("E-mail address"), [Optional(), *email_rules()], render_kw={"type": "email"}
    )
    phone = StringField(_("Phone"), [Optional(), Length(max=40)], render_kw={"type": "tel"})
    language = SelectField(_("Language"), choices=LANGUAGE_CHOICES)


def as_uuid(value: object) -> UUID | None:
    """An id of a choice: the form's text or the row's own; None where none came.

    Raises:
        ValueError: it is no id.
    """
    return UUID(str(value)) if value else None


class NewJobForm(ContactFields, VehicleFields):
    """Opening a job at the desk."""

    plate = StringField(
        _("Registration plate"),
        [InputRequired(), Length(max=20)],
        render_kw={"class": "plate-input", "autocapitalize": "characters", "autocomplete": "off"},
    )
    plate_country = SelectField(_("Country of the plate"), choices=COUNTRIES, default="BE")
    flow_id = SelectField(_("Damage flow"))
    location_id = SelectField(_("Location"), coerce=as_uuid)
    damage = TextAreaField(_("Damage"), [Optional(), Length(max=5000)])


class JobForm(VehicleFields):
    """The job card's fields."""

    version = HiddenField()
    location_id = SelectField(_("Location"), coerce=as_uuid)
    damage = TextAreaField(_("Damage"), [Optional(), Length(max=5000)])
    comments = TextAreaField(_("Comments"), [Optional(), Length(max=5000)])
    starts_on = DateField(_("Start date"), [Optional()])
    ends_on = DateField(_("End date"), [Optional()])
    estimated_completion = DateField(_("Estimated completion date"), [Optional()])
    book_out_date = DateField(_("Book-out date"), [Optional()])
    mileage_at_estimate = IntegerField(
        _("Mileage at estimate (km)"), [Optional(), Between(0, MOST_KILOMETRES)]
    )
    mileage_at_repair = IntegerField(
        _("Mileage at repair (km)"), [Optional(), Between(0, MOST_KILOMETRES)]
    )
    claim_capacity = SelectField(_("Claim"))
    insurer = StringField(_("Insurer"), [Optional(), Length(max=120)])
    expert = StringField(_("Expert"), [Optional(), Length(max=120)])
    claim_number = StringField(_("Claim number"), [Optional(), Length(max=60)])
    invoice_reference = StringField(_("Invoice reference"), [Optional(), Length(max=60)])
    courtesy_car_wished = BooleanField(_("Courtesy car wished"))


class InvitationForm(Form):
    """Somebody new at the garage."""

    name = StringField(_("Name"), [InputRequired(), Length(max=120)])
    email = StringField(
        _("E-mail address"), [InputRequired(), *email_rules()], render_kw={"type": "email"}
    )
    role = SelectField(_("Role"))
    language = SelectField(_("Language"), choices=LANGUAGE_CHOICES)


class ClosureForm(Form):
    """Days on which the garage is closed."""

    first_day = DateField(_("First day"), [InputRequired()])
    last_day = DateField(_("Last day"), [InputRequired()])
    reason = StringField(_("Reason"), [Optional(), Length(max=120)])
