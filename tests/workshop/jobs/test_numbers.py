"""The number that customers get."""

from collections import Counter
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workshop.jobs.numbers import (
    ALPHABET,
    LENGTH,
    display_public_number,
    new_public_number,
    normalise_public_number,
)

NUMBERS = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_a_number_cannot_be_guessed() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert log2(len(ALPHABET) ** LENGTH) >= 40


def test_every_sign_of_the_alphabet_comes_at_every_place() -> None:
    numbers = [new_public_number() for _ in range(3000)]
    seen = [Counter(number[place] for number in numbers) for place in range(LENGTH)]
    assert all(set(signs) == set(ALPHABET) for signs in seen)
    assert len(set(numbers)) == len(numbers)


def test_a_number_has_no_signs_that_people_take_for_others() -> None:
    assert not set("ILOU") & set(ALPHABET)


@given(NUMBERS)
def test_what_is_shown_is_found_again_when_it_is_typed(number: str) -> None:
    assert normalise_public_number(display_public_number(number)) == number


@given(NUMBERS, st.data())
def test_mistyped_signs_case_and_dashes_never_matter(number: str, data: st.DataObject) -> None:
    mistakes = {"1": "1IiLl", "0": "0Oo"}
    typed = "".join(
        data.draw(st.sampled_from(mistakes.get(sign, sign + sign.lower())))
        + data.draw(st.sampled_from(["", "-", " ", ".", "–"]))
        for sign in number
    )
    assert normalise_public_number(typed) == number


@pytest.mark.parametrize(
    "text", ["", "---", "müßig", "K7Q", "'; drop table jobs --", "K7Q-X2M-9D4-1"]
)
def test_a_text_that_is_no_number_becomes_none_that_exists(text: str) -> None:
    assert len(normalise_public_number(text)) != LENGTH


def test_a_number_is_shown_in_groups_of_three() -> None:
    assert display_public_number("K7QX2M9D4") == "K7Q-X2M-9D4"
