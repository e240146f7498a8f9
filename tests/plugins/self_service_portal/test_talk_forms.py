"""What people type into the forms of the talk."""

from decimal import Decimal

import pytest

from plugins.self_service_portal.talk_forms import parse_money


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1234", "1234.00"),
        ("1234.5", "1234.50"),
        ("1234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("€ 1 234,50", "1234.50"),
        ("1\u202f234,50 €", "1234.50"),
        ("1.234", "1234.00"),
        ("1.234.567", "1234567.00"),
        ("0,99", "0.99"),
    ],
)
def test_amounts_are_read_as_four_languages_write_them(typed: str, amount: str) -> None:
    assert parse_money(typed) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["", "-5", "1,2345", "12.34.56", "1e5", "NaN", "ten", "٣", "1..5", "1.23,4.5", ".", ","],
)
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert parse_money(typed) is None
