"""VAT numbers."""

import pytest

from core.workshop.customers.vat_numbers import (
    InvalidVatNumber,
    display_vat_number,
    normalise_vat_number,
)


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("BE 0403.019.261", "BE0403019261"),
        ("be0403019261", "BE0403019261"),
        ("0403 019 261", "BE0403019261"),
        ("403.019.261", "BE0403019261"),
        ("NL 4495445B01", "NL004495445B01"),
        ("FR 40 303 265 045", "FR40303265045"),
        ("LU 150 274 42", "LU15027442"),
        ("DE 136,695 976", "DE136695976"),
    ],
)
def test_a_number_is_kept_with_its_country_and_without_separators(
    typed: str, normalised: str
) -> None:
    assert normalise_vat_number(typed) == normalised


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BE",
        "BE 0403.019.262",
        "BE 0403.019.26",
        "FR 40 303 265 046",
        "US 123456789",
        "XX1",
        "é",
    ],
)
def test_a_number_that_cannot_exist_is_refused_with_its_field(typed: str) -> None:
    with pytest.raises(InvalidVatNumber) as refused:
        normalise_vat_number(typed)
    assert refused.value.field == "vat_number"


def test_a_number_without_country_is_taken_to_be_of_the_garages() -> None:
    assert normalise_vat_number("136695976", "DE") == "DE136695976"


@pytest.mark.parametrize(
    ("normalised", "shown"),
    [("BE0403019261", "BE 0403.019.261"), ("NL004495445B01", "NL 004495445B01")],
)
def test_a_number_is_shown_as_people_write_it(normalised: str, shown: str) -> None:
    assert display_vat_number(normalised) == shown
    assert normalise_vat_number(shown) == normalised
