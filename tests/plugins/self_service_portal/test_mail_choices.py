"""*No more e-mails about this repair.*"""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core.clock import frozen, now
from core.mailbox.store import StoredMail
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from plugins.self_service_portal.stage_wishes import choice_of
from tests.factories import a_job
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import PLATE, path_in
from tests.security.furnished import everything_in


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A job whose customer has an address."""
    async with garage.unit() as session:
        return await a_job(session, plate=PLATE, email=f"choice@{garage.slug}.test")


async def told(garage: Garage, outbox: Outbox, job: Job) -> StoredMail:
    """The mail that the vehicle is ready."""
    async with garage.unit() as session:
        await set_status(session, job.id, "ready", STAFF)
    with frozen(now() + timedelta(minutes=5)):
        await outbox.empty(garage)
    (mail,) = outbox.mails_to(f"choice@{garage.slug}.test")
    return mail


async def choice(garage: Garage, job: Job) -> str:
    """What is stored."""
    async with garage.unit() as session:
        return await choice_of(session, job.id)


async def test_opening_the_link_changes_nothing_and_tells_nothing(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    link = path_in(await told(garage, outbox, job), "mails")
    before = await everything_in(garage)
    async with garage.browser() as browser:
        page = await browser.open(link)
    assert await everything_in(garage) == before
    assert "QZX" not in page.text
    assert "Peeters" not in page.text


async def test_pressing_the_button_twice_is_once_and_can_be_taken_back(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    link = path_in(await told(garage, outbox, job), "mails")
    async with garage.browser() as browser:
        for _click in range(2):
            await browser.submit(link)
        assert await choice(garage, job) == "never"
        await browser.submit(link, {"again": "yes"})
    assert await choice(garage, job) == "ready"


async def test_mail_programs_find_the_link_whole_in_the_head(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    mail = await told(garage, outbox, job)
    field = dict(mail.message.raw_items())["List-Unsubscribe"].strip()
    assert field == f"<{next(word for word in mail.text.split() if '/mails/' in word)}/stop>"
    assert len(field) > 78
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def said_by_program(mail: StoredMail) -> tuple[str, dict[str, str]]:
    """Where a mail program that knows RFC 8058 sends what, for its reader."""
    address = mail.message["List-Unsubscribe"].strip("<>")
    name, _sign, value = mail.message["List-Unsubscribe-Post"].partition("=")
    return urlsplit(address).path, {name: value}


async def test_a_mail_program_unsubscribes_without_having_seen_a_page(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    address, form = said_by_program(await told(garage, outbox, job))
    async with garage.browser() as program:
        answers = [await program.post(address, data=form) for _twice in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert await choice(garage, job) == "never"


async def test_a_person_who_opens_that_address_sees_the_button(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    address, _form = said_by_program(await told(garage, outbox, job))
    async with garage.browser() as browser:
        page = await browser.open(address)
    assert "No more e-mails" in page.get_text()
    assert await choice(garage, job) == "ready"


ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({}, {}, 400),
        ({"List-Unsubscribe": "Two-Clicks"}, {}, 400),
        (ONE_CLICK, {"Origin": "https://evil.example"}, 403),
        (ONE_CLICK, {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_nothing_else_unsubscribes_anybody_there(  # noqa: PLR0917 - three say what is sent
    garage: Garage,
    outbox: Outbox,
    job: Job,
    form: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    address, _form = said_by_program(await told(garage, outbox, job))
    async with garage.browser() as browser:
        answer = await browser.post(address, data=form, headers=headers)
    assert answer.status_code == status
    assert await choice(garage, job) == "ready"


async def test_the_link_opens_nothing_in_another_garage(
    garage: Garage, other_garage: Garage, outbox: Outbox, job: Job
) -> None:
    link = path_in(await told(garage, outbox, job), "mails")
    async with other_garage.browser() as browser:
        assert (await browser.get(link)).status_code == 404


async def test_a_link_for_one_purpose_is_none_for_another(
    garage: Garage, outbox: Outbox, job: Job
) -> None:
    link = path_in(await told(garage, outbox, job), "mails")
    async with garage.browser() as browser:
        assert (await browser.get(link.replace("/mails/", "/confirm/"))).status_code == 404
        assert (await browser.get(link[:-1])).status_code == 404
