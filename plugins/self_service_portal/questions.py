"""The questions that a garage may add to a request for an estimate, and its consent text."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from core.clock import now
from core.i18n import gettext, lazy_gettext
from core.web.forms import Between, Form, options
from plugins.self_service_portal.look import QUESTIONS, current_look

_ = lazy_gettext
STEP_OF: Mapping[str, str] = {
    "mileage": "vehicle",
    "insurer": "contact",
    "claim_number": "contact",
    "courtesy_car": "contact",
}
CONSENT_STEP = "contact"
_JOB_FIELDS: Mapping[str, str] = {
    "mileage": "mileage_at_estimate",
    "insurer": "insurer",
    "claim_number": "claim_number",
}
_YES = "yes"
_ASIDE = dict.fromkeys(map(ord, " .,'’\xa0"))


class MileageField(IntegerField):
    """Kilometres as people type them: `123 456`, `123.456 km`."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Leave spaces, points and the unit aside."""
        plain = [str(text).lower().removesuffix("km").translate(_ASIDE) for text in valuelist]
        super().process_formdata(plain)


def _mileage(rule: Any) -> Any:
    return MileageField(
        _("Mileage (km)"),
        [rule, Between(0, 3_000_000)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )


def _insurer(rule: Any) -> Any:
    return StringField(_("Your insurer"), [rule, Length(max=120)])


def _claim_number(rule: Any) -> Any:
    return StringField(
        _("Claim number at the insurer"), [rule, Length(max=60)], render_kw={"autocomplete": "off"}
    )


def _courtesy_car(rule: Any) -> Any:
    return RadioField(
        _("Would you like a courtesy car during the repair?"),
        [rule],
        choices=options([(_YES, _("Yes")), ("no", _("No"))]),
    )


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "mileage": _mileage,
    "insurer": _insurer,
    "claim_number": _claim_number,
    "courtesy_car": _courtesy_car,
}


def asked(step: str) -> list[str]:
    """The garage's further questions on that page, in order."""
    look = current_look()
    return [name for name in QUESTIONS if STEP_OF[name] == step and look.need(name) != "hidden"]


def form_with(base: type[Form], step: str) -> type[Form]:
    """The form of a page with the garage's further questions, and the box for its consent."""
    look = current_look()
    fields: dict[str, Any] = {}
    for name in asked(step):
        is_needed = look.need(name) == "required"
        fields[name] = _FIELDS[name](InputRequired() if is_needed else Optional())
    wording, _language = look.consent()
    if step == CONSENT_STEP and wording:
        fields["consent_mark"] = HiddenField(default=_mark(wording))
        fields["consent"] = BooleanField(
            _("I agree"),
            [InputRequired(gettext("Please tick the box, or call us instead.")), _is_what_was_read],
        )
    return type(base.__name__, (base,), fields) if fields else base


def kept(step: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a page's answers: for a consent its exact wording, and when it was given."""
    found = {name: value for name, value in answers.items() if name != "consent_mark"}
    if step == CONSENT_STEP and found.get("consent"):
        wording, language = current_look().consent()
        found["consent"] = {"wording": wording, "language": language, "at": now().isoformat()}
    return found


def lacks(step: str, answers: Mapping[str, Any]) -> bool:
    """Whether a page that was answered must be asked again: the garage has meanwhile made a
    question a required one, or written another consent text."""
    look = current_look()
    if any(
        look.need(name) == "required" and answers.get(name) in {None, ""} for name in asked(step)
    ):
        return True
    wordings = look.consents()
    if step != CONSENT_STEP or not wordings:
        return False
    given = answers.get("consent")
    return not isinstance(given, Mapping) or given.get("wording") not in wordings


def job_details(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The job's fields that the further answers fill."""
    found: dict[str, Any] = {}
    for name, field in _JOB_FIELDS.items():
        value = answers.get(STEP_OF[name], {}).get(name)
        if value not in {None, ""}:
            found[field] = value
    if answers.get(STEP_OF["courtesy_car"], {}).get("courtesy_car") == _YES:
        found["courtesy_car_wished"] = True
    return found


def _is_what_was_read(form: Form, _field: BooleanField) -> None:
    wording, _language = current_look().consent()
    if form.text("consent_mark") != _mark(wording):
        raise ValidationError(gettext("This text has changed. Please read it again and agree."))


def _mark(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()[:16]
