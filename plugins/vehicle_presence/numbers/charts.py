"""Plain charts as shapes in percent of their frame: the browser stretches them, and all text
stays text beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Part:
    """A coloured piece of a column, `top` and `height` in percent."""

    key: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A column of a chart with its values by key; `left` and `width` in percent."""

    first: date
    last: date
    values: Mapping[str, float]
    left: float
    width: float
    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.values.values())


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Stacked columns over time; `ticks` are the numbers beside it, the highest first."""

    keys: tuple[str, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(bar.total for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a bar chart: `share` is its length in percent of the longest."""

    key: str
    value: float
    share: float


def column_chart(
    keys: Sequence[str], columns: Sequence[tuple[date, date, Mapping[str, float]]]
) -> ColumnChart:
    """Columns of equal width; of each the first key stands at the bottom."""
    top = nice_top(max((sum(values.values()) for *_span, values in columns), default=0))
    slot = 100 / max(len(columns), 1)
    bars = []
    for place, (first, last, values) in enumerate(columns):
        left, width = slot * (place + 0.14), slot * 0.72
        parts, height = [], 0.0
        for key in keys:
            share = 100 * values.get(key, 0) / top
            if share:
                height += share
                parts.append(Part(key, round(100 - height, 2), round(share, 2)))
        bars.append(Bar(first, last, values, round(left, 2), round(width, 2), tuple(parts)))
    return ColumnChart(tuple(keys), tuple(bars), (top, top // 2, 0))


def bar_rows(values: Mapping[str, float]) -> list[Row]:
    """Lines in the given order."""
    longest = max(values.values(), default=0) or 1
    return [Row(key, value, round(100 * value / longest, 1)) for key, value in values.items()]


def nice_top(highest: float) -> int:
    """A round even number that is not below `highest`, so that half of it is one too."""
    if highest <= 2:
        return 2
    size: int = 10 ** floor(log10(highest))
    step = next(step for step in STEPS if step * size >= highest)
    top = ceil(step * size)
    return top + top % 2
