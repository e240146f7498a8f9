"""Registration plates: typed in any way, found all the same.

Format checks warn and never block: real plates break every pattern.
"""

import re
import unicodedata
from functools import lru_cache

_KEPT = re.compile(r"[^0-9A-ZÄÖÜ]")
_FORMATS: dict[str, tuple[str, ...]] = {
    "BE": (
        r"[1-9GMOQSTUWZ][A-Z]{3}\d{3}",
        r"[A-Z]{3}\d{3}",
        r"\d{3}[A-Z]{3}",
        r"[A-Z0-9]{1,8}",
    ),
    "NL": (r"[A-Z0-9]{6}",),
    "FR": (r"[A-Z]{2}\d{3}[A-Z]{2}",),
    "LU": (r"[A-Z]{2}\d{4}", r"\d{4,5}"),
    "DE": (r"[A-ZÄÖÜ]{2,5}\d{1,4}[EH]?",),
}
_GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "BE": (
        (r"([1-9GMOQSTUWZ])([A-Z]{3})(\d{3})", "-"),
        (r"([A-Z]{3})(\d{3})", "-"),
        (r"(\d{3})([A-Z]{3})", "-"),
    ),
    "NL": (
        (r"([A-Z]{2})(\d{3})([A-Z])", "-"),
        (r"([A-Z])(\d{3})([A-Z]{2})", "-"),
        (r"(\d)([A-Z]{3})(\d{2})", "-"),
        (r"(\d{2})([A-Z]{3})(\d)", "-"),
        (r"([A-Z]{3})(\d{2})([A-Z])", "-"),
        (r"([A-Z])(\d{2})([A-Z]{3})", "-"),
        (r"(\d)([A-Z]{2})(\d{3})", "-"),
        (r"(\d{3})([A-Z]{2})(\d)", "-"),
        (r"([A-Z0-9]{2})([A-Z0-9]{2})([A-Z0-9]{2})", "-"),
    ),
    "FR": ((r"([A-Z]{2})(\d{3})([A-Z]{2})", "-"),),
    "LU": ((r"([A-Z]{2})(\d{4})", " "),),
}


def normalise_plate(text: str) -> str:
    """The form that is searched: NFKC, upper case, letters and digits only (ÄÖÜ stay)."""
    upper = unicodedata.normalize("NFKC", text).upper()
    return _KEPT.sub("", unicodedata.normalize("NFC", upper))


@lru_cache(maxsize=16_384)
def display_plate(normalised: str, country: str, typed: str | None = None) -> str:
    """As it stands on the car: `1-ABC-123`. Germany's separators cannot be derived from the
    letters, so what was typed is kept there and wherever no pattern fits."""
    for pattern, separator in _GROUPS.get(country, ()):
        found = re.fullmatch(pattern, normalised)
        if found:
            return separator.join(found.groups())
    return " ".join(typed.split()).upper() if typed else normalised


def plate_warning(text: str, country: str) -> str | None:
    """`"unusual"` where a plate does not look like one of that country, `"empty"` where
    nothing is left of it, else None."""
    normalised = normalise_plate(text)
    if not normalised:
        return "empty"
    patterns = _FORMATS.get(country)
    if patterns is None or any(re.fullmatch(pattern, normalised) for pattern in patterns):
        return None
    return "unusual"
