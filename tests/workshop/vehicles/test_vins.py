"""Vehicle identification numbers."""

import pytest

from core.workshop.vehicles.vins import normalise_vin, vin_warning


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("wvwzzz1jz3w386752", "WVWZZZ1JZ3W386752"),
        ("WVW ZZZ 1JZ-3W386752", "WVWZZZ1JZ3W386752"),
        ("ＷＶＷZZZ1JZ3W386752", "WVWZZZ1JZ3W386752"),
        (" - ", ""),
    ],
)
def test_a_vin_is_kept_without_what_people_type_between(typed: str, normalised: str) -> None:
    assert normalise_vin(typed) == normalised


@pytest.mark.parametrize("vin", ["WVWZZZ1JZ3W386752", "yv1zw256071234567", "11111111111111111"])
def test_a_vin_whose_check_digit_is_wrong_is_not_warned_about(vin: str) -> None:
    assert vin_warning(vin) is None


@pytest.mark.parametrize(
    "vin", ["", "WVWZZZ1JZ3W38675", "WVWZZZ1JZ3W3867521", "WVWZZZ1JZ3W38675O", "IVWZZZ1JZ3W386752"]
)
def test_a_vin_of_another_length_or_with_i_o_q_is_warned_about(vin: str) -> None:
    assert vin_warning(vin) == "unusual"
