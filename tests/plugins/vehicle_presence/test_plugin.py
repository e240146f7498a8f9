"""Vehicle presence as a plugin."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.clock import now
from core.tenancy.context import tenant_scope
from plugins.vehicle_presence import check_ins
from plugins.vehicle_presence.absences import leave_for_a_while
from plugins.vehicle_presence.plugin import plugin
from plugins.vehicle_presence.services import record_arrival, settings
from plugins.vehicle_presence.settings import PresenceSettings
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.sweeping import set_thresholds


async def test_a_garage_begins_with_the_usual_thresholds(garage: Garage) -> None:
    with tenant_scope(garage.tenant):
        assert settings() == PresenceSettings()
    assert PresenceSettings().stale_after_days == 21


@pytest.mark.parametrize(
    "values",
    [
        {"stale_after_days": 0},
        {"undo_minutes": 0},
        {"sweep_after_days": -1},
        {"ask_after_days": 366},
    ],
)
def test_impossible_thresholds_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PresenceSettings.model_validate(values)


async def test_a_customer_is_told_when_their_vehicles_came_and_went(garage: Garage) -> None:
    arrived = now() - timedelta(days=1)
    async with garage.unit() as session:
        job = await a_job(session, plate="1-ABC-123")
        other = await a_job(session, plate="2-XYZ-999", name="Ben", email="ben@example.test")
        await record_arrival(session, job.id, STAFF, at=arrived)
        await record_arrival(session, other.id, STAFF)
        await check_ins.note(session, job.id, {"mileage": 88123}, STAFF)
        told = await plugin.personal_data_export(session=session, customer_id=job.customer_id)
    assert told["stays"] == [
        {
            "plate": "1-ABC-123",
            "arrived_at": arrived.isoformat(),
            "left_at": None,
            "check_in": {"mileage": 88123},
            "absences": [],
        }
    ]
    assert [(row["number"], row["plate"]) for row in told["vat_book"]] == [(1, "1-ABC-123")]


async def test_what_was_written_about_an_erased_customer_is_empty(garage: Garage) -> None:
    async with garage.unit() as session:
        mine = await a_job(session, plate="1-ABC-123")
        other = await a_job(session, plate="2-XYZ-999", name="Ben", email="ben@example.test")
        for job in (mine, other):
            await record_arrival(session, job.id, STAFF)
            await check_ins.note(session, job.id, {"damage": "His wife's dent"}, STAFF)
            await leave_for_a_while(session, job.id, 0, STAFF, note="To his wife")
        await plugin.personal_data_erase(session=session, customer_id=mine.customer_id)
        told = [
            await plugin.personal_data_export(session=session, customer_id=job.customer_id)
            for job in (mine, other)
        ]
    assert "wife" not in str(told[0])
    assert str(told[1]).count("wife") == 2


async def test_the_clean_up_comes_at_the_garages_own_hour_and_the_vat_book_after_it(
    garage: Garage,
) -> None:
    sweep, vat_book = plugin.scheduled_tasks()
    assert (sweep.name, vat_book.name) == ("vehicle_presence.sweep", "vehicle_presence.vat_book")
    assert (sweep.hour_in(garage.tenant), vat_book.hour_in(garage.tenant)) == (4, 5)
    await set_thresholds(garage, sweep_hour=23)
    assert (sweep.hour_in(garage.tenant), vat_book.hour_in(garage.tenant)) == (23, 0)
