"""VAT numbers, checked by python-stdnum."""

import re

from stdnum.be import vat as belgian
from stdnum.eu import vat as european
from stdnum.exceptions import ValidationError

from core.errors import Refused


class InvalidVatNumber(Refused):
    """The number does not exist: a wrong length, country or check digit."""

    def __init__(self) -> None:
        super().__init__(
            "This VAT number is not right. Please check it for typing errors.",
            field="vat_number",
        )


def normalise_vat_number(text: str, default_country: str = "BE") -> str:
    """Country and number without separators, such as `BE0403019261`.

    Raises:
        InvalidVatNumber: as it says.
    """
    bare = re.sub(r"[^0-9A-Z]", "", text.upper())
    try:
        if not bare[:2].isalpha():
            bare = default_country + bare
        country = bare[:2]
        number = belgian.validate(bare[2:]) if country == "BE" else european.validate(bare)[2:]
    except ValidationError:
        raise InvalidVatNumber from None
    return country + number


def display_vat_number(normalised: str) -> str:
    """As people write it: `BE 0403.019.261`."""
    country, number = normalised[:2], normalised[2:]
    if country == "BE" and len(number) == 10:
        number = f"{number[:4]}.{number[4:7]}.{number[7:]}"
    return f"{country} {number}"
