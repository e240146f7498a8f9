"""A form for a plugin's settings, made from the schema that the plugin declares."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget, NumberInput

from core.hooks.manifest import ChosenFrom, PluginSettings, in_language
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.forms import Form, FormValues, options

PREFIX = "setting_"
"""Keeps a plugin's names apart from a form's own."""


def settings_form(
    schema: type[PluginSettings],
    stored: Mapping[str, Any],
    submitted: FormValues | None = None,
    *,
    only: Collection[str] | None = None,
) -> Form:
    """A field per setting (`only`: per one of these), filled with what was submitted, else stored,
    else the default."""
    fields = {
        PREFIX + name: _field_for(name, info)
        for name, info in schema.model_fields.items()
        if only is None or name in only
    }
    made: type[Form] = type("SettingsForm", (Form,), fields)
    known = schema.in_full(stored)
    for name, info in schema.model_fields.items():
        if _labels(info) is not None:
            known[name] = ChosenFrom.keys_in(known[name])
    return made(submitted, data={PREFIX + name: value for name, value in known.items()})


def values_of(form: Form) -> dict[str, Any]:
    """What was submitted, for the schema to check."""
    return {name.removeprefix(PREFIX): _plain(value) for name, value in form.data.items()}


def show_problems(form: Form, problems: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
    """Put the schema's *no* at the fields that it is about, in the person's language."""
    for name, (kind, values) in problems.items():
        text = _problem_text(kind, values)
        if PREFIX + name in form:
            form[PREFIX + name].errors = [text]
        else:
            form.form_errors.append(text)


def label_of(name: str, info: FieldInfo) -> str:
    """A setting's title; plugins translate it in their own catalogue."""
    return _(info.title) if info.title else name.replace("_", " ")


def _field_for(name: str, info: FieldInfo) -> Field:
    label = label_of(name, info)
    if info.annotation is bool:
        return BooleanField(label)
    if get_origin(info.annotation) is Literal:
        return SelectField(
            label, choices=options((each, _(each)) for each in get_args(info.annotation))
        )
    labels = _labels(info)
    if labels is not None:
        return SelectMultipleField(
            label,
            choices=options(
                (key, in_language(texts, current_language())) for key, texts in labels.items()
            ),
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
        )
    if info.annotation is int:
        return StringField(label, widget=NumberInput(), render_kw={"step": 1, **_bounds(info)})
    return StringField(label)


def _labels(info: FieldInfo) -> Mapping[str, Mapping[str, str]] | None:
    """What may be chosen for a setting that is some of several keys; None for all others."""
    return next((rule.labels for rule in info.metadata if isinstance(rule, ChosenFrom)), None)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(value)
    return value.strip() if isinstance(value, str) else value


def _bounds(info: FieldInfo) -> dict[str, Any]:
    """`min` and `max` for the browser; the schema has the last word."""
    bounds: dict[str, Any] = {}
    for rule in info.metadata:
        for attribute, bound in (("min", "ge"), ("max", "le")):
            if getattr(rule, bound, None) is not None:
                bounds[attribute] = getattr(rule, bound)
    return bounds


def _problem_text(kind: str, values: Mapping[str, Any]) -> str:
    match kind:
        case "greater_than_equal":
            text = _("This must be at least %(least)s.", least=values["ge"])
        case "less_than_equal":
            text = _("This must be at most %(most)s.", most=values["le"])
        case "string_too_long":
            text = _("Please write at most %(most)s characters.", most=values["max_length"])
        case "int_parsing" | "int_parsing_size" | "int_from_float":
            text = _("Please type a whole number.")
        case "float_parsing":
            text = _("Please type a number.")
        case "value_error":
            text = _(str(values["error"]))
        case _other:
            text = _("Please check this value.")
    return text
