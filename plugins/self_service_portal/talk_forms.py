"""Forms of the talk about a job: messages, estimates, answers to them."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from wtforms import DateField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from core.clock import now
from core.i18n import gettext, lazy_gettext
from core.tenancy.context import current_tenant
from core.web.forms import Form, options
from plugins.self_service_portal.messages import LONGEST, clean, is_blank

_ = lazy_gettext
HIGHEST = Decimal("1000000")
_CENT = Decimal("0.01")
_SPACES = re.compile(r"[\s\u00a0\u202f'’€]")
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")


def parse_money(text: str) -> Decimal | None:
    """An amount as people of four languages type it: `1.234,50`, `1,234.50`, `1234,5`, `€ 1 234`.

    The last comma or dot stands before the cents, unless three digits follow it.
    """
    bare = _SPACES.sub("", text)
    whole, cents = bare, ""
    last = max(bare.rfind(","), bare.rfind("."))
    if last >= 0 and not (len(bare) - last == 4 and _GROUPED.fullmatch(bare)):
        whole, cents = bare[:last], bare[last + 1 :]
        if len(cents) > 2:
            return None
    if _GROUPED.fullmatch(whole):
        whole = whole.replace(",", "").replace(".", "")
    if not (whole.isascii() and whole.isdigit()) or (cents and not cents.isdigit()):
        return None
    try:
        return Decimal(f"{whole}.{cents or 0}").quantize(_CENT)
    except InvalidOperation:
        return None


class MoneyField(StringField):
    """An amount in EUR; `amount` is the parsed one."""

    amount: Decimal | None = None

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - WTForms names it
        """Parse what was typed."""
        self.amount = parse_money(str(self.data or ""))
        if self.data and self.amount is None:
            raise ValidationError(gettext("Please type an amount, such as 1234.50."))
        if self.amount is not None and not 0 < self.amount <= HIGHEST:
            raise ValidationError(gettext("Please type an amount above 0 and below 1,000,000."))


def _once() -> HiddenField:
    """A mark of this very form, by which sending it twice is noticed."""
    return HiddenField(default=lambda: str(uuid4()))


def _cleaned(text: Any) -> Any:
    return clean(text) if isinstance(text, str) else text


def _can_be_read(_form: Form, field: StringField) -> None:
    if is_blank(field.data or ""):
        raise ValidationError(gettext("Please type your name."))


class MessageForm(Form):
    """A message of the customer, or the garage's answer."""

    body = TextAreaField(
        _("Your message"), filters=[_cleaned], render_kw={"maxlength": LONGEST, "rows": 4}
    )
    once = _once()


class WishForm(Form):
    """When to be told by mail."""

    choice = RadioField(
        _("Tell me by e-mail"),
        choices=options(
            [
                ("every", _("at every stage of the repair")),
                ("ready", _("only when my vehicle is ready")),
                ("never", _("never")),
            ]
        ),
        validate_choice=False,
    )


class QuoteForm(Form):
    """An estimate to send."""

    net = MoneyField(
        _("Amount without VAT (EUR)"), [InputRequired()], render_kw={"inputmode": "decimal"}
    )
    gross = MoneyField(
        _("Amount with VAT (EUR)"), [InputRequired()], render_kw={"inputmode": "decimal"}
    )
    valid_until = DateField(_("Valid until"), [InputRequired()])
    note = TextAreaField(
        _("What the customer should know"),
        [Optional(), Length(max=2000)],
        filters=[_cleaned],
        render_kw={"rows": 4},
    )
    once = _once()

    def validate_gross(self, field: MoneyField) -> None:
        """With VAT it cannot be less."""
        net = self.net.amount
        if net is not None and field.amount is not None and field.amount < net:
            raise ValidationError(gettext("With VAT, the amount cannot be lower than without."))

    def validate_valid_until(self, field: DateField) -> None:
        """Whoever gets it must have time to read it."""
        today = now().astimezone(current_tenant().zone).date()
        if field.data is not None and not today <= field.data:
            raise ValidationError(gettext("Please choose today or a later day."))


class DecisionForm(Form):
    """The customer's answer to an estimate."""

    name = StringField(
        _("Your name"),
        [InputRequired(), Length(max=120), _can_be_read],
        filters=[_cleaned],
        render_kw={"autocomplete": "name"},
    )
    reason = TextAreaField(
        _("Why? (you may leave this empty)"),
        [Optional(), Length(max=1000)],
        filters=[_cleaned],
        render_kw={"rows": 3},
    )
    shown = HiddenField()
