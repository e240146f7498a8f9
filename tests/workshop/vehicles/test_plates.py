"""Plates in any typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workshop.vehicles.plates import display_plate, normalise_plate, plate_warning

SEPARATORS = st.text(" -._/·\t\u00a0", max_size=3)


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("1-ABC-123", "1ABC123"),
        (" 1 abc.123 ", "1ABC123"),
        ("１ＡＢＣ１２３", "1ABC123"),
        ("1\u2011abc\u2013123", "1ABC123"),
        ("B·MW 1234", "BMW1234"),
        ("tü-ab 12", "TÜAB12"),
        ("TU\u0308-AB 12", "TÜAB12"),
        ("öäü", "ÖÄÜ"),
        ("1-ÁBC-123", "1BC123"),
        ("<script>", "SCRIPT"),
        ("---", ""),
    ],
)
def test_a_plate_is_found_in_any_typing(typed: str, normalised: str) -> None:
    assert normalise_plate(typed) == normalised


@given(
    plate=st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ", min_size=1, max_size=9), data=st.data()
)
def test_separators_and_case_never_matter(plate: str, data: st.DataObject) -> None:
    typed = "".join(sign + data.draw(SEPARATORS) for sign in plate)
    assert normalise_plate(typed.lower()) == plate


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_plate(text)
    assert normalise_plate(once) == once
    assert all(sign.isupper() or sign.isdecimal() for sign in once)


@pytest.mark.parametrize(
    ("normalised", "country", "shown"),
    [
        ("1ABC123", "BE", "1-ABC-123"),
        ("ABC123", "BE", "ABC-123"),
        ("123ABC", "BE", "123-ABC"),
        ("AB123C", "NL", "AB-123-C"),
        ("12ABC3", "NL", "12-ABC-3"),
        ("ABCD12", "NL", "AB-CD-12"),
        ("AA123AA", "FR", "AA-123-AA"),
        ("AB1234", "LU", "AB 1234"),
        ("BMW1234", "DE", "BMW1234"),
        ("1ABC123", "XX", "1ABC123"),
    ],
)
def test_a_plate_is_shown_as_its_country_writes_it(
    normalised: str, country: str, shown: str
) -> None:
    assert display_plate(normalised, country) == shown


@pytest.mark.parametrize(
    ("typed", "country", "shown"),
    [("b-mw  1234", "DE", "B-MW 1234"), ("bm-w 1234", "DE", "BM-W 1234"), ("vrt", "BE", "VRT")],
)
def test_what_no_pattern_fits_is_shown_as_it_was_typed(
    typed: str, country: str, shown: str
) -> None:
    assert display_plate(normalise_plate(typed), country, typed) == shown


@given(
    st.sampled_from(["BE", "NL", "FR", "LU", "DE", "XX"]),
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=9),
)
def test_what_is_shown_is_found_again_when_it_is_typed(country: str, plate: str) -> None:
    assert normalise_plate(display_plate(plate, country)) == plate


@pytest.mark.parametrize(
    ("typed", "country", "warning"),
    [
        ("1-ABC-123", "BE", None),
        ("vrt", "BE", None),
        ("1-ABC-12345", "BE", "unusual"),
        ("1ABC", "NL", "unusual"),
        ("AA-123-AA", "FR", None),
        ("AA-12-AA", "FR", "unusual"),
        ("AB 1234", "LU", None),
        ("B-MW 1234E", "DE", None),
        ("B-MW 12345", "DE", "unusual"),
        ("whatever it is", "XX", None),
        (" - ", "BE", "empty"),
        ("", "XX", "empty"),
    ],
)
def test_a_plate_that_looks_strange_is_only_warned_about(
    typed: str, country: str, warning: str | None
) -> None:
    assert plate_warning(typed, country) == warning
