"""Forms of the VAT book."""

from wtforms import BooleanField, DateField, HiddenField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core.i18n import lazy_gettext
from core.web.forms import Form
from plugins.vehicle_presence.vat_book.differences import Card
from plugins.vehicle_presence.vat_book.models import INVOICE
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.settling import Correction, Settlement
from plugins.vehicle_presence.vat_book.views import invoice_text

_ = lazy_gettext
_LONGEST_NUMBER = 10
_OF_ROW = ("day", "left", "plate", "vin", "vat_number", "words")


class InvoiceForm(Form):
    """Which invoice a row ended with; `none` says that the words are the reason for none."""

    words = StringField(_("Invoice reference, or reason"), [Optional(), Length(max=120)])

    def settlement(self, *, is_reference: bool) -> Settlement:
        """What was typed."""
        return Settlement(self.text("words"), is_reference)


class _AboutRow(Form):
    """What is said of a row as it was when the page was opened."""

    version = HiddenField()

    @property
    def seen(self) -> int:
        """The version of the row; 0, which none has, where it is not said."""
        text = self.text("version")
        return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else 0


class StrikeForm(_AboutRow):
    """Why a row never was to be."""

    strike_reason = StringField(
        _("Reason for striking the row"), [InputRequired(), Length(max=200)]
    )


class CorrectionForm(_AboutRow):
    """What a row should say, and why."""

    day = DateField(_("Arrived on"), [InputRequired()])
    left = DateField(_("Left on"), [Optional()])
    plate = StringField(_("Registration plate"), [Optional(), Length(max=20)])
    vin = StringField(_("Chassis number (VIN)"), [Optional(), Length(max=25)])
    vat_number = StringField(_("Client's VAT number"), [Optional(), Length(max=20)])
    words = StringField(_("Invoice reference, or reason"), [Optional(), Length(max=120)])
    none = BooleanField(_("There is no invoice: this is the reason"))
    reason = StringField(_("Reason for the correction"), [InputRequired(), Length(max=200)])

    def register_says(self, row: Row) -> dict[str, object]:
        """What the row says by now where something else is typed, by the names of the fields."""
        today = CorrectionForm.of(row)
        says = {name: today[name].data or "–" for name in _OF_ROW if self._differs(today, name)}
        if row.invoice is not None and "words" in says:
            says["words"] = invoice_text(row.invoice)
        return says

    def _differs(self, other: "CorrectionForm", name: str) -> bool:
        return (self[name].data or "") != (other[name].data or "")

    @classmethod
    def of(cls, row: Row) -> "CorrectionForm":
        """The form as the row fills it."""
        entry, invoice = row.entry, row.invoice
        return cls(
            data={
                "version": str(row.version),
                "day": entry.day,
                "left": row.exit.day if row.exit else None,
                "plate": entry.plate,
                "vin": entry.vin,
                "vat_number": entry.vat_number,
                "words": invoice.words if invoice else "",
                "none": invoice is not None and invoice.kind != INVOICE,
            }
        )

    def propose(self, card: Card | None) -> None:
        """Type what the job card says, as far as it says anything."""
        for name in ("plate", "vin", "vat_number"):
            self[name].data = (card and getattr(card, name)) or self[name].data

    def correction(self) -> Correction | None:
        """What was typed; None where the day is missing, which the form has said."""
        if self.day.data is None:
            return None
        words = self.text("words")
        return Correction(
            day=self.day.data,
            plate=self.text("plate"),
            vin=self.text("vin"),
            vat_number=self.text("vat_number"),
            settlement=Settlement(words, not self.none.data) if words or self.none.data else None,
            left=self.left.data,
        )
