"""Forms of the VAT book."""

from wtforms import BooleanField, DateField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core.i18n import lazy_gettext
from core.web.forms import Form
from plugins.vehicle_presence.vat_book.models import INVOICE
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.settling import Correction, Settlement

_ = lazy_gettext


class InvoiceForm(Form):
    """Which invoice a row ended with; `none` says that the words are the reason for none."""

    words = StringField(_("Invoice reference, or reason"), [Optional(), Length(max=120)])

    def settlement(self, *, is_reference: bool) -> Settlement:
        """What was typed."""
        return Settlement(self.text("words"), is_reference)


class CorrectionForm(Form):
    """What a row should say, and why."""

    day = DateField(_("Arrived on"), [InputRequired()])
    left = DateField(_("Left on"), [Optional()])
    plate = StringField(_("Registration plate"), [Optional(), Length(max=20)])
    vin = StringField(_("Chassis number (VIN)"), [Optional(), Length(max=25)])
    vat_number = StringField(_("Client's VAT number"), [Optional(), Length(max=20)])
    words = StringField(_("Invoice reference, or reason"), [Optional(), Length(max=120)])
    none = BooleanField(_("There is no invoice: this is the reason"))
    reason = StringField(_("Reason for the correction"), [InputRequired(), Length(max=200)])

    @classmethod
    def of(cls, row: Row) -> "CorrectionForm":
        """The form as the row fills it."""
        entry, invoice = row.entry, row.invoice
        return cls(
            data={
                "day": entry.day,
                "left": row.exit.day if row.exit else None,
                "plate": entry.plate,
                "vin": entry.vin,
                "vat_number": entry.vat_number,
                "words": invoice.words if invoice else "",
                "none": invoice is not None and invoice.kind != INVOICE,
            }
        )

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
            settlement=Settlement(words, not self.none.data) if words else None,
            left=self.left.data,
        )
