"""Vehicle identification numbers (ISO 3779)."""

import re
import unicodedata

_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")


def normalise_vin(text: str) -> str:
    """Upper case, letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def vin_warning(text: str) -> str | None:
    """`"unusual"` unless it has 17 characters without I, O and Q. The check digit is not
    looked at: many European makers do not fill it."""
    return None if _VIN.fullmatch(normalise_vin(text)) else "unusual"
