"""Two who press the clock at once, and the customer who is told once nobody can undo it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from core.clock import frozen, now
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.services import (
    mark_off_site,
    record_arrival,
    undo_off_site,
)
from tests.factories import a_job
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.test_check_in import wish

AFTER_UNDO = timedelta(minutes=31)


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle came yesterday; its customer speaks French."""
    async with garage.unit() as session:
        job = await a_job(
            session, plate="1-BYE-234", email=f"bye@{garage.slug}.example.com", language="fr"
        )
        await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=1))
        return job.id


async def press(garage: Garage, job_id: UUID, *, moment: datetime | None = None) -> UUID:
    with frozen(moment or now()):
        async with garage.unit() as session:
            return (await mark_off_site(session, job_id, STAFF)).id


async def mails(garage: Garage, outbox: Outbox, *, at: datetime) -> list[str]:
    """Subjects of what the customer has got when the outbox is emptied at that moment."""
    with frozen(at):
        await outbox.empty(garage)
    return [mail.subject for mail in outbox.mails_to(f"bye@{garage.slug}.example.com")]


@pytest.mark.parametrize("button", ["off", "in"])
async def test_two_who_press_at_once_get_one_result_and_no_error(
    garage: Garage, button: str
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-TWO-222")
        if button == "off":
            await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=1))
    card = f"/desk/jobs/{job.id}"
    people = [await garage.staff(role) for role in ("owner", "planner", "technician")]
    tokens = [await person.token(card) for person in people]
    answers = await asyncio.gather(
        *(
            person.post(f"{card}/presence/{button}", data={"csrf_token": token})
            for person, token in zip(people, tokens, strict=True)
        )
    )
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    async with garage.unit() as session:
        (stay,) = await repository.stays_of(session, job.id)
    assert (stay.left_at is None) == (button == "in")


async def test_the_customer_is_told_in_their_language_after_the_time_to_undo(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    await wish(garage, tell_customer_at_departure=True)
    pressed = now()
    await press(garage, job_id, moment=pressed)
    assert await mails(garage, outbox, at=pressed + timedelta(minutes=29)) == []
    (subject,) = await mails(garage, outbox, at=pressed + AFTER_UNDO)
    assert "quitté" in subject
    assert await mails(garage, outbox, at=pressed + 2 * AFTER_UNDO) == [subject]


async def test_a_departure_that_was_taken_back_is_not_told(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    await wish(garage, tell_customer_at_departure=True)
    pressed = now()
    stay_id = await press(garage, job_id, moment=pressed)
    with frozen(pressed + timedelta(minutes=5)):
        async with garage.unit() as session:
            await undo_off_site(session, stay_id, job_id, STAFF)
    assert await mails(garage, outbox, at=pressed + AFTER_UNDO) == []
    again = pressed + timedelta(minutes=40)
    await press(garage, job_id, moment=again)
    assert await mails(garage, outbox, at=again + timedelta(minutes=1)) == []
    assert len(await mails(garage, outbox, at=again + AFTER_UNDO)) == 1


@pytest.mark.parametrize("wants", [True, False])
async def test_nobody_is_told_where_the_garage_does_not_want_it_or_long_afterwards(
    garage: Garage, outbox: Outbox, job_id: UUID, wants: bool
) -> None:
    await wish(garage, tell_customer_at_departure=wants)
    pressed = now()
    await press(garage, job_id, moment=pressed)
    late = pressed + (timedelta(days=3) if wants else AFTER_UNDO)
    assert await mails(garage, outbox, at=late) == []


async def test_what_the_clean_up_noted_is_not_told(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    await wish(garage, tell_customer_at_departure=True)
    pressed = now()
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF, closed_by="sweep")
    assert await mails(garage, outbox, at=pressed + AFTER_UNDO) == []
