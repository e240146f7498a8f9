"""Cells that no spreadsheet runs, and that lose nothing."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workshop.csv_lines import csv_lines, escaped, separator_of, unescaped


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_every_cell_comes_back_and_none_begins_a_formula(text: str) -> None:
    body = csv_lines([[text, "x"]], ";").decode()
    (row,) = list(csv.reader(io.StringIO(body, newline=""), delimiter=";", strict=True))
    assert unescaped(row[0]) == text
    assert row[0][:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


@pytest.mark.parametrize("name", ["'t Hooft", "O'Brien", "Peeters-Janssens", "x=1"])
def test_a_name_that_is_no_formula_stays_as_it_is(name: str) -> None:
    assert escaped(name) == name


def test_what_was_escaped_by_hand_is_not_taken_for_ours() -> None:
    assert escaped("'=1") == "''=1"
    assert unescaped("''=1") == "'=1"


def test_spreadsheets_with_decimal_commas_get_semicolons() -> None:
    assert {language: separator_of(language) for language in ("nl", "fr", "de", "en")} == {
        "nl": ";",
        "fr": ";",
        "de": ";",
        "en": ",",
    }
