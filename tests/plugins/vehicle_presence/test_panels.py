"""What presence shows on core's pages."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from core.clock import now
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import panels
from plugins.vehicle_presence.cleanup.evidence import reason_text
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.repository import PAGE
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_off_site,
    record_arrival,
    undo_off_site,
)
from tests.factories import a_job, a_stay, set_past_services
from tests.garages import STAFF, Garage
from tests.sweeping import let_act, many_forgotten, swept


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle never came."""
    async with garage.unit() as session:
        return (await a_job(session)).id


async def test_the_panel_knows_before_during_and_after_a_stay(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        before = (await panels.job_panels(session, job_id))[0].values
        await record_arrival(session, job_id, STAFF, at=now() - timedelta(days=12))
        during = (await panels.job_panels(session, job_id))[0].values
        await mark_off_site(session, job_id, STAFF)
        after = (await panels.job_panels(session, job_id))[0].values
    assert [values["inside"] for values in (before, during, after)] == [False, True, False]
    assert (before["stay"], during["band"].days, after["band"]) == (None, 12, None)


async def test_rows_of_jobs_say_since_when_a_vehicle_is_in(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        other = await a_job(session, plate="2-XYZ-999")
        await record_arrival(session, job_id, STAFF, at=now() - timedelta(days=30))
        marks = await panels.badges(session, [job_id, other.id])
    assert {job: [(b.text, b.tone) for b in badges] for job, badges in marks.items()} == {
        job_id: [("In, 30 days", "danger")]
    }


async def test_the_dashboard_counts_today(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        await set_past_services(session, await jobs.by_id(session, job_id), status="ready")
        await record_arrival(session, job_id, STAFF)
        gone = await a_job(session, plate="2-XYZ-999")
        await a_stay(session, gone, now() - timedelta(days=3))
        await mark_off_site(session, gone.id, STAFF)
        (panel,) = await panels.dashboard(session)
    assert panel.values == {
        "arrivals": 1,
        "departures": 1,
        "inside": 1,
        "finished": 1,
        "doubts": 0,
        "most": PAGE,
    }


async def test_the_dashboard_does_not_pretend_to_have_counted_them_all(garage: Garage) -> None:
    await many_forgotten(garage, PAGE + 1, at=now())
    async with garage.unit() as session:
        stays = list(await session.scalars(select(Stay.id)))
        session.add_all(Doubt(stay_id=each, reason="ready") for each in stays[:PAGE])
    page = await (await garage.staff("planner")).open("/desk")
    assert f"More than {PAGE} vehicles are finished but still marked in." in page.text
    assert f"The clean-up asks about {PAGE} vehicles." in page.text
    async with garage.unit() as session:
        session.add(Doubt(stay_id=stays[PAGE], reason="ready"))
    page = await (await garage.staff("planner")).open("/desk")
    assert f"The clean-up asks about more than {PAGE} vehicles." in page.text


async def test_the_timeline_tells_all_that_happened(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        stay = await record_arrival(session, job_id, STAFF, at=now() - timedelta(days=2))
        await mark_off_site(session, job_id, STAFF)
        await undo_off_site(session, stay.id, job_id, STAFF)
        await mark_off_site(session, job_id, STAFF)
        await change_off_site_date(session, job_id, now() - timedelta(days=1), STAFF)
        lines = [entry.text for entry in await panels.timeline(session, job_id)]
    assert lines == [
        "Off-site date changed (Robin Planner)",
        "Vehicle off site (Robin Planner)",
        "Off-site date taken back (Robin Planner)",
        "Vehicle off site (Robin Planner)",
        "Vehicle in (Robin Planner)",
    ]


async def test_the_timeline_says_on_what_evidence_the_clean_up_acted(
    garage: Garage, job_id: UUID
) -> None:
    moment = now()
    await let_act(garage)
    async with garage.unit() as session:
        job = await jobs.by_id(session, job_id)
        delivered = moment - timedelta(days=9)
        await set_past_services(session, job, status="delivered", status_changed_at=delivered)
        await a_stay(session, job, moment - timedelta(days=20))
    await swept(garage, moment)
    async with garage.unit() as session:
        line = (await panels.timeline(session, job_id))[0].text
    assert line.startswith("Vehicle off site, noted by the clean-up: the job was delivered")


@pytest.mark.parametrize(
    "reason",
    [
        "delivered",
        "booked_out",
        "ready",
        "cancelled",
        "booked_out_unfinished",
        "contradiction",
        "quiet",
        "gone.rule",
    ],
)
def test_every_doubt_is_said_in_words(reason: str) -> None:
    assert reason_text(reason).endswith(".")
    assert reason_text(reason) != reason
