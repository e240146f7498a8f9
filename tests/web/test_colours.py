"""A garage may have any colour: what stands on it, or is written in it, can be read."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.colours import contrast, nearest_readable, text_contrast, theme_of

LEAST = 4.5
SURFACES = {"light": ("#ffffff", "#f4f6f9", "#eef1f5"), "dark": ("#182029", "#1f2933", "#0f141a")}
COLOURS = [
    f"#{red}{green}{blue}" for red, green, blue in product(("00", "44", "88", "bb", "ff"), repeat=3)
]
PROPERTY = re.compile(r"--([a-z-]+):([^;}]+)")


@pytest.mark.parametrize("colour", COLOURS)
def test_text_on_a_garages_colour_can_be_read_whatever_the_colour(colour: str) -> None:
    found = dict(PROPERTY.findall(theme_of(colour)))
    assert found["brand"] == colour
    assert contrast(colour, found["brand-ink"]) >= LEAST


@pytest.mark.parametrize("colour", COLOURS)
def test_links_in_a_garages_colour_can_be_read_in_light_and_dark(colour: str) -> None:
    found = dict(PROPERTY.findall(theme_of(colour)))
    light, dark = re.findall(r"#[0-9a-f]{6}", found["link"])
    assert all(contrast(light, surface) >= LEAST for surface in SURFACES["light"])
    assert all(contrast(dark, surface) >= LEAST for surface in SURFACES["dark"])


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#ffffff", "#ffffff", 1.0)],
)
def test_contrast_is_the_one_that_the_guidelines_define(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(one, other) == contrast(other, one)


HEX_COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colour=HEX_COLOURS)
def test_the_nearest_good_colour_can_be_read_and_one_step_lighter_could_not(colour: str) -> None:
    good = nearest_readable(colour)
    assert text_contrast(good) >= LEAST
    assert contrast(good, "#ffffff") >= LEAST
    if text_contrast(colour) >= LEAST:
        assert good == colour
    else:
        lighter = [min(255, part + 3) for part in bytes.fromhex(good[1:])]
        assert text_contrast("#" + bytes(lighter).hex()) < LEAST


@given(brand=HEX_COLOURS, accent=HEX_COLOURS)
def test_with_two_colours_buttons_and_links_can_be_read_too(brand: str, accent: str) -> None:
    found = dict(PROPERTY.findall(theme_of(brand, accent)))
    assert (found["brand"], found["accent"]) == (brand, accent)
    assert contrast(accent, found["accent-ink"]) >= LEAST
    light, dark = re.findall(r"#[0-9a-f]{6}", found["link"])
    assert all(contrast(light, surface) >= LEAST for surface in SURFACES["light"])
    assert all(contrast(dark, surface) >= LEAST for surface in SURFACES["dark"])
