"""What a country asks of its register: columns, deadline, the law, how long it is kept.

A country is an object of data with a deadline rule; nothing else in the program asks which
country it is. Where a garage's country has no entry, :data:`PLAIN` is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from core.i18n import gettext_noop as _

Deadline = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the register. `key` names what stands in it, `share` is its width of 100."""

    key: str
    label: str
    share: int


@dataclass(frozen=True, slots=True)
class CountryRegister:
    """How a register is kept under one country's law.

    `due` turns the day on which a vehicle left into the last day for the invoice reference;
    `kept_years` run from 1 January after the year of the rows. A month is closed when
    `closing_days` of the next one are over; who owns the garage is reminded of missing invoice
    references `reminder_days` before they are due.
    """

    country: str
    title: str
    law: str
    columns: tuple[Column, ...]
    due: Deadline
    kept_years: int
    closing_days: int = 5
    reminder_days: int = 7

    def kept_until(self, day: date) -> date:
        """The last day on which rows of that day's year must still be there."""
        return date(day.year + self.kept_years, 12, 31)


def end_of_next_month(left_on: date) -> date:
    """The last day of the month after that of the exit."""
    month_after_next = first_of_next_month(first_of_next_month(left_on))
    return month_after_next - timedelta(days=1)


def fifteenth_of_next_month(left_on: date) -> date:
    """The fifteenth of the month after that of the exit."""
    return first_of_next_month(left_on).replace(day=15)


def first_of_next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_NUMBER = Column("number", _("No."), 7)
_IN = Column("entered", _("In"), 11)
_OUT = Column("left", _("Out"), 11)

BELGIUM = CountryRegister(
    country="BE",
    title=_("VAT book"),
    law=_("Register kept under articles 28 and 29 of Belgian royal decree no. 1 on VAT"),
    columns=(
        _NUMBER,
        _IN,
        Column("vehicle", _("Plate or chassis number"), 18),
        Column("vat_number", _("Client VAT no."), 16),
        _OUT,
        Column("invoice", _("Invoice, or reason for none"), 37),
    ),
    due=end_of_next_month,
    kept_years=10,
)
NETHERLANDS = CountryRegister(
    country="NL",
    title=_("Register of vehicles"),
    law=_(
        "Part of the records under article 52 of the Dutch General State Taxes Act;"
        " invoices by the fifteenth under article 34g of the Turnover Tax Act 1968"
    ),
    columns=(
        _NUMBER,
        _IN,
        Column("plate", _("Plate"), 13),
        Column("vin", _("Chassis number"), 20),
        _OUT,
        Column("invoice", _("Invoice, or reason for none"), 38),
    ),
    due=fifteenth_of_next_month,
    kept_years=7,
)
PLAIN = CountryRegister(
    country="",
    title=_("Register of vehicles"),
    law=_("Register of vehicles, kept by the garage of its own accord"),
    columns=BELGIUM.columns,
    due=end_of_next_month,
    kept_years=10,
)

REGISTERS = {each.country: each for each in (BELGIUM, NETHERLANDS)}


def register_of(country: str) -> CountryRegister:
    """The register that is kept in that country."""
    return REGISTERS.get(country, PLAIN)
