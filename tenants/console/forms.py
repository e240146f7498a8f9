"""The console's forms; those for plugin settings are made from the plugin's schema."""

from wtforms import PasswordField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput

from core.i18n import LANGUAGES, lazy_gettext
from core.web.desk.forms import COUNTRIES, LANGUAGE_CHOICES, email_rules
from core.web.forms import Form
from tenants.lifecycle import TIMEZONES

_ = lazy_gettext


class LoginForm(Form):
    """E-mail, password and the authenticator's code."""

    email = StringField(
        _("E-mail address"),
        [InputRequired(), Length(max=254)],
        render_kw={"autocomplete": "username", "type": "email"},
    )
    password = PasswordField(
        _("Password"),
        [InputRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    code = StringField(
        _("Code from your authenticator"),
        [InputRequired(), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


class NewGarageForm(Form):
    """What is needed to open a garage."""

    slug = StringField(
        _("Subdomain"),
        [DataRequired(), Length(max=40)],
        render_kw={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"},
    )
    name = StringField(_("Name of the garage"), [DataRequired(), Length(max=120)])
    languages = SelectMultipleField(
        _("Languages"),
        [InputRequired(message=_("Please choose at least one of the languages."))],
        choices=LANGUAGE_CHOICES,
        default=LANGUAGES,
        option_widget=CheckboxInput(),
    )
    owner_name = StringField(_("Name of the owner"), [DataRequired(), Length(max=120)])
    owner_email = StringField(
        _("E-mail address of the owner"),
        [InputRequired(), *email_rules()],
        render_kw={"type": "email"},
    )
    phone = StringField(_("Phone"), [Optional(), Length(max=40)], render_kw={"type": "tel"})
    email = StringField(
        _("E-mail address"), [Optional(), *email_rules()], render_kw={"type": "email"}
    )
    street = StringField(_("Street and number"), [Optional(), Length(max=120)])
    postal_code = StringField(_("Postal code"), [Optional(), Length(max=12)])
    city = StringField(_("City"), [Optional(), Length(max=80)])
    country = SelectField(
        _("Country"),
        choices=[each for each in COUNTRIES if each.value in TIMEZONES],
        default="BE",
    )
    vat_number = StringField(_("VAT number"), [Optional(), Length(max=24)])


class ReasonForm(Form):
    """Why support does something: both logs keep it."""

    reason = StringField(
        _("Reason"), [DataRequired(), Length(max=300)], render_kw={"autocomplete": "off"}
    )


class ClosingForm(Form):
    """Why a garage is closed."""

    reason = TextAreaField(_("Reason"), [DataRequired(), Length(max=1000)])


class DomainForm(Form):
    """A host name of the garage's own."""

    host = StringField(
        _("Host name"),
        [DataRequired(), Length(max=253)],
        render_kw={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"},
    )
