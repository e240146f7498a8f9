"""Mails about how far a repair is."""

from datetime import timedelta

import pytest

from core.clock import frozen, now
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status, set_task_state
from plugins.self_service_portal import mail_repository, stage_wishes
from tests.factories import a_job
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import decide, path_in


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A job whose customer has an address."""
    async with garage.unit() as session:
        return await a_job(session, email=f"stage@{garage.slug}.test", language="nl")


async def finish(garage: Garage, job: Job, key: str) -> None:
    """Finish a task."""
    async with garage.unit() as session:
        task = next(each for each in await jobs.tasks_of(session, job.id) if each.key == key)
        await set_task_state(session, job.id, task.id, "finished", STAFF)


async def put(garage: Garage, job: Job, status: str) -> None:
    """Set the status by hand."""
    async with garage.unit() as session:
        await set_status(session, job.id, status, STAFF)


async def choose(garage: Garage, job: Job, choice: str) -> None:
    """What the customer chose on the status page."""
    async with garage.unit() as session:
        await stage_wishes.choose(session, job.id, choice)


async def subjects(outbox: Outbox, garage: Garage, minutes: float = 5) -> list[str]:
    """What the customer has got by then, oldest first, without the garage's name."""
    with frozen(now() + timedelta(minutes=minutes)):
        while await outbox.empty(garage):
            pass
    got = outbox.mails_to(f"stage@{garage.slug}.test")[::-1]
    return [mail.subject.rpartition(": ")[2] for mail in got]


async def test_the_garage_decides_how_long_a_slip_can_be_taken_back(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await decide(garage, stage_mail_minutes=30)
    await put(garage, job, "ready")
    assert await subjects(outbox, garage, minutes=29) == []
    assert await subjects(outbox, garage, minutes=31) == ["Klaar"]


async def test_without_a_pause_the_customer_is_told_at_once(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await decide(garage, stage_mail_minutes=0)
    await put(garage, job, "ready")
    assert await subjects(outbox, garage, minutes=0) == ["Klaar"]


async def test_a_customer_hears_in_their_language_that_the_vehicle_is_ready(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await put(garage, job, "ready")
    assert await subjects(outbox, garage) == ["Klaar"]
    (mail,) = outbox.mails_to(f"stage@{garage.slug}.test")
    assert "Uw voertuig is klaar. U kunt het ophalen." in mail.text
    assert "Uw voertuig is klaar. U kunt het ophalen." in mail.html
    answer = await garage.browser().submit(path_in(mail, "status"), {"plate": job.plate})
    assert answer.history[0].headers["location"] == "/nl/status/job"


async def test_status_and_task_together_are_one_mail(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await finish(garage, job, "ready")
    await put(garage, job, "in_progress")
    await put(garage, job, "ready")
    assert await subjects(outbox, garage) == ["Klaar"]
    await put(garage, job, "in_progress")
    await put(garage, job, "ready")
    assert await subjects(outbox, garage) == ["Klaar"]


async def test_a_slip_of_the_finger_is_not_mailed(garage: Garage, outbox: Outbox, job: Job) -> None:
    await put(garage, job, "ready")
    assert await subjects(outbox, garage, minutes=1) == []
    await put(garage, job, "in_progress")
    assert await subjects(outbox, garage) == []
    await put(garage, job, "ready")
    assert await subjects(outbox, garage) == ["Klaar"]


async def test_other_stages_are_told_where_the_garage_chose_them(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await finish(garage, job, "body")
    await decide(garage, mail_stages="paint, ready")
    await finish(garage, job, "paint")
    assert await subjects(outbox, garage) == ["Spuitwerk"]
    (mail,) = outbox.mails_to(f"stage@{garage.slug}.test")
    assert "Spuitwerk: afgewerkt." in mail.text
    assert "Uw voertuig wordt opnieuw gemonteerd." in mail.text


async def test_a_stage_without_a_text_for_customers_is_never_told(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await decide(garage, mail_stages="polish")
    await finish(garage, job, "polish")
    assert await subjects(outbox, garage) == []


@pytest.mark.parametrize(
    ("choice", "told"), [("never", []), ("ready", ["Klaar"]), ("every", ["Plaatwerk", "Klaar"])]
)
async def test_what_the_customer_chose_goes_before_what_the_garage_chose(
    garage: Garage, outbox: Outbox, job: Job, choice: str, told: list[str]
) -> None:
    await decide(garage, mail_stages="paint")
    await choose(garage, job, choice)
    await finish(garage, job, "body")
    assert await subjects(outbox, garage) == told[:-1]
    await finish(garage, job, "ready")
    assert await subjects(outbox, garage) == told


async def test_a_garage_can_leave_it(garage: Garage, outbox: Outbox, job: Job) -> None:
    await decide(garage, mail_stages="")
    await put(garage, job, "ready")
    assert await subjects(outbox, garage) == []


async def test_who_has_fetched_the_vehicle_is_not_told_to_fetch_it(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await finish(garage, job, "ready")
    await put(garage, job, "delivered")
    assert await subjects(outbox, garage) == []


async def test_what_is_two_days_old_is_no_news(garage: Garage, outbox: Outbox, job: Job) -> None:
    await put(garage, job, "ready")
    assert await subjects(outbox, garage, minutes=2 * 24 * 60 + 10) == []


async def test_a_customer_without_an_address_is_not_written_to(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, email=None)
        await set_status(session, job.id, "ready", STAFF)
    async with garage.unit() as session:
        assert await mail_repository.stage_mails_of(session, job.id) == []


async def test_the_job_card_says_what_the_customer_was_told(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    await put(garage, job, "ready")
    await subjects(outbox, garage)
    page = await (await garage.staff()).open(f"/desk/jobs/{job.id}")
    assert "Customer told by e-mail: Ready" in page.text
