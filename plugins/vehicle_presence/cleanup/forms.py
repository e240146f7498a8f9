"""The rules of the clean-up as a form, made from the rules themselves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wtforms import BooleanField, IntegerField, SelectField
from wtforms.validators import InputRequired

from core.i18n import gettext as _
from core.web.forms import Between, Form, FormValues, options
from plugins.vehicle_presence.cleanup.rules import Mode, Rule

_NUMBER = {"inputmode": "numeric", "type": "number", "min": "0", "max": "365", "step": "1"}
MOST_DAYS = 365


def rules_form(rules: Sequence[Rule], submitted: FormValues | None = None) -> Form:
    """Three fields per rule; where a rule cannot know when a vehicle left there is nothing to
    choose about who decides."""
    fields: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for rule in rules:
        key = key_of(rule)
        fields[f"{key}_on"] = BooleanField(rule.label)
        fields[f"{key}_days"] = IntegerField(
            _("Days: %(rule)s", rule=rule.label),
            [InputRequired(), Between(0, MOST_DAYS)],
            render_kw=_NUMBER,
        )
        data |= {f"{key}_on": rule.is_on, f"{key}_days": rule.days}
        if rule.may_act:
            fields[f"{key}_mode"] = SelectField(
                _("Who decides: %(rule)s", rule=rule.label), choices=options(_modes())
            )
            data[f"{key}_mode"] = rule.mode
    made: type[Form] = type("RulesForm", (Form,), fields)
    return made(submitted, data=data)


def as_typed(rules: Sequence[Rule], form: Form) -> list[Rule]:
    """The rules as a valid form has them."""
    typed = []
    for rule in rules:
        key = key_of(rule)
        mode: Mode = form[f"{key}_mode"].data if rule.may_act else "propose"
        days = int(form[f"{key}_days"].data)
        typed.append(replace(rule, is_on=bool(form[f"{key}_on"].data), days=days, mode=mode))
    return typed


def key_of(rule: Rule) -> str:
    """What its fields begin with."""
    return "rule_" + rule.name.replace(".", "_")


def _modes() -> list[tuple[str, str]]:
    return [("automatic", _("Note it automatically")), ("propose", _("Propose it to a person"))]
