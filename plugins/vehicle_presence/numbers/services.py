"""The three charts of a period, and the numbers above them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import gettext as _
from plugins.vehicle_presence.numbers import repository
from plugins.vehicle_presence.numbers.charts import ColumnChart, Row, bar_rows, column_chart
from plugins.vehicle_presence.numbers.csv_files import Cell
from plugins.vehicle_presence.numbers.periods import Period

STAGES = ("before", "work", "ready", "over")
WAITING = ("before", "ready", "over")
CHARTS = ("stages", "forgotten", "places")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the page shows. Averages are None where nothing was there to count."""

    period: Period
    left: int
    average_days: float | None
    stages: list[Row]
    forgotten: ColumnChart
    places: ColumnChart
    waiting_share: float | None
    is_cut: bool = False
    """There are more vehicles than :data:`repository.MOST`, and the newest were looked at."""

    @property
    def is_empty(self) -> bool:
        """Whether no vehicle was here in the whole period."""
        return not self.left and self.places.is_empty


def stage_label(stage: str) -> str:
    """What a stage is called."""
    return {
        "before": _("Waits for work"),
        "work": _("In work"),
        "ready": _("Waits for collection"),
        "over": _("Forgotten: over, but marked in"),
    }[stage]


async def numbers_of(
    session: AsyncSession, period: Period, location_id: UUID | None = None
) -> Numbers:
    """Two questions to the database, whatever the period; of the whole garage or one location."""
    spent = await repository.stage_days(session, period.begins, period.moment, location_id)
    counted = await repository.nights(session, period, location_id)
    found = counted.vehicles
    columns = [
        (column.first, column.last, _averages(found, column.nights)) for column in period.columns
    ]
    all_nights = sum(sum(night.values()) for night in found.values())
    waited = sum(night.get(stage, 0) for night in found.values() for stage in WAITING)
    averages = {
        stage: spent.days.get(stage, 0.0) / spent.stays if spent.stays else 0.0 for stage in STAGES
    }
    return Numbers(
        period=period,
        left=spent.stays,
        average_days=sum(averages.values()) if spent.stays else None,
        stages=bar_rows(averages),
        forgotten=column_chart(
            ("over",), [(first, last, {"over": each["over"]}) for first, last, each in columns]
        ),
        places=column_chart(("work", "before", "ready", "over"), columns),
        waiting_share=100 * waited / all_nights if all_nights else None,
        is_cut=counted.is_cut or spent.stays >= repository.MOST,
    )


def rows_of(numbers: Numbers, chart: str) -> list[list[Cell]]:
    """The numbers behind a chart, with a line of headings."""
    if chart == "stages":
        rows: list[list[Cell]] = [[_("Stage"), _("Days on average")]]
        return rows + [[stage_label(row.key), round(row.value, 2)] for row in numbers.stages]
    shown = numbers.forgotten if chart == "forgotten" else numbers.places
    head: list[Cell] = [_("From"), _("Until"), *(stage_label(key) for key in shown.keys)]
    lines: list[list[Cell]] = [
        [
            bar.first.isoformat(),
            bar.last.isoformat(),
            *(round(bar.values.get(key, 0), 2) for key in shown.keys),
        ]
        for bar in shown.bars
    ]
    return [head, *lines]


def _averages(found: Mapping[date, Mapping[str, int]], nights: list[date]) -> dict[str, float]:
    """Vehicles per night, on average over these nights."""
    return {
        stage: sum(found.get(night, {}).get(stage, 0) for night in nights) / len(nights)
        for stage in STAGES
    }
