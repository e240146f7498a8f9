"""What the talk shows on core's pages."""

from datetime import timedelta

from core.clock import frozen, now
from core.db.reading import SessionReading
from plugins.self_service_portal import job_marks, message_repository, talk_panels
from plugins.self_service_portal.quotes import withdraw
from tests import factories
from tests.garages import STAFF, Garage
from tests.plugins.self_service_portal.talkers import talkers_at


async def test_rows_of_jobs_say_what_waits(garage: Garage) -> None:
    async with garage.unit() as session:
        talking, offered, quiet = [
            await factories.a_job(session, plate=factories.a_plate()) for _ in range(3)
        ]
        for _ in range(2):
            await factories.a_message(session, talking)
        await factories.a_quote(session, offered)
        ids = [job.id for job in (talking, offered, quiet)]
        marks = await job_marks.badges(SessionReading(session), ids)
        with frozen(now() + timedelta(days=60)):
            later = await job_marks.badges(SessionReading(session), [offered.id])
    assert {job_id: [badge.text for badge in badges] for job_id, badges in marks.items()} == {
        talking.id: ["2 new messages"],
        offered.id: ["Estimate sent"],
    }
    assert [badge.text for badge in later[offered.id]] == ["Estimate expired"]


async def test_a_withdrawn_estimate_marks_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
        quote = await factories.a_quote(session, job)
        await withdraw(session, job.id, quote.id, STAFF)
        assert await job_marks.badges(SessionReading(session), [job.id]) == {}


async def test_the_first_page_counts_new_messages_and_leads_to_their_jobs(garage: Garage) -> None:
    async with garage.unit() as session:
        waiting, answered = [
            await factories.a_job(session, plate=factories.a_plate()) for _ in range(2)
        ]
        for job in (waiting, answered):
            await factories.a_message(session, job)
        await message_repository.mark_read(session, answered.id, "customer", now())
    card = (await (await garage.staff("planner")).open("/desk")).select_one("#needs-attention")
    assert "1 new message of a customer" in card.text
    assert [link["href"] for link in card.select("a")] == [f"/desk/jobs/{waiting.id}#messages"]


async def test_the_jobs_timeline_tells_of_messages_and_estimates(garage: Garage) -> None:
    talkers = await talkers_at(garage)
    await talkers.write("Hello")
    await talkers.decide(await talkers.has_quote(), "approve")
    async with garage.unit() as session:
        lines = [entry.text for entry in await talk_panels.timeline(session, talkers.job_id)]
    assert lines == [
        "The customer wrote a message",
        "Estimate of €1,210.00 sent (Robin Planner)",
        "Estimate of €1,210.00 approved (Jan Peeters)",
    ]
