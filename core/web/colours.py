"""A garage's own colour, with whatever stands on it or is written in it still to be read."""

from functools import lru_cache

WHITE, BLACK = "#ffffff", "#000000"
INKS = (WHITE, "#10151c", BLACK)
LIGHT_SURFACE, DARK_SURFACE = WHITE, "#1f2933"
LEAST_ON_BRAND = 4.5
"""WCAG 2.2, 1.4.3. White or black always reaches it."""
LEAST_OF_LINKS = 5.5
"""More, because links stand on tinted surfaces too."""
TEXT_SURFACES = (WHITE, "#f4f6f9", "#eef1f5")
"""What text stands on where a page is light: cards, the page itself, sunken fields."""
_STEPS = 20
_FINE_STEPS = 255


def theme_of(colour: str, accent: str | None = None) -> str:
    """Custom properties for a brand colour such as `#0b5cab`, as a style sheet. `accent` is the
    colour of buttons and links, where that is another."""
    lead = accent or colour
    light = _readable(lead, towards=BLACK, on=LIGHT_SURFACE, least_share=0.1)
    dark = _readable(lead, towards=WHITE, on=DARK_SURFACE, least_share=0.55)
    second = f"--accent:{lead};--accent-ink:{ink_on(lead)};" if accent else ""
    return (
        f"@layer tenant{{:root{{--brand:{colour};--brand-ink:{ink_on(colour)};{second}"
        f"--link:light-dark({light},{dark})}}}}\n"
    )


def ink_on(colour: str) -> str:
    """White, or else a dark ink, whichever can be read on that colour."""
    return next(each for each in INKS if contrast(colour, each) >= LEAST_ON_BRAND)


def text_contrast(colour: str) -> float:
    """How well text of that colour can be read on our light pages, at its worst place."""
    return min(contrast(colour, surface) for surface in TEXT_SURFACES)


@lru_cache(maxsize=1024)
def nearest_readable(colour: str) -> str:
    """The colour itself if text of it can be read on our light pages, else the nearest darker
    one of the same hue that can."""
    return next(
        mixed
        for share in range(_FINE_STEPS + 1)
        if text_contrast(mixed := _mixed(colour, BLACK, share / _FINE_STEPS)) >= LEAST_ON_BRAND
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(colour: str, *, towards: str, on: str, least_share: float) -> str:
    """The colour, mixed with black or white until it can be read on a surface."""
    mixed = (
        _mixed(colour, towards, share / _STEPS)
        for share in range(round(least_share * _STEPS), _STEPS + 1)
    )
    return next(each for each in mixed if contrast(each, on) >= LEAST_OF_LINKS)


def _mixed(one: str, other: str, share: float) -> str:
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _luminance(colour: str) -> float:
    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
