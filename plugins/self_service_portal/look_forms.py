"""The form in which the owner of a garage sets up its portal."""

import re
from typing import Any

from babel.numbers import format_decimal
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from core.errors import Refused
from core.i18n import ENDONYMS, current_language, gettext, lazy_gettext, locale_of
from core.tenancy.context import current_tenant
from core.web.colours import LEAST_ON_BRAND, nearest_readable, text_contrast
from core.web.forms import Between, Form, FormValues, options
from plugins.self_service_portal.embed_origins import origins_in
from plugins.self_service_portal.look import (
    ENTRIES,
    FEWEST_DAYS,
    MOST_DAYS,
    QUESTIONS,
    TEXT_LIMITS,
    Look,
    Texts,
)
from plugins.self_service_portal.settings import settings

_ = lazy_gettext
NEEDS = [
    ("hidden", _("Do not ask")),
    ("optional", _("May be left empty")),
    ("required", _("Must be answered")),
]
PAGES = [
    ("home", _("The first page")),
    ("vehicle", _("Which vehicle is it about?")),
    ("photos", _("Photos of the damage")),
    ("contact", _("How can we reach you?")),
    ("done", _("After a request")),
    ("status", _("Repair status")),
    ("privacy", _("Privacy notice")),
]
_COLOUR = Regexp(r"^#[0-9a-fA-F]{6}$", message=_("Please choose a colour such as #0b5cab."))
_PICKER = {"type": "color"}
_TOO_MANY_LINES = re.compile(r"\n{3,}")
_UNSEEN = dict.fromkeys([*range(9), *range(11, 32), 127])


def _without_edges(text: str | None) -> str:
    return (text or "").strip()


class LookForm(Form):
    """What is the same in every language."""

    revision = HiddenField()
    brand = StringField(_("Colour of the head"), [InputRequired(), _COLOUR], render_kw=_PICKER)
    accent = StringField(
        _("Colour of buttons and links"), [InputRequired(), _COLOUR], render_kw=_PICKER
    )
    draft_days = IntegerField(
        _("Days after which unsent requests are erased"),
        [InputRequired(), Between(FEWEST_DAYS, MOST_DAYS)],
        render_kw={"inputmode": "numeric"},
    )
    photo_days = IntegerField(
        _("Days after which their photos are erased"),
        [InputRequired(), Between(FEWEST_DAYS, MOST_DAYS)],
        render_kw={"inputmode": "numeric"},
    )
    repair_courtesy_car = BooleanField(_("Ask for the wish of a courtesy car there"))
    embed_origins = TextAreaField(
        _("Web sites that may show it"),
        filters=[_without_edges],
        render_kw={"rows": 3, "placeholder": "https://www.example.com", "inputmode": "url"},
    )
    shown_page = SelectField(_("Show in the preview"), choices=options(PAGES), default="home")
    shown_language = SelectField(_("Language of the preview"))

    def validate_accent(self, field: StringField) -> None:
        """Text of that colour, and white text on it, must be readable (WCAG 2.2, 1.4.3)."""
        problem = contrast_problem(field.data or "")
        if problem:
            raise ValidationError(problem)

    def validate_embed_origins(self, field: TextAreaField) -> None:
        """Each line names a web site."""
        try:
            origins_in(field.data or "")
        except Refused as refusal:
            raise ValidationError(gettext(refusal.message, **refusal.values)) from None

    def validate_photo_days(self, field: IntegerField) -> None:
        """Photos go with their request, or before it."""
        if field.data is not None and field.data > (self.draft_days.data or MOST_DAYS):
            raise ValidationError(
                gettext("Photos cannot be kept longer than the request that they belong to.")
            )

    @property
    def better_accent(self) -> str | None:
        """The nearest colour that can be read, where the chosen one cannot."""
        accent = self.text("accent").lower()
        return nearest_readable(accent) if contrast_problem(accent) else None


def contrast_problem(colour: str) -> str | None:
    """In words why text of that colour could not be read on a light page, and what could."""
    if not re.fullmatch(r"#[0-9a-f]{6}", colour.lower()):
        return None
    ratio = text_contrast(colour.lower())
    if ratio >= LEAST_ON_BRAND:
        return None
    return gettext(
        "Text in this colour could not be read on a light page: its contrast is %(ratio)s to 1, and"
        " 4.5 to 1 is needed. The nearest good colour is %(colour)s.",
        ratio=format_decimal(
            int(ratio * 10) / 10, format="0.0", locale=locale_of(current_language())
        ),
        colour=nearest_readable(colour.lower()),
    )


def offered_entries() -> list[str]:
    """The entries that support allows, so that the owner may hide them."""
    allowed = settings()
    return [entry for entry in ENTRIES if getattr(allowed, f"show_{entry}")]


def form_of(values: FormValues | None, look: Look, revision: int) -> LookForm:
    """The form, filled from what was typed, else from what is kept."""
    tenant = current_tenant()
    fields: dict[str, Any] = {}
    for language in tenant.languages:
        for name, limit in TEXT_LIMITS.items():
            kind = StringField if name == "welcome" else TextAreaField
            fields[f"{name}_{language}"] = kind(
                f"{_label(name)} ({ENDONYMS[language]})",
                [Length(max=limit)],
                filters=[_plain_text],
                render_kw={"lang": language},
            )
    for name in QUESTIONS:
        fields[name] = SelectField(_label(name), choices=options(NEEDS))
    for entry in offered_entries():
        fields[f"show_{entry}"] = BooleanField(_label(entry))
    form: LookForm = type("LookForm", (LookForm,), fields)(values, data=_data(look, revision))
    form.shown_language.choices = options((code, ENDONYMS[code]) for code in tenant.languages)
    if values is None:
        form.shown_language.data = tenant.default_language
    return form


def look_from(form: LookForm, former: Look) -> Look:
    """What a valid form asks for. Colours that are the garage's own anyway go on following it;
    words in languages that the garage does not speak now are kept."""
    tenant = current_tenant()
    brand, accent = form.text("brand").lower(), form.text("accent").lower()
    texts = {
        language: Texts(**{name: form.text(f"{name}_{language}") for name in TEXT_LIMITS})
        for language in tenant.languages
    }
    offered = offered_entries()
    hidden = [entry for entry in offered if not form[f"show_{entry}"].data]
    hidden += [entry for entry in former.hidden_entries if entry not in offered]
    return Look.model_validate(
        {
            **former.model_dump(),
            "brand": None if brand == tenant.brand_colour.lower() else brand,
            "accent": None if accent == nearest_readable(brand) else accent,
            "texts": {
                language: words
                for language, words in {**former.texts, **texts}.items()
                if words != Texts()
            },
            **{name: form.text(name) for name in QUESTIONS},
            "hidden_entries": tuple(entry for entry in ENTRIES if entry in hidden),
            "embed_origins": origins_in(form.text("embed_origins")),
            "repair_courtesy_car": bool(form.repair_courtesy_car.data),
            "draft_days": form.draft_days.data,
            "photo_days": form.photo_days.data,
        }
    )


def _data(look: Look, revision: int) -> dict[str, Any]:
    brand, accent = look.colours()
    texts = {
        f"{name}_{language}": getattr(look.texts.get(language, Texts()), name)
        for language in current_tenant().languages
        for name in TEXT_LIMITS
    }
    return {
        "revision": revision,
        "brand": brand,
        "accent": accent,
        "embed_origins": "\n".join(look.embed_origins),
        "repair_courtesy_car": look.repair_courtesy_car,
        "draft_days": look.draft_days,
        "photo_days": look.photo_days,
        **texts,
        **{name: look.need(name) for name in QUESTIONS},
        **{f"show_{entry}": entry not in look.hidden_entries for entry in ENTRIES},
    }


def _label(name: str) -> str:
    return {
        "welcome": gettext("Heading of the first page"),
        "intro": gettext("Text below it"),
        "next_steps": gettext("What happens next, after a request"),
        "status_foot": gettext("At the end of the repair status"),
        "consent": gettext("What customers agree to"),
        "privacy": gettext("Privacy notice"),
        "mileage": gettext("Mileage"),
        "insurer": gettext("Insurer"),
        "claim_number": gettext("Claim number"),
        "courtesy_car": gettext("Wish for a courtesy car"),
        "estimate": gettext("Make appointment for estimate"),
        "repair": gettext("Make appointment for repair"),
        "status": gettext("View repair status"),
        "pictures": gettext("Add pictures"),
    }[name]


def _plain_text(text: str | None) -> str:
    """Lines as they were typed, without what cannot be seen."""
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN)
    return _TOO_MANY_LINES.sub("\n\n", lines).strip()
