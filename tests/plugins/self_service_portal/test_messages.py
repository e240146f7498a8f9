"""Customer and garage write to each other about a job."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.self_service_portal import message_pages, messages
from plugins.self_service_portal.messages import clean
from tests import factories
from tests.garages import STAFF, Garage, Outbox
from tests.naughty import NAUGHTY
from tests.plugins.self_service_portal.after_booking import path_in
from tests.plugins.self_service_portal.talkers import PLATE, Talkers, talkers_at


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


async def test_what_a_customer_writes_stands_on_the_job_card(talkers: Talkers) -> None:
    answer = await talkers.write("Will it be ready on Friday?")
    desk = await talkers.desk()
    card = await desk.open(f"/desk/jobs/{talkers.job_id}")
    assert answer.headers["location"] == "/en/status/job#messages"
    assert "Will it be ready on Friday?" in card.select_one("#messages").text
    assert "1 new message" in card.select_one("#messages header").text


async def test_the_customer_sees_the_whole_talk(talkers: Talkers) -> None:
    await talkers.write("Question one")
    desk = await talkers.desk()
    await desk.submit(
        f"/desk/jobs/{talkers.job_id}/messages",
        {"body": "Answer one"},
        page=f"/desk/jobs/{talkers.job_id}",
    )
    talk = (await talkers.status()).select("#messages .talk > li")
    assert [("own" in line["class"], line.select_one(".words").text) for line in talk] == [
        (True, "Question one"),
        (False, "Answer one"),
    ]


async def test_an_answer_is_mailed_in_the_customers_language_with_a_link_back(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"{uuid4().hex}@example.com"
    talkers = await talkers_at(garage, email=email, language="nl")
    async with garage.unit() as session:
        writing = messages.Writing("Ja, vrijdag.", uuid4())
        await messages.answer_customer(session, talkers.job_id, writing, STAFF)
    await outbox.empty(garage)
    (mail,) = outbox.mails_to(email)
    assert "Ja, vrijdag." in mail.text
    assert f"{garage.slug}." in mail.text
    answer = await garage.browser().submit(path_in(mail, "status"), {"plate": PLATE})
    assert answer.history[0].headers["location"] == "/nl/status/job#messages"


async def test_an_answer_counts_as_reading(talkers: Talkers) -> None:
    await talkers.write("A question")
    async with talkers.garage.unit() as session:
        writing = messages.Writing("An answer", uuid4())
        await messages.answer_customer(session, talkers.job_id, writing, STAFF)
    question, answer = await talkers.messages()
    assert question.read_at is not None
    assert answer.read_at is None


async def test_the_garages_message_is_read_when_the_customer_opens_the_page(
    talkers: Talkers,
) -> None:
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
        await factories.a_message(session, job, body="Hello", author="garage", author_name="Tom")
    first, again = await talkers.status(), await talkers.status()
    assert "New" in first.select_one("#messages .talk").text
    assert "New" not in again.select_one("#messages .talk").text
    assert (await talkers.messages())[0].read_at is not None


async def test_no_answer_needed_marks_as_read(talkers: Talkers) -> None:
    await talkers.write("Thank you!")
    desk = await talkers.desk()
    await desk.submit(
        f"/desk/jobs/{talkers.job_id}/messages/read", page=f"/desk/jobs/{talkers.job_id}"
    )
    assert (await talkers.messages())[0].read_at is not None
    assert "No customer waits for you." in (await desk.open("/desk")).text


async def test_customers_do_not_read_the_names_of_staff(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
        await factories.a_message(session, job, author="garage", author_name="Tom Claes")
    assert "Tom Claes" not in (await talkers.status()).text


async def test_naughty_texts_come_back_as_texts(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_pages, "PER_JOB", "1000/hour")
    monkeypatch.setattr(message_pages, "PER_ADDRESS", "1000/hour")
    for body in (*NAUGHTY, "a\x00b\x07c"):
        assert (await talkers.write(body)).status_code == 303, body
    card = await (await talkers.desk()).open(f"/desk/jobs/{talkers.job_id}")
    for page in (await talkers.status(), card):
        shown = page.select("#messages .words")
        said = [each.get_text("\n").split() for each in shown]
        assert said == [clean(text).split() for text in (*NAUGHTY, "a\x00b\x07c")]
        assert [each for words in shown for each in words.select("script, a, img")] == []


async def test_a_form_that_was_sent_twice_is_one_message(talkers: Talkers) -> None:
    once = str(uuid4())
    await talkers.write("Only once", once=once)
    await talkers.write("Only once", once=once)
    assert [message.body for message in await talkers.messages()] == ["Only once"]


async def test_nothing_that_can_be_read_is_no_message(talkers: Talkers) -> None:
    answers = [await talkers.write(text) for text in ("", "  \r\n ", "\u200b\u200d", "\u202e")]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert "Please write your message." in answers[0].text
    assert await talkers.messages() == []


async def test_two_thousand_characters_with_line_ends_are_taken(talkers: Talkers) -> None:
    answer = await talkers.write("a\r\n" * 999 + "bc")
    assert answer.status_code == 303
    assert len((await talkers.messages())[0].body) == 2000


async def test_a_longer_message_is_refused_and_the_form_still_filled(talkers: Talkers) -> None:
    answer = await talkers.write("x" * 2001)
    assert answer.status_code == 422
    assert "Please keep the message below 2000 characters." in answer.text
    assert "x" * 2001 in answer.text


async def test_who_writes_too_often_is_asked_to_wait(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_pages, "PER_JOB", "2/hour")
    answers = [await talkers.write(f"Message {number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Message 2" in answers[2].text
    assert len(await talkers.messages()) == 2


async def test_the_limit_of_an_address_holds_over_jobs(
    garage: Garage, talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_pages, "PER_ADDRESS", "1/hour")
    other = await talkers_at(garage, plate="1-TLK-002")
    codes = [(await each.write("Hello")).status_code for each in (talkers, other)]
    assert codes == [303, 429]


async def test_a_talk_has_an_end(talkers: Talkers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_MESSAGES", 1)
    await talkers.write("One")
    assert (await talkers.write("Two")).status_code == 429


async def test_an_answer_that_is_refused_stays_in_the_form(talkers: Talkers) -> None:
    desk = await talkers.desk()
    page = f"/desk/jobs/{talkers.job_id}"
    answer = await desk.submit(f"{page}/messages", {"body": "y" * 2001}, page=page)
    assert answer.status_code == 422
    assert "y" * 2001 in answer.text


@pytest.mark.parametrize(("role", "may"), [("planner", True), ("technician", False)])
async def test_a_technician_reads_the_talk_and_does_not_answer(
    talkers: Talkers, role: str, may: bool
) -> None:
    await talkers.write("Mind the roof box")
    desk = await talkers.garage.staff(role)
    card = await desk.open(f"/desk/jobs/{talkers.job_id}")
    assert "Mind the roof box" in card.select_one("#messages").text
    assert bool(card.select("#reply")) is may


async def test_another_garages_job_gets_no_answer(garage: Garage, other_garage: Garage) -> None:
    theirs = await talkers_at(other_garage)
    desk = await garage.staff("owner")
    answer = await desk.submit(
        f"/desk/jobs/{theirs.job_id}/messages", {"body": "Hello"}, page="/desk"
    )
    assert answer.status_code == 404
    assert await theirs.messages() == []


async def test_where_the_status_page_is_hidden_nobody_talks(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_pages, "is_shown", lambda *_: False)
    desk = await talkers.garage.staff("owner")
    page = f"/desk/jobs/{talkers.job_id}"
    answer = await desk.submit(f"{page}/messages", {"body": "Hello"}, page=page)
    assert answer.status_code == 404


async def test_erasing_a_customer_erases_the_talk(talkers: Talkers) -> None:
    await talkers.write("Personal")
    plugin = talkers.garage.house.hooks
    async with talkers.garage.unit() as session:
        customer_id: UUID = (await talkers.job(session)).customer_id
        values = {"session": session, "customer_id": customer_id}
        copy = await plugin.ask_plugin("self_service_portal", "personal_data_export", **values)
        await plugin.ask_plugin("self_service_portal", "personal_data_erase", **values)
    assert [each["text"] for each in copy["messages"]] == ["Personal"]
    assert await talkers.messages() == []


async def test_what_postgresql_ended_is_said_and_the_message_is_still_there(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def collides(session: AsyncSession, *_what: object) -> None:
        await session.execute(text("do $$ begin raise deadlock_detected; end $$"))

    monkeypatch.setattr(messages, "write_as_customer", collides)
    answer = await talkers.write("Is it done?")
    assert answer.status_code == 409
    assert "Somebody changed this at the same moment" in answer.text
    assert "Is it done?" in answer.text
    monkeypatch.setattr(messages, "answer_customer", collides)
    desk, card = await talkers.desk(), f"/desk/jobs/{talkers.job_id}"
    reply = await desk.submit(f"{card}/messages", {"body": "Nearly"}, page=card)
    assert (reply.status_code, "Nearly" in reply.text) == (409, True)
