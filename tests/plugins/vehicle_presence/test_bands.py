"""How long a vehicle has been inside, at a glance."""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import frozen
from core.tenancy.context import tenant_scope
from plugins.vehicle_presence.bands import band_of, days_inside
from plugins.vehicle_presence.settings import PresenceSettings
from tests.garages import Garage

NOON = datetime(2026, 9, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "text", "tone"),
    [
        (0, "since today", "good"),
        (1, "1 day", "good"),
        (7, "7 days", "good"),
        (8, "8 days", "warning"),
        (21, "21 days", "warning"),
        (22, "22 days", "danger"),
        (400, "400 days", "danger"),
    ],
)
async def test_bands_follow_the_days(garage: Garage, days: int, text: str, tone: str) -> None:
    with tenant_scope(garage.tenant), frozen(NOON):
        band = band_of(NOON - timedelta(days=days), PresenceSettings())
    assert (band.text, band.tone, band.days) == (text, tone, days)


async def test_a_band_is_never_told_by_its_colour_alone(garage: Garage) -> None:
    with tenant_scope(garage.tenant), frozen(NOON):
        bands = [band_of(NOON - timedelta(days=days), PresenceSettings()) for days in (1, 10, 30)]
    for part in ("word", "icon", "tone"):
        assert len({getattr(band, part) for band in bands}) == 3


async def test_the_garages_own_bands_win(garage: Garage) -> None:
    wishes = PresenceSettings(ageing_after_days=2, stale_after_days=3)
    with tenant_scope(garage.tenant), frozen(NOON):
        tones = [band_of(NOON - timedelta(days=days), wishes).tone for days in (1, 2, 3, 4)]
    assert tones == ["good", "warning", "warning", "danger"]


@pytest.mark.parametrize(
    ("arrived", "moment", "days"),
    [
        ("2026-09-29T21:59", "2026-09-29T22:01", 1),
        ("2026-09-29T22:01", "2026-09-30T21:59", 0),
        ("2026-10-24T22:30", "2026-10-25T22:59", 0),
        ("2026-03-28T23:30", "2026-03-29T21:59", 0),
    ],
)
async def test_a_day_ends_at_midnight_on_the_garages_clock(
    garage: Garage, arrived: str, moment: str, days: int
) -> None:
    def utc(written: str) -> datetime:
        return datetime.fromisoformat(written).replace(tzinfo=UTC)

    with tenant_scope(garage.tenant), frozen(utc(moment)):
        assert days_inside(utc(arrived)) == days
